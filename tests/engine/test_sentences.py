"""A sentence on disk: whole or not there, exactly as it was spoken, and in the hands of one writer."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.engine.conftest import no_file_above
from tts_engine import sentences
from tts_engine.sentences import Place, Recording, pack, place_of, unpack
from tts_engine.speech.text import read
from tts_engine.speech.voice import CharacterTime, Chunk, Style, Utterance

SPOKEN = [
    Chunk(np.array([0.1, -0.25, 1e-20], np.float32), (CharacterTime("你", 0.0, 0.1), CharacterTime("好", 0.1, 1 / 3))),
    Chunk(np.zeros(0, np.float32)),
    Chunk(np.array([np.float32(1) / 3], np.float32)),
]
TENANT = UUID(int=7)

# Another process that speaks the sentence, and is killed in the middle of it.
HOLDER = """
import fcntl, sys, time
file = open(sys.argv[1], "ab")
file.write(b"half a sentence")
file.flush()
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "ab" / "abcd")


@pytest.fixture(autouse=True)
def healthy() -> Iterator[None]:
    """No test has warned before this one."""
    sentences._failing.clear()
    yield
    sentences._failing.clear()


def claimed(place: Place) -> Recording:
    recording = place.claim()
    assert recording is not None
    return recording


def keep(place: Place, spoken: list[Chunk] = SPOKEN) -> None:
    recording = claimed(place)
    for chunk in spoken:
        recording.put(chunk)
    recording.put(None)


def facts(chunks: list[Chunk] | None) -> list[tuple[bytes, tuple[CharacterTime, ...]]]:
    assert chunks is not None
    return [(chunk.samples.tobytes(), chunk.characters) for chunk in chunks]


def files(place: Place) -> list[str]:
    return [file.name for file in place.path.parent.iterdir()]


samples = st.lists(st.floats(-1, 1, width=32), max_size=20).map(lambda values: np.array(values, np.float32))
times = st.builds(CharacterTime, st.characters(exclude_categories=["Cs"]), st.floats(0, 1e4), st.floats(0, 1e4))
chunks = st.builds(Chunk, samples, st.lists(times, max_size=3).map(tuple))


@given(st.lists(chunks, max_size=4))
def test_every_bit_comes_back(spoken: list[Chunk]) -> None:
    """Samples, cuts and times are those that were spoken, so that an answer's bytes are too."""
    assert facts(unpack(pack(spoken))) == facts(spoken)


def test_what_is_kept_is_found(place: Place) -> None:
    """It was not there, and then it is; nothing else lies beside it."""
    assert place.load() is None
    keep(place)
    assert facts(place.load()) == facts(SPOKEN)
    assert files(place) == ["abcd"]


@pytest.mark.parametrize("cut", [0, 3, 4, 20, -1])
def test_a_truncated_file_is_a_miss(place: Place, cut: int) -> None:
    """It is removed with a line in the log, and the sentence can be spoken again."""
    keep(place)
    place.path.write_bytes(place.path.read_bytes()[:cut])
    with capture_logs() as logs:
        assert place.load() is None
    assert [line["event"] for line in logs] == ["kept_sentence_unreadable"]
    assert files(place) == []
    keep(place)
    assert facts(place.load()) == facts(SPOKEN)


def test_a_flipped_bit_anywhere_is_a_miss(place: Place) -> None:
    """No noise is ever heard that nobody spoke."""
    keep(place)
    good = place.path.read_bytes()
    for position in range(len(good)):
        place.path.write_bytes(good[:position] + bytes([good[position] ^ 4]) + good[position + 1 :])
        assert place.load() is None


def test_one_speaks_it_at_a_time(place: Place) -> None:
    """Whoever comes meanwhile has to look again, and finds it; the right to speak it is not given any more."""
    recording = claimed(place)
    assert place.claim() is None
    recording.put(None)
    assert place.claim() is None
    assert place.load() == []


def test_what_failed_is_free_again(place: Place) -> None:
    """Half a sentence is not found, and the next may try."""
    recording = claimed(place)
    recording.put(SPOKEN[0])
    recording.put(ValueError("the voice broke"))
    assert (place.load(), files(place)) == (None, [])
    keep(place)
    assert facts(place.load()) == facts(SPOKEN)


def test_a_killed_process_leaves_it_free(place: Place) -> None:
    """kill -9 of who speaks it: the next one may at once, and nothing of the first is heard."""
    place.part.parent.mkdir()
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(place.part)], stdout=subprocess.PIPE) as holder:  # noqa: S603
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert place.claim() is None
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    keep(place)
    assert facts(place.load()) == facts(SPOKEN)
    assert files(place) == ["abcd"]


@pytest.mark.parametrize("end", [None, ValueError("the voice broke")])
def test_a_purge_while_it_is_spoken(place: Place, tmp_path: Path, end: Exception | None) -> None:
    """What was begun before a purge is not kept, and does not touch what was begun after it; that is no fault."""
    before = claimed(place)
    place.path.parent.rename(tmp_path / "grave")
    after = claimed(place)
    with capture_logs() as logs:
        before.put(SPOKEN[1])
        before.put(end)
        assert (place.load(), place.claim(), before.size) == (None, None, 0)
        after.put(SPOKEN[0])
        after.put(None)
    assert logs == []
    assert facts(place.load()) == facts(SPOKEN[:1])


def test_a_disk_that_takes_no_more(place: Place, tmp_path: Path) -> None:
    """Nothing is kept and nothing left behind; one warning, and another only after it was well in between."""
    second, third = Place(tmp_path / "cd" / "cdef"), Place(tmp_path / "ef" / "efgh")
    with capture_logs() as logs:
        with no_file_above(10):
            keep(place)
            keep(second)
        assert (place.load(), files(place), files(second)) == (None, [], [])
        assert [line["event"] for line in logs] == ["sentences_not_kept"]
        keep(third)
        with no_file_above(10):
            keep(place)
    assert facts(third.load()) == facts(SPOKEN)
    assert [line["event"] for line in logs] == ["sentences_not_kept"] * 2


FULL_DISK = """
import sys
import django
django.setup()
from pathlib import Path
import numpy as np
from tts_engine.sentences import Place
from tts_engine.speech.voice import Chunk
root, number, error = Path(sys.argv[1]), 0, None
for number in range(20):
    try:
        recording = Place(root / f"{number}" / "sentence").claim()
    except OSError as full:
        error = full.errno
        break
    recording.put(Chunk(np.zeros(4000, np.float32)))
    recording.put(None)
kept = [place for place in map(Place, sorted(root.glob("*/*"))) if place.load() is not None]
print(number, len(kept), len(list(root.glob("*/*"))), error)
"""


def test_a_full_file_system(tmp_path: Path) -> None:
    """A true ENOSPC: what fitted is whole, the rest is not there, nobody fails."""
    mounted = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=64k cache "$1" && exec "$2" -c "$3" "$1"', "sh"]
    program = [*mounted, str(tmp_path), sys.executable, FULL_DISK]
    settings = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run(program, env=settings, capture_output=True, text=True, check=False)  # noqa: S603
    if "mount" in done.stderr or "unshare" in done.stderr:
        pytest.skip("no file system may be mounted here")
    assert done.returncode == 0, done.stderr
    tried, kept, left, error = done.stdout.splitlines()[-1].split()
    assert 1 <= int(kept) == int(left) < int(tried)
    assert error in ("None", str(errno.ENOSPC))
    assert done.stdout.count("sentences_not_kept") + done.stderr.count("sentences_not_kept") == 1


def path_of(text: str = "你好。", tenant_id: UUID = TENANT, revision: str = "1", **style: Any) -> Path:
    wanted = replace(Style(speaker="xiaoxiao"), **style)
    return place_of(tenant_id, revision, Utterance(read(text).sentences[0], wanted)).path


@pytest.mark.parametrize(
    "other",
    [
        {"text": "您好。"},
        {"text": "你好！"},
        {"text": "你(ni4)好。"},
        {"revision": "2"},
        {"tenant_id": UUID(int=8)},
        {"speaker": "yunxi"},
        {"emotion": "happy"},
        {"emotion_intensity": 0.5},
        {"speed": 1.1},
        {"pitch": 1.0},
    ],
    ids=str,
)
def test_what_decides_the_samples_decides_the_place(other: dict[str, Any]) -> None:
    """Another reading, voice, revision, style or tenant is another file."""
    assert path_of() == path_of()
    assert path_of(**other) != path_of()


def test_what_is_spoken_alike_is_one_file() -> None:
    """Digits and words; the silence after it, which is not the voice's; volume and format, which come later."""
    assert path_of("共5个。") == path_of("共五个。")
    first, last = read("好的。好的。").sentences
    assert first.pause != last.pause
    style = Style(speaker="xiaoxiao")
    assert place_of(TENANT, "1", Utterance(first, style)) == place_of(TENANT, "1", Utterance(last, style))


@pytest.mark.parametrize("voice", ["zhitian_emo", "..", ".", "", "../上", "晓" * 100])
def test_a_file_lies_with_its_tenant_and_voice(tmp_path: Path, voice: str) -> None:
    """Two folders below the root, one the tenant's own, whatever a voice may be called."""
    with override_settings(SENTENCES_ROOT=tmp_path):
        path = path_of(speaker=voice)
        tenant, named, *_ = path.resolve().relative_to(tmp_path).parts
        assert (tenant, named == voice) == (str(TENANT), voice == "zhitian_emo")
        assert path.is_relative_to(sentences.folder(TENANT, voice))
        assert not path.exists()
