"""Third-tone sandhi: the model reads tones as they sound.

Its training scripts write a third tone before another as a second (the public preparation script folds
tone 6, a third tone so changed, into tone 2; the Biaobei corpus writes 宝马 bao2 ma3). 一 and 不
come changed from the front end already.
"""

from collections.abc import Sequence
from dataclasses import replace

from tts_engine.speech.text.types import Break, WordKind
from tts_engine.speech.voices.sambert.breaks import ProsodicWord


def third_tones(words: Sequence[ProsodicWord]) -> list[ProsodicWord]:
    """The words with their third tones as said.

    Inside a word all but the last of a row of third tones rise (展览馆 2 2 3). Across a #1 the last
    one rises too if the next word, so changed, still begins with a third: 我很想#1买菜 2 2 2 3 4, but
    我很想#1买酒 2 2 3 2 3. No other break is crossed, nor the border to English.
    """
    said: list[ProsodicWord] = []
    for word in reversed(words):
        before_third = bool(said) and _runs_into(word, said[-1])
        said.append(_changed(word, before_third))
    return said[::-1]


def _runs_into(word: ProsodicWord, following: ProsodicWord) -> bool:
    return word.break_after is Break.WORD and following.kind is WordKind.HANZI and following.syllables[0].tone == 3


def _changed(word: ProsodicWord, before_third: bool) -> ProsodicWord:
    if word.kind is not WordKind.HANZI:
        return word
    tones = [syllable.tone for syllable in word.syllables]
    following = [*tones[1:], 3 if before_third else 0]
    syllables = tuple(
        replace(syllable, tone=2) if syllable.tone == after == 3 else syllable
        for syllable, after in zip(word.syllables, following, strict=True)
    )
    return replace(word, syllables=syllables)
