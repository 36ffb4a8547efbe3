"""`DELETE /v1/cache`: a team empties its own cache, all of it or one voice's."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client

from accounts.models import Tenant
from tests.factories import make_tenant
from tts_engine.sentences import Place, folder
from tts_engine.speech.voice import Chunk

MakeKey = Callable[..., dict[str, str]]


@pytest.fixture(autouse=True)
def root(tmp_path: Path, settings: Any) -> None:
    settings.SENTENCES_ROOT = tmp_path


def keep(tenant: Tenant, voice: str) -> Place:
    place = Place(folder(tenant.id, voice) / "ab" / "abcd")
    recording = place.claim()
    assert recording
    recording.put(Chunk(np.zeros(10, np.float32)))
    recording.put(None)
    return replace(place)


def test_all_of_it(tenant: Tenant, key: MakeKey) -> None:
    """Every voice's, this team's only; a second time there is nothing left."""
    mine = [keep(tenant, "xiaoxiao"), keep(tenant, "yunxi")]
    others = keep(make_tenant(), "xiaoxiao")
    for count in (2, 0):
        answer = Client().delete("/v1/cache", headers=key("admin"))
        assert answer.json() == {"object": "cache", "voice": None, "sentences_deleted": count}
    assert [place.is_kept() for place in (*mine, others)] == [False, False, True]


@pytest.mark.parametrize("name", ["yunxi", "echo"])
def test_one_voice(tenant: Tenant, key: MakeKey, name: str) -> None:
    """By its name or an alias of it."""
    xiaoxiao, yunxi = keep(tenant, "xiaoxiao"), keep(tenant, "yunxi")
    answer = Client().delete(f"/v1/cache?voice={name}", headers=key("admin"))
    assert answer.json() == {"object": "cache", "voice": "yunxi", "sentences_deleted": 1}
    assert (xiaoxiao.is_kept(), yunxi.is_kept()) == (True, False)


@pytest.mark.parametrize("query", ["voice=", f"voice={'x' * 101}", "speaker=yunxi"])
def test_what_is_no_voice_deletes_nothing(tenant: Tenant, key: MakeKey, query: str) -> None:
    """Above all not everything."""
    place = keep(tenant, "xiaoxiao")
    assert Client().delete(f"/v1/cache?{query}", headers=key("admin")).status_code == 400
    assert place.is_kept()


def test_a_name_that_is_a_path(tenant: Tenant, key: MakeKey) -> None:
    """It leads nowhere."""
    other = keep(make_tenant(), "xiaoxiao")
    for name in ("..", "../" + str(other.path.parents[2].name), "."):
        answer = Client().delete("/v1/cache", query_params={"voice": name}, headers=key("admin"))
        assert answer.json()["sentences_deleted"] == 0
    assert other.is_kept()
