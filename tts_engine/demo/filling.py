"""Fills a database with the story: rows first, by one statement, then all that is derived from them.

Everything is drawn by the seed; what is summed and billed is made from the rows as they lie there, so
that `reconcile` finds no drift.
"""

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.errors import TenantExists
from accounts.models import ApiKey, Member, Role, Tenant, User
from accounts.services import api_key_create, member_add, tenant_create, user_create
from billing.limits.services import plan_create
from billing.models import Counter, Plan
from billing.services import account_open, plan_set
from tts_engine.demo import ledger, story
from tts_engine.demo.speaking import speak_newest
from tts_engine.demo.story import KINDS, PREFIX, Team
from tts_engine.scripts import Written
from tts_engine.services import counted_of, voice_named
from tts_engine.usage import rebuild

OPERATOR = f"{PREFIX}operator"
ROLES = (Role.ADMIN, Role.MEMBER, Role.MEMBER, Role.VIEWER)  # of a team's people, beside an owner
DAYS = 365
TEXTS = 60  # of each kind of team
# Characters a month; a team is on the first that leaves a tenth of its greatest month.
PLANS = {f"{PREFIX}small": 10**5, f"{PREFIX}medium": 10**6, f"{PREFIX}large": 10**7, f"{PREFIX}vast": 10**9}


@dataclass(frozen=True, slots=True)
class Filled:
    teams: int
    requests: int
    heard: int  # requests of the first team that have audio
    user: str
    password: str


def fill(*, requests: int, teams: int, heard: int, seed: int) -> Filled:
    """Add `teams` teams with so many requests of the last 365 days in all, and an operator, in the first team.

    The newest requests of the first team, `heard` of them, are spoken; the audio of all others is gone.
    Raises TenantExists where an earlier fill has not been cleared.
    """
    if Tenant.objects.filter(name__startswith=PREFIX).exists():
        raise TenantExists("The teams of an earlier fill are here; `manage.py demo clear` removes them.")
    dice = random.Random(seed)  # noqa: S311 - a story, no secret
    now, password = timezone.now(), secrets.token_urlsafe(12)
    with transaction.atomic():
        tenants = _make_teams(teams, now, dice)
        _make_texts(dice)
        with connection.cursor() as cursor:
            cursor.execute("SELECT setseed(%s)", [dice.uniform(-1, 1)])
            values: dict[str, Any] = {
                "requests": requests,
                "sizes": story.sizes(teams),
                "texts": TEXTS,
                "now": now,
                "seed": str(seed),
            }
            cursor.execute(ROWS, values | {"revision": voice_named("xiaoxiao")[0].revision})
            cursor.execute("DROP TABLE demo_team, demo_text")
            heard = speak_newest(tenants[0].id, heard)
            ledger.write([tenant.id for tenant in tenants])
            for tenant in tenants:
                rebuild(tenant.id)
            _choose_plans(tenants)
            cursor.execute("ANALYZE")  # else the next question is planned as if nothing were there
        operator = user_create(username=OPERATOR, password=password, operator=True)
        member_add(tenant=tenants[0], user=operator, role=Role.OWNER)
    return Filled(teams, requests, heard, OPERATOR, password)


# What the rows are drawn from. Loads are cumulative, and choices are lists (see `story`).
TEAM = """
    CREATE TEMPORARY TABLE demo_team (
        number int, tenant_id uuid, time_zone text, first_day date, days float8[], hours float8[], keys uuid[],
        members bigint[], kind text, voices text[], emotions text[], formats text[], cached float8, by_members float8
    )
"""
TEXT = """
    CREATE TEMPORARY TABLE demo_text (
        kind text, number int, text text, characters int, hanzi int, other_characters int, gbk_bytes int,
        utf8_bytes int, normalised_characters int
    )
"""


def _make_teams(count: int, now: datetime, dice: random.Random) -> list[Tenant]:
    """Tenants with account, people and keys, and the table that says what their requests are drawn from."""
    zone = ZoneInfo(Tenant().time_zone)
    last = timezone.localdate(now, zone)
    first = last - timedelta(days=DAYS - 1)
    tenants, rows = [], []
    for number, team in enumerate(story.teams(count, first, last, dice)):
        tenant = tenant_create(name=team.name)
        account_open(tenant=tenant)
        tenants.append(tenant)
        rows.append(_team_row(number, team, tenant, first))
    began = datetime.combine(first, time.min, zone)
    Tenant.objects.filter(id__in=[tenant.id for tenant in tenants]).update(created_at=began)
    ApiKey.objects.filter(tenant__in=tenants).update(created_at=began, last_used_at=now)
    _store("demo_team", TEAM, rows)
    return tenants


def _team_row(number: int, team: Team, tenant: Tenant, first: date) -> tuple[Any, ...]:
    kind = team.kind
    keys = [api_key_create(tenant=tenant, name=name)[0].id for name in kind.keys]
    users = User.objects.bulk_create(
        User(username=f"{team.name}-{place}", password="!", email=f"{place}@{team.name}.example")  # noqa: S106 - no door
        for place in range(1, len(ROLES) + 1)
    )
    members = Member.objects.bulk_create(
        Member(tenant=tenant, user=user, role=role) for user, role in zip(users, ROLES, strict=True)
    )
    return (
        number, tenant.id, tenant.time_zone, first, team.days, team.hours, keys, [member.pk for member in members],
        kind.name, list(kind.voices), list(kind.emotions), list(kind.formats), kind.cached, kind.by_members,
    )  # fmt: skip


def _make_texts(dice: random.Random) -> None:
    """Each kind's texts with their counts, which are those of every text that is made of one."""
    rows = [
        (kind.name, number, "".join(sentences), *map(sum, zip(*map(_counts, sentences), strict=True)))
        for kind in KINDS
        for number, sentences in enumerate(story.texts(kind, TEXTS, dice))
    ]
    _store("demo_text", TEXT, rows)


@cache
def _counts(sentence: str) -> tuple[int, ...]:
    """In the order of the table's columns; those of a text are the sums of its sentences'."""
    counted = counted_of(Written(sentence.replace("#", story.DIGITS)))
    facts = counted.facts
    return (
        counted.characters, facts.hanzi, facts.other_characters, facts.gbk_bytes, facts.utf8_bytes,
        facts.normalised_characters,
    )  # fmt: skip


def _store(table: str, definition: str, rows: Sequence[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(definition)
        places = ", ".join(["%s"] * len(rows[0]))
        cursor.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608 - a table of this module


# All that is drawn of a row is drawn in one place and in the order of its number, so that a seed makes
# the same year however the joins are done. They are stored in the order they were made in, as they would be.
# A moment of today that has not come yet is yesterday's.
ROWS = """
    WITH drawn AS MATERIALIZED (
        SELECT n, random() AS team, random() AS day, random() AS hour, random() AS second, random() AS door,
               random() AS key, random() AS template, random() AS digits, random() AS voice, random() AS emotion,
               random() AS format, random() AS speed, random() AS ending, random() AS pace, random() AS wait,
               random() AS load, random() AS model
        FROM generate_series(1, %(requests)s) n
    ), chosen AS (
        SELECT d.*, t.tenant_id, t.keys, t.members, t.voices, t.emotions, t.formats,
               d.door < t.by_members AS by_member, d.ending < 0.97 * t.cached AS repeats,
               CASE WHEN d.ending < 0.97 THEN 'done' WHEN d.ending < 0.985 THEN 'failed' ELSE 'cancelled' END AS status,
               (t.first_day + width_bucket(d.day, t.days) + make_interval(
                   hours => width_bucket(d.hour, t.hours), secs => 3600 * d.second
               )) AT TIME ZONE t.time_zone AS moment,
               x.text, x.characters, x.hanzi, x.other_characters, x.gbk_bytes, x.utf8_bytes, x.normalised_characters,
               (ARRAY[1, 1, 1, 1, 1, 1, 0.9, 1.1, 1.25])[1 + floor(9 * d.speed)::int] AS speed_asked
        FROM drawn d
        JOIN demo_team t ON t.number = width_bucket(d.team, %(sizes)s::float8[])
        JOIN demo_text x ON x.kind = t.kind AND x.number = floor(%(texts)s * power(d.template, 1.6))::int
    ), timed AS (
        SELECT *, CASE WHEN moment > %(now)s - interval '1 hour' THEN moment - interval '1 day' ELSE moment END
                   AS created_at,
               CASE WHEN status = 'done'
                   THEN round(215 * normalised_characters * (0.92 + 0.16 * pace) / speed_asked)::int
               END AS audio_ms,
               CASE WHEN repeats THEN 0 ELSE round(-90 * ln(1 - wait))::int END AS queue_ms
        FROM chosen
    ), spoken AS (
        SELECT *, CASE WHEN repeats THEN 0 ELSE round(audio_ms * (0.28 + 0.2 * load))::int END AS synthesis_ms,
               CASE WHEN repeats THEN 0 ELSE round(140 + 160 * load)::int END AS first_byte_ms
        FROM timed
    )
    INSERT INTO tts_engine_synthesis (
        id, tenant_id, api_key_id, member_id, created_at, finished_at, text, model, voice, voice_revision, emotion,
        emotion_intensity, speed, pitch, volume, sample_rate, audio_format, label, cache_key, status, priority, attempt,
        error_code, error_message, characters, billed_characters, hanzi, other_characters, gbk_bytes, utf8_bytes,
        normalised_characters, audio_ms, queue_ms, first_byte_ms, synthesis_ms, cache_hit
    )
    SELECT md5(%(seed)s || ' ' || n)::uuid, tenant_id,
           CASE WHEN NOT by_member THEN keys[1 + floor(cardinality(keys) * power(key, 1.8))::int] END,
           CASE WHEN by_member THEN members[1 + floor(cardinality(members) * key)::int] END,
           created_at, created_at + interval '1 millisecond' * (queue_ms + COALESCE(synthesis_ms, 0)),
           replace(text, '#', (1000 + floor(9000 * digits)::int)::text),
           (ARRAY['tts-1', 'tts-1', 'tts-1-hd', 'kokoro'])[1 + floor(4 * model)::int],
           voices[1 + floor(cardinality(voices) * voice)::int], %(revision)s,
           emotions[1 + floor(cardinality(emotions) * emotion)::int], 1, speed_asked, 0, 0, 24000,
           formats[1 + floor(cardinality(formats) * format)::int], 'implicit', '', status, 0,
           CASE WHEN repeats OR status = 'cancelled' THEN 0 ELSE 1 END,
           CASE status WHEN 'failed' THEN 'synthesis_failed' ELSE '' END,
           CASE status WHEN 'failed' THEN 'The voice failed on this text; nothing was billed.' ELSE '' END,
           characters, CASE WHEN status = 'done' AND NOT repeats THEN characters ELSE 0 END,
           hanzi, other_characters, gbk_bytes, utf8_bytes, normalised_characters, audio_ms,
           CASE WHEN status = 'done' THEN queue_ms END, first_byte_ms, synthesis_ms, repeats
    FROM spoken
    ORDER BY created_at, n
"""


def _choose_plans(tenants: Sequence[Tenant]) -> None:
    """Each team's plan: the smallest that leaves a tenth of it free in the team's greatest month."""
    for name, size in PLANS.items():
        if not Plan.objects.filter(name=name).exists():
            plan_create(name=name, limits={"characters_per_period": size})
    greatest = Counter.objects.filter(tenant__in=tenants).values_list("tenant_id").annotate(Max("used"))
    used = dict(greatest)
    for tenant in tenants:
        fitting = (name for name, size in PLANS.items() if used.get(tenant.id, 0) <= 0.9 * size)
        plan_set(tenant=tenant, plan_name=next(fitting))
