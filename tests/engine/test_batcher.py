"""Many threads, one loop: each gets its own sentence's audio, in fair order, whatever else is in the batch."""

import threading
from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
import pytest

from tests.factories import make_voice_info
from tts_engine.batcher import Batcher
from tts_engine.pace import Pace
from tts_engine.speech.errors import UnknownUnit
from tts_engine.speech.text.types import Character, Sentence, Word, WordKind
from tts_engine.speech.voice import Chunk, More, Spoken, Style, Utterance, nobody_more

STYLE = Style(speaker="test")


class CountingVoice:
    """A voice whose samples say which sentence they belong to; keeps a record of its batches."""

    def __init__(self, batch_size: int) -> None:
        self.info = make_voice_info("counting", batch_size=batch_size)
        self.batches: list[list[str]] = []
        self.joined: list[str] = []
        self.begun = threading.Event()
        self.may_speak = threading.Event()
        self.may_speak.set()

    def speak(self, batch: Sequence[Utterance], more: More = nobody_more) -> Iterator[tuple[int, Spoken]]:
        self.begun.set()
        self.may_speak.wait()
        batch = list(batch)
        self.batches.append([utterance.sentence.text for utterance in batch])
        parts = [0] * len(batch)
        while any(part <= 2 for part in parts):
            for number, utterance in enumerate(batch):
                if parts[number] <= 2:
                    yield number, self.spoken(utterance.sentence.text, parts[number])
                    parts[number] += 1
            if joining := more(self.info.batch_size - sum(part <= 2 for part in parts)):
                self.joined += [utterance.sentence.text for utterance in joining]
                batch += joining
                parts += [0] * len(joining)

    def spoken(self, text: str, part: int) -> Spoken:
        if text == "坏":
            raise ValueError("cannot say 坏")
        if text == "难":
            return UnknownUnit(["nan_c"]) if part == 2 else Chunk(np.zeros(3, np.float32))
        return Chunk(np.full(3, ord(text) + part, np.float32)) if part < 2 else None


def sentence(text: str) -> Utterance:
    words = (Word((Character(text, "x1"),), WordKind.HANZI),)
    return Utterance(Sentence(words, 0.0), STYLE)


def heard(chunks: Iterator[Chunk]) -> list[float]:
    return [float(chunk.samples[0]) for chunk in chunks]


def test_each_thread_hears_its_own_sentence() -> None:
    """Fifty threads at once, batches of four: nothing is swapped and nothing is lost."""
    batcher = Batcher(CountingVoice(batch_size=4), pace=Pace())
    results: dict[str, list[float]] = {}

    def speak(text: str) -> None:
        results[text] = heard(batcher.submit(sentence(text)))

    texts = [chr(0x4E00 + number) for number in range(50)]
    threads = [threading.Thread(target=speak, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {text: [ord(text), ord(text) + 1] for text in texts}


def test_the_lowest_order_is_spoken_first_and_batches_fill_up() -> None:
    """What waits is taken along up to the batch size, in fair order."""
    voice = CountingVoice(batch_size=2)
    voice.may_speak.clear()
    batcher = Batcher(voice, pace=Pace())
    first = batcher.submit(sentence("一"), rank=(0, 0))
    voice.begun.wait()
    rest = [batcher.submit(sentence(text), rank=(0, tag)) for text, tag in (("丁", 9), ("二", 1), ("三", 2))]
    voice.may_speak.set()
    for chunks in (first, *rest):
        heard(chunks)
    assert [*chain(*voice.batches), *voice.joined] == ["一", "二", "三", "丁"]


def test_a_sentence_joins_the_batch_under_way() -> None:
    """A place that becomes free is taken at once: nobody waits for the longest of a batch."""
    voice = CountingVoice(batch_size=2)
    voice.may_speak.clear()
    batcher = Batcher(voice, pace=Pace())
    hearings = [batcher.submit(sentence(text)) for text in "一二三四"]
    voice.may_speak.set()
    assert [heard(hearing) for hearing in hearings] == [[ord(text), ord(text) + 1] for text in "一二三四"]
    assert voice.joined


def test_a_sentence_the_voice_cannot_say_fails_alone() -> None:
    """The error of one sentence ends that sentence; its neighbours in the batch are heard to their end."""
    voice = CountingVoice(batch_size=2)
    voice.may_speak.clear()
    batcher = Batcher(voice, pace=Pace())
    difficult, easy = batcher.submit(sentence("难")), batcher.submit(sentence("好"))
    voice.may_speak.set()
    with pytest.raises(UnknownUnit):
        heard(difficult)
    assert heard(easy) == [ord("好"), ord("好") + 1]


def test_an_error_reaches_all_that_share_the_batch() -> None:
    """A voice that raises fails the sentences of that batch, and goes on with the next."""
    batcher = Batcher(CountingVoice(batch_size=1), pace=Pace())
    with pytest.raises(ValueError, match="坏"):
        heard(batcher.submit(sentence("坏")))
    assert heard(batcher.submit(sentence("好"))) == [ord("好"), ord("好") + 1]


def test_an_abandoned_sentence_is_not_spoken() -> None:
    """Whoever stops listening before the start costs the voice nothing."""
    voice = CountingVoice(batch_size=1)
    voice.may_speak.clear()
    batcher = Batcher(voice, pace=Pace())
    first = batcher.submit(sentence("一"))
    voice.begun.wait()
    dropped = batcher.submit(sentence("二"))
    dropped.close()
    voice.may_speak.set()
    heard(first)
    assert heard(batcher.submit(sentence("三"))) == [ord("三"), ord("三") + 1]
    assert voice.batches == [["一"], ["三"]]
