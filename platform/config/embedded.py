"""PostgreSQL and Valkey from wheels, with their data in the home folder.

Both listen on Unix sockets only, in a folder that follows from the home folder's name: nothing to
configure, no port to clash, and two instances with two homes never meet.
"""

import hashlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

# A Unix socket's whole path must fit into 107 bytes on Linux and 103 on macOS.
LONGEST_SOCKET_FOLDER = 80


def socket_folder(home: Path) -> Path:
    """Where the embedded servers of this home listen; not created here."""
    folder = home / "run"
    if len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER:
        return folder
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"voxhouse-{digest}"


def database(home: Path) -> dict[str, str]:
    """Django's DATABASES entry for the embedded PostgreSQL."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "voxhouse",
        "USER": "postgres",
        "HOST": str(socket_folder(home)),
        "PORT": "5432",  # names the socket file only
    }


def given_database(parsed: dict[str, Any]) -> dict[str, Any]:
    """The operator's own, as DATABASE_URL names it; a Unix socket's folder comes percent-encoded as the host."""
    return {**parsed, "HOST": unquote(str(parsed.get("HOST", "")))}


def valkey_url(home: Path) -> str:
    return f"unix://{socket_folder(home) / 'valkey.sock'}"


def celery_url(redis_url: str) -> str:
    """The same server in kombu's spelling."""
    return redis_url.replace("unix://", "redis+socket://", 1)


def secret_key(home: Path, *, own_database: bool) -> str:
    """The instance's secret, made once and kept in the home folder (mode 0600).

    A folder that cannot be written ends the process with one line: settings have no other way to say so.
    Only in embedded mode: with the operator's own database a lost home folder must not silently
    give a new secret, so there "" is returned and Django refuses to start without SECRET_KEY.
    """
    if not own_database:
        return ""
    file = home / "secret_key"
    if not file.exists():
        try:
            make_secret_key(home, file)
        except OSError as error:
            raise SystemExit(f"{home} cannot be written: {error.strerror}. Set VOXHOUSE_HOME.") from error
    return file.read_text().strip()


def make_secret_key(home: Path, file: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=home, delete=False) as made:  # mode 0600
        made.write(secrets.token_urlsafe(50))
    try:
        os.link(made.name, file)  # of two processes starting at once, the first one's secret stays
    except FileExistsError:
        pass
    finally:
        Path(made.name).unlink()
