"""A sentence becomes the symbols the model was trained on.

Kokoro's Mandarin speakers were trained on what `misaki.zh.ZHG2P()` writes: IPA by way of pinyin,
one arrow for each tone (→ ↗ ↓ ↘, none for the neutral tone), a space between words. That path
applies no sandhi to third tones: the model has learnt it, so third tones are written as their own.
Pinyin comes from our own reading of the text, so that pronunciations given by hand are honoured;
only the step from pinyin to IPA is misaki's.
"""

import functools
import importlib.resources
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tts_engine.speech.errors import TextError
from tts_engine.speech.text.types import Character, Sentence, Word, WordKind
from tts_engine.speech.voices.kokoro import english

# As misaki.zh.ZHG2P.map_punctuation; signs it leaves alone are kept if the vocabulary has them.
PUNCTUATION = {
    **dict.fromkeys("、，", ", "),
    **dict.fromkeys("。．", ". "),
    "！": "! ",
    "：": ": ",
    "；": "; ",
    "？": "? ",
    **dict.fromkeys("«《「【", " “"),
    **dict.fromkeys("»》」】", "” "),
    "（": " (",
    "）": ") ",
}
PAUSES = frozenset(",.!?:;—…")  # symbols at which the voice makes a pause

# In this order: the longer tone letters hold the shorter ones.
TONES = (("˧˩˧", "↓"), ("˧˥", "↗"), ("˥˩", "↘"), ("˥", "→"))
SYLLABIC = ("ɻ\u0329", "ɹ\u0329")  # the vowel of zhi and of zi, one symbol for both
NON_SYLLABIC_MARK = "\u032f"


@dataclass(frozen=True, slots=True)
class Sound:
    """Symbols that belong together, and the characters [first, end) of the sentence they speak.

    Spaces between words speak no character (first == end).
    """

    symbols: str
    first: int
    end: int
    spoken: bool  # it has a sound of its own, unlike a space or a comma

    @property
    def pauses(self) -> bool:
        return not self.spoken and not PAUSES.isdisjoint(self.symbols)


def transcribe(sentence: Sentence) -> list[Sound]:
    """The sounds of a sentence in order, empty if it has none.

    Raises TextError for a pinyin syllable that does not exist.
    """
    sounds: list[Sound] = []
    first = 0
    after_word: WordKind | None = None
    for word in sentence.words:
        spoken = list(_sounds_of(word, first))
        if spoken and _needs_space(after_word, word.kind):
            sounds.append(Sound(" ", first, first, spoken=False))
        if spoken:
            sounds += spoken
            after_word = word.kind
        first += len(word.characters)
    return _stripped(sounds)


def token_ids(sounds: list[Sound]) -> list[int]:
    """The vocabulary's number of every symbol, without the frame of zeros around an utterance."""
    vocabulary = _vocabulary()
    return [vocabulary[symbol] for sound in sounds for symbol in sound.symbols]


@functools.lru_cache(maxsize=4096)
def syllable(pinyin: str) -> str:
    """The symbols of one syllable with its tone digit, `hang2` -> `xa↗ŋ`, as ZHG2P.py2ipa writes them."""
    # Its parent package is light, misaki.zh is not: that one loads jieba and needs cn2an.
    from misaki.transcription import pinyin_to_ipa

    try:
        written = "".join(pinyin_to_ipa(pinyin)[0])
    except ValueError as error:
        raise TextError(f"'{pinyin}' is no syllable of Mandarin.") from error
    for tone, arrow in TONES:
        written = written.replace(tone, arrow)
    for vowel in SYLLABIC:
        written = written.replace(vowel, "ɨ")
    return written.replace(NON_SYLLABIC_MARK, "")


def _sounds_of(word: Word, first: int) -> Iterator[Sound]:
    if word.ipa:
        yield Sound(english.from_ipa(word.ipa), first, first + len(word.characters), spoken=True)
        return
    if word.kind is WordKind.LATIN:
        for part in english.parts(word.text):
            yield Sound(part.symbols, first + part.first, first + part.end, spoken=True)
        return
    for at, character in enumerate(word.characters, first):
        if word.kind is WordKind.PUNCTUATION:
            symbols = PUNCTUATION.get(character.char, character.char)
            if all(symbol in _vocabulary() for symbol in symbols):
                yield Sound(symbols, at, at + 1, spoken=False)
        elif character.pinyin is not None:
            yield Sound(_syllable_of(character), at, at + 1, spoken=True)


def _syllable_of(character: Character) -> str:
    # ZHG2P knows no erhua; its own writing of a weak 儿 is this syllable without a tone.
    return syllable("er5" if character.erhua else character.pinyin or "")


def _needs_space(before: WordKind | None, kind: WordKind) -> bool:
    return before is not None and WordKind.PUNCTUATION not in (before, kind)


def _stripped(sounds: list[Sound]) -> list[Sound]:
    """Without spaces at either end, and [] if nothing is spoken."""
    if not any(sound.spoken for sound in sounds):
        return []
    head, *rest = sounds
    sounds = [Sound(head.symbols.lstrip(), head.first, head.end, head.spoken), *rest]
    *rest, tail = sounds
    return [*rest, Sound(tail.symbols.rstrip(), tail.first, tail.end, tail.spoken)]


@functools.cache
def _vocabulary() -> Mapping[str, int]:
    """Symbol to number, of the published model's config.json."""
    vocabulary: dict[str, int] = json.loads((importlib.resources.files(__package__) / "vocab.json").read_text("utf-8"))
    return vocabulary
