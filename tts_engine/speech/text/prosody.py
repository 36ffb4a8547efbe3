"""Where a voice pauses: a break after each word, and a cut where a sentence is too long for one breath.

A break belongs to the word that sounds: before a punctuation mark the last word carries the break,
and the mark itself has none, so that a voice may skip punctuation altogether.
"""

from collections.abc import Sequence
from dataclasses import replace

from tts_engine.speech.text.characters import CLAUSE_MARKS, LIST_MARKS, SENTENCE_MARKS
from tts_engine.speech.text.sentences import CUT_PAUSE
from tts_engine.speech.text.types import Break, Sentence, Word, WordKind

LONGEST = 60
"""Syllables in one breath; a longer sentence is cut."""
_SHORTEST = 15  # a cut leaves no less than this on its left
_PHRASE = 10  # syllables without any break before a phrase break is put
_PHRASE_REST = 4  # and not so near the next punctuation
_PROSODIC_WORD = 4
_CLITICS = frozenset(
    [*"的地得了着过吗呢吧啊呀嘛啦哪么们里上下中内外后前时等儿个次年月日号点分秒元到", "起来", "下去", "上来", "出来"]
)
_PROCLITICS = frozenset([*"不没很太最更再又也都就才在把被给对从向往和与跟为以我你他她它这那每第各是"])


def mark_breaks(words: Sequence[Word]) -> list[Word]:
    """The words of one sentence with the break after each; the last that sounds ends it with #4."""
    marked: list[Word] = []
    for index, word in enumerate(words):
        pause = Break.NONE if _is_mark(word) else _break_after(words, index)
        marked.append(replace(word, break_after=pause))
    return _with_phrases(marked)


def _is_mark(word: Word) -> bool:
    return word.kind is WordKind.PUNCTUATION


def _break_after(words: Sequence[Word], index: int) -> Break:
    """By the punctuation up to the next word that sounds, or by the two words where there is none."""
    following = index + 1
    strongest = Break.NONE
    while following < len(words) and _is_mark(words[following]):
        strongest = max(strongest, _mark_break(words[following].text))
        following += 1
    if following == len(words):
        return Break.SENTENCE
    if following > index + 1:
        return strongest
    return Break.NONE if _joined(words[index], words[following]) else Break.WORD


def _mark_break(mark: str) -> Break:
    if mark in SENTENCE_MARKS or mark in CLAUSE_MARKS:
        return Break.CLAUSE
    if mark in LIST_MARKS or mark == " ":
        return Break.PHRASE
    return Break.NONE if mark in "-·'" else Break.WORD


def _joined(word: Word, following: Word) -> bool:
    """Whether two neighbours are one prosodic word: a function word leans on what it belongs to."""
    size = len(word.characters) + len(following.characters)
    if word.kind is not following.kind or word.kind is not WordKind.HANZI or size > _PROSODIC_WORD:
        return False
    return following.text in _CLITICS or (word.text in _PROCLITICS and size <= _PROSODIC_WORD - 1)


def syllables(word: Word) -> int:
    """How long a word is to say; letters that are spelt count one each, others one for three."""
    if word.kind is WordKind.LATIN:
        letters = len(word.characters)
        return letters if word.text.isupper() else max(1, round(letters / 3))
    return sum(character.pinyin is not None for character in word.characters)


def _with_phrases(words: list[Word]) -> list[Word]:
    """Raise a word's break to a phrase break where too many syllables would run on without one."""
    rest = _to_next_pause(words)
    run = 0
    for index, word in enumerate(words):
        run += syllables(word)
        if word.break_after >= Break.PHRASE:
            run = 0
        elif word.break_after is Break.WORD and run >= _PHRASE - 2 * _invites(word) and rest[index] >= _PHRASE_REST:
            words[index] = replace(word, break_after=Break.PHRASE)
            run = 0
    return words


def _invites(word: Word) -> bool:
    return word.text in ("的", "了", "后", "时", "中", "上", "里")


def _to_next_pause(words: Sequence[Word]) -> list[int]:
    """For each word the syllables after it up to the next phrase break or stronger."""
    rest: list[int] = []
    count = 0
    for word in reversed(words):
        if word.break_after >= Break.PHRASE:
            count = 0
        rest.append(count)
        count += syllables(word)
    return rest[::-1]


def breathe(words: Sequence[Word], pause: float) -> list[Sentence]:
    """One sentence, or several where it is too long: cut at clause marks, else at the end of a word."""
    sentences: list[Sentence] = []
    start = 0
    left = sum(map(syllables, words))
    while left > LONGEST:
        end = _cut(words, start)
        left -= sum(map(syllables, words[start:end]))
        if not left:
            break
        sentences.append(Sentence(_ended(words[start:end]), CUT_PAUSE))
        start = end
    sentences.append(Sentence(tuple(words[start:]), pause))
    return sentences


def _cut(words: Sequence[Word], start: int) -> int:
    """Where to cut what begins at `start`: after the best break within a breath, the later of equals."""
    best, best_break, said = start, Break.NONE, 0
    for index in range(start, len(words)):
        word = words[index]
        said += syllables(word)
        if said > LONGEST and best > start:
            break
        if said >= _SHORTEST and word.break_after >= best_break and not _is_mark(word):
            best, best_break = index + 1, word.break_after
        elif best == start and said > LONGEST:
            best = index + 1
    while best < len(words) and _is_mark(words[best]):
        best += 1
    return best


def _ended(words: Sequence[Word]) -> tuple[Word, ...]:
    last = max(index for index, word in enumerate(words) if not _is_mark(word))
    return (*words[:last], replace(words[last], break_after=Break.SENTENCE), *words[last + 1 :])
