"""`manage.py quarantine list | release FINGERPRINT…`."""

from django.core.management.base import CommandParser

from accounts.management.operator_command import Answer, OperatorCommand, Options, add_json
from tts_engine import quarantine
from tts_engine.models import QuarantinedText


class Command(OperatorCommand):
    help = "Texts of which workers died, and which nobody speaks until you release them."
    refusals = ()
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", help="each with its team, voice and the request that showed it")
        release = actions.add_parser("release", help="let them be spoken again; audited")
        release.add_argument("fingerprints", nargs="+", metavar="FINGERPRINT", help="as `list` prints them")
        add_json(listing, release)

    def answer(self, options: Options) -> Answer:
        return _list() if options["action"] == "list" else _release(options["fingerprints"])


def _list() -> Answer:
    held = QuarantinedText.objects.select_related("synthesis__tenant").order_by("-created_at")
    shapes = [
        {
            "fingerprint": one.fingerprint,
            "since": one.created_at.isoformat(timespec="seconds"),
            "tenant": one.synthesis.tenant.name,
            "voice": one.synthesis.voice,
            "synthesis": str(one.synthesis_id),
        }
        for one in held
    ]
    lines = ["\t".join(shape.values()) for shape in shapes]
    return {"texts": shapes}, "\n".join(lines) or "No text is in quarantine."


def _release(fingerprints: list[str]) -> Answer:
    released = quarantine.release(fingerprints)
    return {"released": released}, f"Released {released} of {len(fingerprints)}."
