"""`manage.py restore FILE`: see docs/backup.md."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.processes import StartError
from config.restore import restore
from tts_engine.errors import StorageUnavailable


class Command(BaseCommand):
    help = "Make the platform of a backup, in an empty VOXHOUSE_HOME and an empty database."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="what `manage.py backup` wrote; - is standard input")
        parser.add_argument("--replace", action="store_true", help="delete the platform that is here first")
        parser.add_argument("--json", dest="as_json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, file: str, replace: bool, as_json: bool, **options: Any) -> None:
        try:
            restored = restore(file, replace=replace)
        except (StartError, StorageUnavailable, OSError) as error:
            raise CommandError(str(error)) from error
        text = (
            f"Restored the backup of {restored.made_at}: database, {restored.voices} files of voices, "
            f"{restored.audio_files} of audio. `manage.py up` starts it; then `manage.py reconcile` and "
            "`manage.py audio check --contents` say whether all is well."
        )
        self.stdout.write(json.dumps(asdict(restored)) if as_json else text)
