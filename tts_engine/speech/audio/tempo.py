"""Faster or slower in time at the same pitch."""

from fractions import Fraction

import av
import av.filter
import numpy as np

from tts_engine.speech.voice import Samples


def stretched(samples: Samples, sample_rate: int, tempo: float) -> Samples:
    """`samples` spoken `tempo` times as fast (0.5 to 100): FFmpeg's atempo, waveform-similarity overlap-add.

    The result has round(len(samples) / tempo) samples.
    """
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=sample_rate, format="flt", layout="mono", time_base=Fraction(1, sample_rate))
    tempo_filter = graph.add("atempo", f"{tempo:.9f}")
    sink = graph.add("abuffersink")
    source.link_to(tempo_filter)
    tempo_filter.link_to(sink)
    graph.configure()

    frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="flt", layout="mono")
    frame.sample_rate = sample_rate
    frame.pts = 0
    source.push(frame)
    source.push(None)
    parts = []
    while True:
        try:
            parts.append(sink.pull().to_ndarray()[0])
        except (av.error.EOFError, BlockingIOError):
            break
    stretched = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    wanted = round(len(samples) / tempo)
    return np.pad(stretched, (0, max(0, wanted - len(stretched))))[:wanted]
