"""`manage.py cache warm FILE | stats | purge`."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.errors import AccountsError
from accounts.models import Tenant
from accounts.selectors import tenant_by_name
from billing.errors import BillingError
from tts_engine import cache, eviction, presence
from tts_engine.errors import EngineError
from tts_engine.models import Status
from tts_engine.selectors import cache_use
from tts_engine.services import Order
from tts_engine.speech.audio.formats import FORMATS
from tts_engine.speech.voice import EMOTIONS, NEUTRAL
from tts_engine.warming import MODEL, Wanted, Warmed, read_list, warm

Options = dict[str, Any]


class Command(BaseCommand):
    help = "Speak texts beforehand, see how much the cache answers, empty it."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        warming = verbs.add_parser("warm", help="speak each line of a file, billed like any request")
        warming.add_argument("file", type=Path, help="a text a line; a .csv has columns text, voice, emotion, speed")
        warming.add_argument("--voice", action="append", help="may be repeated; the default voice without")
        warming.add_argument("--emotion", default=NEUTRAL, choices=EMOTIONS)
        warming.add_argument("--speed", type=float, default=1.0)
        warming.add_argument("--format", default="mp3", choices=list(FORMATS))
        stats = verbs.add_parser("stats", help="hit rates and sizes")
        stats.add_argument("--days", type=int, default=30, help="up to now")
        purge = verbs.add_parser("purge", help="delete the sentences and find no result any more; the history stays")
        purge.add_argument("--voice", help="only what it spoke")
        for verb in (warming, stats, purge):
            verb.add_argument("--tenant", help="its name; all tenants without, but to warm where there are several")
            verb.add_argument("--json", dest="as_json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, verb: str, as_json: bool, **options: Any) -> None:
        act: Callable[[list[Tenant], Options], tuple[Options, str]] = {
            "warm": self._warm,
            "stats": _stats,
            "purge": _purge,
        }[verb]
        try:
            name = options["tenant"]
            shape, text = act([tenant_by_name(name)] if name else list(Tenant.objects.order_by("name")), options)
        except (AccountsError, BillingError, EngineError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(shape, ensure_ascii=False) if as_json else text)

    def _warm(self, tenants: list[Tenant], options: Options) -> tuple[Options, str]:
        if len(tenants) != 1:
            raise CommandError(f"There are {len(tenants)} tenants: say for whom with --tenant.")
        if not presence.workers():
            raise CommandError("No worker is alive to speak: start the platform, then try again.")
        orders = list(_orders(read_list(options["file"]), options))
        came_to: Counter[str] = Counter()
        began = time.monotonic()
        for number, warmed in enumerate(warm(tenant_id=tenants[0].id, orders=orders), 1):
            came_to[_outcome(warmed)] += 1
            came_to["billed_characters"] += (warmed.row.billed_characters or 0) if warmed.row else 0
            if warmed.error:
                self.stderr.write(f"{warmed.order.voice}, {warmed.order.text!r}: {warmed.error}")
            if number * 10 // len(orders) > (number - 1) * 10 // len(orders):
                self.stderr.write(f"{number} of {len(orders)}")
        shape = {name: came_to[name] for name in ("spoken", "cached", "failed", "billed_characters")}
        text = "{spoken} spoken, {cached} were there already, {failed} failed; {billed_characters} characters billed"
        return shape, f"{text.format(**shape)}; {time.monotonic() - began:.1f} s."


def _orders(wanted: list[Wanted], options: Options) -> Iterator[Order]:
    for line in wanted:
        for voice in [line.voice] if line.voice else options["voice"] or [settings.DEFAULT_VOICE]:
            yield Order(
                text=line.text,
                voice=settings.VOICE_ALIASES.get(voice, voice),
                model=MODEL,
                audio_format=options["format"],
                emotion=line.emotion or options["emotion"],
                speed=line.speed or options["speed"],
                interactive=False,
            )


def _outcome(warmed: Warmed) -> str:
    if warmed.row is None or warmed.row.status != Status.DONE:
        return "failed"
    return "cached" if warmed.row.cache_hit else "spoken"


def _stats(tenants: list[Tenant], options: Options) -> tuple[Options, str]:
    since = timezone.now() - timedelta(days=options["days"])
    uses = {one.name: (cache_use(tenant_id=one.id, since=since), eviction.size(one.id)) for one in tenants}
    shape = {name: {**asdict(use), "files": size.files, "bytes": size.bytes} for name, (use, size) in uses.items()}
    lines = [
        f"{name}: {use.repeats} of {use.requests} requests were repeats ({_percent(use.repeats, use.requests)}), "
        f"{use.sentences_cached} of {use.sentences} other sentences were there "
        f"({_percent(use.sentences_cached, use.sentences)}); {size.files} files, {size.bytes / 1e6:.1f} MB"
        for name, (use, size) in uses.items()
    ]
    limit = f"All tenants' sentences may take {settings.SENTENCE_CACHE_BYTES / 1e6:.0f} MB."
    return {"limit_bytes": settings.SENTENCE_CACHE_BYTES, "tenants": shape}, "\n".join([*lines, limit])


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _purge(tenants: list[Tenant], options: Options) -> tuple[Options, str]:
    deleted = {one.name: cache.purge(tenant_id=one.id, voice=options["voice"]) for one in tenants}
    return {"sentences_deleted": deleted}, "\n".join(f"{name}: {count} deleted" for name, count in deleted.items())
