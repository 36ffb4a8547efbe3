"""`manage.py usage rebuild`: make the days and hours of usage anew from the requests."""

from django.core.management.base import CommandParser

from accounts.errors import UnknownTenant
from accounts.management.operator_command import Answer, OperatorCommand, Options, add_json
from accounts.selectors import tenant_by_name, tenants
from tts_engine.usage import rebuild


class Command(OperatorCommand):
    help = "Rebuild the sums of usage from the requests, where reconcile names a day or an hour."
    refusals = (UnknownTenant,)

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        rebuilding = verbs.add_parser("rebuild", help="delete a tenant's days and hours and sum them anew")
        rebuilding.add_argument("tenant", nargs="?", help="its name; all tenants without")
        add_json(rebuilding)

    def answer(self, options: Options) -> Answer:
        wanted = [tenant_by_name(options["tenant"])] if options["tenant"] else list(tenants())
        for tenant in wanted:
            rebuild(tenant.id)
        names = [tenant.name for tenant in wanted]
        return {"rebuilt": names}, "\n".join(f"{name}: rebuilt" for name in names)
