"""What does it cost to encode a minute of speech, and what do label, loudness and silence add to it?

CPU milliseconds in one thread, the median of several turns in which every case comes once.

    python -m bench.audio
"""

import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np

from tts_engine.speech.audio.formats import FORMATS
from tts_engine.speech.audio.label import Label
from tts_engine.speech.audio.render import rendered
from tts_engine.speech.audio.silence import leading, trailing
from tts_engine.speech.voice import Chunk, Samples

RATE = 24_000
SECONDS = 60
CHUNK = 12_000  # samples, as a voice makes them
TURNS = 7
LABEL = Label.generated(producer="Voxhouse", content_id="6f9619ff-8b86-d011-b42d-00c04fc964ff")


def speechlike() -> list[Samples]:
    """Noise in syllables, softer and louder: harder to encode than speech, and the same each time."""
    random = np.random.default_rng(7)
    moments = np.arange(RATE * SECONDS) / RATE
    syllables = np.abs(np.sin(2 * np.pi * 2 * moments)) * (np.sin(np.pi * moments) > -0.5)
    samples = (0.1 * syllables * random.standard_normal(len(moments))).astype(np.float32)
    return [samples[start : start + CHUNK] for start in range(0, len(samples), CHUNK)]


def framed(chunks: list[Samples]) -> Iterator[Samples]:
    speech = trailing(leading(map(Chunk, chunks), RATE, 100), RATE, 100)
    return (chunk.samples for chunk in speech)


def cases(chunks: list[Samples]) -> dict[str, Callable[[], Iterator[bytes]]]:
    by_format: dict[str, Callable[[], Iterator[bytes]]] = {}
    for name, each in FORMATS.items():
        by_format[name] = lambda each=each: rendered(chunks, RATE, each)  # type: ignore[misc]
        by_format[f"{name}, labelled"] = lambda each=each: rendered(chunks, RATE, each, label=LABEL)  # type: ignore[misc]
    pcm = FORMATS["pcm"]
    return by_format | {
        "pcm, silence set": lambda: rendered(framed(chunks), RATE, pcm),
        "pcm at -23 LUFS": lambda: rendered(chunks, RATE, pcm, loudness=-23.0),
        "pcm at -12 LUFS, limited all along": lambda: rendered(chunks, RATE, pcm, loudness=-12.0),
        "mulaw at -23 LUFS": lambda: rendered(chunks, RATE, FORMATS["mulaw"], loudness=-23.0),
    }


def main() -> None:
    every = cases(speechlike())
    took: dict[str, list[float]] = {name: [] for name in every}
    for _ in range(TURNS):
        for name, case in every.items():
            began = time.process_time()
            for _ in case():
                pass
            took[name].append(time.process_time() - began)
    for name, seconds in took.items():
        median = statistics.median(seconds)
        print(f"{name:36} {median * 1000:7.1f} ms a minute, RTF {median / SECONDS:.5f}")


if __name__ == "__main__":
    main()
