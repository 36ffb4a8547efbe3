"""A backup becomes a platform again, in an empty home and database, so that `manage.py up` goes on from there."""

import contextlib
import json
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from config import servers
from config.backup import AUDIO, BEGIN, DATABASE, DEMO, END, FORMAT, SECRETS, STANDARD_OUTPUT, VOICES, forget, tool
from config.private_file import private_file
from config.processes import StartError
from config.supervisor import InstanceLock
from tts_engine import store
from tts_engine.models import Synthesis


@dataclass(frozen=True, slots=True)
class Restored:
    """What was in the backup, and is here again."""

    made_at: str
    audio_files: int
    voices: int


def restore(file: str, *, replace: bool = False) -> Restored:
    """Read it from a file, or from standard input; with `replace` what is here is deleted first.

    Raises StartError, before anything is changed where this platform is not empty, runs, or has another secret.
    """
    settings.VOXHOUSE_HOME.mkdir(parents=True, exist_ok=True)
    with InstanceLock(settings.VOXHOUSE_HOME), _opened(file) as tar:
        members = iter(tar)
        made_at = _begin(tar, members)
        secrets = json.loads(_content(tar, next(members)))
        _require_secret(secrets)
        _make_room(replace=replace)
        _keep_secret(secrets)
        with _database_server():
            return _restore(tar, members, made_at, replace=replace)


def _restore(tar: tarfile.TarFile, members: Iterator[tarfile.TarInfo], made_at: str, *, replace: bool) -> Restored:
    audio, voices, whole = _Audio(), 0, False
    for member in members:
        if member.name == DEMO:
            _write(settings.VOXHOUSE_HOME / DEMO, _content(tar, member))
        elif member.name == DATABASE:
            _restore_database(tar, member, replace=replace)
        elif member.name.startswith(VOICES):
            _copy(tar, member, _below(settings.VOXHOUSE_HOME / "voices", member.name.removeprefix(VOICES)))
            voices += 1
        elif member.name.startswith(AUDIO):
            audio.restore(tar, member)
        elif member.name == END:
            whole = True
        forget(tar)
    if not whole:
        raise StartError("The backup is not whole: its end is missing. What was restored of it lacks audio.")
    return Restored(made_at, audio.files, voices)


@contextlib.contextmanager
def _opened(file: str) -> Iterator[tarfile.TarFile]:
    with contextlib.ExitStack() as stack:
        source: IO[bytes] = sys.stdin.buffer if file == STANDARD_OUTPUT else stack.enter_context(Path(file).open("rb"))
        try:
            yield stack.enter_context(tarfile.open(fileobj=source, mode="r|"))
        except tarfile.TarError as error:
            raise StartError(f"This is no whole backup: {error}.") from error


def _begin(tar: tarfile.TarFile, members: Iterator[tarfile.TarInfo]) -> str:
    first = next(members, None)
    if first is None or first.name != BEGIN:
        raise StartError("This is no backup of Voxhouse's.")
    begin: dict[str, Any] = json.loads(_content(tar, first))
    if begin["format"] != FORMAT:
        raise StartError(f"The backup has format {begin['format']}: restore it with the version that made it.")
    return str(begin["made_at"])


def _require_secret(secrets: dict[str, Any]) -> None:
    """Without the secret that made them no key of the backup would be known."""
    own_file = settings.VOXHOUSE_HOME / "secret_key"
    given = own_file.read_text().strip() != settings.SECRET_KEY if own_file.exists() else bool(settings.DATABASE_URL)
    if given and secrets["SECRET_KEY"] not in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        raise StartError(
            "SECRET_KEY is another one than the backup's, whose keys would all be refused: set it, or "
            f"SECRET_KEY_FALLBACKS, to what `tar -xOf BACKUP {SECRETS}` shows."
        )


def _make_room(*, replace: bool) -> None:
    """An empty home; the database is looked at when it answers."""
    home = settings.VOXHOUSE_HOME
    here = [home / name for name in ("postgres", "valkey", "voices") if (home / name).exists()]
    kept = next(store.shelf().listed(), None)
    if not replace and (here or kept):
        names = ", ".join(str(path) for path in here) or "audio"
        raise StartError(f"There is a platform already ({names}): --replace deletes it first.")
    for path in here:
        shutil.rmtree(path)
    if kept:
        for tenant in {UUID(listed.name.partition("/")[0]) for listed in store.shelf().listed()}:
            store.shelf().delete_tenant(tenant)
    shutil.rmtree(settings.SENTENCES_ROOT, ignore_errors=True)


def _keep_secret(secrets: dict[str, Any]) -> None:
    if not settings.DATABASE_URL:
        _write(settings.VOXHOUSE_HOME / "secret_key", str(secrets["SECRET_KEY"]).encode())


@contextlib.contextmanager
def _database_server() -> Iterator[None]:
    if settings.DATABASE_URL:
        yield
        return
    with servers.running(settings.VOXHOUSE_HOME):
        try:
            yield
        finally:
            connection.close()


def _restore_database(tar: tarfile.TarFile, member: tarfile.TarInfo, *, replace: bool) -> None:
    if connection.introspection.table_names():
        if not replace:
            raise StartError("The database at DATABASE_URL is not empty: --replace deletes what is in it first.")
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    connection.close()
    with tempfile.TemporaryFile() as dump:
        shutil.copyfileobj(_file(tar, member), dump)
        dump.seek(0)
        tool("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", stdin=dump)


class _Audio:
    """Puts files where they lie today, be it on disk or in a bucket, wherever they lay when they were copied."""

    def __init__(self) -> None:
        self.files = 0
        self._folders: tuple[str, str] = "", ""  # of the last file: in the backup, and here

    def restore(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        folder, name = self._here(member.name)
        if member.islnk():
            source, _ = self._here(member.linkname)
            store.shelf().copy(source, folder, [name])
        else:
            with store.scratch() as made:
                _copy(tar, member, made)
                store.shelf().restore(made, f"{folder}/{name}")
        self.files += 1

    def _here(self, member: str) -> tuple[str, str]:
        """The folder and the file's name, by the row; what has none keeps the attempt that it had."""
        there, _, name = member.removeprefix(AUDIO).rpartition("/")
        if there != self._folders[0]:
            self._folders = there, _folder(there)
        return self._folders[1], name


def _folder(there: str) -> str:
    tenant, _, synthesis, *attempt = there.split("/")
    row = Synthesis.objects.only("tenant_id", "attempt").filter(id=synthesis).first()
    of_another = attempt and row and row.attempt != int(attempt[0])
    if row is None or of_another:
        row = Synthesis(id=UUID(synthesis), tenant_id=UUID(tenant), attempt=int(attempt[0]) if attempt else 0)
    return store.shelf().folder(row)


def _file(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = tar.extractfile(member)
    if content is None:
        raise StartError(f"This is no whole backup: {member.name} is no file.")
    return content


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    return _file(tar, member).read()


def _copy(tar: tarfile.TarFile, member: tarfile.TarInfo, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    with to.open("wb") as made:
        shutil.copyfileobj(_file(tar, member), made)


def _write(file: Path, content: bytes) -> None:
    with private_file(file) as out:
        out.write(content)


def _below(folder: Path, name: str) -> Path:
    """A path that a foreign archive cannot lead out of the folder."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise StartError(f"This is no backup of Voxhouse's: {name} leads out of its folder.")
    return path
