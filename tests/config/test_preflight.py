"""What is checked before anything starts."""

import socket
from pathlib import Path

import pytest

from config import preflight
from config.processes import StartError


def test_a_full_disk_is_told_before_it_hurts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too little room for the model and the database is one line with both figures."""
    monkeypatch.setattr(preflight, "FIRST_START", 10**18)
    with pytest.raises(StartError, match=r"The disk of .* is full: \d+ MB free, 1000000000000 MB needed\."):
        preflight.check_home(tmp_path)


def test_a_later_start_needs_less_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the database exists, the room of a first start is not asked for again."""
    monkeypatch.setattr(preflight, "FIRST_START", 10**18)
    (tmp_path / "postgres").mkdir()
    preflight.check_home(tmp_path)


def test_a_missing_home_is_made(tmp_path: Path) -> None:
    """The home folder and those above it need not exist."""
    preflight.check_home(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


def test_a_free_port_passes_and_stays_free() -> None:
    """Checking a port does not keep it."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
        with pytest.raises(StartError, match=f"Port {port} on 127.0.0.1: Address already in use"):
            preflight.check_port("127.0.0.1", port)
    preflight.check_port("127.0.0.1", port)
    preflight.check_port("127.0.0.1", port)


def test_there_is_a_core() -> None:
    """Whatever the container's quota, one worker can run."""
    assert preflight.cores() >= 1
