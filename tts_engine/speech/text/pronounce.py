"""The reading of every Hanzi of a sentence.

Six sources, the first that speaks decides: what the writer marked, the strong rules of everyday
characters, the dictionary of phrases, their weak rules, g2pM's network, the commonest reading. Each
is right where the next one fails (bench/frontend.py measures it). Then 儿, 一 and 不 as they sound in their place.
"""

from collections.abc import Iterable, Sequence

from tts_engine.speech.text.erhua import ERHUA, is_erhua
from tts_engine.speech.text.lexicon import character_reading, ends_neutral, phrase_reading, phrases_inside
from tts_engine.speech.text.marks import IPA, MarkedText
from tts_engine.speech.text.polyphones import strong_readings, weak_readings
from tts_engine.speech.text.sandhi import change_tones
from tts_engine.speech.text.segment import Token
from tts_engine.speech.text.tagger import tagger
from tts_engine.speech.text.types import Character, Word, WordKind


def pronounce(sentence: MarkedText, tokens: Sequence[Token]) -> list[Word]:
    """The tokens of a sentence as words whose characters have their readings; no breaks yet."""
    readings = lexical_readings(sentence, tokens)
    spoken = change_tones(sentence.text, readings, frozenset(sentence.readings))
    return [_word(token, spoken) if token.kind is not WordKind.LATIN else _latin(token, sentence) for token in tokens]


def lexical_readings(sentence: MarkedText, tokens: Sequence[Token]) -> dict[int, str]:
    """The pinyin of each Hanzi by its position, as a dictionary would write it: 一 is yi1, 不 is bu4."""
    text = sentence.text
    readings = strong_readings(text)
    hanzi = [token for token in tokens if token.kind is WordKind.HANZI]
    for token in hanzi:
        _add_phrases(readings, token)
    for position, pinyin in weak_readings(text).items():
        readings.setdefault(position, pinyin)
    _add_single(readings, text, (i for token in hanzi for i in range(token.start, token.start + len(token.text))))
    for token in hanzi:
        _neutralise(readings, token)
    _set_base_tones(readings, text)
    readings |= sentence.readings
    for token in hanzi:
        for position in range(token.start, token.start + len(token.text)):
            end = token.start + len(token.text)
            if position not in sentence.readings and is_erhua(text, position, token.start, end):
                readings[position] = ERHUA
    return readings


def _add_phrases(readings: dict[int, str], token: Token) -> None:
    whole = phrase_reading(token.text) if len(token.text) > 1 else None
    found = [(0, whole)] if whole else phrases_inside(token.text)
    for start, phrase in found:
        for offset, pinyin in enumerate(phrase):
            readings.setdefault(token.start + start + offset, pinyin)


def _add_single(readings: dict[int, str], text: str, positions: Iterable[int]) -> None:
    net = tagger()
    missing = [position for position in positions if position not in readings]
    ambiguous = [position for position in missing if net.is_ambiguous(text[position])]
    if ambiguous:
        readings.update(zip(ambiguous, net.tag(text, ambiguous), strict=True))
    for position in missing:
        pinyin = character_reading(text[position])
        if position not in readings and pinyin:
            readings[position] = pinyin


def _neutralise(readings: dict[int, str], token: Token) -> None:
    """朋友 is peng2 you5, and so is it in 朋友们."""
    word = token.text.removesuffix("们")
    last = token.start + len(word) - 1
    if last in readings and ends_neutral(word):
        readings[last] = readings[last][:-1] + "5"


def _set_base_tones(readings: dict[int, str], text: str) -> None:
    """Dictionaries write 一 and 不 with the tone of their phrase; sandhi wants to begin from their own."""
    for position, base in ((i, {"一": "yi1", "不": "bu4"}.get(text[i])) for i in readings):
        if base:
            readings[position] = base


def _latin(token: Token, sentence: MarkedText) -> Word:
    ipa = sentence.readings.get(token.start)
    return Word(tuple(map(Character, token.text)), token.kind, ipa=ipa and ipa.strip(IPA))


def _word(token: Token, readings: dict[int, str]) -> Word:
    characters = tuple(
        Character(char, pinyin, erhua=pinyin == ERHUA)
        for char, pinyin in ((c, readings.get(token.start + i)) for i, c in enumerate(token.text))
    )
    return Word(characters, token.kind)
