"""Chapters of an MP3, as players show them: frames CHAP and CTOC before the audio.

ID3v2.3 (https://id3.org/id3v2.3.0) with the chapter frame addendum (https://id3.org/id3v2-chapters-1.0).
2.3 rather than 2.4 because Windows shows no other.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from tts_engine.speech.audio.label import KEY, Label

_UTF_16 = b"\x01"  # with its mark
_NOT_BY_BYTES = 0xFFFFFFFF  # chapters are found by time
_TOP, _ORDERED = 0b10, 0b01
_MOST_CHILDREN = 255  # of one table of contents: its count is a byte


@dataclass(frozen=True, slots=True)
class Chapter:
    title: str
    start_ms: int
    end_ms: int


def id3_of(title: str, chapters: Sequence[Chapter], label: Label | None = None) -> bytes:
    """The tag to stand before the first frame of an MP3. More than 255 chapters are listed in groups."""
    frames = _text(title) + (_labelled(label) if label else b"")
    names = [b"c%d" % number for number in range(len(chapters))]
    groups = [names[start : start + _MOST_CHILDREN] for start in range(0, len(names), _MOST_CHILDREN)]
    if len(groups) == 1:
        frames += _contents(b"toc", groups[0], _TOP | _ORDERED)
    elif groups:
        group_names = [b"toc%d" % number for number in range(len(groups))]
        frames += _contents(b"toc", group_names, _TOP | _ORDERED)
        frames += b"".join(_contents(*each, _ORDERED) for each in zip(group_names, groups, strict=True))
    frames += b"".join(_chapter(name, chapter) for name, chapter in zip(names, chapters, strict=True))
    return b"ID3\x03\x00\x00" + _seven_bits(len(frames)) + frames


def _contents(name: bytes, children: Sequence[bytes], flags: int) -> bytes:
    listed = b"".join(child + b"\0" for child in children)
    return _frame(b"CTOC", name + b"\0" + bytes([flags, len(children)]) + listed)


def _chapter(name: bytes, chapter: Chapter) -> bytes:
    times = struct.pack(">4I", chapter.start_ms, chapter.end_ms, _NOT_BY_BYTES, _NOT_BY_BYTES)
    return _frame(b"CHAP", name + b"\0" + times + _text(chapter.title))


def _text(text: str) -> bytes:
    return _frame(b"TIT2", _UTF_16 + text.encode("utf-16"))


def _labelled(label: Label) -> bytes:
    return _frame(b"TXXX", b"\x00" + KEY.encode() + b"\0" + label.as_json().encode("ascii"))


def _frame(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack(">IH", len(content), 0) + content


def _seven_bits(size: int) -> bytes:
    """28 bits in four bytes, none of which looks like the start of an MP3 frame."""
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
