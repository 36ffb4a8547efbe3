"""`manage.py up`: what an operator sees, and what may go wrong."""

import os
import signal
import socket
import stat
import subprocess
from pathlib import Path

import httpx
import psycopg

from config import embedded, servers
from tests.system.instance import MANAGE, Launch, Platform, environment, free_port, nothing_runs, until


def refusal(home: Path, port: int, **more: str) -> str:
    """The one line with which a start is refused."""
    done = subprocess.run(  # noqa: S603
        [*MANAGE, "up"], env=environment(home, port, **more), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode != 0
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_the_last_line_says_where_it_is_ready(platform: Platform) -> None:
    """The ready line is exact, and the demo's access is in a file for its owner alone."""
    assert f"Voxhouse is ready: {platform.url}" in platform.lines
    assert httpx.get(f"{platform.url}/readyz").status_code == 200
    file = platform.home / "demo.env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert platform.access("VOXHOUSE_URL") == platform.url


def test_the_printed_curl_line_speaks(platform: Platform, tmp_path: Path) -> None:
    """The curl line of the panel, pasted as it stands, leaves an MP3."""
    line = next(line for line in platform.lines if line.strip().startswith("curl "))
    subprocess.run(["/bin/sh", "-c", f"{line} --silent --show-error --fail"], cwd=tmp_path, check=True)  # noqa: S603
    sound = (tmp_path / "hello.mp3").read_bytes()
    assert len(sound) > 5000
    assert sound[:3] == b"ID3" or sound[0] == 0xFF


def test_every_start_keeps_data_and_key(battered: Platform, launch: Launch) -> None:
    """kill -9 of the supervisor takes all along, and the next start has all again."""
    key = battered.api_key
    battered.manage("tenant", "create", "kept", "--json")
    battered.end_commands()
    battered.process.kill()
    battered.process.wait()
    until(lambda: nothing_runs(battered.home), seconds=30)
    second = launch(battered.home, battered.port, **battered.settings)
    assert second.api_key == key
    assert f"  API key   {key}" in second.lines
    assert "kept" in second.manage("tenant", "list", "--json")
    second.end_commands()
    battered.process, battered.lines = second.process, second.lines  # whom other tests batter from now on


def test_a_killed_worker_is_started_again(platform: Platform) -> None:
    """kill -9 of a worker: a line says so, and another takes its place."""
    (killed,) = platform.children("worker-1@")
    os.kill(killed, signal.SIGKILL)
    platform.wait_for_line("up       | worker-1 ended (killed by SIGKILL); starts again in", seconds=30)
    until(lambda: platform.children("worker-1@") not in ([], [killed]))
    until(lambda: httpx.get(f"{platform.url}/readyz").status_code == 200)


def test_two_instances_run_side_by_side(platform: Platform, battered: Platform) -> None:
    """Another home and port make another platform, whose keys are its own."""
    other = battered
    until(lambda: all(httpx.get(f"{one.url}/readyz").status_code == 200 for one in (platform, other)))
    assert other.api_key != platform.api_key
    answers = [
        httpx.get(f"{other.url}/v1/models", headers={"Authorization": f"Bearer {key}"}).status_code
        for key in (other.api_key, platform.api_key)
    ]
    assert answers == [200, 401]


def test_given_servers_are_used_and_none_is_embedded(launch: Launch, tmp_path: Path) -> None:
    """With DATABASE_URL and REDIS_URL the home holds no server, and the tables are in the given database."""
    operators = tmp_path / "operators"
    operators.mkdir()
    folder = str(embedded.socket_folder(operators))
    with servers.running(operators, durable=False):
        given = launch(
            tmp_path / "home",
            VOXHOUSE_WORKERS="1",
            DATABASE_URL=f"postgres://postgres@{folder.replace('/', '%2F')}/voxhouse",
            REDIS_URL=embedded.valkey_url(operators),
            SECRET_KEY="of the operator, long enough to be a secret of some length",
        )
        assert not (given.home / "postgres").exists()
        assert not (given.home / "valkey").exists()
        with psycopg.connect(host=folder, user="postgres", dbname="voxhouse") as connection:
            assert connection.execute("SELECT name FROM accounts_tenant").fetchall() == [("demo",)]
        given.stop()


def test_a_given_database_needs_a_given_secret(tmp_path: Path) -> None:
    """With the operator's database SECRET_KEY must be set: a new one would void every key."""
    assert "SECRET_KEY" in refusal(tmp_path, free_port(), DATABASE_URL="postgres://nobody@localhost:1/none")


def test_a_given_server_that_is_away_is_named(tmp_path: Path) -> None:
    """A database that does not answer is one line, not a trace."""
    line = refusal(tmp_path, free_port(), DATABASE_URL="postgres://nobody@localhost:1/none", SECRET_KEY="s" * 50)
    assert "The database at DATABASE_URL does not answer" in line


def test_a_busy_port_is_one_line(tmp_path: Path) -> None:
    """A port that is taken ends the start at once, with what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = refusal(tmp_path, port)
    assert f"Port {port} on 127.0.0.1: Address already in use. Set PORT, as in `make up PORT=8001`." in line


def test_an_unwritable_home_is_one_line(tmp_path: Path) -> None:
    """A home that cannot be made ends the start at once, for root too."""
    (tmp_path / "file").touch()
    assert "cannot be written: Not a directory" in refusal(tmp_path / "file" / "home", free_port())


def test_a_home_serves_one_instance(platform: Platform) -> None:
    """A second `up` on a running home is refused and names the first's process."""
    assert f"already runs on {platform.home} (process {platform.process.pid})" in refusal(platform.home, free_port())


def test_a_command_without_servers_says_what_to_start(tmp_path: Path) -> None:
    """`manage.py tenant list` with nothing running points to `make up`."""
    done = subprocess.run(  # noqa: S603
        [*MANAGE, "tenant", "list"],
        env=environment(tmp_path, 0),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0
    assert "`make up` starts its database and broker" in done.stderr
    assert "Traceback" not in done.stderr


def test_commands_use_the_running_servers(platform: Platform) -> None:
    """While the platform runs, a command works on its database."""
    assert "demo" in platform.manage("tenant", "list", "--json")
