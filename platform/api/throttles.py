"""How often a tenant may call, by its plan, and a key, by its own cap: sliding windows in Valkey."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import Any

from django.utils import timezone
from redis.commands.core import Script
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from billing.selectors import Usage
from tts_engine import relay

WINDOW_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Quota:
    """Where a tenant stands in one of its limits, for the answer's headers."""

    unit: str  # requests, characters
    limit: int
    remaining: int
    reset_seconds: float
    window_seconds: int | None = None  # None where the length changes, as a month's does


def rate_headers(quotas: Sequence[Quota]) -> dict[str, str]:
    """draft-ietf-httpapi-ratelimit-headers-11, and OpenAI's names for the same."""
    policies, states, named = [], [], {}
    for quota in quotas:
        reset = max(ceil(quota.reset_seconds), 0)
        window = "" if quota.window_seconds is None else f";w={quota.window_seconds}"
        policies.append(f'"{quota.unit}";q={quota.limit}{window}')
        states.append(f'"{quota.unit}";r={quota.remaining};t={reset}')
        named[f"x-ratelimit-limit-{quota.unit}"] = str(quota.limit)
        named[f"x-ratelimit-remaining-{quota.unit}"] = str(quota.remaining)
        named[f"x-ratelimit-reset-{quota.unit}"] = f"{reset}s"
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(states), **named} if quotas else {}


def characters_quota(usage: Usage) -> Quota | None:
    """The period's characters; None on a plan without a limit."""
    if usage.limit is None or usage.remaining is None:
        return None
    left = usage.resets_at - timezone.now()
    return Quota("characters", usage.limit, usage.remaining, left.total_seconds())


# The count of the last minute, from those of whole minutes: this one's, and of the one before the
# share that the sliding window still covers. One call for all limits, and for requests that come together: those
# that are within all limits are counted, the others in none.
# ARGV: seconds of a window, requests, then each key's limit.
# Answers: how many are granted, seconds left of this window, counts before them.
HIT = """
    local seconds, granted = tonumber(ARGV[1]), tonumber(ARGV[2])
    local time = redis.call('TIME')
    local windows = (time[1] + time[2] / 1e6) / seconds
    local this = math.floor(windows)
    local left = this + 1 - windows
    local found, counts = {}, {}
    for i, key in ipairs(KEYS) do
        local window, before, now = unpack(redis.call('HMGET', key, 'window', 'before', 'now'))
        window, before, now = tonumber(window) or 0, tonumber(before) or 0, tonumber(now) or 0
        if window ~= this then before, now = window == this - 1 and now or 0, 0 end
        counts[i] = math.floor(before * left) + now
        granted = math.max(0, math.min(granted, tonumber(ARGV[i + 2]) - counts[i]))
        found[i] = {before, now}
    end
    for i, key in ipairs(KEYS) do
        if granted == 0 then break end
        redis.call('HSET', key, 'window', this, 'before', found[i][1], 'now', found[i][2] + granted)
        redis.call('EXPIRE', key, 2 * seconds)
    end
    return {granted, math.ceil(left * seconds), unpack(counts)}
"""


@cache
def _hit() -> Script:
    return relay.writer().register_script(HIT)


class Hits:
    """The count of requests of one key that come together, one after the other; asked of Valkey once."""

    def __init__(self, requests: int = 1) -> None:
        self._requests = requests
        self._hits: Iterator[tuple[bool, int, list[int]]] | None = None

    def next(self, limits: Mapping[str, int]) -> tuple[bool, int, list[int]]:
        """Whether the next one is granted, seconds left of the window, and the count of each limit with it."""
        if self._hits is None:
            self._hits = iter(self._counted(limits))
        return next(self._hits)

    def _counted(self, limits: Mapping[str, int]) -> list[tuple[bool, int, list[int]]]:
        given = [WINDOW_SECONDS, self._requests, *limits.values()]
        granted, left, *before = _hit()(keys=list(limits), args=given)
        numbers = range(1, self._requests + 1)
        return [(number <= granted, left, [count + min(number, granted) for count in before]) for number in numbers]


class Rate(BaseThrottle):
    """Requests a minute of the whole tenant, all its keys together, and of one key where it has a cap.

    The answer's headers tell of the window that has less left.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        principal: Any = request.auth  # DRF's stubs know only its own tokens
        caller, standing = principal.caller, principal.terms.standing
        limits = {f"rate:{caller.tenant_id}": standing.requests_per_minute}
        if standing.key_requests_per_minute is not None:
            limits[f"rate:key:{caller.api_key_id}"] = standing.key_requests_per_minute
        hits: Hits = view.group.hits  # type: ignore[attr-defined]  # of a Door
        granted, self._wait, counts = hits.next(limits)
        left = [(limit - count, limit) for limit, count in zip(limits.values(), counts, strict=True)]
        remaining, limit = min(left)
        view.quotas = [Quota("requests", limit, max(0, remaining), self._wait, WINDOW_SECONDS)]  # type: ignore[attr-defined]
        return granted

    def wait(self) -> float:
        """Seconds until the next window, which begins with room."""
        wait: float = self._wait
        return wait
