"""File names that every system can keep and no two of one job share."""

import re
import unicodedata

MOST_BYTES = 150  # of UTF-8; systems keep 255, and an ending and a number are still to come
_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f]')  # what Windows refuses, and paths
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)  # devices of Windows
_ENDING = re.compile(r"\.(?:mp3|wav|flac|opus|aac|pcm|ulaw|alaw|ogg|m4a)", re.IGNORECASE)


def safe(name: str) -> str:
    """The nearest name that is safe, without an ending of audio; empty if nothing is left of it."""
    kept = "".join(
        char for char in unicodedata.normalize("NFC", name) if unicodedata.category(char) not in ("Cf", "Cs")
    )
    kept = _UNSAFE.sub("_", kept)
    if (stem := _ENDING.sub("", kept[-5:])) != kept[-5:]:
        kept = kept[:-5] + stem
    kept = _shortened(kept.lstrip(". ")).rstrip(". ")
    return f"_{kept}" if _RESERVED.fullmatch(kept) else kept


class UniqueNames:
    """Gives each name out once; capitals make no difference, as on Windows and macOS."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, name: str) -> str:
        """`name`, or where that is taken `name (2)` and so on."""
        unique, count = name, 1
        while (folded := unique.casefold()) in self._taken:
            count += 1
            unique = f"{name} ({count})"
        self._taken.add(folded)
        return unique


def _shortened(name: str) -> str:
    return name.encode()[:MOST_BYTES].decode(errors="ignore")
