"""`manage.py mfa reset USER`: for somebody who has lost their telephone and their recovery codes."""

from django.core.management.base import CommandParser

from accounts.errors import AccountsError
from accounts.management.operator_command import Answer, OperatorCommand, Options, add_json
from accounts.services import second_factor_reset


class Command(OperatorCommand):
    help = "Take off the second factors of a person who has lost them."
    refusals = (AccountsError,)

    def add_arguments(self, parser: CommandParser) -> None:
        reset = parser.add_subparsers(dest="action", required=True).add_parser(
            "reset", help="password alone from now on"
        )
        reset.add_argument("user")
        add_json(reset)

    def answer(self, options: Options) -> Answer:
        user = second_factor_reset(username=options["user"])
        name = user.get_username()
        return {"user": name}, f"{name} signs in with the password alone, and sets up a second factor under Security."
