"""Prosodic words: what the model takes for a word, each with the break after it.

In the scripts the model learnt from, a word is the stretch between two breaks. Two sequences of the
closed front end are published, and these rules give both:

1. A word of our segmenter is a word, and a break follows each: #1, or what punctuation and length
   asked for (`text.prosody`): #2 at an enumeration comma or in a long run, #3 at a clause mark, #4 at
   the end. 北京#1今天#1天气#1怎么样#4.
2. A four-syllable set phrase is one word though the segmenter divides it: 欢迎光临. Set phrases are
   what jieba's dictionary tags `l`.
3. 的, 地 and 得 between words stand alone: 我们#1的#1店铺#4.
4. Other function words cling to the word they lean on, as `text.prosody` says by giving no break
   between them. A chain of such words is divided into prosodic words of two to four syllables where
   it can, none of which begins in the neutral tone, the later one the longer: 我也#1不知道,
   都站了#1起来. Two single characters left side by side make a foot: 帮您.
5. A 儿 that colours a syllable belongs to that syllable's word, and a phrase break that only length
   asked for never parts a word from a neutral tone: 一心一意#1地#2.

The published sequences hold no example of rule 4; it is how Mandarin corpora are labelled (陪外孙 and
拥抱我 are one word each in the Biaobei corpus).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from tts_engine.speech.text.segment import tokenizer
from tts_engine.speech.text.types import Break, Sentence, Word, WordKind
from tts_engine.speech.voices.sambert import english
from tts_engine.speech.voices.sambert.syllables import Syllable, mandarin

_PARTICLES = frozenset("的地得")
_LONGEST = 4  # syllables
_NEUTRAL_TONE = 5
_LONE, _WEAK = 2, 3  # what a single syllable, and a beginning in the neutral tone, cost a division


@dataclass(frozen=True, slots=True)
class ProsodicWord:
    """One or more words said as one; it has at least one syllable, and `break_after` is at least #1."""

    text: str
    kind: WordKind
    syllables: tuple[Syllable, ...]
    break_after: Break

    @property
    def is_weak(self) -> bool:
        """Whether it begins in the neutral tone, as particles do."""
        return self.syllables[0].tone == _NEUTRAL_TONE


def prosodic_words(sentence: Sentence) -> list[ProsodicWord]:
    """The words of a sentence that sound, the last one ended by #4; [] if none does. Raises UnknownUnit."""
    words: list[ProsodicWord] = []
    for chain in _chains(_sounding(_lexical(sentence.words))):
        words += _divided(chain)
    words = _with_feet(words)
    if words:
        words[-1] = replace(words[-1], break_after=Break.SENTENCE)
    return words


def _lexical(words: Iterable[Word]) -> list[Word]:
    """The segmenter's words, with those joined that are one word to the model."""
    joined: list[Word] = []
    for word in words:
        if joined and _are_one(joined[-1], word):
            joined[-1] = Word(joined[-1].characters + word.characters, word.kind, word.break_after)
        else:
            joined.append(word)
    return joined


def _are_one(word: Word, following: Word) -> bool:
    if word.kind is not WordKind.HANZI or word.kind is not following.kind:
        return False
    return following.characters[0].erhua or word.text + following.text in _set_phrases()


@cache
def _set_phrases() -> frozenset[str]:
    with tokenizer().get_dict_file() as dictionary:
        entries = (line.decode().split() for line in dictionary)
        return frozenset(word for word, _, tag in entries if tag == "l" and len(word) == _LONGEST)


def _sounding(words: Iterable[Word]) -> list[ProsodicWord]:
    """The words that have syllables; the break of one that has none falls to the word before it."""
    sounding: list[ProsodicWord] = []
    first = 0
    for word in words:
        if word.kind is WordKind.LATIN:
            syllables = tuple(english.syllables(word.text, first))
        else:
            syllables = tuple(mandarin(word.characters, first))
        if syllables:
            sounding.append(ProsodicWord(word.text, word.kind, syllables, word.break_after))
            _move_phrase_break(sounding)
        elif sounding:
            before = sounding[-1]
            sounding[-1] = replace(before, break_after=max(before.break_after, word.break_after))
        first += len(word.characters)
    return sounding


def _move_phrase_break(words: list[ProsodicWord]) -> None:
    """From before the last word to after it, where that is weak and no punctuation comes between."""
    if len(words) == 1:
        return
    before, last = words[-2:]
    adjacent = before.syllables[-1].end == last.syllables[0].first
    if adjacent and last.is_weak and before.break_after is Break.PHRASE:
        words[-2:] = [
            replace(before, break_after=Break.WORD),
            replace(last, break_after=max(Break.PHRASE, last.break_after)),
        ]


def _chains(words: Sequence[ProsodicWord]) -> Iterator[list[ProsodicWord]]:
    """Runs of words that may be one prosodic word."""
    chain: list[ProsodicWord] = []
    for word in words:
        if chain and not _cling(chain[-1], word):
            yield chain
            chain = []
        chain.append(word)
    if chain:
        yield chain


def _cling(word: ProsodicWord, following: ProsodicWord) -> bool:
    if word.break_after is not Break.NONE or word.kind is not following.kind:
        return False
    return _PARTICLES.isdisjoint((word.text, following.text))


def _divided(chain: Sequence[ProsodicWord]) -> list[ProsodicWord]:
    """The cheapest division of a chain; no joined word is longer than four syllables."""
    sizes = [len(word.syllables) for word in chain]
    best: list[tuple[int, list[ProsodicWord]]] = [(0, [])]
    for end in range(1, len(chain) + 1):
        divisions = []
        for start in range(end):
            size = sum(sizes[start:end])
            if size <= _LONGEST or end - start == 1:
                cost, before = best[start]
                cost += _LONE * (size == 1) + _WEAK * chain[start].is_weak
                divisions.append((cost, [*before, _said_as_one(chain[start:end])]))
        best.append(min(divisions, key=lambda division: division[0]))
    return best[-1][1]


def _with_feet(words: Iterable[ProsodicWord]) -> list[ProsodicWord]:
    feet: list[ProsodicWord] = []
    for word in words:
        if feet and feet[-1].break_after is Break.WORD and _is_light(feet[-1]) and _is_light(word):
            feet[-1] = _said_as_one((feet[-1], word))
        else:
            feet.append(word)
    return feet


def _is_light(word: ProsodicWord) -> bool:
    return word.kind is WordKind.HANZI and len(word.text) == 1 and word.text not in _PARTICLES


def _said_as_one(words: Sequence[ProsodicWord]) -> ProsodicWord:
    return ProsodicWord(
        "".join(word.text for word in words),
        words[0].kind,
        tuple(syllable for word in words for syllable in word.syllables),
        max(Break.WORD, words[-1].break_after),
    )
