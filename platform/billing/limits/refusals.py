"""From what the reserving statement found to the error that tells a caller what to do."""

import math
from dataclasses import dataclass
from datetime import datetime

from billing.errors import (
    BillingError,
    ConcurrencyExceeded,
    KeyQuotaExceeded,
    QuotaExceeded,
    RateExceeded,
    TenantSuspended,
    TextTooLong,
)

# A place falls free when any request ends; most of them take about so long.
CONCURRENCY_RETRY_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """The columns of `statements.RESERVE`: the refusal, if any, and the numbers at that moment.

    Amounts are characters, `wait` seconds. None is no limit, and for the key's also no key.
    """

    refusal: str | None
    start_tag: int
    finish_tag: int
    priority: int
    longest_text: int
    quota: int | None
    used: int
    reserved: int
    key_quota: int | None
    key_used: int | None
    key_reserved: int | None
    concurrent_requests: int
    key_concurrent_requests: int | None
    resets_at: datetime
    wait: float | None


def refused(verdict: Verdict, *, asked: int) -> BillingError:
    """The error of a verdict that refuses; `asked` is in characters."""
    match verdict.refusal:
        case "suspended":
            return TenantSuspended("Your team is suspended; its operator knows why.")
        case "text":
            return TextTooLong(
                f"The text has {asked} characters; {verdict.longest_text} are allowed at once. Send it in parts."
            )
        case "quota":
            return QuotaExceeded(
                asked=asked,
                limit=verdict.quota or 0,
                used=verdict.used,
                reserved=verdict.reserved,
                resets_at=verdict.resets_at,
            )
        case "key_quota":
            return KeyQuotaExceeded(
                asked=asked,
                limit=verdict.key_quota or 0,
                used=verdict.key_used or 0,
                reserved=verdict.key_reserved or 0,
                resets_at=verdict.resets_at,
            )
        case "rate":
            seconds = math.ceil(verdict.wait or 0)
            return RateExceeded(
                f"Too many characters within a minute; try again in {seconds} seconds.", retry_after=seconds
            )
        case "concurrency":
            return _too_many(verdict.concurrent_requests, "your team")
        case "key_concurrency":
            return _too_many(verdict.key_concurrent_requests or 0, "this key")
    raise ValueError(f"{verdict.refusal!r} is no refusal")


def _too_many(limit: int, whose: str) -> ConcurrencyExceeded:
    return ConcurrencyExceeded(
        f"{limit} requests of {whose} wait or are spoken already, as many as the plan allows at once; try again soon.",
        retry_after=CONCURRENCY_RETRY_SECONDS,
    )
