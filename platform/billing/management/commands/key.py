"""`manage.py key create TENANT [--name N] [--scope S]... [--expires ISO]`, `key revoke ID`, `key limit ID [...]`.

Here and not in accounts: it sets what a key may use.
"""

from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from accounts.errors import AccountsError
from accounts.management.operator_command import Answer, OperatorCommand, Options, add_json
from accounts.models import ApiKey, Scope
from accounts.selectors import tenant_by_name
from accounts.services import DEFAULT_SCOPES, api_key_create, api_key_revoke
from billing.errors import BillingError
from billing.limits.arguments import add_limits, given, moment
from billing.limits.models import CAPS
from billing.limits.services import key_limit_set


class Command(OperatorCommand):
    help = "Create API keys, each shown once, limit and revoke them."
    refusals = (AccountsError, BillingError)

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="a key, which is shown this once")
        create.add_argument("tenant")
        create.add_argument("--name", default="default")
        create.add_argument("--scope", action="append", choices=Scope.values, help="may be given again and again")
        create.add_argument("--expires", type=moment, help="ISO 8601, UTC where no offset is given")
        revoke = actions.add_parser("revoke", help="switch a key off for good")
        revoke.add_argument("id", type=UUID)
        limit = actions.add_parser("limit", help="caps of this key's own; those not given stay")
        limit.add_argument("id", type=UUID)
        add_limits(limit, CAPS)
        add_json(create, revoke, limit)

    def answer(self, options: Options) -> Answer:
        return ACTIONS[options["action"]](options)


def _create(options: Options) -> Answer:
    key, secret = api_key_create(
        tenant=tenant_by_name(options["tenant"]),
        name=options["name"],
        scopes=options["scope"] or DEFAULT_SCOPES,
        expires_at=options["expires"],
    )
    return {**_shape(key), "key": secret}, f"{secret}\nKeep it: it is not shown again. Its id is {key.id}."


def _revoke(options: Options) -> Answer:
    key = api_key_revoke(key_id=options["id"])
    return _shape(key), f"Revoked {key} of {key.tenant}."


def _limit(options: Options) -> Answer:
    limit = key_limit_set(key_id=options["id"], limits=given(options))
    caps = {field: getattr(limit, field) for field in CAPS}
    text = " ".join(f"{field}={'none' if value is None else value}" for field, value in caps.items())
    return {"id": str(options["id"]), **caps}, text


ACTIONS = {"create": _create, "revoke": _revoke, "limit": _limit}


def _shape(key: ApiKey) -> dict[str, Any]:
    return {
        "id": str(key.id),
        "tenant": key.tenant.name,
        "name": key.name,
        "last4": key.last4,
        "scopes": key.scopes,
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
    }
