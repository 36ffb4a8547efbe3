"""`GET /metrics`: what Prometheus asks for.

Read from database and Valkey when it is asked, where all processes put what they count: whichever of several
web processes is asked tells the same, and a restart loses nothing.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from heapq import nlargest
from shutil import disk_usage

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from billing import reconciliation
from billing.usage import selectors as usage
from billing.usage.facts import UsageFacts, total
from tts_engine import presence, selectors, tally
from tts_engine.services import catalog
from tts_engine.speech.catalog import kind

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
    """Counters begin anew with each month (UTC), as Prometheus expects of one that restarts.

    The values of a label are bounded: teams by METRICS_TENANTS, voices by the catalog, all others by our code.
    """

    def collect(self) -> Iterator[Metric]:
        yield from self._by_tenant()
        yield from self._by_voice()
        yield from self._queue()
        yield from self._workers()
        yield from self._counted()
        yield from self._disks()
        yield from self._accounts()

    def _by_tenant(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "voxhouse_requests",
            "Requests of the busiest teams that ended; the cache answered hits.",
            labels=["tenant", "result"],
        )
        characters = CounterMetricFamily(
            "voxhouse_billed_characters", "Characters billed to the busiest teams.", labels=["tenant"]
        )
        shares = usage.shares_of_all(_this_month(), "tenant__name")
        for share in nlargest(settings.METRICS_TENANTS, shares, key=lambda share: share.facts.requests):
            (tenant,), facts = share.values, share.facts
            _add_results(requests, tenant, facts)
            characters.add_metric([tenant], facts.billed_characters)
        yield from (requests, characters)

    def _by_voice(self) -> Iterator[Metric]:
        """Of all teams together."""
        speeches = CounterMetricFamily(
            "voxhouse_speeches", "Requests that ended; the cache answered hits.", labels=["voice", "result"]
        )
        audio = CounterMetricFamily("voxhouse_audio_seconds", "Seconds of speech answered.", labels=["voice"])
        busy = CounterMetricFamily("voxhouse_busy_seconds", "Seconds of workers, from claim to end.", labels=["voice"])
        by_kind, known = defaultdict(list), catalog().names()
        for share in usage.shares_of_all(_this_month(), "voice"):
            by_kind[kind(share.values[0], known)].append(share.facts)
        for voice, parts in sorted(by_kind.items()):
            facts = total(parts)
            _add_results(speeches, voice, facts)
            audio.add_metric([voice], facts.audio_ms / 1000)
            busy.add_metric([voice], facts.busy_ms / 1000)
        yield from (speeches, audio, busy)

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

    def _counted(self) -> Iterator[Metric]:
        """What the processes count themselves."""
        sums = tally.Sums.read()
        for counter in tally.COUNTERS:
            family = CounterMetricFamily(counter.name, counter.help, labels=counter.labels)
            for labels, value in sums.of(counter):
                family.add_metric(labels, value)
            yield family
        for histogram in tally.HISTOGRAMS:
            buckets = HistogramMetricFamily(histogram.name, histogram.help, labels=histogram.labels)
            for labels, value in sums.of(histogram):
                buckets.add_metric(labels, sums.buckets(histogram, labels), value)
            yield buckets

    def _disks(self) -> Iterator[Metric]:
        size = GaugeMetricFamily("voxhouse_disk_size_bytes", "Of the file system of a folder.", labels=["folder"])
        free = GaugeMetricFamily("voxhouse_disk_free_bytes", "What is left of it for us.", labels=["folder"])
        for name, folder in (("home", settings.VOXHOUSE_HOME), ("audio", settings.AUDIO_ROOT)):
            if folder.exists():  # the audio's is made with the first speech
                usage_of_disk = disk_usage(folder)
                size.add_metric([name], usage_of_disk.total)
                free.add_metric([name], usage_of_disk.free)
        yield from (size, free)

    def _accounts(self) -> Iterator[Metric]:
        drift = GaugeMetricFamily("voxhouse_ledger_drift", "Differences that the last reconcile found.")
        when = GaugeMetricFamily("voxhouse_reconciled_timestamp_seconds", "When that was, in Unix time.")
        if last := reconciliation.last():
            drift.add_metric([], last.differences)
            when.add_metric([], last.at.timestamp())
        yield from (drift, when)


def _add_results(family: CounterMetricFamily, of: str, facts: UsageFacts) -> None:
    family.add_metric([of, "hit"], facts.cached)
    family.add_metric([of, "miss"], facts.requests - facts.cached)
    family.add_metric([of, "failed"], facts.failed)


def _this_month() -> date:
    return timezone.now().date().replace(day=1)
