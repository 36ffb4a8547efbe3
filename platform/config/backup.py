"""All that a platform cannot make anew, as one tar: secrets, database, voices, audio, in this order.

The database comes first, as one snapshot of pg_dump. A result's files are there before its transaction
ends and never change, so every row of the snapshot has its audio in what is copied afterwards; were the
audio copied first, whatever was spoken meanwhile would be restored without. What is copied beyond the
snapshot belongs to no row, and the nightly sweep of a restored platform removes it. Valkey is not in
it: the table is the queue, and all that Valkey holds is made anew or forgotten within minutes.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import connection
from django.db.backends.postgresql.client import DatabaseClient
from django.utils import timezone

from config import servers
from config.private_file import private_file
from config.processes import StartError
from config.supervisor import InstanceLock
from tts_engine import store

FORMAT = 1
BEGIN, END = "backup.json", "complete.json"
SECRETS, DATABASE, VOICES, AUDIO = "secrets.json", "database.dump", "voices/", "audio/"
DEMO = "demo.env"
STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class Made:
    """What is in a backup."""

    database_bytes: int
    audio_files: int
    audio_bytes: int


def backup(file: str, *, audio: bool = True) -> Made:
    """Write it to a file, whole or not at all, or to standard output. Raises StartError, OSError."""
    with (
        database_server(),
        _output(file) as out,
        tarfile.open(fileobj=out, mode="w|") as tar,
    ):
        _add(tar, BEGIN, _json({"format": FORMAT, "made_at": timezone.now().isoformat(), "audio": audio}))
        secrets: dict[str, object] = {
            "SECRET_KEY": settings.SECRET_KEY,
            "SECRET_KEY_FALLBACKS": settings.SECRET_KEY_FALLBACKS,
        }
        _add(tar, SECRETS, _json(secrets))
        demo = settings.VOXHOUSE_HOME / DEMO
        if demo.exists():
            _add(tar, DEMO, demo.read_bytes())
        database_bytes = _add_database(tar)
        voices = settings.VOXHOUSE_HOME / "voices"
        for path in sorted(path for path in voices.rglob("*") if path.is_file()):
            tar.add(path, VOICES + str(path.relative_to(voices)))
            forget(tar)
        files, size = _add_audio(tar) if audio else (0, 0)
        made = Made(database_bytes, files, size)
        _add(tar, END, _json({"database_bytes": database_bytes, "audio_files": files, "audio_bytes": size}))
    return made


@contextlib.contextmanager
def database_server() -> Iterator[None]:
    """The database answers during the block: the embedded one is started for it where nothing runs."""
    home = settings.VOXHOUSE_HOME
    if settings.DATABASE_URL:
        connection.ensure_connection()
        yield
        return
    if not servers.postgres_silence(home):
        yield
        return
    if not (home / "postgres").exists():
        raise StartError(f"{home} has no database to back up. Set VOXHOUSE_HOME or DATABASE_URL.")
    with InstanceLock(home), servers.running(home):
        yield


@contextlib.contextmanager
def _output(file: str) -> Iterator[IO[bytes]]:
    """Only its owner may read it: there are secrets in it."""
    if file == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        return
    with private_file(Path(file)) as out:
        yield out


def tool(name: str, *options: str, **pipes: IO[bytes]) -> None:
    """Run pg_dump or pg_restore of the wheel on the platform's database. Raises StartError with its complaint."""
    command, environment = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict | {"OPTIONS": {}}, [])
    *where, database = command[1:]
    named = ["--dbname", database] if name == "pg_restore" else [database]
    done = subprocess.run(  # noqa: S603
        [servers.program(name), *options, *where, *named],
        env={**os.environ, **(environment or {})},
        stderr=subprocess.PIPE,
        check=False,
        **pipes,  # type: ignore[call-overload]
    )
    if done.returncode:
        raise StartError(f"{name}: {servers.complaint(done.stderr.decode(errors='replace'))}")


def _add_database(tar: tarfile.TarFile) -> int:
    """By way of a file, for a member's size stands before it."""
    with tempfile.TemporaryFile() as dump:
        tool("pg_dump", "--format=custom", "--no-owner", "--no-privileges", stdout=dump)
        size = dump.seek(0, io.SEEK_END)
        dump.seek(0)
        member = tarfile.TarInfo(DATABASE)
        member.size = size
        tar.addfile(member, dump)
    forget(tar)
    return size


def _add_audio(tar: tarfile.TarFile) -> tuple[int, int]:
    """Files that have several names on disk, as repeats do, are in it once. Number of files, and their bytes."""
    files = size = 0
    for listed in store.shelf().listed():
        with contextlib.suppress(FileNotFoundError):  # deleted since it was listed
            stored = store.shelf().file(listed.name)
            with stored.open("rb") as content:
                member = _member(tar, content, listed.name, listed.size)
                tar.addfile(member, content if member.isreg() else None)
            forget(tar)
            files, size = files + 1, size + listed.size
    return files, size


def _member(tar: tarfile.TarFile, content: io.BufferedReader, name: str, size: int) -> tarfile.TarInfo:
    try:
        content.fileno()
    except io.UnsupportedOperation:  # it lies in a bucket
        member = tarfile.TarInfo(AUDIO + name)
        member.size = size
        return member
    return tar.gettarinfo(arcname=AUDIO + name, fileobj=content)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    tar.addfile(member, io.BytesIO(content))


def forget(tar: tarfile.TarFile) -> None:
    """It keeps every member that it wrote or read, which nobody asks for in a stream."""
    vars(tar)["members"].clear()


def _json(shape: dict[str, object]) -> bytes:
    return json.dumps(shape, indent=1).encode()
