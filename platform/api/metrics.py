"""`GET /metrics`: what Prometheus asks for.

Read from database and Valkey when it is asked, nothing is counted in this process: whichever of several
web processes is asked tells the same, and a restart loses nothing.
"""

import secrets
from collections.abc import Iterator
from datetime import date

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from billing.usage import selectors as usage
from tts_engine import presence, selectors

LOCAL = {"127.0.0.1", "::1"}


def metrics(request: HttpRequest) -> HttpResponse:
    """Whole teams' figures: for who knows METRICS_TOKEN, or where that is unset for this machine alone."""
    if not _may_ask(request):
        message = "Send METRICS_TOKEN as a bearer token; where none is set, ask from this machine.\n"
        return HttpResponse(message, status=401, content_type="text/plain", headers={"WWW-Authenticate": "Bearer"})
    registry = CollectorRegistry(auto_describe=False)
    registry.register(PlatformCollector())
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return HttpResponse(encode(registry), content_type=content_type)


def _may_ask(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        told = request.headers.get("authorization", "").removeprefix("Bearer ")
        return secrets.compare_digest(told.encode(), settings.METRICS_TOKEN.encode())
    # What a proxy on this machine passes on comes from this machine, but names another.
    return request.META.get("REMOTE_ADDR") in LOCAL and "x-forwarded-for" not in request.headers


class PlatformCollector(Collector):
    """Counters begin anew with each month (UTC), as Prometheus expects of one that restarts."""

    def collect(self) -> Iterator[Metric]:
        yield from self._by_tenant()
        yield from self._by_voice()
        yield from self._queue()
        yield from self._workers()

    def _by_tenant(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "voxhouse_requests",
            "Requests that ended; the cache answered hits.",
            labels=["tenant", "result"],
        )
        characters = CounterMetricFamily("voxhouse_billed_characters", "Characters billed.", labels=["tenant"])
        for share in usage.shares_of_all(_this_month(), "tenant__name"):
            (tenant,), facts = share.values, share.facts
            requests.add_metric([tenant, "hit"], facts.cached)
            requests.add_metric([tenant, "miss"], facts.requests - facts.cached)
            requests.add_metric([tenant, "failed"], facts.failed)
            characters.add_metric([tenant], facts.billed_characters)
        yield from (requests, characters)

    def _by_voice(self) -> Iterator[Metric]:
        audio = CounterMetricFamily("voxhouse_audio_seconds", "Seconds of speech answered.", labels=["voice"])
        busy = CounterMetricFamily("voxhouse_busy_seconds", "Seconds of workers, from claim to end.", labels=["voice"])
        for share in usage.shares_of_all(_this_month(), "voice"):
            audio.add_metric(list(share.values), share.facts.audio_ms / 1000)
            busy.add_metric(list(share.values), share.facts.busy_ms / 1000)
        yield from (audio, busy)

    def _queue(self) -> Iterator[Metric]:
        rows = GaugeMetricFamily("voxhouse_queue_requests", "Requests that wait or run.", labels=["class", "status"])
        oldest = GaugeMetricFamily(
            "voxhouse_queue_oldest_seconds", "Age of the request that waits longest.", labels=["class"]
        )
        for line in selectors.queue_lines():
            rows.add_metric([line.name, line.status], line.requests)
            if line.status == "queued":
                oldest.add_metric([line.name], line.oldest_seconds)
        yield from (rows, oldest)

    def _workers(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("voxhouse_workers", "Workers that can speak.", value=len(presence.workers()))
        yield GaugeMetricFamily(
            "voxhouse_pace_characters_per_second", "Characters a second that all workers speak.", value=presence.pace()
        )


def _this_month() -> date:
    return timezone.now().date().replace(day=1)
