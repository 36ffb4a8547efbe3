"""A platform behind TLS, as production has it, and secrets that come in files."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from tests.system.instance import MANAGE

SECRET = "a-secret-of-fifty-characters-or-more-that-nobody-knows"
PRODUCTION = {
    "HTTPS": "true",
    "ALLOWED_HOSTS": "voice.example.org",
    "DATABASE_URL": "postgres://voxhouse:word@db/voxhouse",
    "SECRET_KEY": SECRET,
}
SHOW = """
import json
from config import settings
names = ("SECRET_KEY", "REDIS_URL", "METRICS_TOKEN", "OIDC_CLIENT_SECRET")
print(json.dumps([settings.DATABASES["default"]["PASSWORD"], *(getattr(settings, name) for name in names)]))
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """run(command, **environment): a process with nothing of ours in its environment."""

    def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        root = Path(MANAGE[1]).parent
        own = {"PATH": os.environ["PATH"], "VOXHOUSE_HOME": str(tmp_path), "PYTHONPATH": f"{root}:{root / 'platform'}"}
        return subprocess.run(command, env=own | environment, capture_output=True, text=True, check=False)  # noqa: S603

    return run


def test_the_deploy_check_is_clean(run: Run) -> None:
    """Django's questions to a production, and ours, have no warning left."""
    done = run(*MANAGE, "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert done.returncode == 0, done.stderr


def test_the_deploy_check_asks_for_the_names_of_hosts(run: Run) -> None:
    """Links in invitations are made of the name that a request came by."""
    done = run(*MANAGE, "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION | {"ALLOWED_HOSTS": "*"})
    assert done.returncode != 0
    assert "voxhouse.W001" in done.stderr


def test_secrets_may_come_in_files(run: Run, tmp_path: Path) -> None:
    """As containers are given them: NAME_FILE in place of NAME, with or without a line break at the end."""
    given = {
        "DATABASE_URL": "postgres://voxhouse:word@db/voxhouse",
        "SECRET_KEY": SECRET,
        "REDIS_URL": "redis://:word@valkey:6379/0",
        "METRICS_TOKEN": "token",
        "OIDC_CLIENT_SECRET": "client",
    }
    for name, value in given.items():
        (tmp_path / name).write_text(value + "\n")
    done = run(sys.executable, "-c", SHOW, **{f"{name}_FILE": str(tmp_path / name) for name in given})
    shown = [value.strip() for value in json.loads(done.stdout)]
    assert shown == ["word", SECRET, "redis://:word@valkey:6379/0", "token", "client"], done.stderr


@pytest.mark.django_db
def test_pages_tell_browsers_what_they_may_not_do(client: Client) -> None:
    """Scripts of the project's own alone, no camera, no frame around it, nothing told to other sites."""
    answer = client.get("/accounts/login/")
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.django_db
def test_behind_tls_people_are_led_to_it_and_probes_are_not(client: Client, settings: Settings) -> None:
    """Who comes by http: is sent on; who watches us asks behind the proxy."""
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    answer = client.get("/accounts/login/")
    assert (answer.status_code, answer.headers["Location"]) == (301, "https://testserver/accounts/login/")
    assert client.get("/healthz").status_code == 200
    secure = client.get("/accounts/login/", secure=True)
    assert secure.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
