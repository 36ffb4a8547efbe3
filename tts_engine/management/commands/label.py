"""`manage.py label read FILE`, `label policy TENANT [--default LABEL] [--may-omit]`."""

import argparse
from dataclasses import asdict
from pathlib import Path

from django.core.management.base import CommandParser

from accounts.errors import AccountsError
from accounts.management.operator_command import Answer, OperatorCommand, Options, add_json
from accounts.selectors import tenant_by_name
from tts_engine.errors import LabelNotAllowed
from tts_engine.labels import policy_of, policy_set
from tts_engine.models import Labelling
from tts_engine.speech.audio import label


class Command(OperatorCommand):
    help = "The label of generated audio: read a file's, see and change what a tenant's speech has."
    refusals = (AccountsError, LabelNotAllowed, OSError, ValueError)
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        read = actions.add_parser("read", help="what a sound file says of how it came to be")
        read.add_argument("file", type=Path)
        policy = actions.add_parser("policy", help="a tenant's labels; changed by what is given, and audited")
        policy.add_argument("tenant")
        policy.add_argument("--default", choices=Labelling.values, help="where a request does not say")
        policy.add_argument(
            "--may-omit", action=argparse.BooleanOptionalAction, help="may a request have no label at all"
        )
        add_json(read, policy)

    def answer(self, options: Options) -> Answer:
        return ACTIONS[options["action"]](options)


def _read(options: Options) -> Answer:
    found = label.read(options["file"])
    if found is None:
        return {"label": None}, f"{options['file']} has no label; raw samples (pcm, mulaw, alaw) cannot have one."
    shape = asdict(found)
    return {"label": shape}, "\n".join(f"{name}\t{value}" for name, value in shape.items() if value)


def _policy(options: Options) -> Answer:
    tenant = tenant_by_name(options["tenant"])
    policy = policy_of(tenant.id)
    if options["default"] is not None or options["may_omit"] is not None:
        policy = policy_set(tenant=tenant, default=options["default"], may_omit=options["may_omit"])
    shape = {"tenant": tenant.name, "default": policy.default, "may_omit": policy.may_omit}
    return shape, " ".join(f"{name}={value}" for name, value in shape.items())


ACTIONS = {"read": _read, "policy": _policy}
