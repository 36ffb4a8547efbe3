"""Pinyin as SSML writes it: `chong2 qing4` (Alibaba), `chong 2 - qing 4` (Azure's sapi), one syllable a Hanzi.

And IPA, for words in Latin letters.
"""

import re

from tts_engine.speech.text.characters import is_hanzi
from tts_engine.speech.text.erhua import ERHUA
from tts_engine.speech.text.marks import IPA, MarkedText, parse_pinyin

PINYIN = ("py", "pinyin", "sapi", "x-microsoft-sapi", "x-microsoft-pinyin", "x-amazon-pinyin")

_LATIN_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*")
_SYLLABLE = re.compile(r"[\s\-'.]*([A-Za-zü:Ü]+)\s*([0-5])")
_REST = re.compile(r"[\s\-'.]*")


def with_pinyin(text: str, ph: str) -> MarkedText:
    """`text` with the pinyin `ph` of its Hanzi. Raises ValueError where the two do not fit."""
    syllables = _syllables(ph)
    hanzi = [position for position, char in enumerate(text) if is_hanzi(char)]
    if len(syllables) != len(hanzi):
        raise ValueError(f"it has {len(syllables)} syllables for {len(hanzi)} Hanzi")
    return MarkedText(text, dict(zip(hanzi, syllables, strict=True)))


def with_ipa(text: str, ph: str) -> MarkedText:
    """A Latin word with its sounds. Raises ValueError for anything else."""
    if not _LATIN_WORD.fullmatch(text):
        raise ValueError("IPA is for one word in Latin letters; for Hanzi write pinyin")
    sounds = ph.strip().strip(IPA)
    if not sounds or IPA in sounds:
        raise ValueError("it has no sound")
    return MarkedText(text, {0: f"{IPA}{sounds}{IPA}"})


def _syllables(ph: str) -> list[str]:
    """`hua1 r5` of both `hua1 er5` and `huar1`, for 花儿."""
    syllables: list[str] = []
    at = 0
    while match := _SYLLABLE.match(ph, at):
        at = match.end()
        tone = "5" if match[2] == "0" else match[2]
        pinyin = parse_pinyin(match[1], tone)
        coloured = parse_pinyin(match[1][:-1], tone) if len(match[1]) > 1 and match[1].lower().endswith("r") else None
        if pinyin:
            syllables.append(pinyin)
        elif coloured:
            syllables += [coloured, ERHUA]
        else:
            raise ValueError(f"'{match[1]}{match[2]}' is no syllable of Mandarin")
    if not syllables or _REST.fullmatch(ph, at) is None:
        raise ValueError("write pinyin with tone numbers, one syllable a Hanzi, as chong2 qing4")
    return syllables
