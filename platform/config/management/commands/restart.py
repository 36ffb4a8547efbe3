"""`manage.py restart`: new processes for the running platform, and nobody notices."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.startup import RESTART, prepare
from config.supervisor import running_instance


class Command(BaseCommand):
    help = "Replace web processes, workers and beat of the running platform one after the other, without a failure."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """What is installed by now is what the new processes run: the database is brought up to it first."""
        home = settings.VOXHOUSE_HOME
        process = running_instance(home)
        if process is None:
            raise CommandError(f"No platform runs on {home}: `make up` starts one.")
        prepare()
        os.kill(process, RESTART)
        self.stdout.write(f"Restarting, one process after the other: {home}/logs/up.log tells when it is done.")
