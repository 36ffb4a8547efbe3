"""`manage.py demo fill --requests N`: a believable year of many teams, to look at pages and to measure them."""

from dataclasses import asdict

from django.core.management.base import CommandError, CommandParser

from accounts.errors import TenantExists
from accounts.management.operator_command import Answer, OperatorCommand, Options, add_json
from tts_engine.demo.clearing import clear
from tts_engine.demo.filling import fill
from tts_engine.demo.story import MOST_TEAMS


class Command(OperatorCommand):
    help = "Add teams named demo-… with a year of requests, whose ledger and sums agree; or remove them again."
    refusals = (TenantExists,)

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        filling = verbs.add_parser("fill", help="add them; a million requests take some minutes")
        filling.add_argument("--requests", type=int, default=100_000, help="of all teams together")
        filling.add_argument("--teams", "--tenants", type=int, default=50, help=f"{MOST_TEAMS} at most")
        filling.add_argument("--heard", type=int, default=12, help="newest requests of the first team with audio")
        filling.add_argument("--seed", type=int, default=1, help="another one makes another year")
        clearing = verbs.add_parser("clear", help="delete every team named demo-… with all it has")
        add_json(filling, clearing)

    def answer(self, options: Options) -> Answer:
        if options["verb"] == "clear":
            names = clear()
            return {"cleared": names}, f"{len(names)} teams removed"
        if not 1 <= options["teams"] <= MOST_TEAMS or options["requests"] < 0 or options["heard"] < 0:
            raise CommandError(f"--teams is 1 to {MOST_TEAMS}, --requests and --heard are not negative.")
        filled = fill(**{name: options[name] for name in ("requests", "teams", "heard", "seed")})
        text = f"{filled.requests} requests of {filled.teams} teams. Sign in as {filled.user} / {filled.password}"
        return asdict(filled), text
