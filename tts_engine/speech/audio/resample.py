"""Another sample rate, as the samples come (soxr, Apache/LGPL library of the SoX resampler, high quality)."""

from collections.abc import Iterable, Iterator

import numpy as np
import soxr

from tts_engine.speech.voice import Samples


def resampled(chunks: Iterable[Samples], rate: int, wanted: int) -> Iterator[Samples]:
    """`chunks` of `rate` Hz at `wanted` Hz: round(n * wanted / rate) samples in all."""
    if rate == wanted:
        yield from chunks
        return
    stream = soxr.ResampleStream(rate, wanted, 1, dtype="float32", quality="HQ")
    for chunk in chunks:
        if len(ready := stream.resample_chunk(chunk)):
            yield ready
    if len(rest := stream.resample_chunk(np.zeros(0, np.float32), last=True)):
        yield rest
