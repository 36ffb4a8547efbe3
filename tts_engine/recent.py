"""How the last minutes went, over all teams: for the operators' dashboard."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import connection

LATELY = timedelta(minutes=10)
A_TEAM = 50  # requests that are looked at, so that a busy hour costs no more than a quiet one


@dataclass(frozen=True, slots=True)
class Recent:
    """Of the newest requests that a worker spoke, at most A_TEAM of each team; None where there were none."""

    requests: int
    rtf: float | None  # seconds a request was in work, for each second of its speech
    queue_ms: int | None  # median wait for a worker
    first_byte_ms: int | None  # median, from the start in the worker


# Through the index of each team's answered requests: the last of a million are found as fast as of ten.
RECENT = """
    SELECT count(*), sum(s.synthesis_ms)::float8 / NULLIF(sum(s.audio_ms), 0),
           percentile_disc(0.5) WITHIN GROUP (ORDER BY s.queue_ms),
           percentile_disc(0.5) WITHIN GROUP (ORDER BY s.first_byte_ms)
    FROM accounts_tenant t CROSS JOIN LATERAL (
        SELECT synthesis_ms, audio_ms, queue_ms, first_byte_ms, cache_hit FROM tts_engine_synthesis
        WHERE tenant_id = t.id AND status = 'done' AND created_at > now() - make_interval(secs => %s)
        ORDER BY created_at DESC LIMIT %s
    ) s
    WHERE NOT s.cache_hit
"""


def recent() -> Recent:
    with connection.cursor() as cursor:
        cursor.execute(RECENT, [LATELY.total_seconds(), A_TEAM])
        return Recent(*cursor.fetchone())
