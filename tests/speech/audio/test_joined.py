"""Many recordings as one: each begins where it was promised, and players find the chapters."""

import io
import itertools
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from tts_engine.speech.audio.chapters import Chapter, id3_of
from tts_engine.speech.audio.encode import encode
from tts_engine.speech.audio.formats import FORMATS
from tts_engine.speech.audio.joined import Track, joined
from tts_engine.speech.voice import Samples

RATE = 8000
MakeTrack = Callable[..., Track]


@pytest.fixture
def track(tmp_path: Path) -> MakeTrack:
    """track(samples, start_ms=, length_ms=): a recording of these samples that lies there."""
    numbers = itertools.count()

    def track(samples: Samples, *, start_ms: int, length_ms: int, rate: int = RATE, volume: float = 0.0) -> Track:
        path = tmp_path / f"{next(numbers)}.flac"
        soundfile.write(path, samples, rate)
        return Track(path, start_ms, length_ms, volume)

    return track


def test_every_track_begins_on_its_millisecond(track: MakeTrack) -> None:
    """Though each is promised up to half a millisecond too short or too long; a thousand do not drift."""
    rng = np.random.default_rng(7)
    tracks, start = [], 0
    for length in rng.integers(80, 400, 1000):
        promised = round(int(length) * 1000 / RATE)
        tracks.append(track(np.full(length, 0.5, np.float32), start_ms=start, length_ms=promised))
        start += promised + 100
    whole = np.concatenate(list(joined(tracks, RATE)))
    assert len(whole) == (start - 100) * RATE // 1000
    for each in tracks:
        at = each.start_ms * RATE // 1000
        assert whole[at] == pytest.approx(0.5, abs=1e-3)
        assert at == 0 or whole[at - 1] == 0


def test_tracks_of_other_rates_and_volumes_join(track: MakeTrack) -> None:
    """A job may have voices of 16 and 24 kHz; each row has its own volume."""
    loud = track(np.full(2400, 0.1, np.float32), start_ms=0, length_ms=100, rate=24_000, volume=6.0)
    plain = track(np.full(1600, 0.1, np.float32), start_ms=150, length_ms=100, rate=16_000)
    whole = np.concatenate(list(joined([loud, plain], RATE)))
    assert len(whole) == 2000
    assert np.median(whole[:800]) == pytest.approx(0.1 * 10**0.3, rel=0.01)
    assert not whole[800:1200].any()
    assert np.median(whole[1200:]) == pytest.approx(0.1, rel=0.01)


@pytest.mark.parametrize("count", [0, 1, 255, 600])
def test_an_mp3_has_its_chapters_before_the_audio(count: int) -> None:
    """As FFmpeg, which many players are built on, reads them back; more than 255 are listed in groups."""
    second = np.zeros(RATE, np.float32)
    chapters = [Chapter(f"第{number}章 🙂", number * 1000, number * 1000 + 1000) for number in range(count)]
    content = id3_of("书", chapters) + b"".join(encode([second], RATE, FORMATS["mp3"]))
    with av.open(io.BytesIO(content)) as container:
        assert container.metadata["title"] == "书"
        found = [
            Chapter(
                each["metadata"]["title"],
                round(each["start"] * each["time_base"] * 1000),
                round(each["end"] * each["time_base"] * 1000),
            )
            for each in container.chapters()
        ]
        assert found == chapters
        assert sum(frame.samples for frame in container.decode(audio=0)) >= RATE
    assert content.count(b"CTOC") == {0: 0, 1: 1, 255: 1, 600: 4}[count]
