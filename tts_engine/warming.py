"""Texts that will be asked for, spoken beforehand: through the queue, after all that somebody waits for."""

import csv
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from billing.errors import RateExceeded, TextTooLong
from tts_engine.errors import WarmListInvalid
from tts_engine.models import Status, Synthesis
from tts_engine.services import Caller, Order, synthesis_request
from tts_engine.speech.errors import SpeechError

AT_ONCE = 32  # requests in the queue: enough to fill batches, too few to reach a plan's limit
LOOK_AGAIN = 0.1  # seconds
MODEL = "warm"  # how the history tells them from what was asked for


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line of a list; None is what the command's options say."""

    number: int  # of the line, from 1
    text: str
    voice: str | None = None
    emotion: str | None = None
    speed: float | None = None


@dataclass(frozen=True, slots=True)
class Warmed:
    """What came of a line with one voice: an ended row, or why there is none."""

    order: Order
    row: Synthesis | None
    error: str = ""


def read_list(file: Path) -> list[Wanted]:
    """A text a line; of a `.csv`, its column `text`, and `voice`, `emotion` and `speed` where it has them.

    Raises WarmListInvalid, OSError.
    """
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WarmListInvalid(f"{file} is not UTF-8: {error}.") from error
    if file.suffix.lower() == ".csv":
        return list(_rows(text))
    return [Wanted(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]


def _rows(text: str) -> Iterator[Wanted]:
    rows = csv.DictReader(text.splitlines(keepends=True))
    known = ("text", "voice", "emotion", "speed")
    names = list(rows.fieldnames or ())
    if "text" not in names or not set(names) <= set(known):
        raise WarmListInvalid(
            f"The columns are {', '.join(names)}: 'text' is needed, of others only {known[1:]} known."
        )
    for row in rows:
        if not (row["text"] or "").strip():
            continue
        speed = row.get("speed") or None
        try:
            yield Wanted(
                rows.line_num,
                row["text"].strip(),
                row.get("voice") or None,
                row.get("emotion") or None,
                speed and float(speed),
            )
        except ValueError as error:
            raise WarmListInvalid(f"Line {rows.line_num}: the speed {speed!r} is no number.") from error


def warm(*, tenant_id: UUID, orders: Iterable[Order]) -> Iterator[Warmed]:
    """Request each, not too many at once, and tell of each as it ends.

    Raises what `synthesis_request` refuses all of them for: a quota that is used up, a suspended tenant.
    """
    caller = Caller(tenant_id=tenant_id)
    waiting: dict[UUID, Order] = {}
    for order in orders:
        while len(waiting) >= AT_ONCE:
            yield from _ended(waiting)
        try:
            waiting[_requested(caller, order).id] = order
        except (SpeechError, TextTooLong) as error:
            yield Warmed(order, None, str(error))
    while waiting:
        yield from _ended(waiting)


def _requested(caller: Caller, order: Order) -> Synthesis:
    while True:
        try:
            return synthesis_request(caller=caller, order=order)
        except RateExceeded as error:
            time.sleep(error.retry_after)


def _ended(waiting: dict[UUID, Order]) -> list[Warmed]:
    """Those that have ended, taken out of those that wait; after a while, if there are none."""
    rows = Synthesis.objects.filter(id__in=waiting).exclude(status__in=(Status.QUEUED, Status.RUNNING))
    ended = [Warmed(waiting.pop(row.id), row, row.error_message) for row in rows]
    if not ended:
        time.sleep(LOOK_AGAIN)
    return ended
