"""How many sentences a voice should be given at once: measured, not guessed.

More at once is quicker a sentence up to some size, and each sentence takes longer. So the size that
is chosen is the smallest whose rate is near the best.
"""

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tts_engine.speech.voice import Chunk, Utterance, Voice

SIZES = (1, 2, 4, 8, 16)
NEAR = 0.95  # of the best rate
SENTENCES = 8  # of each measurement, and as many as its batch at least


@dataclass(frozen=True, slots=True)
class Point:
    """Speaking with `size` sentences at once, on one core. Times are CPU seconds: the machine may be busy."""

    size: int
    rate: float  # seconds of audio a second
    latency: float  # seconds from a sentence's start to its end, the mean


def curve(voice: Voice, utterances: Sequence[Utterance], sizes: Sequence[int] = SIZES) -> list[Point]:
    """The same sentences at every size; a place that becomes free is taken at once, as under load."""
    said = list(itertools.islice(itertools.cycle(utterances), max(SENTENCES, *sizes)))
    measure(voice, said[:1], 1)  # the first run of a session allocates
    return [measure(voice, said, size) for size in sizes]


def chosen(points: Sequence[Point]) -> int:
    """The smallest size whose rate is at least NEAR of the best."""
    best = max(point.rate for point in points)
    return min(point.size for point in points if point.rate >= NEAR * best)


def measure(voice: Voice, utterances: Sequence[Utterance], size: int) -> Point:
    began = time.process_time()
    waiting = iter(utterances)
    taken: list[float] = []
    samples = 0
    while batch := list(itertools.islice(waiting, size)):
        starts: list[float] = []
        for spoken in _speak(voice, batch, waiting, size, starts):
            if isinstance(spoken, Chunk):
                samples += len(spoken.samples)
            else:
                taken.append(time.process_time() - starts[spoken])
    seconds = time.process_time() - began
    return Point(size, samples / voice.info.sample_rate / seconds, sum(taken) / len(taken))


def _speak(
    voice: Voice, batch: list[Utterance], waiting: Iterator[Utterance], size: int, starts: list[float]
) -> Iterator[Chunk | int]:
    """The chunks, and the number of each utterance as it ends; `starts` gets the time at which each began."""
    at_work = 0

    def begun(utterances: list[Utterance]) -> list[Utterance]:
        nonlocal at_work
        at_work += len(utterances)
        starts.extend([time.process_time()] * len(utterances))
        return utterances

    def more(places: int) -> list[Utterance]:
        return begun(list(itertools.islice(waiting, max(0, min(places, size - at_work)))))

    for number, spoken in voice.speak(begun(batch), more):
        if isinstance(spoken, Chunk):
            yield spoken
        elif spoken is None:
            at_work -= 1
            yield number
        else:
            raise spoken
