"""Loudness after EBU R 128, measured as FFmpeg measures it and brought to a target while the speech streams."""

from fractions import Fraction

import av
import av.filter
import numpy as np
import pytest

from tts_engine.speech.audio.limiter import limited
from tts_engine.speech.audio.loudness import CEILING, WINDOW, integrated, normalised
from tts_engine.speech.voice import Samples


def sine(level: float, rate: int, seconds: float) -> Samples:
    """1 kHz, its peak `level` dB below full scale."""
    moments = np.arange(round(rate * seconds)) / rate
    return (10 ** (level / 20) * np.sin(2 * np.pi * 1_000 * moments)).astype(np.float32)


def speechlike(rate: int, seconds: float, seed: int = 7) -> Samples:
    """Noise in syllables, four a second, softer and louder, with a pause every other second."""
    random = np.random.default_rng(seed)
    moments = np.arange(round(rate * seconds)) / rate
    syllables = np.abs(np.sin(2 * np.pi * 2 * moments)) * (np.sin(np.pi * moments) > -0.5)
    return (0.1 * syllables * random.standard_normal(len(moments))).astype(np.float32)


def ffmpeg(samples: Samples, rate: int) -> tuple[float, float]:
    """(integrated loudness in LUFS, true peak in dBTP) by FFmpeg's ebur128."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=rate, format="flt", layout="mono", time_base=Fraction(1, rate))
    meter, sink = graph.add("ebur128", "peak=true:metadata=1"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="flt", layout="mono")
    frame.sample_rate, frame.pts = rate, 0
    source.push(frame)
    source.push(None)
    read: dict[str, str] = {}
    while True:
        try:
            read = dict(sink.pull().metadata)
        except (av.error.EOFError, BlockingIOError):
            return float(read["lavfi.r128.I"]), float(20 * np.log10(float(read["lavfi.r128.true_peak"])))


def cut(samples: Samples, length: int) -> list[Samples]:
    return [samples[start : start + length] for start in range(0, len(samples), length)]


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 48_000])
def test_it_measures_what_ffmpeg_measures(rate: int) -> None:
    """Within a tenth of what the EBU allows a meter (Tech 3341: 0.1 LU)."""
    for samples in (sine(-20, rate, 3), speechlike(rate, 6)):
        assert integrated(samples, rate) == pytest.approx(ffmpeg(samples, rate)[0], abs=0.02)


def test_the_gates_leave_silence_out() -> None:
    """EBU Tech 3341, case 3: ten soft seconds on either side of a minute do not count."""
    soft, loud = sine(-33, 8_000, 10), sine(-20, 8_000, 60)
    assert integrated(np.concatenate([soft, loud, soft]), 8_000) == pytest.approx(-23, abs=0.1)
    assert integrated(np.zeros(8_000, np.float32), 8_000) == -np.inf
    assert integrated(np.zeros(0, np.float32), 8_000) == -np.inf


@pytest.mark.parametrize("seconds", [0.2, 1.0, 9.0])
@pytest.mark.parametrize("target", [-16.0, -23.0])
def test_a_short_text_has_the_target(target: float, seconds: float) -> None:
    """All of it is heard before the first byte leaves, so it is exact."""
    samples = speechlike(24_000, seconds)
    made = np.concatenate(list(normalised(cut(samples, 4_000), 24_000, target)))
    assert len(made) == len(samples)
    assert integrated(made, 24_000) == pytest.approx(target, abs=0.1)


def test_a_long_text_has_the_gain_of_its_beginning() -> None:
    """It streams: the first samples leave once the window is full, and the rest follows at the same gain."""
    samples = speechlike(8_000, 40)
    window = samples[: round(WINDOW * 8_000)]
    coming = iter(cut(samples, 800))
    made = normalised(coming, 8_000, -30.0)
    first = next(made)
    assert len(list(coming)) == len(samples[len(window) :]) / 800
    gain = 10 ** ((-30.0 - integrated(window, 8_000)) / 20)
    assert np.allclose(first, samples[: len(first)] * gain)


def test_no_peak_passes_the_ceiling() -> None:
    """Clicks far beyond it are held by the limiter, between samples too; FFmpeg's meter agrees within 0.2 dB."""
    samples = speechlike(24_000, 5)
    samples[12_000::24_000] = 0.9
    made = np.concatenate(list(normalised([samples], 24_000, -16.0)))
    assert ffmpeg(samples * np.float32(10 ** ((-16 - integrated(samples, 24_000)) / 20)), 24_000)[1] > 3
    assert ffmpeg(made, 24_000)[1] < CEILING + 0.2


def test_what_is_below_the_ceiling_is_untouched() -> None:
    samples = speechlike(24_000, 1)
    assert np.array_equal(np.concatenate(list(limited(cut(samples, 1_000), 24_000, CEILING))), samples)


@pytest.mark.parametrize("length", [37, 1_000, 100_000])
def test_the_cut_into_chunks_makes_no_difference(length: int) -> None:
    """Neither to the gain nor to the limiter."""
    samples = speechlike(8_000, 2)
    whole = np.concatenate(list(normalised([samples], 8_000, -10.0)))
    assert np.array_equal(np.concatenate(list(normalised(cut(samples, length), 8_000, -10.0))), whole)


def test_silence_stays_silence() -> None:
    """What has no loudness is not brought to one."""
    silent = np.zeros(1_000, np.float32)
    assert np.array_equal(np.concatenate(list(normalised([silent], 8_000, -20.0))), silent)
    assert list(normalised([], 8_000, -20.0)) == []
