"""`manage.py tenant create NAME [--plan P]`, `tenant list`. Here and not in accounts: it opens the account."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.errors import AccountsError
from accounts.services import tenant_create
from billing.errors import BillingError
from billing.models import Account
from billing.selectors import accounts
from billing.services import DEFAULT_PLAN, account_open


class Command(BaseCommand):
    help = "Create tenants and list them."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="a tenant and its account")
        create.add_argument("name", help="a-z, 0-9 and inner hyphens")
        create.add_argument("--plan", default=DEFAULT_PLAN)
        create.add_argument("--time-zone", default="Asia/Shanghai", help="IANA name; its months are billed")
        for action in (create, actions.add_parser("list", help="every tenant with its plan")):
            action.add_argument("--json", dest="as_json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, action: str, as_json: bool, **options: Any) -> None:
        if action == "create":
            shape = _create(name=options["name"], plan=options["plan"], time_zone=options["time_zone"])
            text = f"Created tenant {shape['name']} on plan {shape['plan']}."
        else:
            shape = {"tenants": [_shape(account) for account in accounts()]}
            text = "\n".join("{name}\t{plan}\t{time_zone}\t{id}".format_map(tenant) for tenant in shape["tenants"])
        self.stdout.write(json.dumps(shape) if as_json else text)


def _create(*, name: str, plan: str, time_zone: str) -> dict[str, Any]:
    try:
        with transaction.atomic():
            return _shape(account_open(tenant=tenant_create(name=name, time_zone=time_zone), plan_name=plan))
    except (AccountsError, BillingError) as error:
        raise CommandError(str(error)) from error


def _shape(account: Account) -> dict[str, Any]:
    tenant = account.tenant
    return {"id": str(tenant.id), "name": tenant.name, "plan": account.plan.name, "time_zone": tenant.time_zone}
