"""Subtitles from timed sentences: SubRip, WebVTT, LRC and JSON, by sentence or by character.

Everything is an iterator, so a whole book takes the memory of a sentence.

A cue is one line. Where a sentence is wider than a line or lasts too long it is divided, at the ends of
clauses and phrases rather than of words, into lines of like width. A line shows no comma and no full
stop at its end, as Chinese subtitles do.
"""

import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from typing import Any

from tts_engine.speech.text.types import Break
from tts_engine.speech.timeline import TimedSentence, TimedText


class Level(StrEnum):
    SENTENCE = "sentence"
    CHARACTER = "character"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a cue should keep to. The longest is never passed by more than one stretch of text that is longer itself.

    A cue is shown for the shortest time if the next one leaves it that.
    """

    width: float = 20.0  # of full-width characters; others are half as wide
    shortest: float = 5 / 6  # seconds; this and the longest after Netflix's Timed Text Style Guide
    longest: float = 7.0


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Cue:
    """What is shown at once, from `start` to `end` (seconds)."""

    start: float
    end: float
    stretches: tuple[TimedText, ...]
    speaker: str = ""

    @property
    def text(self) -> str:
        return shown("".join(stretch.text for stretch in self.stretches))


_UNSHOWN_AT_END = "，。、；：,;:｡､．"
_SPACES = re.compile(r"\s+")


def shown(text: str) -> str:
    """A line as it is shown: one space for any white space, no comma or full stop at its end."""
    return _SPACES.sub(" ", text).strip().rstrip(_UNSHOWN_AT_END + " ") or text.strip()


def cues(sentences: Iterable[TimedSentence], limits: Limits = LIMITS) -> Iterator[Cue]:
    """The lines of the sentences in order; none begins before the one before it has ended."""
    coming = (cue for sentence in sentences for cue in _lines(sentence, limits))
    before = next(coming, None)
    for cue in coming:
        yield _lasting(before, limits, cue.start) if before else cue
        before = cue
    if before:
        yield _lasting(before, limits, math.inf)


def _lasting(cue: Cue, limits: Limits, next_start: float) -> Cue:
    end = min(max(cue.end, cue.start + limits.shortest), next_start)
    return Cue(cue.start, end, cue.stretches, cue.speaker)


def _lines(sentence: TimedSentence, limits: Limits) -> Iterator[Cue]:
    for stretches in _divided(sentence.stretches, limits):
        line = TimedSentence(stretches)
        if line.text.strip():
            yield Cue(line.start, line.end, stretches, sentence.speaker)


# What it costs to end a line there, beside the square of the room that it leaves empty.
_COSTS = {Break.NONE: 20.0, Break.WORD: 3.0, Break.PHRASE: 2.0, Break.CLAUSE: 0.0, Break.SENTENCE: 0.0}
_LINE_COST = 1.0


def _divided(stretches: tuple[TimedText, ...], limits: Limits) -> list[tuple[TimedText, ...]]:
    """The division of the least cost (after Knuth and Plass, Breaking Paragraphs into Lines, 1981)."""
    widths = list(accumulate(map(_width, stretches), initial=0.0))
    unshown = _unshown_widths(stretches)
    costs, begins = [0.0], [0]  # of the best division up to each end, and where its last line begins
    for end in range(1, len(stretches) + 1):
        ending = _COSTS[stretches[end - 1].break_after] if end < len(stretches) else 0.0
        best, where = math.inf, end - 1
        for begin in range(end - 1, -1, -1):
            width = widths[end] - widths[begin] - unshown[end]
            too_long = stretches[end - 1].end - stretches[begin].start > limits.longest
            if begin < end - 1 and (width > limits.width or too_long):
                break
            cost = costs[begin] + _LINE_COST + ending + max(0.0, 1 - width / limits.width) ** 2
            if cost < best:
                best, where = cost, begin
        costs.append(best)
        begins.append(where)
    lines = []
    end = len(stretches)
    while end:
        lines.append(stretches[begins[end] : end])
        end = begins[end]
    return lines[::-1]


def _width(stretch: TimedText) -> float:
    return sum(1.0 if _is_wide(char) else 0.5 for char in _SPACES.sub(" ", stretch.text))


def _is_wide(char: str) -> bool:
    """Of the characters whose width Unicode leaves to the script, Chinese sets dashes, dots and quotes full width."""
    width = unicodedata.east_asian_width(char)
    return width in "WF" or (width == "A" and unicodedata.category(char).startswith("P"))


def _unshown_widths(stretches: Sequence[TimedText]) -> list[float]:
    """For each end how wide the marks before it are that would not be shown there."""
    widths = [0.0]
    for stretch in stretches:
        unshown = not stretch.text.strip().strip(_UNSHOWN_AT_END)
        widths.append(widths[-1] + _width(stretch) if unshown else 0.0)
    return widths


# --- The formats ----------------------------------------------------------------------------------

# SubRip and LRC have no way to write their own signs; what looks like them is taken for nothing else.
_FULL_WIDTH = str.maketrans("<>{}[]", "＜＞｛｝［］")


def _srt(sentences: Iterable[TimedSentence], level: Level, named: bool) -> Iterator[str]:
    """SubRip. By character each has a cue of its own, for SubRip has no times within one."""
    coming = cues(sentences) if level is Level.SENTENCE else _characters(sentences)
    for number, cue in enumerate(coming, 1):
        text = (f"{cue.speaker}：" if named else "") + cue.text
        yield f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{text.translate(_FULL_WIDTH)}\n\n"


def _characters(sentences: Iterable[TimedSentence]) -> Iterator[Cue]:
    """What sounds, one by one."""
    for sentence in sentences:
        for stretch in sentence.stretches:
            if stretch.sounds and stretch.text.strip():
                yield Cue(stretch.start, stretch.end, (stretch,), sentence.speaker)


def _vtt(sentences: Iterable[TimedSentence], level: Level, named: bool) -> Iterator[str]:
    """WebVTT. By character a cue has timestamps inside, at which players colour what follows."""
    yield "WEBVTT\n\n"
    for cue in cues(sentences):
        text = _vtt_timed(cue) if level is Level.CHARACTER else _vtt_text(cue.text)
        voice = f"<v {_vtt_text(cue.speaker)}>" if named else ""
        yield f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{voice}{text}\n\n"


def _vtt_text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _vtt_timed(cue: Cue) -> str:
    """Timestamps lie within the cue and rise, as WebVTT wants."""
    last, end = _clock(cue.start, "."), _clock(cue.end, ".")
    pieces = []
    for stretch, text in _pieces(cue):
        if stretch.sounds and last < (now := _clock(stretch.start, ".")) < end:
            pieces.append(f"<{now}>")
            last = now
        pieces.append(_vtt_text(text))
    return "".join(pieces)


def _lrc(sentences: Iterable[TimedSentence], level: Level, named: bool) -> Iterator[str]:
    """LRC; by character in its enhanced form. A time without text clears the line where nothing is said."""
    end = math.inf
    for cue in cues(sentences):
        if cue.start - end >= _CLEARED_AFTER:
            yield f"[{_minutes(end)}]\n"
        name = f"{cue.speaker}：".translate(_FULL_WIDTH) if named else ""
        text = _lrc_timed(cue) if level is Level.CHARACTER else cue.text.translate(_FULL_WIDTH)
        yield f"[{_minutes(cue.start)}]{name}{text}\n"
        end = cue.end
    if end < math.inf:
        yield f"[{_minutes(end)}]\n"


_CLEARED_AFTER = 1.0  # seconds


def _lrc_timed(cue: Cue) -> str:
    pieces = []
    for stretch, text in _pieces(cue):
        time = f"<{_minutes(stretch.start)}>" if stretch.sounds else ""
        pieces.append(time + text.translate(_FULL_WIDTH))
    return "".join(pieces)


def _pieces(cue: Cue) -> Iterator[tuple[TimedText, str]]:
    """The stretches of a cue, each with what is shown of it; together they are the cue's text."""
    text = cue.text
    done = 0
    whole = ""
    for stretch in cue.stretches:
        whole += stretch.text
        upto = len(_SPACES.sub(" ", whole).lstrip())
        yield stretch, text[done:upto]
        done = max(done, upto)


def _json(sentences: Iterable[TimedSentence], level: Level, named: bool) -> Iterator[str]:
    """For programs: the sentences themselves, not divided into lines, with all their marks, and always who speaks."""
    yield '{"sentences": ['
    for number, sentence in enumerate(sentences):
        yield (",\n" if number else "\n") + json.dumps(as_json(sentence, level), ensure_ascii=False)
    yield "\n]}\n"


def as_json(sentence: TimedSentence, level: Level) -> dict[str, Any]:
    """A sentence for programs; times in seconds, to the millisecond. Empty stretches are left out."""
    told: dict[str, Any] = {
        "text": sentence.text.strip(),
        **_span(sentence.start, sentence.end),
        "speaker": sentence.speaker,
    }
    if level is Level.CHARACTER:
        told["characters"] = [
            {"text": stretch.text.strip(), **_span(stretch.start, stretch.end)}
            for stretch in sentence.stretches
            if stretch.text.strip()
        ]
    return told


def _span(start: float, end: float) -> dict[str, float]:
    return {"start": round(start, 3), "end": round(end, 3)}


def _clock(seconds: float, point: str) -> str:
    """01:02:03.456"""
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{milliseconds:03}"


def _minutes(seconds: float) -> str:
    """62:03.45"""
    whole, hundredths = divmod(round(seconds * 100), 100)
    return f"{whole // 60:02}:{whole % 60:02}.{hundredths:02}"


@dataclass(frozen=True, slots=True)
class SubtitleFormat:
    """`write(sentences, level, named)` gives the file piece by piece; `named` has it tell who speaks."""

    name: str
    media_type: str
    write: Callable[[Iterable[TimedSentence], Level, bool], Iterator[str]]


SUBTITLES: Mapping[str, SubtitleFormat] = {
    each.name: each
    for each in (
        SubtitleFormat("srt", "application/x-subrip", _srt),
        SubtitleFormat("vtt", "text/vtt", _vtt),
        SubtitleFormat("json", "application/json", _json),
        SubtitleFormat("lrc", "text/plain", _lrc),
    )
}
