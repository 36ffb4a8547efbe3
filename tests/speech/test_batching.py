"""The size of a voice's batches is measured: the smallest that is nearly as quick as the best."""

import time
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from tts_engine.speech.batching import SENTENCES, Point, chosen, curve
from tts_engine.speech.errors import UnknownUnit
from tts_engine.speech.text.types import Character, Sentence, Word, WordKind
from tts_engine.speech.voice import Chunk, More, Speaker, Spoken, Style, Utterance, VoiceInfo, nobody_more

ONE = Utterance(Sentence((Word((Character("好", "hao3"),), WordKind.HANZI),), 0.0), Style("test"))


class Joining:
    """A voice that works a hundredth of a second a step, whoever is in it, and three steps a sentence of a second."""

    info = VoiceInfo(
        "joining", "test", "joining", "1", "none", 100, (Speaker("test", "test", "unknown"),), batch_size=99
    )

    def __init__(self) -> None:
        self.widest = self.spoken = 0

    def speak(self, batch: Sequence[Utterance], more: More = nobody_more) -> Iterator[tuple[int, Spoken]]:
        left = dict.fromkeys(range(len(batch)), 3)
        count = len(batch)
        while left:
            self.widest = max(self.widest, len(left))
            until = time.process_time() + 0.01
            while time.process_time() < until:
                pass
            for number in list(left):
                left[number] -= 1
                if not left[number]:
                    del left[number]
                    self.spoken += 1
                    yield number, Chunk(np.zeros(100, np.float32))
                    yield number, None
            joining = more(self.info.batch_size - len(left))
            left.update(dict.fromkeys(range(count, count + len(joining)), 3))
            count += len(joining)


def test_a_size_is_never_exceeded_and_places_are_taken_at_once() -> None:
    """A voice that lets sentences join is measured as it works under load, with so many at once and no more."""
    for size in (1, 3, 8):
        voice = Joining()
        (point,) = curve(voice, [ONE], (size,))
        assert voice.widest == size
        assert voice.spoken == SENTENCES + 1
        assert point.rate == pytest.approx(size / 0.03, rel=0.4)
        assert point.latency == pytest.approx(0.03, rel=0.4)


def test_a_voice_that_fails_is_not_measured() -> None:
    """What it cannot say is the caller's to hear of."""

    class Mute(Joining):
        def speak(self, batch: Sequence[Utterance], more: More = nobody_more) -> Iterator[tuple[int, Spoken]]:
            yield 0, UnknownUnit(["hao_c"])

    with pytest.raises(UnknownUnit):
        curve(Mute(), [ONE], (1,))


@pytest.mark.parametrize(
    ("rates", "size"),
    [((10, 9, 8), 1), ((9.6, 9.8, 10), 1), ((5, 9.4, 10), 4), ((5, 9.5, 10), 2), ((1, 2, 4), 4)],
)
def test_the_smallest_within_a_twentieth_of_the_best(rates: tuple[float, ...], size: int) -> None:
    """Larger batches make every sentence wait for more, so they must be worth it."""
    assert chosen([Point(s, rate, 1.0) for s, rate in zip((1, 2, 4), rates, strict=True)]) == size
