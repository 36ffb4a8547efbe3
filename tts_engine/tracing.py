"""Traces by OpenTelemetry, where OTEL_EXPORTER_OTLP_ENDPOINT names who collects them; else nothing of it is imported.

A request is one trace, in the web process and in the worker. The wake-up that Celery sends carries no work, and
whoever is woken need not be who speaks: the context (W3C's traceparent) is noted in Valkey under the row's id,
or its job's, and who claims the row goes on with it. Neither texts nor keys are in a span.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from redis.exceptions import RedisError
from structlog.contextvars import bound_contextvars

from tts_engine.models import Synthesis
from tts_engine.relay import writer

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

log = structlog.get_logger()

NAME = "voxhouse"
KEPT = timedelta(days=1)  # how long a row may wait in the queue and still belong to its request's trace


def on() -> bool:
    return bool(settings.OTEL_EXPORTER_OTLP_ENDPOINT)


@cache
def _provider() -> "TracerProvider":
    """What OTEL_* says beside the endpoint (sampler, headers, resource) the package reads itself."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        message = "OTEL_EXPORTER_OTLP_ENDPOINT is set: install the extra 'otel' (pip install '.[otel]'), or unset it."
        raise ImproperlyConfigured(message) from error
    provider = TracerProvider(resource=Resource.create({"service.name": settings.OTEL_SERVICE_NAME}))
    endpoint = f"{settings.OTEL_EXPORTER_OTLP_ENDPOINT.rstrip('/')}/v1/traces"
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return provider


def _tracer() -> "Tracer":
    return _provider().get_tracer(NAME)


def _span(name: str, context: "Context | None" = None, **more: Any) -> AbstractContextManager["Span"]:
    """Without what is raised within it, which may quote the text."""
    return _tracer().start_as_current_span(name, context, record_exception=False, set_status_on_exception=False, **more)


def start() -> None:
    """Be ready before the first request, or fail where the packages are missing. Raises ImproperlyConfigured."""
    if on():
        _provider()


def stop() -> None:
    """Send what is not sent yet."""
    if on():
        _provider().shutdown()


def request(headers: Mapping[str, str], name: str, attributes: Mapping[str, str]) -> AbstractContextManager["Span"]:
    """A request that is being answered: it goes on with its caller's trace, or begins one."""
    from opentelemetry.trace import SpanKind

    return _span(name, _extracted(headers), kind=SpanKind.SERVER, attributes=attributes)


def answered(span: "Span", status: int) -> None:
    from opentelemetry.trace import StatusCode

    span.set_attribute("http.response.status_code", status)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        span.set_status(StatusCode.ERROR)


def trace_id(span: "Span") -> str:
    """As W3C and logs write it."""
    return f"{span.get_span_context().trace_id:032x}"


def step(name: str) -> AbstractContextManager[object]:
    """A part of what this thread or task is at."""
    return _span(name) if on() else nullcontext()


def note(**attributes: str | int | float) -> None:
    """To the span that this thread or task is in; its names begin with ours."""
    if on():
        from opentelemetry.trace import get_current_span

        get_current_span().set_attributes({f"{NAME}.{name}": value for name, value in attributes.items()})


def pass_on(id_: UUID) -> None:
    """This request's trace goes on with the row or job of this id, whoever speaks it. Before the row can be seen."""
    if not on():
        return
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carried: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carried)
    if not carried:  # as in a command
        return
    try:
        writer().set(_key(id_), json.dumps(carried), ex=KEPT)
    except RedisError as error:  # then the speech has a trace of its own
        log.warning("trace_not_passed_on", error=str(error))


@contextmanager
def speaking(synthesis: Synthesis) -> Iterator[None]:
    """A worker has claimed it: how long it has waited, and what is done now, both within its request's trace."""
    if not on():
        yield
        return
    from opentelemetry.trace import SpanKind

    context = _extracted(_carried(synthesis.job_id or synthesis.id))
    attributes: dict[str, str | int] = {
        "request_id": str(synthesis.id),
        "tenant": str(synthesis.tenant_id),
        "voice": synthesis.voice,
        "emotion": synthesis.emotion,
        "characters": synthesis.characters,
        "attempt": synthesis.attempt,
    }
    if synthesis.started_at:
        waited = _tracer().start_span("queue", context, start_time=_nanoseconds(synthesis.created_at))
        waited.end(_nanoseconds(synthesis.started_at))
    with _span("speak", context, kind=SpanKind.CONSUMER) as span:
        note(**attributes)
        with bound_contextvars(trace_id=trace_id(span)):
            yield


def failed(code: str) -> None:
    """What this thread or task is in."""
    if on():
        from opentelemetry.trace import StatusCode, get_current_span

        get_current_span().set_status(StatusCode.ERROR, code)


def _extracted(headers: Mapping[str, str]) -> "Context":
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract(headers, Context())


def _carried(id_: UUID) -> dict[str, str]:
    try:
        told = writer().get(_key(id_))
    except RedisError as error:
        log.warning("trace_not_found", error=str(error))
        return {}
    carried: dict[str, str] = json.loads(told) if told else {}
    return carried


def _key(id_: UUID) -> str:
    return f"trace:{id_}"


def _nanoseconds(at: datetime) -> int:
    return int(at.timestamp() * 1e9)
