"""All stages in a row: marks, dictionary, normalise, sentences, segment, pronounce, prosody."""

import unicodedata

from tts_engine.speech.errors import ControlCharacter, EmptyText, NothingToSay
from tts_engine.speech.text.dictionary import NO_ENTRIES, Dictionary
from tts_engine.speech.text.marks import read_marks
from tts_engine.speech.text.normalise import normalise
from tts_engine.speech.text.pronounce import pronounce
from tts_engine.speech.text.prosody import breathe, mark_breaks
from tts_engine.speech.text.segment import segment
from tts_engine.speech.text.sentences import Span, split
from tts_engine.speech.text.types import Reading, Sentence

_ALLOWED_CONTROLS = "\t\n\r"


def read(text: str, dictionary: Dictionary = NO_ENTRIES) -> Reading:
    """How a text is read aloud, its words that are in the dictionary as that says.

    Deterministic, and needs neither network nor model files of a voice. The first call loads the
    dictionaries (about a second); after it any number of threads may call at once.

    Raises ControlCharacter, EmptyText or NothingToSay, and nothing else.
    """
    _refuse_controls(text)
    if not text.strip():
        raise EmptyText("The text is empty: send at least one character that can be read aloud.")
    marked = dictionary.apply(read_marks(text)) if dictionary else read_marks(text)
    sentences = [sentence for span in split(normalise(marked)) for sentence in _sentences(span)]
    if not sentences:
        raise NothingToSay("Nothing in the text can be read aloud: it has neither Hanzi nor Latin letters nor digits.")
    return Reading(tuple(sentences))


def _sentences(span: Span) -> list[Sentence]:
    tokens = segment(span.marked.text)
    return breathe(mark_breaks(pronounce(span.marked, tokens)), span.pause)


def _refuse_controls(text: str) -> None:
    for position, char in enumerate(text):
        if char not in _ALLOWED_CONTROLS and unicodedata.category(char) in ("Cc", "Cs"):
            raise ControlCharacter(
                f"Character {position + 1} of the text is U+{ord(char):04X}, a control character: remove it."
            )
