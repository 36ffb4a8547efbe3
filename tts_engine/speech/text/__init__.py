"""The Mandarin text front end: `read` turns any text into sentences of words with their pinyin."""

from tts_engine.speech.text.marks import pinyin_syllables, plain_text
from tts_engine.speech.text.reader import read
from tts_engine.speech.text.sandhi import third_tone_sandhi
from tts_engine.speech.text.types import Break, Character, Reading, Sentence, Word, WordKind

__all__ = [
    "Break",
    "Character",
    "Reading",
    "Sentence",
    "Word",
    "WordKind",
    "pinyin_syllables",
    "plain_text",
    "read",
    "third_tone_sandhi",
]
