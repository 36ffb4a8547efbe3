"""The cache through the whole platform: many alike at once, killed workers, teams apart, warmed and purged."""

import json
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.speech.sambert.conftest import write_folder
from tests.system.instance import Launch, Platform, until

CLIENTS = 100
TEXT = "今天天气很好。我们出去走走，晚上再回来。明天见！"
SENTENCES = 3


@pytest.fixture(scope="module")
def cached(launch: Launch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """An instance of two workers with the small stand-in voice, whose sentences take milliseconds."""
    folder = tmp_path_factory.mktemp("cache")
    running = launch(folder / "home", VOXHOUSE_WORKERS="2")
    running.manage("voices", "add", str(write_folder(folder / "model", voices=("zhitian_emo",))))
    yield running
    running.stop()


class Team:
    """A tenant of its own for each test, so that counts begin at nothing."""

    def __init__(self, platform: Platform, name: str) -> None:
        self.platform, self.name = platform, name
        tenant = json.loads(platform.manage("tenant", "create", name, "--json"))
        key = json.loads(platform.manage("key", "create", name, "--scope=speech", "--scope=history", "--json"))
        self.folder = platform.home / "cache" / tenant["id"]
        self.headers = {"Authorization": f"Bearer {key['key']}"}

    def ask(self, text: str = TEXT, **more: Any) -> httpx.Response:
        body = {"model": "sambert", "voice": "zhitian_emo", "input": text, "response_format": "mp3", **more}
        return httpx.post(f"{self.platform.url}/v1/audio/speech", headers=self.headers, json=body, timeout=120)

    def stats(self) -> dict[str, int]:
        said = json.loads(self.platform.manage("cache", "stats", "--tenant", self.name, "--json"))
        found: dict[str, int] = said["tenants"][self.name]
        return found

    def spoken(self) -> int:
        """Sentences that a voice has said for it."""
        stats = self.stats()
        return stats["sentences"] - stats["sentences_cached"]

    def files(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]


def test_a_hundred_clients_of_two_teams_ask_the_same(cached: Platform) -> None:
    """Each team's sentences are spoken once; all hear the same; no file belongs to both."""
    teams = [Team(cached, "alike-1"), Team(cached, "alike-2")]
    with ThreadPoolExecutor(CLIENTS) as threads:
        answers = list(threads.map(lambda number: teams[number % 2].ask(), range(CLIENTS)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert [team.spoken() for team in teams] == [SENTENCES] * 2
    assert [len(team.files()) for team in teams] == [SENTENCES] * 2
    one, other = ({path.stat().st_ino for path in team.files()} for team in teams)
    assert not one & other
    audio = [{path.stat().st_ino for path in audio_of(team) if path.is_file()} for team in teams]
    assert audio[0]
    assert not audio[0] & audio[1]
    assert {int(answer.headers["x-billed-characters"]) for answer in answers if answer.headers["x-cache"] == "hit"} <= {
        0
    }
    cached.manage("reconcile")


def audio_of(team: Team) -> Iterator[Path]:
    return (team.platform.home / "audio" / team.folder.name).rglob("*")


def test_workers_are_killed_while_a_hundred_wait(cached: Platform) -> None:
    """kill -9 of whoever speaks: others take over, every client gets the same whole answer, the books agree."""
    team = Team(cached, "killed")
    text = "".join(f"第{number}句话说的是这个。" for number in range(1, 41))
    with ThreadPoolExecutor(CLIENTS) as threads:
        answers = [threads.submit(team.ask, text) for _ in range(CLIENTS)]
        until(lambda: len(team.files()) > 5, seconds=60)
        for process in cached.children("worker"):
            os.kill(process, signal.SIGKILL)
        got = [answer.result() for answer in answers]
    assert {answer.status_code for answer in got} == {200}
    assert len({answer.content for answer in got}) == 1
    assert len(team.files()) == 40
    cached.manage("reconcile")


def test_another_format_of_the_same_words(cached: Platform) -> None:
    """Not one sentence is spoken again, and the bytes are those that they would be without the cache."""
    team = Team(cached, "formats")
    team.ask()
    for changed in ({"response_format": "wav"}, {"volume": 3}, {"sample_rate": 8000}):
        kept, fresh = team.ask(**changed), team.ask(**changed, cache=False)
        assert kept.headers["x-cache"] == "miss"
        assert kept.content == fresh.content
    stats = team.stats()
    assert (stats["sentences"], stats["sentences_cached"]) == (SENTENCES * 7, SENTENCES * 3)
    assert stats["files"] == SENTENCES


def test_a_damaged_cache_is_spoken_anew(cached: Platform) -> None:
    """Truncated, flipped or empty files are nobody's answer, and good ones lie there afterwards."""
    team = Team(cached, "damaged")
    whole = team.ask(response_format="pcm").content
    for path, damage in zip(team.files(), (b"", b"no audio at all", None), strict=True):
        path.write_bytes(path.read_bytes()[:-1] if damage is None else damage)
    assert team.ask(response_format="wav").content[44:] == whole
    assert team.spoken() == 2 * SENTENCES
    assert team.ask(response_format="flac").status_code == 200
    assert team.spoken() == 2 * SENTENCES


def test_warmed_then_purged(cached: Platform, tmp_path: Path) -> None:
    """What was warmed is a repeat; after a purge it is not, and the history still has it."""
    team = Team(cached, "warm")
    (tmp_path / "list.txt").write_text(f"{TEXT}\n\n第二行。\n呣\n", "utf-8")
    warm = ("cache", "warm", str(tmp_path / "list.txt"), "--tenant", team.name, "--voice", "zhitian_emo", "--json")
    assert json.loads(cached.manage(*warm)) == {"spoken": 2, "cached": 0, "failed": 1, "billed_characters": 28}
    assert json.loads(cached.manage(*warm))["cached"] == 2
    hit = team.ask()
    assert hit.headers["x-cache"] == "hit"
    purged = json.loads(cached.manage("cache", "purge", "--tenant", team.name, "--json"))
    assert purged == {"sentences_deleted": {team.name: SENTENCES + 1}}
    assert team.files() == []
    again = team.ask()
    assert again.headers["x-cache"] == "miss"
    assert again.content == hit.content
    for answer in (hit, again):
        address = f"{cached.url}/v1/history/{answer.headers['x-request-id']}/audio"
        assert httpx.get(address, headers=team.headers).content == hit.content


def test_the_cache_survives_a_restart(launch: Launch, cached: Platform) -> None:
    """Sentences are plain files: the next workers find them."""
    team = Team(cached, "restart")
    team.ask()
    workers = cached.children("worker")
    for process in workers:
        os.kill(process, signal.SIGTERM)
    until(lambda: not set(workers) & set(cached.children("worker")), seconds=60)
    time.sleep(1)
    assert team.ask(response_format="opus").status_code == 200
    assert team.spoken() == SENTENCES
