"""The cache of sentences stays within its bytes: what was used longest ago goes first."""

import os
import time
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest

from tts_engine import eviction, relay
from tts_engine.sentences import Place, folder
from tts_engine.speech.voice import Chunk

ALICE, BOB = UUID(int=1), UUID(int=2)
SPOKEN = Chunk(np.zeros(250, np.float32))  # a file of some 1,000 bytes


@pytest.fixture(autouse=True)
def root(tmp_path: Path, settings: Any) -> Path:
    settings.SENTENCES_ROOT = tmp_path
    relay.writer().delete(eviction.MEASURED, eviction.STORED)
    return tmp_path


def keep(name: str, *, tenant: UUID = ALICE, voice: str = "xiaoxiao", used: float = 0) -> Place:
    """A sentence that was last used so many hours ago."""
    place = Place(folder(tenant, voice) / name[:2] / name)
    recording = place.claim()
    assert recording
    recording.put(SPOKEN)
    recording.put(None)
    then = time.time() - used * 3600
    os.utime(place.path, (then, then))
    eviction.stored(recording.size)
    return place


def test_the_longest_unused_go_first(settings: Any) -> None:
    """Whoever they belong to; a tenth more than needed goes, so that the next look is far away."""
    kept = [keep(f"file{hours}", tenant=(ALICE, BOB)[hours % 2], used=hours) for hours in range(20)]
    size = kept[0].path.stat().st_size
    settings.SENTENCE_CACHE_BYTES = 15 * size
    assert eviction.evict() == 7 * size  # down to 13, which is below nine tenths of 15
    assert [place.is_kept() for place in kept] == [True] * 13 + [False] * 7


def test_a_hit_makes_it_young_again(settings: Any) -> None:
    """What is heard stays, however old it is."""
    old, older = keep("old", used=5), keep("older", used=9)
    assert older.load() is not None
    settings.SENTENCE_CACHE_BYTES = old.path.stat().st_size + 200
    eviction.evict()
    assert (old.is_kept(), older.is_kept()) == (False, True)


def test_below_the_limit_nothing_goes() -> None:
    """And nothing is looked at: what was measured and what was stored since are enough to know."""
    place = keep("kept", used=1000)
    assert eviction.evict() == 0
    measured = relay.writer().get(eviction.MEASURED)
    place.path.write_bytes(b"x" * 5000)  # by a look it would be seen
    assert eviction.evict() == 0
    assert relay.writer().get(eviction.MEASURED) == measured
    assert place.is_kept()


def test_a_flushed_valkey_is_a_reason_to_look(settings: Any) -> None:
    """The files are the truth; what is known of them elsewhere may be lost at any time."""
    keep("one", used=2)
    eviction.evict()
    settings.SENTENCE_CACHE_BYTES = 10
    relay.writer().delete(eviction.MEASURED, eviction.STORED)
    assert eviction.evict() > 0
    assert eviction.size(ALICE) == eviction.Size(0, 0)


def test_what_is_stored_is_counted_until_the_next_look(settings: Any) -> None:
    """A limit that is passed between two looks is a reason for one."""
    size = keep("one", used=2).path.stat().st_size
    settings.SENTENCE_CACHE_BYTES = int(1.5 * size)
    assert eviction.evict() == 0
    keep("two")
    assert eviction.evict() == size


def test_a_tenant_s_purge_is_its_own() -> None:
    """One voice's sentences, then all; another team's stay, and so does nothing else."""
    mine, hers, other = keep("a"), keep("b", voice="yunxi"), keep("c", tenant=BOB)
    assert eviction.remove(ALICE, "yunxi") == 1
    assert (mine.is_kept(), hers.is_kept(), other.is_kept()) == (True, False, True)
    assert eviction.remove(ALICE) == 1
    assert eviction.remove(ALICE) == 0
    assert eviction.remove(uuid4()) == 0
    assert (mine.is_kept(), other.is_kept()) == (False, True)


def test_what_a_killed_purge_left_is_deleted(root: Path) -> None:
    """It was out of sight at once; the next look deletes it."""
    keep("a")
    folder(ALICE).rename(root / f"{eviction.GRAVE}1")
    eviction.evict()
    assert list(root.iterdir()) == []
