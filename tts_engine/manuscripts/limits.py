"""How much of a file is read before it is refused."""

from dataclasses import dataclass

from tts_engine.manuscripts.errors import TooLarge


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one file, checked while it is read and never believed from its own headers."""

    file_bytes: int  # as uploaded
    unpacked_bytes: int  # of all that an EPUB or XLSX has packed, together
    characters: int  # of all texts together
    rows: int  # of a table, without its header
    columns: int
    cell_characters: int


class Budget:
    """An amount that is used up bit by bit. `spend` raises TooLarge once more than `most` is gone."""

    def __init__(self, most: int, refusal: str) -> None:
        """`refusal` says what there is too much of; `{most}` stands for the bound."""
        self._left = most
        self._refusal = refusal.format(most=f"{most:,}")

    def spend(self, amount: int) -> None:
        self._left -= amount
        if self._left < 0:
            raise TooLarge(self._refusal)


def characters_of(limits: Limits) -> Budget:
    """What the texts of one file may use up together."""
    return Budget(
        limits.characters, "The texts together have more than {most} characters: divide them into several jobs."
    )
