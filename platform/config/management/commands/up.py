"""`manage.py up`: the whole platform in one process tree, until Ctrl-C."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.processes import StartError
from config.startup import up


class Command(BaseCommand):
    help = "Start the whole platform, or more workers for one, and keep it running until Ctrl-C."
    requires_system_checks = []  # they are `make lint`'s affair; a start should be quick

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--with-parent", action="store_true", help="also stop when the process that started this one ends"
        )

        parser.add_argument(
            "--only-workers",
            action="store_true",
            help="for a platform elsewhere, with its DATABASE_URL, REDIS_URL, SECRET_KEY and AUDIO_ROOT",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            up(with_parent=options["with_parent"], only_workers=options["only_workers"])
        except (StartError, OSError) as error:
            raise CommandError(str(error)) from error
