"""`manage.py plan list`, `plan create NAME [--characters N] ...`, `plan change NAME ...`."""

import argparse
from typing import Any

from django.core.management.base import CommandParser
from django.forms.models import model_to_dict

from accounts.management.operator_command import Answer, OperatorCommand, Options, add_json
from billing.errors import BillingError
from billing.limits.arguments import OPTIONS, add_limits, given
from billing.limits.services import plan_change, plan_create
from billing.models import Plan
from billing.selectors import plans


class Command(OperatorCommand):
    help = "List, create and change plans; a change holds from the next request on."
    refusals = (BillingError,)

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
        add_json(shown, created, changed)

    def answer(self, options: Options) -> Answer:
        if options["action"] == "list":
            shapes = [_shape(plan) for plan in plans()]
            return {"plans": shapes}, "\n".join(map(_line, shapes))
        save = plan_create if options["action"] == "create" else plan_change
        shape = _shape(save(name=options["name"], limits=given(options)))
        return shape, _line(shape)


def _shape(plan: Plan) -> dict[str, Any]:
    return model_to_dict(plan, exclude=["id"])


def _line(plan: dict[str, Any]) -> str:
    limits = (f"{field}={'none' if value is None else value}" for field, value in plan.items() if field != "name")
    return f"{plan['name']}\t{' '.join(limits)}"
