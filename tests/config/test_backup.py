"""A backup is the platform: restored elsewhere its accounts agree, its keys work and its old audio plays."""

import io
import json
import os
import stat
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings as running
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from accounts.models import Scope, Tenant
from accounts.services import api_key_create
from config.processes import StartError
from config.restore import restore
from tests.factories import make_done, make_queued, make_tenant
from tests.kept import answer_of
from tts_engine import queue, store
from tts_engine.models import Synthesis
from tts_engine.services import synthesis_delete
from tts_engine.store import Copy

pytestmark = pytest.mark.django_db(transaction=True)

TONE = np.full(2400, 0.25, np.float32)

# Run in the restored home, with its own database: what the key is told, and what both checks say.
LOOK = """
import io, json, sys, django
django.setup()
from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import connection
from django.test import Client
from config import servers
from tts_engine import upkeep
from billing.reconciliation import reconcile

async def joined(answer):
    return b"".join([piece async for piece in answer.streaming_content])

key, *ids = sys.argv[1:]
with servers.running(settings.VOXHOUSE_HOME, durable=False):
    told = {"drift": len(reconcile()), "faults": [finding.fault for finding in upkeep.check(contents=True)]}
    for id in ids:
        answer = Client().get(f"/v1/history/{id}/audio", headers={"authorization": f"Bearer {key}"})
        told[id] = async_to_sync(joined)(answer).hex() if answer.status_code == 200 else answer.status_code
    connection.close()
print(json.dumps(told))
"""


@dataclass(frozen=True)
class Home:
    """A home folder beside the tests' own, and commands in it."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"VOXHOUSE_HOME": str(self.folder), "DJANGO_SETTINGS_MODULE": "config.settings"}

    def run(self, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        given = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "SECRET_KEY")}
        return subprocess.run(  # noqa: S603
            [sys.executable, *words],
            env={
                **given,
                "VOXHOUSE_HOME": str(self.folder),
                "DJANGO_SETTINGS_MODULE": "config.settings",
                **environment,
            },
            cwd=running.BASE_DIR,
            capture_output=True,
            text=True,
            check=False,
        )

    def restore(self, backup: Path, *options: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return self.run("manage.py", "restore", str(backup), *options, **environment)

    def look(self, *words: str) -> dict[str, Any]:
        done = self.run("-W", "ignore", "-c", LOOK, *words, PYTHONPATH=os.pathsep.join(sys.path))
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture
def tenant(tmp_path: Path, settings: Settings) -> Tenant:
    settings.AUDIO_ROOT, settings.SENTENCES_ROOT = tmp_path / "audio", tmp_path / "sentences"
    return make_tenant()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def repeat_of(spoken: Synthesis, tenant: Tenant) -> Synthesis:
    make_queued(tenant, audio_format="wav")
    row = queue.claim()
    assert row is not None
    outcome = queue.Outcome(audio_ms=100, first_byte_ms=0, synthesis_ms=0)
    assert queue.finish(row, outcome, Copy(source=spoken, target=row))
    return row


def test_a_restored_backup_agrees_and_plays_old_audio_to_old_keys(tenant: Tenant, home: Home, tmp_path: Path) -> None:
    """To the byte; what was deleted before stays so, and what has two names on disk is copied once.

    Half a backup is not taken for a whole one, and what it left can be replaced.
    """
    _, key = api_key_create(tenant=tenant, scopes=list(Scope.values))
    spoken, deleted = make_done(tenant, TONE), make_done(tenant, TONE)
    copy = repeat_of(spoken, tenant)
    synthesis_delete(deleted)
    voice = running.VOXHOUSE_HOME / "voices" / "trial" / "voice.bin"
    voice.parent.mkdir(parents=True)
    voice.write_bytes(b"a voice")
    backup = tmp_path / "backup.tar"
    try:
        call_command("backup", str(backup), stdout=io.StringIO())
    finally:
        voice.unlink()
        voice.parent.rmdir()
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with tarfile.open(backup) as tar:
        kinds = [member.islnk() for member in tar if member.name.endswith(".wav")]
    assert sorted(kinds) == [False, True]

    half = tmp_path / "half.tar"
    half.write_bytes(backup.read_bytes()[:-20_000])
    cut = home.restore(half)
    assert (cut.returncode, "whole" in cut.stderr) == (1, True), cut.stderr
    done = home.restore(backup, "--replace")
    assert done.returncode == 0, done.stderr
    found = home.look(key, str(spoken.id), str(deleted.id), str(copy.id))
    assert (found["drift"], found["faults"]) == (0, [])
    for row in (spoken, copy):
        assert bytes.fromhex(found[str(row.id)]) == answer_of(spoken).read_bytes()
    assert found[str(deleted.id)] == 404
    assert (home.folder / "voices/trial/voice.bin").read_bytes() == b"a voice"


def test_a_platform_that_is_there_or_has_another_secret_is_not_touched(
    tenant: Tenant, tmp_path: Path, settings: Settings
) -> None:
    """Nor is anything taken for a backup that is none."""
    backup, other = tmp_path / "backup.tar", tmp_path / "other.tar"
    call_command("backup", str(backup), stdout=io.StringIO())
    settings.VOXHOUSE_HOME = tmp_path / "home"
    (settings.VOXHOUSE_HOME / "postgres").mkdir(parents=True)
    with pytest.raises(StartError, match="--replace"):
        restore(str(backup))
    (settings.VOXHOUSE_HOME / "secret_key").write_text("what the home has")
    settings.SECRET_KEY = "what the environment gives"
    with pytest.raises(StartError, match="SECRET_KEY_FALLBACKS"):
        restore(str(backup), replace=True)
    with tarfile.open(other, "w") as tar:
        tar.addfile(tarfile.TarInfo("voices/x"))
    with pytest.raises(StartError, match="no backup of Voxhouse"):
        restore(str(other), replace=True)
    assert (settings.VOXHOUSE_HOME / "postgres").exists()


def test_a_backup_that_fails_leaves_no_file(tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_done(tenant, TONE)

    def full() -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(store, "shelf", full)
    with pytest.raises(CommandError, match="No space"):
        call_command("backup", str(tmp_path / "backup.tar"), stdout=io.StringIO())
    assert [path.name for path in tmp_path.glob("backup*")] == []
