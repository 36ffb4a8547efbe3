"""`manage.py audio check [--contents] [--delete-orphans]`: exits 0 where nothing is missing or changed, else 1."""

import json
import sys
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.errors import AccountsError
from accounts.selectors import tenant_by_name
from tts_engine import upkeep
from tts_engine.errors import StorageUnavailable
from tts_engine.upkeep import Fault


class Command(BaseCommand):
    help = "Compare the files of audio with the rows: what is missing, changed, or belongs to nobody."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        check = actions.add_parser("check", help="every file and every row")
        check.add_argument("--tenant", help="its name; all tenants without")
        check.add_argument("--contents", action="store_true", help="read each file and compare its SHA-256")
        check.add_argument("--delete-orphans", action="store_true", help="those files that belong to no result")
        check.add_argument("--json", dest="as_json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, as_json: bool, **options: Any) -> None:
        counts: Counter[str] = Counter()
        orphaned_bytes = 0
        try:
            tenant = tenant_by_name(options["tenant"]).id if options["tenant"] else None
            findings = upkeep.check(tenant, contents=options["contents"])
            for finding in upkeep.sweep(findings) if options["delete_orphans"] else findings:
                counts[finding.fault] += 1
                orphaned_bytes += finding.bytes
                if not as_json:
                    self.stdout.write(f"{finding.fault}\t{finding.tenant}\t{finding.synthesis}\t{finding.bytes}")
            drafts = sentences = 0
            if options["delete_orphans"]:
                drafts, sentences = upkeep.sweep_drafts(), upkeep.sweep_sentences()
        except (AccountsError, StorageUnavailable) as error:
            raise CommandError(str(error)) from error
        shape = {**{fault.value: counts[fault] for fault in Fault}, "orphaned_bytes": orphaned_bytes}
        if as_json:
            self.stdout.write(json.dumps(shape | {"drafts_deleted": drafts, "sentences_deleted": sentences}))
        else:
            self.stdout.write(
                f"{counts[Fault.MISSING]} results have no audio, {counts[Fault.CHANGED]} have changed; "
                f"{counts[Fault.ORPHAN]} orphans of {orphaned_bytes / 1e6:.1f} MB"
                f"{', deleted' if options['delete_orphans'] else ''}."
            )
        if counts[Fault.MISSING] or counts[Fault.CHANGED]:
            sys.exit(1)
