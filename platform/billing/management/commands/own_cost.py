"""`manage.py own_cost TENANT --server 3000 …`: what a tenant's speech costs here, which savings are less by."""

from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.errors import AccountsError
from accounts.selectors import tenant_by_name
from billing.arguments import count, yuan
from billing.errors import BillingError
from billing.savings.cost import cost_of
from billing.savings.services import own_cost_set

FIELDS = ("server", "power", "staff", "one_off", "one_off_months", "busy_hour")


class Command(BaseCommand):
    help = "Say what a tenant's speech costs here: yuan a month, or yuan an hour in which a worker speaks."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tenant")
        for name in ("server", "power", "staff"):
            parser.add_argument(f"--{name}", type=yuan, default=Decimal(0), help="yuan a month")
        parser.add_argument("--one-off", type=yuan, default=Decimal(0), help="yuan, once")
        parser.add_argument("--one-off-months", type=count, default=12, help="over which it is spread")
        parser.add_argument("--busy-hour", type=yuan, help="yuan an hour, instead of all the others")

    def handle(self, *args: Any, tenant: str, **options: Any) -> None:
        try:
            own_cost_set(tenant=tenant_by_name(tenant), cost=cost_of(**{name: options[name] for name in FIELDS}))
        except (AccountsError, BillingError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The own cost of {tenant} is set.")
