"""When each character is heard, from how long each unit lasts."""

from collections.abc import Sequence

from tts_engine.speech.voice import CharacterTime
from tts_engine.speech.voices.sambert.units import Unit


def character_times(text: str, units: Sequence[Unit], seconds: Sequence[float]) -> list[CharacterTime]:
    """The time of every character of `text`, whose units last `seconds` [L] each.

    Characters of one unit share its time evenly (an English word, the marks of one pause). One that
    has no unit, such as an opening quotation mark, has no length.
    """
    spans: list[tuple[float, float] | None] = [None] * len(text)
    begins: dict[tuple[int, int], float] = {}
    now = 0.0
    for unit, length in zip(units, seconds, strict=True):
        begin = begins.setdefault((unit.first, unit.end), now)
        now += length
        share = (now - begin) / max(1, unit.end - unit.first)
        for place, character in enumerate(range(unit.first, unit.end)):
            spans[character] = (begin + place * share, begin + (place + 1) * share)
    times: list[CharacterTime] = []
    heard = 0.0
    for char, span in zip(text, spans, strict=True):
        begin, heard = span or (heard, heard)
        times.append(CharacterTime(char, begin, heard))
    return times
