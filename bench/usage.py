"""How long do usage, savings and statement take after a year of a hundred thousand, a million, ten million requests?

Fills the embedded PostgreSQL with synthetic requests of the last 365 days (20 tenants, of which the
first has half of all requests; 5 keys and 8 voices each), sums the days and hours from them as `manage.py usage
rebuild` does, and prints the median time of each question for the first tenant.

    python -m bench.usage                            # 100,000 and 1,000,000: a minute
    python -m bench.usage 100000 1000000 10000000    # ten minutes
"""

import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from bench.database import running

SIZES = (10**5, 10**6)
TENANTS, KEYS = 20, 5
VOICES = ("xiaoxiao", "xiaoyi", "xiaobei", "yunxi", "yunjian", "yunyang", "yunxia", "zhiyan")
REPEATS = 7

FILL = """
    INSERT INTO tts_engine_synthesis
        (id, tenant_id, api_key_id, created_at, finished_at, text, model, voice, voice_revision, emotion,
         emotion_intensity, speed, pitch, volume, sample_rate, audio_format, cache_key, status, priority, start_tag,
         attempt, error_code, error_message, characters, billed_characters, hanzi, other_characters, gbk_bytes,
         utf8_bytes, normalised_characters, audio_ms, queue_ms, first_byte_ms, synthesis_ms, cache_hit)
    SELECT gen_random_uuid(), (%(tenants)s::uuid[])[tenant], (%(keys)s::uuid[])[(tenant - 1) * %(keys_each)s + key],
           at, at, '', 'tts-1', (%(voices)s::text[])[voice], '1', 'neutral', 1, 1, 0, 0, 24000, 'mp3', '', 'done', 0,
           NULL, 0, '', '', hanzi + 3, CASE WHEN cached THEN 0 ELSE hanzi + 3 END, hanzi, 3, 2 * hanzi + 3,
           3 * hanzi + 3, hanzi + 5, 230 * hanzi, 5, 90, CASE WHEN cached THEN 0 ELSE 40 * hanzi END, cached
    FROM (
        SELECT CASE WHEN random() < 0.5 THEN 1 ELSE 2 + floor(random() * %(others)s)::int END AS tenant,
               1 + floor(random() * %(keys_each)s)::int AS key,
               1 + floor(random() * cardinality(%(voices)s::text[]))::int AS voice,
               5 + floor(random() * 300)::int AS hanzi,
               random() < 0.2 AS cached,
               now() - random() * interval '365 days' AS at
        FROM generate_series(1, %(requests)s)
    ) made
"""


def make_tenants() -> tuple[list[UUID], list[UUID]]:
    """Ids of the tenants, and of all their keys in the same order."""
    from accounts.services import api_key_create, tenant_create
    from billing.services import account_open

    tenants: list[UUID] = []
    keys: list[UUID] = []
    for number in range(TENANTS):
        tenant = tenant_create(name=f"bench-{number}")
        account_open(tenant=tenant)
        tenants.append(tenant.id)
        keys.extend(api_key_create(tenant=tenant)[0].id for _ in range(KEYS))
    return tenants, keys


def fill(requests: int, tenants: list[UUID], keys: list[UUID]) -> None:
    from django.db import connection

    values: dict[str, Any] = {
        "requests": requests,
        "tenants": tenants,
        "keys": keys,
        "keys_each": KEYS,
        "others": TENANTS - 1,
        "voices": list(VOICES),
    }
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # foreign keys are right by construction
        cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'tts_engine_synthesis'")
        indexes = [(name, definition) for name, definition in cursor.fetchall() if "UNIQUE" not in definition]
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute(FILL, values)
        cursor.execute("SET maintenance_work_mem = '1GB'")
        for _, definition in indexes:
            cursor.execute(definition)
        cursor.execute("VACUUM ANALYZE tts_engine_synthesis")


def rebuild_sums() -> None:
    from django.db import connection

    from tts_engine.usage import rebuild

    rebuild()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE billing_dailyusage, billing_hourlyusage")


def questions(tenant: UUID) -> dict[str, Callable[[], object]]:
    """What the doors and pages ask, by name."""
    from billing import selectors as billing
    from billing.usage import selectors
    from tts_engine.buckets import KEY, MODEL, Cut, Span, usage_buckets
    from tts_engine.report import By, report

    days, today = selectors.period(tenant)
    last_month = (days.start - timedelta(days=1)).replace(day=1)
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    shanghai = midnight - timedelta(hours=8)
    by_key = Cut(by=(KEY, MODEL))

    def usage() -> None:
        quota = billing.usage(tenant)
        selectors.period(tenant)
        selectors.shares(tenant, days, "api_key_id", "api_key__name", "api_key__last4")
        selectors.shares(tenant, days, "voice")
        selectors.forecast(tenant, quota, days, today)

    def buckets(end: datetime, count: int, width: timedelta) -> Callable[[], object]:
        return lambda: usage_buckets(tenant, Span(end - count * width, end, width), by_key)

    day, hour, minute = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)

    def reported(count: int) -> Callable[[], object]:
        return lambda: report(tenant, selectors.Days(today - (count - 1) * day, today + day), By.VOICE)

    return {
        "usage of this month": usage,
        "report of today, by hours": reported(1),
        "report of 30 days": reported(30),
        "report of 365 days": reported(365),
        "statement of a month": lambda: selectors.statement(tenant, last_month),
        "savings facts, 31 days": lambda: selectors.daily_facts(tenant, first=today - 30 * day, last=today),
        "savings facts, 365 days": lambda: selectors.daily_facts(tenant, first=today - 364 * day, last=today),
        "buckets, 31 of a day of the tenant's": buckets(shanghai, 31, day),
        "buckets, 31 of a day of UTC": buckets(midnight, 31, day),
        "buckets, 31 of a day from 17:31:07 on": buckets(
            midnight - timedelta(hours=6, minutes=28, seconds=53), 31, day
        ),
        "buckets, 168 of an hour": buckets(midnight, 168, hour),
        "buckets, 168 of an hour from :30 on": buckets(midnight + timedelta(minutes=30), 168, hour),
        "buckets, 1440 of a minute": buckets(midnight, 1440, minute),
    }


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(sizes: tuple[int, ...] = SIZES) -> None:
    from django.core.management import call_command

    from billing.usage.models import DailyUsage, HourlyUsage
    from tts_engine.usage import days_and_hours_are_the_sums_of_their_requests

    call_command("migrate", verbosity=0)
    tenants, keys = make_tenants()
    filled = 0
    for size in sizes:
        seconds = timed(lambda more=size - filled: fill(more, tenants, keys))  # type: ignore[misc]
        summed = timed(rebuild_sums)
        checked = timed(lambda: list(days_and_hours_are_the_sums_of_their_requests()))
        print(
            f"\n{size:,} requests: {(size - filled) / seconds:,.0f} rows a second in; "
            f"{DailyUsage.objects.count():,} rows of days and {HourlyUsage.objects.count():,} of hours, "
            f"summed in {summed:.1f} s, checked in {checked:.1f} s"
        )
        filled = size
        for name, ask in questions(tenants[0]).items():
            times = [timed(ask) * 1000 for _ in range(REPEATS)]
            print(f"  {name:40} median {statistics.median(times):7.1f} ms, slowest {max(times):7.1f} ms")


def main() -> None:
    sizes = tuple(int(word) for word in sys.argv[1:]) or SIZES
    with running(durable=False):  # questions only read: what is asked here needs no fsync
        measure(sizes)


if __name__ == "__main__":
    main()
