"""How near one waveform is to another, in what is heard and in what is computed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tts_engine.speech.voice import Samples

BANDS = 80
WINDOW = 0.0625  # seconds: 1000 samples at 16 kHz, the window of the voices' own features
HOP = 0.0125  # seconds
RANGE = 80.0  # dB below the loudest band of the reference, beneath which nothing counts


@dataclass(frozen=True, slots=True)
class Fidelity:
    log_mel_distance: float  # dB, mean absolute difference of 80 bands
    snr: float  # dB, of the samples


def fidelity(reference: Sequence[Samples], other: Sequence[Samples], rate: int) -> Fidelity:
    """Of utterances [samples] at `rate` Hz, both of the same lengths."""
    pairs = list(zip(reference, other, strict=True))
    distances = np.concatenate([_distances(one, two, rate) for one, two in pairs])
    signal = sum(float(np.sum(np.square(one, dtype=np.float64))) for one, _ in pairs)
    error = sum(float(np.sum(np.square(one - two, dtype=np.float64))) for one, two in pairs)
    snr = float("inf") if error == 0 else 10 * float(np.log10(signal / error))
    return Fidelity(float(distances.mean()), snr)


def log_mels(samples: Samples, rate: int) -> NDArray[np.float64]:
    """Energy in dB of each of 80 mel bands [frames, bands]; the last frame is padded with silence."""
    window, hop = round(WINDOW * rate), round(HOP * rate)
    size = 1 << (window - 1).bit_length()
    padded = np.pad(samples.astype(np.float64), (0, window + -len(samples) % hop))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    power = np.abs(np.fft.rfft(frames * np.hanning(window), size)) ** 2
    return 10 * np.log10(np.maximum(power @ _filterbank(rate, size).T, 1e-20))


def _distances(reference: Samples, other: Samples, rate: int) -> NDArray[np.float64]:
    """[frames x bands] in dB."""
    one, two = log_mels(reference, rate), log_mels(other, rate)
    floor = one.max() - RANGE
    distances: NDArray[np.float64] = np.abs(np.maximum(one, floor) - np.maximum(two, floor)).ravel()
    return distances


@cache
def _filterbank(rate: int, size: int) -> NDArray[np.float64]:
    """Triangles [bands, size / 2 + 1], evenly spaced in mel (O'Shaughnessy, 1987) from 0 to half of the rate."""
    top = 2595 * np.log10(1 + rate / 2 / 700)
    corners = 700 * (10 ** (np.linspace(0, top, BANDS + 2) / 2595) - 1)  # Hz
    bins = np.fft.rfftfreq(size, 1 / rate)
    rising = (bins - corners[:-2, None]) / (corners[1:-1] - corners[:-2])[:, None]
    falling = (corners[2:, None] - bins) / (corners[2:] - corners[1:-1])[:, None]
    return np.maximum(np.minimum(rising, falling), 0.0)
