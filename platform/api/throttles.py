"""How often a tenant may call, by its plan, and a key, by its own cap: sliding windows in Valkey."""

import time
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from django.conf import settings
from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage, storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from billing.selectors import limits, requests_per_minute

WINDOW_SECONDS = 60


@dataclass(frozen=True, slots=True)
class RateWindow:
    """Where a tenant or key stands in its window: whether this request is within it, and what the headers tell."""

    granted: bool
    limit: int
    remaining: int
    reset_seconds: float

    def headers(self) -> dict[str, str]:
        """draft-ietf-httpapi-ratelimit-headers-11, and OpenAI's names for the same."""
        reset = max(round(self.reset_seconds), 0)
        return {
            "RateLimit-Policy": f'"requests";q={self.limit};w={WINDOW_SECONDS}',
            "RateLimit": f'"requests";r={self.remaining};t={reset}',
            "x-ratelimit-limit-requests": str(self.limit),
            "x-ratelimit-remaining-requests": str(self.remaining),
            "x-ratelimit-reset-requests": f"{reset}s",
        }


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
        windows = [_hit(limits(tenant_id).requests_per_minute, str(tenant_id))]
        cap = requests_per_minute(tenant_id, key_id) if key_id else None
        if cap is not None and windows[0].granted:
            windows.append(_hit(cap, f"key:{key_id}"))
        window = min(windows, key=lambda window: (window.granted, window.remaining))
        view.rate_window = window  # type: ignore[attr-defined]
        self._wait = window.reset_seconds
        return window.granted

    def wait(self) -> float:
        return self._wait


def _hit(allowed: int, name: str) -> RateWindow:
    item = RateLimitItemPerMinute(allowed)
    granted = _limiter().hit(item, name)
    window = _limiter().get_window_stats(item, name)
    return RateWindow(granted, allowed, window.remaining, max(window.reset_time - time.time(), 0.0))
