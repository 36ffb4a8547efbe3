"""Many recordings one after the other as one, each beginning exactly where it was promised to begin.

The places are in whole milliseconds; what a recording is longer or shorter than its own promised
length, half a millisecond at most, is cut off or added as silence. So chapters and subtitles, which
are reckoned from the promised lengths, never drift from what is heard.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from tts_engine.speech.audio.decode import Readable, decoded, sample_rate_of
from tts_engine.speech.audio.render import levelled
from tts_engine.speech.voice import Samples

SECOND = 1000  # ms


@dataclass(frozen=True, slots=True)
class Track:
    """A mono FLAC recording and where it lies in the whole."""

    file: Readable
    start_ms: int
    length_ms: int
    volume: float = 0.0  # dB
    loudness: float | None = None  # LUFS


def joined(tracks: Iterable[Track], rate: int) -> Iterator[Samples]:
    """One stream of `rate` Hz from tracks in the order of their start, none of which overlap."""
    position = 0
    for track in tracks:
        start, end = (round(ms * rate / SECOND) for ms in (track.start_ms, track.start_ms + track.length_ms))
        yield from _silence(start - position, rate)
        position = start
        for samples in _samples(track, rate):
            fitting = samples[: end - position]
            position += len(fitting)
            yield fitting
        yield from _silence(end - position, rate)
        position = end


def _samples(track: Track, rate: int) -> Iterator[Samples]:
    with track.file.open("rb") as file:
        yield from levelled(decoded(file), sample_rate_of(file), rate, volume=track.volume, loudness=track.loudness)


def _silence(length: int, rate: int) -> Iterator[Samples]:
    """In stretches of a second at most."""
    while length > 0:
        stretch = min(length, rate)
        yield np.zeros(stretch, np.float32)
        length -= stretch
