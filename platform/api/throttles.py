"""How often a tenant may call, by its plan, and a key, by its own cap: sliding windows in Valkey."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import Any, cast

from django.conf import settings
from django.utils import timezone
from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage, storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from billing.selectors import Usage, limits, requests_per_minute

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


@cache
def _limiter() -> SlidingWindowCounterRateLimiter:
    storage = storage_from_string(settings.REDIS_URL.replace("unix://", "redis+unix://", 1))
    return SlidingWindowCounterRateLimiter(cast(RedisStorage, storage))


class Rate(BaseThrottle):
    """Requests a minute of the whole tenant, all its keys together, and of one key where it has a cap.

    The answer's headers tell of the window that has less left.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        principal: Any = request.auth  # DRF's stubs know only its own tokens
        tenant_id, key_id = principal.caller.tenant_id, principal.caller.api_key_id
        granted, quota = _hit(limits(tenant_id).requests_per_minute, str(tenant_id))
        cap = requests_per_minute(tenant_id, key_id) if key_id else None
        if cap is not None and granted:
            granted, of_key = _hit(cap, f"key:{key_id}")
            quota = min(of_key, quota, key=lambda quota: quota.remaining)
        view.quotas = [quota]  # type: ignore[attr-defined]
        self._wait = quota.reset_seconds
        return granted

    def wait(self) -> float:
        return self._wait


def _hit(allowed: int, name: str) -> tuple[bool, Quota]:
    """Count one request in a window: whether it is within it, and where it leaves who made it."""
    item = RateLimitItemPerMinute(allowed)
    granted = _limiter().hit(item, name)
    window = _limiter().get_window_stats(item, name)
    reset = max(window.reset_time - time.time(), 0.0)
    return granted, Quota("requests", allowed, window.remaining, reset, WINDOW_SECONDS)
