"""`manage.py plan list`, `plan create NAME [--characters N] ...`, `plan change NAME ...`."""

import argparse
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.forms.models import model_to_dict

from billing.errors import BillingError
from billing.limits.arguments import OPTIONS, add_limits, given
from billing.limits.services import plan_change, plan_create
from billing.models import Plan
from billing.selectors import plans


class Command(BaseCommand):
    help = "List, create and change plans; a change holds from the next request on."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        shown = actions.add_parser("list", help="every plan with its limits")
        created = actions.add_parser("create", help="a plan that tenants can be put on")
        changed = actions.add_parser("change", help="the limits that are given; the others stay")
        for action in (created, changed):
            action.add_argument("name")
            add_limits(action, OPTIONS)
            action.add_argument(
                "--overage",
                action=argparse.BooleanOptionalAction,
                default=argparse.SUPPRESS,
                help="bill what goes beyond the characters of the period instead of refusing it",
            )
        for action in (shown, created, changed):
            action.add_argument("--json", dest="as_json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, action: str, as_json: bool, **options: Any) -> None:
        if action == "list":
            shape: dict[str, Any] = {"plans": [_shape(plan) for plan in plans()]}
            text = "\n".join(_line(plan) for plan in shape["plans"])
        else:
            save = plan_create if action == "create" else plan_change
            try:
                shape = _shape(save(name=options["name"], limits=given(options)))
            except BillingError as error:
                raise CommandError(str(error)) from error
            text = _line(shape)
        self.stdout.write(json.dumps(shape) if as_json else text)


def _shape(plan: Plan) -> dict[str, Any]:
    return model_to_dict(plan, exclude=["id"])


def _line(plan: dict[str, Any]) -> str:
    limits = (f"{field}={'none' if value is None else value}" for field, value in plan.items() if field != "name")
    return f"{plan['name']}\t{' '.join(limits)}"
