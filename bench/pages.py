"""How long does a page of the console take among a million requests of fifty teams?

Fills the embedded PostgreSQL by `manage.py demo fill`, then asks for pages as a member of the greatest team, who
is an operator too, with session, template and all, in one process. Prints the median and, for a busy machine, the
fastest and what Python works at it.

    python -m bench.pages           # a million: five minutes
    python -m bench.pages 100000
"""

import statistics
import sys
import time
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlencode

from bench.database import running

REQUESTS = 10**6
REPEATS = 15


PAGES = (
    "/",
    "/jobs",
    "/statement",
    "/dictionary",
    "/keys",
    "/members",
    "/settings",
    "/audit",
    "/webhooks",
    "/destinations",
    "/guide",
    "/security",
    "/usage?range=today",
    "/usage?range=30",
    "/usage?range=90&by=member&metric=latency",
    "/operators",
    "/operators/teams",
    "/operators/teams/{team}",
    "/operators/savings",
    "/operators/savings?team={team}",
    "/operators/plans",
    "/operators/prices",
    "/operators/voices",
)


def histories(tenant_id: str) -> dict[str, str]:
    """Pages of the history, by what is asked for."""
    from django.utils import timezone

    from tts_engine.history import Place
    from tts_engine.models import Synthesis

    now = timezone.now()
    old = Synthesis.objects.filter(tenant_id=tenant_id, created_at__lt=now - timedelta(days=330))
    place = old.order_by("-created_at").values_list("created_at", "id").first()
    asked: dict[str, dict[str, object]] = {
        "the newest": {},
        "eleven months ago": {"before": Place(*place)} if place else {},
        "one voice": {"voice": "xiaoyi"},
        "failed": {"status": "failed"},
        "words in most texts": {"q": "您的"},
        "words in no text": {"q": "没有这句话"},
        "a voice that was never used": {"voice": "yunjian"},
        "a day ten months ago": {
            "since": (now - timedelta(days=300)).date(),
            "until": (now - timedelta(days=300)).date(),
        },
    }
    return {f"history: {name}": f"/history?{urlencode(values)}" for name, values in asked.items()}


def measure() -> None:
    from django.conf import settings
    from django.test import Client
    from django.utils import timezone

    from accounts.models import Member, User
    from tts_engine.demo.filling import OPERATOR

    settings.ALLOWED_HOSTS = ["*"]
    user = User.objects.get(username=OPERATOR)
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    a_year = f"/usage?from={timezone.now() - timedelta(days=364):%F}&to={timezone.now():%F}"
    team = Member.objects.get(user=user).tenant
    pages = [page.format(team=team.name) for page in (*PAGES, a_year)]
    asked = {page: page for page in pages} | histories(str(team.id))
    for name, address in asked.items():
        if client.get(address).status_code != HTTPStatus.OK:  # templates are compiled by this one
            raise RuntimeError(address)
        times, began_work = [], time.process_time()
        for _ in range(REPEATS):
            began = time.perf_counter()
            client.get(address)
            times.append((time.perf_counter() - began) * 1000)
        work = (time.process_time() - began_work) * 1000 / REPEATS
        middle, least = statistics.median(times), min(times)
        print(f"{name:42} median {middle:6.1f} ms, fastest {least:6.1f}, Python {work:6.1f}", flush=True)


def main() -> None:
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else REQUESTS
    with running():
        from django.core.management import call_command

        from billing.price_book.services import price_book_load_shipped
        from tts_engine.demo.filling import fill

        call_command("migrate", verbosity=0)
        price_book_load_shipped()
        began = time.perf_counter()
        fill(requests=requests, teams=50, heard=0, seed=1)
        print(f"{requests:,} requests of 50 teams filled in {time.perf_counter() - began:.0f} s")
        measure()


if __name__ == "__main__":
    main()
