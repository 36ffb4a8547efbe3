"""`manage.py own_cost TENANT --server 3000 …`: what a tenant's speech costs here, which savings are less by."""

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
    help = "Say what a tenant's speech costs here: yuan a month, or yuan an hour in which a worker speaks."
    refusals = (AccountsError, BillingError)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tenant")
        for name in ("server", "power", "staff"):
            parser.add_argument(f"--{name}", type=yuan, default=Decimal(0), help="yuan a month")
        parser.add_argument("--one-off", type=yuan, default=Decimal(0), help="yuan, once")
        parser.add_argument("--one-off-months", type=count, default=12, help="over which it is spread")
        parser.add_argument("--busy-hour", type=yuan, help="yuan an hour, instead of all the others")
        add_json(parser)

    def answer(self, options: Options) -> Answer:
        typed = {name: options[name] for name in FIELDS}
        own_cost_set(tenant=tenant_by_name(options["tenant"]), cost=cost_of(**typed))
        amounts = {name: None if value is None else str(value) for name, value in typed.items()}
        return {"tenant": options["tenant"], **amounts}, f"The own cost of {options['tenant']} is set."
