"""Whoever asks for a sentence hears it, and it is spoken once: by threads, by processes, in any order."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.engine.test_batcher import sentence
from tests.factories import make_voice_info
from tts_engine import sentences
from tts_engine.batcher import Batcher
from tts_engine.pace import Pace
from tts_engine.sentences import Place
from tts_engine.speech.errors import UnknownUnit
from tts_engine.speech.voice import Chunk, More, Spoken, Utterance, nobody_more
from tts_engine.turns import Turn, in_order

WITHIN = 30  # seconds; who waits in a circle waits longer


class Telling:
    """A voice that counts what it speaks; each sentence is two chunks, with a pause between them if asked."""

    def __init__(self, batch_size: int = 2) -> None:
        self.info = make_voice_info("telling", batch_size=batch_size)
        self.spoken: Counter[str] = Counter()
        self.half_way = threading.Event()
        self.may_begin = threading.Event()
        self.may_end = threading.Event()
        self.may_begin.set()
        self.may_end.set()

    def speak(self, batch: Sequence[Utterance], more: More = nobody_more) -> Iterator[tuple[int, Spoken]]:
        self.may_begin.wait()
        for number, utterance in enumerate(batch):
            text = utterance.sentence.text
            self.spoken[text] += 1
            yield number, Chunk(np.full(3, ord(text), np.float32))
            self.half_way.set()
            self.may_end.wait()
            if text == "难":
                yield number, UnknownUnit(["nan_c"])
            else:
                yield number, Chunk(np.full(2, -ord(text), np.float32))
                yield number, None


@pytest.fixture(autouse=True)
def healthy() -> None:
    sentences._failing.clear()


def turns(batcher: Batcher, text: str, root: Path | None) -> list[Turn]:
    return [
        Turn(batcher, sentence(char), (0, number), Place(root / f"{ord(char):x}") if root else None)
        for number, char in enumerate(text)
    ]


def heard(asked: list[Turn], *, ahead: int = 2) -> list[float]:
    """All samples, as one request hears them."""
    return [float(sample) for turn in in_order(asked, ahead=ahead) for chunk in turn for sample in chunk.samples]


def sound(text: str) -> list[float]:
    return [sign * float(ord(char)) for char in text for sign in (1, 1, 1, -1, -1)]


def together(*asking: Any) -> list[Any]:
    with ThreadPoolExecutor(len(asking)) as threads:
        return [each.result(WITHIN) for each in [threads.submit(one) for one in asking]]


def test_a_hundred_ask_at_once_and_it_is_spoken_once(tmp_path: Path) -> None:
    """A hundred threads of two workers, which share nothing but the files: one synthesis, a hundred same answers."""
    voices = [Telling(), Telling()]
    batchers = [Batcher(voice, pace=Pace()) for voice in voices]
    asked = [turns(batchers[number % 2], "天地", tmp_path) for number in range(100)]
    answers = together(*[lambda one=one: heard(one) for one in asked])
    assert answers == [sound("天地")] * 100
    assert voices[0].spoken + voices[1].spoken == {"天": 1, "地": 1}
    assert sum(turn.cached for one in asked for turn in one) == 198


def test_a_repeat_is_read_and_not_spoken(tmp_path: Path) -> None:
    """Chunk by chunk as it was, and again after a restart: a new batcher, a new voice."""
    first = turns(Batcher(Telling(), pace=Pace()), "天", tmp_path)
    spoken = [chunk.samples.tobytes() for turn in in_order(first, ahead=1) for chunk in turn]
    voice = Telling()
    again = turns(Batcher(voice, pace=Pace()), "天", tmp_path)
    assert [chunk.samples.tobytes() for turn in in_order(again, ahead=1) for chunk in turn] == spoken
    assert not voice.spoken
    assert [(turn.cached, turn.size > 0) for turn in (*first, *again)] == [(False, True), (True, False)]


def test_a_sentence_twice_in_one_text(tmp_path: Path) -> None:
    """The second waits for no one but the first."""
    voice = Telling()
    assert heard(turns(Batcher(voice, pace=Pace()), "好好好", tmp_path), ahead=3) == sound("好好好")
    assert voice.spoken == {"好": 1}


def test_texts_that_share_sentences_in_opposite_order(tmp_path: Path) -> None:
    """Each holds what the other waits for: no circle, for what is held is on its way whoever waits."""
    voices = [Telling(batch_size=1), Telling(batch_size=1)]
    for voice in voices:
        voice.may_begin.clear()
    one, other = (
        turns(Batcher(voice, pace=Pace()), text, tmp_path)
        for voice, text in zip(voices, ("甲乙丙丁", "丁丙乙甲"), strict=True)
    )
    for turn in (*one[:2], *other[:2]):
        turn.begin()  # one holds 甲乙, the other 丁丙, before either is heard
    for voice in voices:
        voice.may_begin.set()
    answers = together(lambda: heard(one), lambda: heard(other))
    assert answers == [sound("甲乙丙丁"), sound("丁丙乙甲")]
    assert voices[0].spoken + voices[1].spoken == dict.fromkeys("甲乙丙丁", 1)


@pytest.mark.parametrize("seed", range(3))
def test_any_texts_in_any_order(tmp_path: Path, seed: int) -> None:
    """Two workers, many threads, texts of a few common sentences: all are heard, none is spoken twice."""
    chance = random.Random(seed)  # noqa: S311
    voices = [Telling(), Telling(batch_size=4)]
    batchers = [Batcher(voice, pace=Pace()) for voice in voices]
    texts = ["".join(chance.choices("金木水火土日月", k=chance.randint(1, 9))) for _ in range(60)]

    def hear(number: int) -> list[float]:
        return heard(turns(batchers[number % 2], texts[number], tmp_path), ahead=1 + number % 5)

    with ThreadPoolExecutor(16) as threads:
        answers = [each.result(WITHIN) for each in [threads.submit(hear, number) for number in range(60)]]
    assert answers == [sound(text) for text in texts]
    assert set((voices[0].spoken + voices[1].spoken).values()) == {1}


def test_who_speaks_it_hears_it_as_it_is_made(tmp_path: Path) -> None:
    """The first chunk is there before the last one is made; who came later hears all of it afterwards."""
    voice = Telling()
    voice.may_end.clear()
    batcher = Batcher(voice, pace=Pace())
    leader = in_order(turns(batcher, "天", tmp_path), ahead=1)
    first = iter(next(leader))
    assert next(first).samples[0] == ord("天")
    with ThreadPoolExecutor(1) as thread:
        follower = thread.submit(heard, turns(batcher, "天", tmp_path))
        time.sleep(0.05)
        assert not follower.done()
        voice.may_end.set()
        assert follower.result(WITHIN) == sound("天")
    assert len(list(first)) == 1


def test_who_stops_before_the_start_leaves_it_to_the_next(tmp_path: Path) -> None:
    """A request that ends early frees the sentences it had in line, and others get them spoken."""
    voice = Telling(batch_size=1)
    voice.may_begin.clear()
    batcher = Batcher(voice, pace=Pace())
    leader = turns(batcher, "甲乙", tmp_path)
    listening = in_order(leader, ahead=2)
    next(listening)
    with ThreadPoolExecutor(1) as thread:
        follower = thread.submit(heard, turns(Batcher(Telling(), pace=Pace()), "乙", tmp_path))
        time.sleep(0.05)
        assert not follower.done()
        listening.close()
        voice.may_begin.set()
        assert follower.result(WITHIN) == sound("乙")
    assert "乙" not in voice.spoken


def test_who_stops_in_the_middle_has_it_kept(tmp_path: Path) -> None:
    """What has begun is spoken to its end and kept, though nobody listens: the next one finds it."""
    voice = Telling()
    voice.may_end.clear()
    batcher = Batcher(voice, pace=Pace())
    listening = in_order(turns(batcher, "天", tmp_path), ahead=1)
    next(iter(next(listening)))
    voice.half_way.wait()
    listening.close()
    voice.may_end.set()
    assert heard(turns(batcher, "天", tmp_path)) == sound("天")
    assert voice.spoken == {"天": 1}


def test_what_cannot_be_said_fails_for_each(tmp_path: Path) -> None:
    """Nothing is kept of it, and nobody waits for it for ever."""

    def hear() -> list[float]:
        with pytest.raises(UnknownUnit):
            heard(turns(batcher, "难", tmp_path))
        return []

    batcher = Batcher(Telling(), pace=Pace())
    together(*[hear] * 5)
    assert list(tmp_path.iterdir()) == []


def test_nobody_waits_for_ever(tmp_path: Path, settings: Any) -> None:
    """Where the one who has it hangs, it is spoken all the same after SENTENCE_WAIT."""
    settings.SENTENCE_WAIT = timedelta(seconds=0.1)
    (asked,) = turns(Batcher(Telling(), pace=Pace()), "天", tmp_path)
    assert asked._place
    hanging = asked._place.claim()
    assert hanging
    assert heard([asked]) == sound("天")
    assert not asked.cached
    hanging.give_up()


def test_a_disk_that_takes_no_file(tmp_path: Path) -> None:
    """It is spoken without one, each time."""
    (tmp_path / "file").write_text("where a folder should be")
    voice = Telling()
    batcher = Batcher(voice, pace=Pace())
    for _ in range(2):
        assert heard(turns(batcher, "天", tmp_path / "file")) == sound("天")
    assert voice.spoken == {"天": 2}


def test_without_a_part_in_the_cache(tmp_path: Path) -> None:
    """Neither what is there is heard, nor is anything kept."""
    voice = Telling()
    batcher = Batcher(voice, pace=Pace())
    for root in (tmp_path, None, None):
        assert heard(turns(batcher, "天", root)) == sound("天")
    assert voice.spoken == {"天": 3}
    assert len(list(tmp_path.iterdir())) == 1
    heard(turns(batcher, "地", None))
    assert len(list(tmp_path.iterdir())) == 1


def test_what_nobody_listens_to_any_more_goes_after_the_rest(tmp_path: Path) -> None:
    """The priority of a sentence is looked at when it begins to wait for the voice."""
    voice = Telling(batch_size=1)
    voice.may_end.clear()
    batcher = Batcher(voice, pace=Pace())
    busy, left, listening = turns(batcher, "忙甲乙", tmp_path)
    busy.begin()
    assert voice.half_way.wait(WITHIN)
    left.priority = 9
    for turn in (left, listening):
        turn.begin()
    assert batcher.waiting() == [(0, 2), (9, 1)]
    voice.may_end.set()
    for turn in (busy, left, listening):
        list(turn)
    assert [*voice.spoken] == ["忙", "乙", "甲"]
