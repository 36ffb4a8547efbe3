"""Workers on another machine: the same command, with the addresses of the platform they work for."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from config import embedded
from tests.system.instance import MANAGE, Launch, Platform, collect, environment, free_port, nothing_runs


@pytest.fixture
def main(launch: Launch, tmp_path: Path) -> Iterator[Platform]:
    """The platform itself, with one worker."""
    platform = launch(tmp_path / "main", VOXHOUSE_WORKERS="1")
    yield platform
    platform.stop()


@pytest.fixture
def extra(main: Platform, models: Path, tmp_path: Path, launched: list[Platform]) -> Iterator[Platform]:
    """One more worker, with a home of its own as on another machine, and the main one's audio as a shared folder."""
    home = tmp_path / "extra"
    home.mkdir()
    (home / "models").symlink_to(models)
    values = {
        "DATABASE_URL": f"postgres://postgres@{quote(str(embedded.socket_folder(main.home)), safe='')}:5432/voxhouse",
        "REDIS_URL": embedded.valkey_url(main.home),
        "SECRET_KEY": (main.home / "secret_key").read_text().strip(),
        "AUDIO_ROOT": str(main.home / "audio"),
        "VOXHOUSE_WORKERS": "1",
    }
    process = subprocess.Popen(  # noqa: S603
        [*MANAGE, "up", "--only-workers"],
        env=environment(home, free_port(), **values),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    platform = Platform(home, 0, process)
    launched.append(platform)
    threading.Thread(target=collect, args=[platform], daemon=True).start()
    platform.wait_for_line("The workers are ready")
    yield platform
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 0
    assert nothing_runs(home)


def test_another_machine_s_workers_speak_for_the_platform(main: Platform, extra: Platform) -> None:
    """Its own worker stands still, and yet there is an answer, whose audio is in the history."""
    assert len(httpx.get(f"{main.url}/readyz").json()["workers"]) == 2
    headers = {"Authorization": f"Bearer {main.api_key}"}
    own = main.children("worker-1@")
    for process in own:
        os.kill(process, signal.SIGSTOP)
    try:
        body = {"model": "tts-1", "voice": "alloy", "input": "你好。", "response_format": "mp3"}
        spoken = httpx.post(f"{main.url}/v1/audio/speech", headers=headers, json=body, timeout=60)
    finally:
        for process in own:
            os.kill(process, signal.SIGCONT)
    assert (bool(own), spoken.status_code) == (True, 200)
    kept = httpx.get(f"{main.url}/v1/history/{spoken.headers['x-request-id']}/audio", headers=headers)
    assert kept.content == spoken.content


def test_workers_alone_need_a_platform(tmp_path: Path) -> None:
    """Without the addresses one line says what is missing, and nothing is started."""
    refused = subprocess.run(  # noqa: S603
        [*MANAGE, "up", "--only-workers"],
        env=environment(tmp_path, free_port()),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert refused.returncode != 0
    assert "DATABASE_URL and REDIS_URL" in refused.stderr
    assert nothing_runs(tmp_path)
