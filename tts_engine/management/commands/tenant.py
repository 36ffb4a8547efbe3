"""`manage.py tenant create NAME [--plan P]`, `list`, `plan`, `raise`, `suspend`, `resume`, `export`, `delete`.

Here and not in accounts: it opens the account, and deletes audio.
"""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from accounts.errors import AccountsError
from accounts.management.operator_command import Answer, OperatorCommand, Options, add_json
from accounts.selectors import tenant_by_name
from accounts.services import tenant_create
from billing.errors import BillingError
from billing.limits.arguments import moment
from billing.limits.services import account_resume, account_suspend, quota_raise
from billing.models import Account
from billing.selectors import accounts, usage
from billing.services import DEFAULT_PLAN, account_open, plan_set
from tts_engine.belongings.deletion import is_signed, tenant_delete
from tts_engine.belongings.export import export
from tts_engine.errors import EngineError


class Command(OperatorCommand):
    help = "Create tenants, list them, and change what they may."
    refusals = (AccountsError, BillingError, EngineError, OSError)

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="a tenant and its account")
        create.add_argument("name", help="a-z, 0-9 and inner hyphens")
        create.add_argument("--plan", default=DEFAULT_PLAN)
        create.add_argument("--time-zone", default="Asia/Shanghai", help="IANA name; its months are billed")
        plan = actions.add_parser("plan", help="put a tenant on another plan, from its next request on")
        plan.add_argument("name")
        plan.add_argument("plan")
        more = actions.add_parser("raise", help="characters beyond the plan for a time")
        more.add_argument("name")
        more.add_argument("characters", type=int, help="more in each period while the raise lasts")
        more.add_argument("--until", type=moment, required=True, help="ISO 8601, UTC where no offset is given")
        suspend = actions.add_parser("suspend", help="speak nothing new; what was accepted is spoken and billed")
        resume = actions.add_parser("resume", help="end a suspension")
        for action in (suspend, resume):
            action.add_argument("name")
        exporting = actions.add_parser("export", help="all that it has, as a ZIP")
        exporting.add_argument("name")
        exporting.add_argument("file", type=Path)
        deleting = actions.add_parser("delete", help="all that it has, for good; prints the proof")
        deleting.add_argument("name")
        deleting.add_argument("--confirm", metavar="NAME", help="its name once more, instead of being asked for it")
        proof = actions.add_parser("proof", help="whether this platform has signed what `delete --json` printed")
        proof.add_argument("file", type=Path)
        listing = actions.add_parser("list", help="every tenant")
        add_json(create, plan, more, suspend, resume, listing, exporting, deleting, proof)

    def answer(self, options: Options) -> Answer:
        return ACTIONS[options["action"]](options)


def _create(options: Options) -> Answer:
    with transaction.atomic():
        tenant = tenant_create(name=options["name"], time_zone=options["time_zone"])
        shape = _shape(account_open(tenant=tenant, plan_name=options["plan"]))
    return shape, f"Created tenant {shape['name']} on plan {shape['plan']}."


def _list(options: Options) -> Answer:
    tenants = [_shape(account) for account in accounts()]
    return {"tenants": tenants}, "\n".join("{name}\t{plan}\t{time_zone}\t{id}".format_map(one) for one in tenants)


def _plan(options: Options) -> Answer:
    plan_set(tenant=tenant_by_name(options["name"]), plan_name=options["plan"])
    return _now(options, f"{options['name']} is on plan {options['plan']}.")


def _raise(options: Options) -> Answer:
    made = quota_raise(tenant=tenant_by_name(options["name"]), characters=options["characters"], until=options["until"])
    return _now(options, f"{options['name']} may have {made.characters} characters more until {made.until:%F %T} UTC.")


def _suspend(options: Options) -> Answer:
    account_suspend(tenant=tenant_by_name(options["name"]))
    return _now(options, f"{options['name']} speaks nothing new.")


def _resume(options: Options) -> Answer:
    account_resume(tenant=tenant_by_name(options["name"]))
    return _now(options, f"{options['name']} may speak again.")


def _export(options: Options) -> Answer:
    """Whole or not at all under its name."""
    tenant, file = tenant_by_name(options["name"]), options["file"]
    unfinished = file.with_name(f"{file.name}.unfinished")
    try:
        with unfinished.open("wb") as archive:
            archive.writelines(export(tenant))
        size = unfinished.stat().st_size
        unfinished.rename(file)
    finally:
        unfinished.unlink(missing_ok=True)
    return {"file": str(file), "bytes": size}, f"{size / 1e6:.1f} MB of {tenant} in {file}."


def _delete(options: Options) -> Answer:
    tenant = tenant_by_name(options["name"])
    question = f"All that {tenant} has is deleted for good. Write its name to go on: "
    if (options["confirm"] or input(question)) != tenant.name:
        raise CommandError("That is not its name: nothing was deleted.")
    report = tenant_delete(tenant)
    shape = {"report": report.content, "sha256": report.sha256, "signature": report.signature, "left": report.left}
    lines = [f"{what}\t{count}\t{report.content['after'][what]}" for what, count in report.content["before"].items()]
    kept = report.content["kept"]
    found = (
        f"{report.left} things of {tenant} were found afterwards." if report.left else f"Nothing of {tenant} is left."
    )
    signed = f"SHA-256 {report.sha256}, signature {report.signature}."
    books = f"The books keep the sums of {kept['months']} months, without its name, under {kept['books']}."
    return shape, "\n".join(["what\tbefore\tafter", *lines, found, books, signed])


def _proof(options: Options) -> Answer:
    shown = json.loads(options["file"].read_text())
    if not is_signed(shown["report"], shown["signature"]):
        raise CommandError("This platform has not signed this report, or it was changed since.")
    return {"signed": True}, "This platform has signed this report."


ACTIONS = {
    "export": _export,
    "delete": _delete,
    "proof": _proof,
    "create": _create,
    "list": _list,
    "plan": _plan,
    "raise": _raise,
    "suspend": _suspend,
    "resume": _resume,
}


def _now(options: Options, text: str) -> Answer:
    """The tenant as it is after the change."""
    return _shape(accounts().get(tenant__name=options["name"])), text


def _shape(account: Account) -> dict[str, Any]:
    tenant = account.tenant
    return {
        "id": str(tenant.id),
        "name": tenant.name,
        "plan": account.plan.name,
        "time_zone": tenant.time_zone,
        "quota": usage(tenant.id).limit,
        "suspended": account.suspended_at is not None,
    }
