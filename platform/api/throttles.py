"""How often a tenant may call, by its plan: a sliding window in Valkey."""

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

from billing.selectors import limits

WINDOW_SECONDS = 60


@dataclass(frozen=True, slots=True)
class RateWindow:
    """Where a tenant stands in its window, for the answer's headers."""

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


class TenantRate(BaseThrottle):
    """Requests a minute of the whole tenant, all its keys together."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        principal: Any = request.auth  # DRF's stubs know only its own tokens
        tenant_id = principal.caller.tenant_id
        allowed = limits(tenant_id).requests_per_minute
        item = RateLimitItemPerMinute(allowed)
        granted = _limiter().hit(item, str(tenant_id))
        window = _limiter().get_window_stats(item, str(tenant_id))
        self._wait = max(window.reset_time - time.time(), 0.0)
        view.rate_window = RateWindow(allowed, window.remaining, self._wait)  # type: ignore[attr-defined]
        return granted

    def wait(self) -> float:
        return self._wait
