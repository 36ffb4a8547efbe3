"""Which stretch of the written text each stretch of a reading says: 二零二六 says 2026.

Every character of the written text belongs to one stretch. What is not read aloud, an emoji or a
space, belongs to the stretch before it, or to the first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from tts_engine.speech.text.characters import OPENING
from tts_engine.speech.text.marks import Origin
from tts_engine.speech.text.types import Break, Sentence, Stretch, Word, WordKind


def align(sentences: Sequence[Sentence], origins: Sequence[Origin], text: str) -> Iterator[Sentence]:
    """The sentences with how they were written in `text`; `origins` has one for each of their characters."""
    stretches: list[_Run] = []
    counts: list[int] = []  # stretches of each sentence
    first = 0
    for sentence in sentences:
        end = first + len(sentence.text)
        own = list(_stretches(sentence, origins[first:end]))
        stretches += own
        counts.append(len(own))
        first = end
    written = iter(_written(stretches, text))
    for sentence, count in zip(sentences, counts, strict=True):
        yield replace(sentence, written=tuple(next(written) for _ in range(count)))


@dataclass(slots=True)
class _Run:
    """Characters of a reading that belong together, and their origin."""

    start: int
    end: int
    characters: int
    break_after: Break


def _stretches(sentence: Sentence, origins: Sequence[Origin]) -> Iterator[_Run]:
    """As small as they can be: a character, a number, an English word."""
    now: _Run | None = None
    for (start, end), (joined, break_after) in zip(origins, _joints(sentence.words), strict=True):
        if now and (joined or start < now.end or start == end or now.start == now.end):
            now.end = max(now.end, end)
            now.characters += 1
            now.break_after = break_after
            continue
        if now:
            yield now
        now = _Run(start, end, 1, break_after)
    if now:
        yield now


def _joints(words: Sequence[Word]) -> list[tuple[bool, Break]]:
    """For each character: must it stay with the one before it, and how well a line may be broken after it.

    A break belongs to the last word that sounds (`prosody`); a line is broken after the marks that
    close it, and before those that open the next.
    """
    joints: list[tuple[bool, Break]] = []
    for word in words:
        if word.kind is WordKind.PUNCTUATION:
            after = Break.NONE
            if joints and word.text not in OPENING:
                joined, after = joints[-1]
                joints[-1] = joined, Break.NONE
        else:
            after = word.break_after
        inside = word.kind is WordKind.LATIN
        joints += [(inside and place > 0, Break.NONE) for place in range(len(word.characters))]
        joints[-1] = joints[-1][0], after
    return joints


def _written(stretches: Sequence[_Run], text: str) -> Iterator[Stretch]:
    """Each up to where the next begins. What is too long for one breath is all written in its first sentence."""
    begins = [0]
    for before, stretch in pairwise(stretches):
        begins.append(max(stretch.start, before.end))
    for stretch, begin, end in zip(stretches, begins, [*begins[1:], len(text)], strict=True):
        yield Stretch(text[begin:end], stretch.characters, stretch.break_after)
