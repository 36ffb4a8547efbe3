"""The supervisor, with small real processes as its children."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from config.processes import READY_FD, Service, StartError
from config.supervisor import InstanceLock, Supervisor, running_instance
from config.web import open_door
from tests.system.instance import until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with InstanceLock(tmp_path) as lock:
        made = Supervisor(tmp_path, lock)
        yield made
        made.stop()


def shell(name: str, script: str) -> Service:
    return Service(name, ["/bin/sh", "-c", script])


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
        before = time.monotonic()
        supervisor.check()
        assert watched.due is not None
        assert before <= watched.due - 0.5 * 2 ** (death - 1) <= time.monotonic()
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
    pids.touch()
    supervisor.start(
        [shell("first", f"trap 'echo first >> {order}; exit' TERM; echo $$ >> {pids}; while :; do sleep 0.05; done")]
    )
    supervisor.start([shell("deaf", f"trap '' TERM; sleep 61 & echo $$ $! >> {pids}; while :; do sleep 0.05; done")])
    supervisor.start(
        [shell("last", f"trap 'echo last >> {order}; exit' TERM; echo $$ >> {pids}; while :; do sleep 0.05; done")]
    )
    until(lambda: len(pids.read_text().split()) == 4)
    began = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - began < 30  # of the sixty that the deaf one sleeps
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


def door() -> socket.socket:
    return open_door("127.0.0.1", 0)


def replaceable(name: str, folder: Path, script: str, *doors: socket.socket) -> Service:
    """Notes each start; what it does then is the script's. `told` in it is telling that it works."""
    told = f"echo > /dev/fd/${READY_FD}"
    lines = f"echo start >> {folder}/{name}; {script.replace('told', told)}"
    return Service(name, ["/bin/sh", "-c", lines], leave_signal=signal.SIGTERM, doors=doors)


def noted(folder: Path, name: str) -> list[str]:
    file = folder / name
    return file.read_text().split() if file.exists() else []


LEAVING = "trap 'echo leave >> {}; exit' TERM; told; while :; do sleep 0.05; done"


def test_who_holds_a_door_leaves_once_its_successor_works(supervisor: Supervisor, tmp_path: Path) -> None:
    """Two run for a moment; who has no door leaves before its successor starts. What cannot leave is not touched."""
    with closing(door()) as at_the_door:
        script = {name: LEAVING.format(tmp_path / name) for name in ("web", "worker")}
        web = replaceable("web", tmp_path, script["web"], at_the_door)
        worker = replaceable("worker", tmp_path, script["worker"])
        supervisor.start([shell("database", f"echo start >> {tmp_path}/database; exec sleep 60")])
        supervisor.start([web, worker])
        children = [watched.child for watched in supervisor.stages[1]]
        until(lambda: all(child.ready.is_set() for child in children))
        supervisor.ask_to_replace(signal.SIGUSR2, None)
        supervisor.replace_if_asked()
        assert noted(tmp_path, "web") == ["start", "start", "leave"]
        assert noted(tmp_path, "worker") == ["start", "leave", "start"]
        assert noted(tmp_path, "database") == ["start"]
        assert not any(child.alive for child in children)
        assert all(watched.child.alive for watched in supervisor.stages[1])
        assert "Restarted, one after the other" in (tmp_path / "logs" / "up.log").read_text()
        supervisor.stop()


def test_a_successor_that_does_not_come_up_takes_nothing_down(supervisor: Supervisor, tmp_path: Path) -> None:
    """The first and all after it stay as they are, and a line says where to look."""
    with closing(door()) as at_the_door:
        broken = f"test $(wc -l < {tmp_path}/web) = 1 || exit 1; {LEAVING.format(tmp_path / 'web')}"
        services = [
            replaceable("web", tmp_path, broken, at_the_door),
            replaceable("worker", tmp_path, "told; sleep 60"),
        ]
        supervisor.start(services)
        children = [watched.child for watched in supervisor.stages[0]]
        until(lambda: all(child.ready.is_set() for child in children))
        supervisor.replace_all()
        assert [watched.child for watched in supervisor.stages[0]] == children
        assert all(child.alive for child in children)
        assert "web has no successor, and the others stay: see web.log" in (tmp_path / "logs" / "up.log").read_text()
        supervisor.stop()


def test_a_stop_breaks_off_a_replacement(supervisor: Supervisor, tmp_path: Path) -> None:
    """While it waits for a successor that does not come up; the stop then ends both."""
    with closing(door()) as at_the_door:
        supervisor.start([replaceable("web", tmp_path, "exec sleep 60", at_the_door)])
        old = supervisor.stages[0][0].child
        until(lambda: noted(tmp_path, "web"))

        def interrupt() -> None:
            until(lambda: len(noted(tmp_path, "web")) == 2)
            supervisor.interrupted = True

        interrupting = threading.Thread(target=interrupt)
        interrupting.start()
        with pytest.raises(KeyboardInterrupt):
            supervisor.replace_all()
        interrupting.join()
        (new,) = supervisor.changing
        supervisor.stop()
        assert not old.alive
        assert not new.alive


def test_only_a_running_instance_is_found(tmp_path: Path) -> None:
    """By the lock that it holds: a number that is left in the file may be anybody's."""
    assert running_instance(tmp_path) is None
    with InstanceLock(tmp_path):
        assert running_instance(tmp_path) == os.getpid()
    assert running_instance(tmp_path) is None
