"""`manage.py restore FILE`: see docs/backup.md."""

from dataclasses import asdict

from django.core.management.base import CommandParser

from accounts.management.operator_command import Answer, OperatorCommand, Options, add_json
from config.processes import StartError
from config.restore import restore
from tts_engine.errors import StorageUnavailable


class Command(OperatorCommand):
    help = "Make the platform of a backup, in an empty VOXHOUSE_HOME and an empty database."
    refusals = (StartError, StorageUnavailable, OSError)
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="what `manage.py backup` wrote; - is standard input")
        parser.add_argument("--replace", action="store_true", help="delete the platform that is here first")
        add_json(parser)

    def answer(self, options: Options) -> Answer:
        restored = restore(options["file"], replace=options["replace"])
        return asdict(restored), (
            f"Restored the backup of {restored.made_at}: database, {restored.voices} files of voices, "
            f"{restored.audio_files} of audio. `manage.py up` starts it; then `manage.py reconcile` and "
            "`manage.py audio check --contents` say whether all is well."
        )
