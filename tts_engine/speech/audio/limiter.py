"""Peaks held below a ceiling by turning the gain down around them, as the samples come.

The gain at each moment is the mean of what its neighbourhood allows at most, so it never clicks and
never lets a peak through. It looks at neighbours alone, so the cut into chunks makes no difference.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from tts_engine.speech.voice import Samples

REACH = 0.005  # seconds before and after a peak in which the gain goes down and comes back
OVERSAMPLING, TAPS = 4, 24  # of the points looked at, and of the filter that finds each (BS.1770, annex 2 has 12)


def limited(chunks: Iterable[Samples], sample_rate: int, ceiling: float) -> Iterator[Samples]:
    """`chunks` with no true peak above `ceiling` dBTP; as many samples, each some REACH later."""
    most = 10 ** (ceiling / 20)
    reach = max(1, round(REACH * sample_rate))
    around = 2 * reach + TAPS  # samples on either side that a gain depends on
    block = np.zeros(around, np.float32)
    for chunk in chain(chunks, [np.zeros(around, np.float32)]):
        block = np.concatenate([block, chunk])
        if len(block) > 2 * around:
            yield _limited(block, reach, most)[around:-around]
            block = block[-2 * around :]


def _limited(block: Samples, reach: int, most: float) -> Samples:
    peaks = true_peaks(block)
    if peaks.max() <= most:
        return block
    taken = 1 - np.minimum(1, most / np.maximum(peaks, most))  # of the gain: exactly nothing away from peaks
    width = 2 * reach + 1
    window = np.hanning(width + 2)[1:-1]
    greatest = sliding_window_view(np.pad(taken, reach), width).max(axis=-1)
    gain = (1 - np.convolve(greatest, window / window.sum(), "same")).astype(np.float32)
    return block * gain


def true_peaks(samples: Samples) -> npt.NDArray[np.float64]:
    """The highest magnitude at each sample and on the way to it from the one before."""
    highest = np.abs(samples).astype(np.float64)
    for between in _BETWEEN:
        highest = np.maximum(highest, np.abs(np.convolve(samples, between, "same")))
    return highest


def _interpolators() -> Iterator[npt.NDArray[np.float64]]:
    """Windowed sincs that give the points between a sample and the one before."""
    for step in range(1, OVERSAMPLING):
        at = np.arange(TAPS) - TAPS // 2 + step / OVERSAMPLING
        taps = np.sinc(at) * np.cos(np.pi * at / (TAPS + 2)) ** 2
        yield taps / taps.sum()


_BETWEEN = tuple(_interpolators())
