"""`manage.py up`: the whole platform in one process tree, until Ctrl-C."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.processes import StartError
from config.startup import up


class Command(BaseCommand):
    help = "Start the whole platform, print how to use it, and keep it running until Ctrl-C."
    requires_system_checks = []  # they are `make lint`'s affair; a start should be quick

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--with-parent", action="store_true", help="also stop when the process that started this one ends"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            up(with_parent=options["with_parent"])
        except (StartError, OSError) as error:
            raise CommandError(str(error)) from error
