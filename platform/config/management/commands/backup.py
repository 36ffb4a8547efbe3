"""`manage.py backup FILE`: see docs/backup.md."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.backup import STANDARD_OUTPUT, backup
from config.processes import StartError
from tts_engine.errors import StorageUnavailable


class Command(BaseCommand):
    help = "Write secrets, database, voices and audio into one file, while the platform runs or not."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="a tar, made readable for you alone; - is standard output")
        parser.add_argument("--without-audio", action="store_true", help="where its bucket is copied by other means")
        parser.add_argument("--json", dest="as_json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, file: str, without_audio: bool, as_json: bool, **options: Any) -> None:
        try:
            made = backup(file, audio=not without_audio)
        except (StartError, StorageUnavailable, OSError) as error:
            raise CommandError(str(error)) from error
        text = f"{made.database_bytes / 1e6:.1f} MB of database, {made.audio_files} files of audio " \
               f"({made.audio_bytes / 1e6:.1f} MB). There are secrets in it: keep it as you keep keys."  # fmt: skip
        told = self.stderr if file == STANDARD_OUTPUT else self.stdout
        told.write(json.dumps(asdict(made)) if as_json else text)
