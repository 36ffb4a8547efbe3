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
   between them. A chain of them is divided into prosodic words of two to four syllables where it
   can, the later one the longer: 我也#1不知道. The published sequences hold no example of this; it is
   how Mandarin corpora are labelled (陪外孙 is one word in the Biaobei corpus).
5. A 儿 that colours a syllable belongs to that syllable's word.
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
_LONE = 2  # what one syllable alone costs a division


@dataclass(frozen=True, slots=True)
class ProsodicWord:
    """One or more words said as one; it has at least one syllable, and `break_after` is at least #1."""

    text: str
    kind: WordKind
    syllables: tuple[Syllable, ...]
    break_after: Break


def prosodic_words(sentence: Sentence) -> list[ProsodicWord]:
    """The words of a sentence that sound, the last one ended by #4; [] if none does. Raises UnknownUnit."""
    words: list[ProsodicWord] = []
    for chain in _chains(_sounding(_lexical(sentence.words))):
        words += _divided(chain)
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
        elif sounding:
            before = sounding[-1]
            sounding[-1] = replace(before, break_after=max(before.break_after, word.break_after))
        first += len(word.characters)
    return sounding


def _chains(words: Sequence[ProsodicWord]) -> Iterator[list[ProsodicWord]]:
    """Runs of words with no break between them."""
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
    return word.text not in _PARTICLES and following.text not in _PARTICLES


def _divided(chain: Sequence[ProsodicWord]) -> list[ProsodicWord]:
    """The division of a chain with the fewest single syllables, no joined word longer than four."""
    sizes = [len(word.syllables) for word in chain]
    best: list[tuple[int, list[ProsodicWord]]] = [(0, [])]
    for end in range(1, len(chain) + 1):
        divisions = []
        for start in range(end):
            size = sum(sizes[start:end])
            if size <= _LONGEST or end - start == 1:
                cost, before = best[start]
                divisions.append((cost + _LONE * (size == 1), [*before, _said_as_one(chain[start:end])]))
        best.append(min(divisions, key=lambda division: division[0]))
    return best[-1][1]


def _said_as_one(words: Sequence[ProsodicWord]) -> ProsodicWord:
    return ProsodicWord(
        "".join(word.text for word in words),
        words[0].kind,
        tuple(syllable for word in words for syllable in word.syllables),
        max(Break.WORD, words[-1].break_after),
    )
