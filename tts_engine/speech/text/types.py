"""What the text front end produces: a reading, made of sentences, words and characters."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class Break(IntEnum):
    """Prosodic boundary after a word, numbered as in ToBI-like Mandarin labelling (#0 to #4)."""

    NONE = 0
    WORD = 1  # prosodic word
    PHRASE = 2  # a slight pause: after a long phrase without punctuation, an enumeration comma
    CLAUSE = 3  # a clear pause: comma, semicolon, colon
    SENTENCE = 4  # the end of the sentence


class WordKind(StrEnum):
    HANZI = "hanzi"  # each character has a pinyin reading
    LATIN = "latin"  # an English word, or letters to be spelt (all capitals)
    PUNCTUATION = "punctuation"  # has no sound of its own, only a pause


@dataclass(frozen=True, slots=True)
class Character:
    """One character of the normalised text.

    `pinyin` is a syllable and a tone digit, `hang2`; ü is written v (`lv4`), the neutral tone is 5,
    一 and 不 carry the tone they take in this place, third tones their own. None for what is not
    read as a Mandarin syllable. `erhua` marks a 儿 that only colours the syllable before it (`r5`).
    """

    char: str
    pinyin: str | None = None
    erhua: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """Characters that belong together; `ipa` is how a Latin word is said where the writer gave its sounds."""

    characters: tuple[Character, ...]
    kind: WordKind
    break_after: Break = Break.NONE
    ipa: str | None = None

    @property
    def text(self) -> str:
        return "".join(c.char for c in self.characters)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a text as it was written, `2026`, and how many characters of the reading say it, 二零二六.

    `break_after` is how well a line may be broken after it: NONE inside a word or before a mark that
    belongs to it.
    """

    text: str
    characters: int
    break_after: Break = Break.NONE


@dataclass(frozen=True, slots=True)
class Sentence:
    """A run of words spoken in one breath; `pause` is the silence after it, in seconds.

    `bookmarks` are named moments: (position of the character before which one lies, its name).
    `written` says all of its characters in order. How a sentence was written is no part of how it is
    spoken: sentences that differ in nothing else are equal and look alike.
    """

    words: tuple[Word, ...]
    pause: float
    bookmarks: tuple[tuple[int, str], ...] = ()
    written: tuple[Stretch, ...] = field(default=(), repr=False, compare=False)

    @property
    def characters(self) -> Iterator[Character]:
        return (c for word in self.words for c in word.characters)

    @property
    def text(self) -> str:
        return "".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole text as it will be read aloud."""

    sentences: tuple[Sentence, ...]

    @property
    def text(self) -> str:
        """The normalised text: numbers, signs and units written out as they are said."""
        return "".join(sentence.text for sentence in self.sentences)

    @property
    def characters(self) -> Iterator[Character]:
        return (c for sentence in self.sentences for c in sentence.characters)
