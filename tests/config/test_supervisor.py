"""The supervisor, with small real processes as its children."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.processes import Service, StartError
from config.supervisor import InstanceLock, Supervisor

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with InstanceLock(tmp_path) as lock:
        made = Supervisor(tmp_path, lock)
        yield made
        made.stop()


def shell(name: str, script: str) -> Service:
    return Service(name, ["/bin/sh", "-c", script])


def until(condition: Callable[[], object], *, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "this did not come about in time"
        time.sleep(0.02)


def gone(process: int) -> bool:
    stat = Path(f"/proc/{process}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_dead_child_starts_again(supervisor: Supervisor, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A child killed with -9 has a successor within a second, and a line says why."""
    supervisor.start([shell("sleeper", "echo $$ >> pids; exec sleep 60".replace("pids", str(tmp_path / "pids")))])
    until(lambda: (tmp_path / "pids").exists() and (tmp_path / "pids").read_text().endswith("\n"))
    os.kill(int((tmp_path / "pids").read_text()), signal.SIGKILL)

    def has_successor() -> bool:
        supervisor.watch()
        return (tmp_path / "pids").read_text().count("\n") == 2

    until(has_successor)
    log = (tmp_path / "logs" / "up.log").read_text()
    assert "sleeper ended (killed by SIGKILL); starts again in 0.5 s" in log


def test_a_child_that_keeps_dying_ends_the_start(supervisor: Supervisor) -> None:
    """Pauses double, and the fifth death in a row is an error that names the child and its log."""
    supervisor.start([shell("broken", "exit 3")])
    watched = supervisor.stages[0][0]
    for death in range(1, 5):
        until(lambda: not watched.child.alive)
        supervisor.check()
        assert watched.due is not None
        assert watched.due - time.monotonic() == pytest.approx(0.5 * 2 ** (death - 1), abs=0.2)
        watched.due = time.monotonic()
        supervisor.check()
    until(lambda: not watched.child.alive)
    with pytest.raises(StartError, match=r"broken keeps ending \(exit code 3\): see .*/broken.log"):
        supervisor.check()


def test_output_is_prefixed_and_kept(supervisor: Supervisor, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Each line goes to the log file as it is; bytes that are no UTF-8 do no harm."""
    supervisor.start([shell("talker", r"echo one; echo 二 >&2; printf '\377\n'; exec sleep 60")])
    file = tmp_path / "logs" / "talker.log"
    until(lambda: file.read_text().count("\n") == 3)
    assert file.read_text() == "one\n二\n\ufffd\n"


def test_the_stop_is_orderly_and_bounded(supervisor: Supervisor, tmp_path: Path) -> None:
    """The last stage ends before the first; a child and a grandchild that ignore SIGTERM are killed."""
    pids = tmp_path / "pids"
    order = tmp_path / "order"
    supervisor.start(
        [shell("first", f"trap 'echo first >> {order}; exit' TERM; touch {pids}; while :; do sleep 0.05; done")]
    )
    supervisor.start([shell("deaf", f"trap '' TERM; sleep 61 & echo $$ $! >> {pids}; while :; do sleep 0.05; done")])
    supervisor.start(
        [shell("last", f"trap 'echo last >> {order}; exit' TERM; echo $$ >> {pids}; while :; do sleep 0.05; done")]
    )
    until(lambda: len(pids.read_text().split()) == 3)
    began = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - began < 5
    assert order.read_text() == "last\nfirst\n"
    assert all(gone(int(pid)) for pid in pids.read_text().split())
    assert "deaf did not stop in time and was killed" in (tmp_path / "logs" / "up.log").read_text()


def test_children_die_with_a_killed_supervisor(tmp_path: Path) -> None:
    """kill -9 of the supervisor takes its children along, and the next one gets the lock."""
    script = f"""
        import sys, time
        from pathlib import Path
        from config.processes import Service
        from config.supervisor import InstanceLock, Supervisor
        home = Path({str(tmp_path)!r})
        with InstanceLock(home) as lock:
            supervisor = Supervisor(home, lock)
            script = "trap '' TERM; echo $$; while :; do sleep 0.05; done"
            supervisor.start([Service("deaf", ["/bin/sh", "-c", script])])
            time.sleep(60)
    """
    paths = os.pathsep.join([str(ROOT / "platform"), str(ROOT)])
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.DEVNULL,
    ) as process:
        file = tmp_path / "logs" / "deaf.log"
        until(lambda: file.exists() and file.read_text().endswith("\n"))
        child = int(file.read_text())
        with pytest.raises(StartError, match=f"already runs on .* \\(process {process.pid}\\)"), InstanceLock(tmp_path):
            pass
        process.kill()
        process.wait()
    until(lambda: gone(child))
    with InstanceLock(tmp_path):
        pass
