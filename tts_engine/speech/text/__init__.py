"""The Mandarin text front end: `read` turns any text into sentences of words with their pinyin."""

from tts_engine.speech.text.marks import pinyin_syllables, plain_text
from tts_engine.speech.text.reader import ReadItem, read, read_script, reading_of
from tts_engine.speech.text.sandhi import third_tone_sandhi
from tts_engine.speech.text.script import Script, plain_script
from tts_engine.speech.text.types import Break, Character, Reading, Sentence, Word, WordKind

__all__ = [
    "Break",
    "Character",
    "ReadItem",
    "Reading",
    "Script",
    "Sentence",
    "Word",
    "WordKind",
    "pinyin_syllables",
    "plain_script",
    "plain_text",
    "read",
    "read_script",
    "reading_of",
    "third_tone_sandhi",
]
