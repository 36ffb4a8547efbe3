"""What does the expected wait cost at the door, with so many requests in the queue?

Rows of 500 teams on the embedded PostgreSQL; the sum over all that goes before a request which comes
last. The queue is bounded by QUEUE_LONGEST: 60 seconds of two cores are some 300 rows, of 256 cores 40,000.

    python -m bench.waits
"""

import statistics
import time

from bench.database import running

TENANTS = 500
QUEUED = (0, 300, 3_000, 40_000)
REPEATS = 200

ROWS = """
    INSERT INTO tts_engine_synthesis (
        id, tenant_id, text, model, voice, voice_revision, emotion, emotion_intensity, speed, pitch, volume,
        sample_rate, audio_format, cache_key, status, priority, start_tag, finish_tag, attempt, error_code,
        error_message, characters, hanzi, other_characters, gbk_bytes, utf8_bytes, normalised_characters, cache_hit
    )
    SELECT gen_random_uuid(), (array(SELECT id FROM accounts_tenant))[1 + n %% %s], '', '', '', '', '', 1, 1, 0, 0,
           16000, 'mp3', '', 'queued', 0, n::bigint * 20000000, (n::bigint + 1) * 20000000, 0, '',
           '', 20, 20, 0, 40, 60, 20, false
    FROM generate_series(1, %s) n
"""


def measure() -> None:
    from django.core.management import call_command
    from django.db import connection

    from accounts.services import tenant_create
    from tts_engine.models import Synthesis
    from tts_engine.waits import wait_of

    call_command("migrate", verbosity=0)
    for number in range(TENANTS):
        tenant_create(name=f"bench-{number}")
    for queued in QUEUED:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM tts_engine_synthesis")
            cursor.execute(ROWS, [TENANTS, queued])
            cursor.execute("VACUUM ANALYZE tts_engine_synthesis")
        assert Synthesis.objects.count() == queued
        times = []
        for _ in range(REPEATS):
            began = time.perf_counter()
            wait = wait_of((0, 2**62), clock=0)
            times.append(time.perf_counter() - began)
            assert wait.position == queued
        print(f"{queued:>6} in the queue: {statistics.median(times) * 1000:.2f} ms (best {min(times) * 1000:.2f})")


def main() -> None:
    with running():
        measure()


if __name__ == "__main__":
    main()
