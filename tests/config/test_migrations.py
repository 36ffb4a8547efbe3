"""Migrations run while web processes of the release before still serve: they take nothing away that those use.

Checked of each migration that is newer than the first release; before it nothing was served.
"""

import pytest
from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django_migration_linter import MigrationLinter

# The last migration of each app in the first release, 0.1.0, by number.
FIRST_RELEASE = {"accounts": 5, "billing": 12, "tts_engine": 15, "webhooks": 1}
LOADER = MigrationLoader(None)


def number(migration: Migration) -> int:
    return int(migration.name.partition("_")[0])


LATER = [
    migration
    for (app, _), migration in sorted(LOADER.disk_migrations.items())
    if app in FIRST_RELEASE and number(migration) > FIRST_RELEASE[app]
]


@pytest.fixture
def linter(transactional_db: None) -> MigrationLinter:
    """Within a transaction there is no SQL of an index that is made while others write."""
    assert connection.vendor == "postgresql"
    return MigrationLinter(no_cache=True, quiet=["ok", "ignore", "warning", "error"], no_output=True)


@pytest.mark.parametrize("migration", LATER, ids=str)
def test_a_migration_leaves_the_release_before_working(linter: MigrationLinter, migration: Migration) -> None:
    """Columns that the old code does not fill have a default in the database, nothing is dropped or renamed."""
    linter.lint_migration(migration)
    assert not linter.has_errors, f"manage.py sqlmigrate {migration.app_label} {migration.name} shows it"


def test_the_linter_finds_what_breaks_a_release(linter: MigrationLinter) -> None:
    """A column that must not be null, and that old code does not fill: one from before the first release has it."""
    linter.lint_migration(LOADER.disk_migrations["tts_engine", "0013_audio_and_label"])
    assert linter.has_errors
