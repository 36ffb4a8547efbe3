"""`manage.py reconcile`: exits 0 where everything agrees, else 1 and names what does not."""

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from redis.exceptions import RedisError

from billing.reconciliation import reconcile, remember


class Command(BaseCommand):
    help = "Recompute every counter from the ledger and name each difference; exit 1 if there is any."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--repair", action="store_true", help="set counters to what the ledger says")
        parser.add_argument("--json", dest="as_json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, repair: bool, as_json: bool, **options: Any) -> None:
        found = reconcile(repair=repair)
        left = reconcile() if repair else found
        if as_json:
            drift = [asdict(difference) for difference in found]
            self.stdout.write(json.dumps({"drift": drift, "left": len(left)}, ensure_ascii=False))
        else:
            for difference in found:
                self.stdout.write(str(difference))
            self.stdout.write(
                f"{len(found)} differences, {len(found) - len(left)} set right" if found else "Zero drift"
            )
        try:
            remember(len(left))
        except RedisError as error:
            self.stderr.write(f"What /metrics tells of it is as it was, for Valkey is away: {error}")
        if left:
            sys.exit(1)
