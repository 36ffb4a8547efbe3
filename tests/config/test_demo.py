"""The demo tenant's access."""

from pathlib import Path

import pytest

from accounts.models import ApiKey, Tenant, User
from accounts.services import api_key_authenticate
from config import demo

pytestmark = pytest.mark.django_db


def test_the_first_start_makes_what_the_panel_shows(tmp_path: Path) -> None:
    """The key opens the demo tenant, the password signs its owner in, and the file is the owner's alone."""
    access = demo.prepare(tmp_path / "demo.env", "http://127.0.0.1:8000")
    assert api_key_authenticate(secret=access.api_key, ip=None).tenant.name == "demo"
    assert User.objects.get(username=access.user).check_password(access.password)
    assert (tmp_path / "demo.env").stat().st_mode & 0o777 == 0o600
    assert access.api_key in demo.panel(access)


def test_a_later_start_changes_nothing_but_the_address(tmp_path: Path) -> None:
    """The same key and password, at the port of this start; nothing is added to the database."""
    first = demo.prepare(tmp_path / "demo.env", "http://127.0.0.1:8000")
    second = demo.prepare(tmp_path / "demo.env", "http://127.0.0.1:8001")
    assert (second.api_key, second.password) == (first.api_key, first.password)
    assert "VOXHOUSE_URL=http://127.0.0.1:8001\n" in (tmp_path / "demo.env").read_text()
    assert ApiKey.objects.count() == 1


def test_a_lost_file_costs_a_new_key_and_password_only(tmp_path: Path) -> None:
    """Tenant and member stay; what was in the file can be made again."""
    first = demo.prepare(tmp_path / "demo.env", "http://127.0.0.1:8000")
    (tmp_path / "demo.env").unlink()
    second = demo.prepare(tmp_path / "demo.env", "http://127.0.0.1:8000")
    assert second.api_key != first.api_key
    assert User.objects.get(username=second.user).check_password(second.password)
    assert Tenant.objects.count() == 1


def test_a_revoked_demo_key_stays_revoked(tmp_path: Path) -> None:
    """A key the operator switched off does not come back with the next start."""
    first = demo.prepare(tmp_path / "demo.env", "http://127.0.0.1:8000")
    ApiKey.objects.update(revoked_at="2026-01-01T00:00:00Z")
    assert demo.prepare(tmp_path / "demo.env", "http://127.0.0.1:8000") == first
    assert ApiKey.objects.count() == 1
