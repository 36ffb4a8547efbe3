"""How long a request waits for its turn: what is spoken before it, over the pace of the workers.

Both are counted in characters of normalised text.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from tts_engine import presence, queue
from tts_engine.errors import Overloaded
from tts_engine.fair import Rank
from tts_engine.models import NOBODY_WAITS, Status, Synthesis

# What of other rows is spoken before a rank: all of what is of a higher class, and of a text that has
# begun or will have by then its part. What lies before the clock has been spoken, of texts of the same
# queue: the tags of another say nothing of it.
AHEAD = """
    SELECT count(*) FILTER (WHERE status = 'queued'),
           COALESCE(sum(normalised_characters * GREATEST(0, LEAST(finish_tag, upto) - GREATEST(start_tag, since))::float
                        / GREATEST(1, finish_tag - start_tag)), 0)
    FROM (
        SELECT status, start_tag, finish_tag, normalised_characters,
               CASE WHEN priority < %(priority)s THEN finish_tag ELSE %(tag)s END AS upto,
               CASE WHEN status = 'running' AND (priority < %(jobs)s) = (%(priority)s < %(jobs)s) THEN %(clock)s
                    ELSE start_tag END AS since
        FROM tts_engine_synthesis
        WHERE status IN ('queued', 'running') AND (priority, start_tag) < (%(priority)s, %(tag)s)
    ) rows
"""


@dataclass(frozen=True, slots=True)
class Wait:
    """What a row that is queued, or about to be, has before it."""

    position: int  # rows that wait and go first
    characters: float  # that are spoken first
    seconds: float | None  # until its turn; None while no worker has told its pace
    start: datetime | None  # when that will be


def wait_of(rank: Rank, *, clock: int | None = None) -> Wait:
    """`clock` is the queue's, if the caller has just looked at it."""
    priority, tag = rank
    if clock is None:
        clock = queue.virtual_time(interactive=priority < NOBODY_WAITS)
    values = {"priority": priority, "tag": tag, "clock": clock, "jobs": NOBODY_WAITS}
    with connection.cursor() as cursor:
        cursor.execute(AHEAD, values)
        position, characters = cursor.fetchone()
    pace = presence.pace()
    if not pace:
        return Wait(position, characters, None, None)
    seconds = characters / pace
    return Wait(position, characters, seconds, timezone.now() + timedelta(seconds=seconds))


def wait_of_row(synthesis: Synthesis) -> Wait | None:
    """None once its turn has come."""
    if synthesis.status != Status.QUEUED:
        return None
    return wait_of(_rank(synthesis))


def refuse_hopeless(synthesis: Synthesis, clock: int) -> None:
    """Raise Overloaded if its turn comes later than `QUEUE_LONGEST`, or than its caller's deadline.

    Work of a lower class may wait any time. So may everything while no worker has told its pace:
    the first ones of a platform that starts are let in.
    """
    bounds = [] if synthesis.priority > 0 else [settings.QUEUE_LONGEST.total_seconds()]
    if synthesis.deadline:
        bounds.append((synthesis.deadline - timezone.now()).total_seconds())
    if not bounds:
        return
    wait = wait_of(_rank(synthesis), clock=clock)
    if wait.seconds is None or not wait.characters or wait.seconds <= min(bounds):
        return
    too_long = wait.seconds - min(bounds)
    raise Overloaded(
        f"This request would wait {math.ceil(wait.seconds)} seconds for its turn; nothing was queued. Try again later.",
        retry_after=max(1, math.ceil(too_long)),
    )


def _rank(synthesis: Synthesis) -> Rank:
    return synthesis.priority, synthesis.start_tag or 0
