"""Which 儿 is a syllable of its own (女儿) and which only colours the one before it (花儿)."""

from functools import cache

from tts_engine.speech.text.data import data_lines

ERHUA = "r5"
_CHILD = "儿兒"


@cache
def _lists() -> tuple[frozenset[str], frozenset[str]]:
    """Words whose 儿 is a syllable; and the words that take an erhua 儿 when it stands apart."""
    syllable, coloured = (frozenset(line.split()) for line in data_lines("erhua.tsv"))
    return syllable, coloured


def is_erhua(text: str, position: int, word_start: int, word_end: int) -> bool:
    """Whether the 儿 at this position of a sentence, in the word [word_start, word_end), is erhua."""
    if text[position] not in _CHILD or position == 0:
        return False
    syllable, coloured = _lists()
    simple = text.replace("兒", "儿")
    if simple[max(0, position - 2) : position] in coloured:  # 小孩儿, though 孩儿 alone is two syllables
        return True
    around = (simple[max(0, position - left) : position + right] for left in range(4) for right in range(1, 4))
    if any(piece in syllable for piece in around):
        return False
    if simple[position - 1] in coloured:
        return True
    return word_start < position == word_end - 1
