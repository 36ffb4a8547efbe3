"""Loudness after ITU-R BS.1770-5 and EBU R 128: measured, and brought to a target as the speech comes.

What is streamed cannot be measured to its end first. So the gain is one for the whole, from its first
WINDOW: a shorter text has the target exactly, a longer one as near as its beginning is like the rest.
"""

import math
from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np
import numpy.typing as npt

from tts_engine.speech.audio.limiter import limited
from tts_engine.speech.voice import Samples

WINDOW = 10.0  # seconds
CEILING = -1.0  # dBTP (EBU R 128, recommendation f)

BLOCK, STEP = 0.4, 0.1  # seconds: gating blocks overlap by three quarters
ABSOLUTE_GATE = -70.0  # LUFS
RELATIVE_GATE = -10.0  # LU below what passes the absolute one
OFFSET = -0.691  # dB: a full-scale sine of 997 Hz in one channel has -3.01 LUFS


def normalised(chunks: Iterable[Samples], sample_rate: int, target: float) -> Iterator[Samples]:
    """`chunks` at `target` LUFS, no peak of theirs above CEILING. What has no loudness stays as it is."""
    coming = iter(chunks)
    beginning: list[Samples] = []
    missing = round(WINDOW * sample_rate)
    for chunk in coming:
        beginning.append(chunk)
        missing -= len(chunk)
        if missing <= 0:
            break
    if not beginning:
        return
    window = np.concatenate(beginning)
    measured = integrated(window[: round(WINDOW * sample_rate)], sample_rate)
    gain = np.float32(10 ** ((target - measured) / 20)) if np.isfinite(measured) else np.float32(1)
    louder = (chunk * gain for chunk in chain([window], coming))
    yield from limited(louder, sample_rate, CEILING)


def integrated(samples: Samples, sample_rate: int) -> float:
    """Integrated loudness of mono samples in LUFS; -inf where nothing passes the gates.

    What is shorter than a gating block is one block.
    """
    power = _block_powers(_weighted(samples, sample_rate), sample_rate)
    loud = power[_lufs(power) > ABSOLUTE_GATE]
    if not len(loud):
        return -np.inf
    loud = loud[_lufs(loud) > _lufs(loud.mean()) + RELATIVE_GATE]
    return float(_lufs(loud.mean()))


def _lufs(power: npt.ArrayLike) -> npt.NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        loudness: npt.NDArray[np.float64] = OFFSET + 10 * np.log10(power)
        return loudness


def _block_powers(weighted: npt.NDArray[np.float64], sample_rate: int) -> npt.NDArray[np.float64]:
    """Mean square of each gating block; what is left at the end and fills none is not measured."""
    size = min(round(BLOCK * sample_rate), len(weighted))
    starts = np.arange(0, len(weighted) - size + 1, round(STEP * sample_rate))
    summed = np.concatenate([[0.0], np.cumsum(weighted**2)])
    powers: npt.NDArray[np.float64] = (summed[starts + size] - summed[starts]) / max(size, 1)
    return powers


def _weighted(samples: Samples, sample_rate: int) -> npt.NDArray[np.float64]:
    """K-weighted: both filters at once, in the frequency domain, for neither rings longer than the padding."""
    size = 1 << (len(samples) + sample_rate - 1).bit_length()  # a second of zeros at least
    delay = np.exp(-2j * np.pi * np.fft.rfftfreq(size))
    response = np.ones_like(delay)
    for numerator, denominator in (_shelf(sample_rate), _high_pass(sample_rate)):
        response *= np.polynomial.Polynomial(numerator)(delay) / np.polynomial.Polynomial(denominator)(delay)
    return np.fft.irfft(np.fft.rfft(samples, size) * response, size)[: len(samples)]


# BS.1770 gives its two filters at 48 kHz. These are the analogue ones behind its numbers, for any rate
# (B. De Man, "Evaluation of Implementations of the EBU R128 Loudness Measurement", AES 145th Convention, 2018).
Coefficients = tuple[float, float, float]


def _shelf(sample_rate: int) -> tuple[Coefficients, Coefficients]:
    k, q = math.tan(math.pi * 1681.974450955533 / sample_rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    middle = high**0.4996667741545416
    return (
        (high + middle * k / q + k * k, 2 * (k * k - high), high - middle * k / q + k * k),
        (1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k),
    )


def _high_pass(sample_rate: int) -> tuple[Coefficients, Coefficients]:
    k, q = math.tan(math.pi * 38.13547087602444 / sample_rate), 0.5003270373238773
    first = 1 + k / q + k * k
    return (first, -2 * first, first), (first, 2 * (k * k - 1), 1 - k / q + k * k)
