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
from tests.system.instance import MANAGE, Platform, collect, environment, free_port, nothing_runs


@pytest.fixture
def extra(platform: Platform, models: Path, tmp_path: Path, launched: list[Platform]) -> Iterator[Platform]:
    """One more worker, with a home of its own as on another machine, and the platform's audio as a shared folder."""
    home = tmp_path / "extra"
    home.mkdir()
    (home / "models").symlink_to(models)
    sockets = quote(str(embedded.socket_folder(platform.home)), safe="")
    values = {
        "DATABASE_URL": f"postgres://postgres@{sockets}:5432/voxhouse",
        "REDIS_URL": embedded.valkey_url(platform.home),
        "SECRET_KEY": (platform.home / "secret_key").read_text().strip(),
        "AUDIO_ROOT": str(platform.home / "audio"),
        "VOXHOUSE_WORKERS": "1",
    }
    process = subprocess.Popen(  # noqa: S603
        [*MANAGE, "up", "--only-workers"],
        env=environment(home, free_port(), **values),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    workers = Platform(home, 0, process)
    launched.append(workers)
    threading.Thread(target=collect, args=[workers], daemon=True).start()
    workers.wait_for_line("The workers are ready")
    yield workers
    workers.stop()


def test_another_machine_s_workers_speak_for_the_platform(platform: Platform, extra: Platform) -> None:
    """Its own workers stand still, and yet there is an answer, whose audio is in the history."""
    own = platform.children("worker-")
    assert len(httpx.get(f"{platform.url}/readyz").json()["workers"]) == len(own) + 1
    headers = {"Authorization": f"Bearer {platform.api_key}"}
    for process in own:
        os.kill(process, signal.SIGSTOP)
    try:
        body = {"model": "tts-1", "voice": "alloy", "input": "别处的工人。", "response_format": "mp3"}
        spoken = httpx.post(f"{platform.url}/v1/audio/speech", headers=headers, json=body, timeout=60)
    finally:
        for process in own:
            os.kill(process, signal.SIGCONT)
    assert (bool(own), spoken.status_code) == (True, 200)
    kept = httpx.get(f"{platform.url}/v1/history/{spoken.headers['x-request-id']}/audio", headers=headers)
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
