"""`manage.py own_cost TENANT --server 3000 …`: what speech costs here, which savings are less by; `--all` of all."""

from decimal import Decimal

from django.core.management.base import CommandParser

from accounts.errors import AccountsError
from accounts.management.operator_command import Answer, OperatorCommand, Options, add_json
from accounts.selectors import tenant_by_name
from billing.arguments import count, yuan
from billing.errors import BillingError
from billing.savings.cost import cost_of
from billing.savings.services import own_cost_set

FIELDS = ("server", "power", "staff", "one_off", "one_off_months", "busy_hour")


class Command(OperatorCommand):
    help = "Say what speech costs here, a tenant's or all: yuan a month, or yuan an hour in which a worker speaks."
    refusals = (AccountsError, BillingError)

    def add_arguments(self, parser: CommandParser) -> None:
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("tenant", nargs="?")
        whose.add_argument("--all", action="store_true", help="the platform's, for all tenants together")
        for name in ("server", "power", "staff"):
            parser.add_argument(f"--{name}", type=yuan, default=Decimal(0), help="yuan a month")
        parser.add_argument("--one-off", type=yuan, default=Decimal(0), help="yuan, once")
        parser.add_argument("--one-off-months", type=count, default=12, help="over which it is spread")
        parser.add_argument("--busy-hour", type=yuan, help="yuan an hour, instead of all the others")
        add_json(parser)

    def answer(self, options: Options) -> Answer:
        typed = {name: options[name] for name in FIELDS}
        name = options["tenant"]
        own_cost_set(tenant=None if options["all"] else tenant_by_name(name), cost=cost_of(**typed))
        amounts = {name: None if value is None else str(value) for name, value in typed.items()}
        return {"tenant": name, **amounts}, f"The own cost of {name or 'the platform'} is set."
