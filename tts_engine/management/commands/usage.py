"""`manage.py usage rebuild`: make the days and hours of usage anew from the requests."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.errors import UnknownTenant
from accounts.selectors import tenant_by_name, tenants
from tts_engine.usage import rebuild


class Command(BaseCommand):
    help = "Rebuild the sums of usage from the requests, where reconcile names a day or an hour."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        rebuilding = verbs.add_parser("rebuild", help="delete a tenant's days and hours and sum them anew")
        rebuilding.add_argument("tenant", nargs="?", help="its name; all tenants without")

    def handle(self, *args: Any, tenant: str | None, **options: Any) -> None:
        try:
            wanted = [tenant_by_name(tenant)] if tenant else list(tenants())
        except UnknownTenant as error:
            raise CommandError(str(error)) from error
        for one in wanted:
            rebuild(one.id)
            self.stdout.write(f"{one.name}: rebuilt")
