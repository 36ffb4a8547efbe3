"""`manage.py prepare`: once for an installation and each new version of it, where no `manage.py up` does it."""

from typing import Any

from django.core.management.base import BaseCommand

from config.startup import prepare


class Command(BaseCommand):
    help = "Bring the database up to date and put the built-in voice in place, as `up` does before it starts anything."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        prepare()
