"""The cache through the whole platform: many alike at once, killed workers, teams apart, warmed and purged."""

import json
import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.system.instance import Platform, until

CLIENTS = 100
TEXT = "今天天气很好。我们出去走走，晚上再回来。明天见！"
SENTENCES = 3


# One process for all of them: what `manage.py tenant create` and `key create` do.
TEAMS = """
import json
from accounts.services import api_key_create, tenant_create
from billing.services import account_open
made = {}
for name in ("alike-1", "alike-2", "killed", "formats", "warm"):
    tenant = tenant_create(name=name)
    account_open(tenant=tenant)
    made[name] = str(tenant.id), api_key_create(tenant=tenant, name=name)[1]
print(json.dumps(made))
"""


class Team:
    """A tenant of its own for each test, so that counts begin at nothing."""

    def __init__(self, platform: Platform, name: str, tenant: str, key: str) -> None:
        self.platform, self.name = platform, name
        self.sentences, self.audio = platform.home / "audio" / "sentences" / tenant, platform.home / "audio" / tenant
        self.headers = {"Authorization": f"Bearer {key}"}

    def ask(self, text: str = TEXT, **more: Any) -> httpx.Response:
        body = {"model": "sambert", "voice": "zhitian_emo", "input": text, "response_format": "mp3", **more}
        return httpx.post(f"{self.platform.url}/v1/audio/speech", headers=self.headers, json=body, timeout=120)


def stats(platform: Platform) -> dict[str, dict[str, int]]:
    told: dict[str, dict[str, int]] = json.loads(platform.manage("cache", "stats", "--json"))["tenants"]
    return told


def without_id(answer: httpx.Response) -> bytes:
    """Its bytes but for the id in its label, which says for which request the audio was made."""
    return re.sub(rb'"ProduceID":"[0-9a-f-]{36}"', b"", answer.content)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture(scope="module")
def teams(battered: Platform) -> dict[str, Team]:
    made = json.loads(battered.python(TEAMS))
    return {name: Team(battered, name, *access) for name, access in made.items()}


def test_a_hundred_clients_of_two_teams_ask_the_same(battered: Platform, teams: dict[str, Team]) -> None:
    """Each team's sentences are spoken once; all hear the same; no file belongs to both."""
    both = [teams["alike-1"], teams["alike-2"]]
    with ThreadPoolExecutor(CLIENTS) as threads:
        answers = list(threads.map(lambda number: both[number % 2].ask(), range(CLIENTS)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({without_id(answer) for answer in answers}) == 1
    told = stats(battered)
    for team in both:
        counted = told[team.name]
        assert counted["requests"] == CLIENTS / 2
        assert counted["sentences"] - counted["sentences_cached"] == counted["files"] == SENTENCES
    for kind in ("sentences", "audio"):
        one, other = ({path.stat().st_ino for path in files(getattr(team, kind))} for team in both)
        assert one
        assert not one & other


def test_workers_are_killed_while_a_hundred_wait(battered: Platform, teams: dict[str, Team]) -> None:
    """kill -9 of whoever speaks: others take over, every client gets the same whole answer, the books agree."""
    team = teams["killed"]
    text = "".join(f"第{number}句话说的是这个。" for number in range(1, 16))
    with ThreadPoolExecutor(CLIENTS) as threads:
        answers = [threads.submit(team.ask, text) for _ in range(CLIENTS)]
        until(lambda: len(files(team.sentences)) > 2, seconds=60)
        for process in battered.children("worker"):
            os.kill(process, signal.SIGKILL)
        got = [answer.result() for answer in answers]
    assert {answer.status_code for answer in got} == {200}
    assert len({without_id(answer) for answer in got}) == 1
    assert len(files(team.sentences)) == 15
    battered.manage("reconcile")


def test_another_format_of_the_same_words(battered: Platform, teams: dict[str, Team]) -> None:
    """Not one sentence is spoken again, and the bytes are those that they would be without the cache."""
    team = teams["formats"]
    team.ask()
    for changed in ({"response_format": "wav"}, {"volume": 3}, {"sample_rate": 8000}):
        kept, fresh = team.ask(**changed), team.ask(**changed, cache=False)
        assert kept.headers["x-cache"] == "miss"
        assert without_id(kept) == without_id(fresh)
    told = stats(battered)[team.name]
    assert (told["sentences"], told["sentences_cached"], told["files"]) == (SENTENCES * 7, SENTENCES * 3, SENTENCES)


def test_warmed_then_purged(battered: Platform, teams: dict[str, Team], tmp_path: Path) -> None:
    """What was warmed is a repeat; after a purge it is not, and the history still has it."""
    team = teams["warm"]
    (tmp_path / "list.txt").write_text(f"{TEXT}\n\n第二行。\n呣\n", "utf-8")
    warm = ("cache", "warm", str(tmp_path / "list.txt"), "--tenant", team.name, "--voice", "zhitian_emo", "--json")
    assert json.loads(battered.manage(*warm)) == {"spoken": 2, "cached": 0, "failed": 1, "billed_characters": 28}
    assert json.loads(battered.manage(*warm))["cached"] == 2
    hit = team.ask()
    assert hit.headers["x-cache"] == "hit"
    purged = json.loads(battered.manage("cache", "purge", "--tenant", team.name, "--json"))
    assert purged == {"sentences_deleted": {team.name: SENTENCES + 1}}
    assert files(team.sentences) == []
    again = team.ask()
    assert again.headers["x-cache"] == "miss"
    assert without_id(again) == without_id(hit)
    for answer in (hit, again):
        address = f"{battered.url}/v1/history/{answer.headers['x-request-id']}/audio"
        assert httpx.get(address, headers=team.headers).content == answer.content
