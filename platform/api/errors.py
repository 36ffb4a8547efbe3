"""Every refusal of every room, as the answer a caller gets. The one place where errors meet HTTP.

OpenAI's doors answer in OpenAI's envelope, ours in RFC 9457 `application/problem+json`; both are
made from the same `Problem`. A test walks all error trees so that none is forgotten here.
"""

import json
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, cast
from uuid import uuid4

import structlog
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.views import defaults
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.response import Response

from accounts import errors as accounts
from billing import errors as billing
from tts_engine import errors as engine
from tts_engine import room, telling
from tts_engine.manuscripts import errors as manuscripts
from tts_engine.speech import errors as speech
from webhooks import errors as webhooks

log = structlog.get_logger()

# The first class that fits decides, so subclasses stand above their parents.
STATUS_OF: tuple[tuple[type[Exception], HTTPStatus], ...] = (
    (accounts.InvalidApiKey, HTTPStatus.UNAUTHORIZED),
    (accounts.InsufficientScope, HTTPStatus.FORBIDDEN),
    (accounts.VisitReadsOnly, HTTPStatus.FORBIDDEN),
    (accounts.RoleNotAllowed, HTTPStatus.FORBIDDEN),
    (accounts.Unknown, HTTPStatus.NOT_FOUND),
    (accounts.Exists, HTTPStatus.CONFLICT),
    (accounts.Conflict, HTTPStatus.CONFLICT),
    (accounts.InvitationOver, HTTPStatus.GONE),
    (accounts.Unacceptable, HTTPStatus.BAD_REQUEST),
    (billing.TextTooLong, HTTPStatus.BAD_REQUEST),
    (billing.TenantSuspended, HTTPStatus.FORBIDDEN),
    (billing.PlanExists, HTTPStatus.CONFLICT),
    (billing.UnacceptableLimit, HTTPStatus.BAD_REQUEST),
    (billing.UnacceptableAddress, HTTPStatus.BAD_REQUEST),
    (billing.UnknownPlan, HTTPStatus.BAD_REQUEST),
    (billing.OpenRequests, HTTPStatus.CONFLICT),
    (billing.UnknownAccount, HTTPStatus.FORBIDDEN),
    (billing.AccountExists, HTTPStatus.CONFLICT),
    (billing.PriceBookInvalid, HTTPStatus.BAD_REQUEST),
    (billing.PriceBookChanged, HTTPStatus.CONFLICT),
    (billing.NoPriceBook, HTTPStatus.BAD_REQUEST),
    (billing.CostInvalid, HTTPStatus.BAD_REQUEST),
    (speech.VoiceUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (speech.SpeechError, HTTPStatus.BAD_REQUEST),
    (engine.SynthesisNotFound, HTTPStatus.NOT_FOUND),
    (engine.AudioNotReady, HTTPStatus.CONFLICT),
    (engine.StorageUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (engine.TimesNotKept, HTTPStatus.CONFLICT),
    (engine.TextQuarantined, HTTPStatus.UNPROCESSABLE_ENTITY),
    (engine.StorageFull, HTTPStatus.INSUFFICIENT_STORAGE),
    (engine.DeadlinePassed, HTTPStatus.GATEWAY_TIMEOUT),
    (engine.SynthesisCancelled, HTTPStatus.CONFLICT),
    (engine.KeyReused, HTTPStatus.UNPROCESSABLE_ENTITY),
    (engine.AnswerGone, HTTPStatus.GONE),
    (engine.JobNotFound, HTTPStatus.NOT_FOUND),
    (engine.JobRowInvalid, HTTPStatus.BAD_REQUEST),
    (engine.JobTooLarge, HTTPStatus.BAD_REQUEST),
    (engine.JobTooSmall, HTTPStatus.BAD_REQUEST),
    (engine.JobHasNoAudio, HTTPStatus.CONFLICT),
    (engine.ResultTooLarge, HTTPStatus.BAD_REQUEST),
    (manuscripts.TooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (manuscripts.UnknownKind, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    (manuscripts.ManuscriptError, HTTPStatus.BAD_REQUEST),
    (engine.JobStateConflict, HTTPStatus.CONFLICT),
    (engine.WarmListInvalid, HTTPStatus.BAD_REQUEST),
    (engine.DictionaryEntryNotFound, HTTPStatus.NOT_FOUND),
    (engine.DictionaryVersionNotFound, HTTPStatus.NOT_FOUND),
    (engine.DictionaryFull, HTTPStatus.CONFLICT),
    (engine.DictionaryTableInvalid, HTTPStatus.BAD_REQUEST),
    (engine.DictionaryTableTooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (engine.DictionaryTextTooLong, HTTPStatus.BAD_REQUEST),
    (engine.DestinationInvalid, HTTPStatus.BAD_REQUEST),
    (engine.TooManyDestinations, HTTPStatus.CONFLICT),
    (engine.DestinationDisabled, HTTPStatus.CONFLICT),
    (engine.DestinationInUse, HTTPStatus.CONFLICT),
    (engine.DestinationNotFound, HTTPStatus.NOT_FOUND),
    (engine.FileDeliveryNotFound, HTTPStatus.NOT_FOUND),
    (engine.LabelNotAllowed, HTTPStatus.FORBIDDEN),
    (engine.UnacceptableRetention, HTTPStatus.BAD_REQUEST),
    (webhooks.AddressError, HTTPStatus.BAD_REQUEST),
    (webhooks.Unreachable, HTTPStatus.BAD_GATEWAY),
    (webhooks.UnknownEvent, HTTPStatus.BAD_REQUEST),
    (webhooks.TooManyEndpoints, HTTPStatus.CONFLICT),
    (webhooks.EndpointDisabled, HTTPStatus.CONFLICT),
    (webhooks.EndpointNotFound, HTTPStatus.NOT_FOUND),
    (webhooks.DeliveryNotFound, HTTPStatus.NOT_FOUND),
)

# Mistakes of ours that no request can cause: logged with their cause, told as nothing but a 500.
OUR_MISTAKES = (billing.UnknownReservation, billing.OverSettled)

# Why a worker gave up on a request, where more is known than that the voice failed, by the code of its row.
STATUS_OF_FAILURE = {
    speech.VoiceUnavailable.code: HTTPStatus.SERVICE_UNAVAILABLE,
    engine.StorageFull.code: HTTPStatus.INSUFFICIENT_STORAGE,
    engine.TextQuarantined.code: HTTPStatus.UNPROCESSABLE_ENTITY,
}

# The database or the broker is away, starts, or has no room: soon over, and no fault of the request.
OUTAGES = (OperationalError, InterfaceError, RedisError)
OUTAGE_SECONDS = 5  # until it is worth trying again: about what a restart of either takes
DISK_FULL_SECONDS = 60  # until somebody may have made room

OPENAI_TYPES = {
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.FORBIDDEN: "permission_error",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
}

# DRF's codes of a refused member, in the words of OpenAI's contract.
MEMBER_CODES = {
    "required": "missing_required_parameter",
    "null": "invalid_type",
    "invalid": "invalid_type",
    "not_a_list": "invalid_type",
    "blank": "empty_string",
    "max_length": "string_above_max_length",
    "invalid_choice": "invalid_value",
    "min_value": "decimal_below_min_value",
    "max_value": "decimal_above_max_value",
    "null_characters_not_allowed": "invalid_value",
    "surrogate_characters_not_allowed": "invalid_value",
}

PROBLEM_JSON = "application/problem+json"
OPENAI_ADDRESSES = ("/v1/audio/", "/v1/models", "/v1/organization/")
ADDRESSES = ("/v1/", "/tts")


class UnknownModel(exceptions.APIException):
    """No model of that name; OpenAI's SDK raises NotFoundError."""

    status_code = HTTPStatus.NOT_FOUND
    default_code = "model_not_found"


@dataclass(frozen=True, slots=True)
class Problem:
    status: int
    code: str
    message: str
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_openai(self) -> dict[str, Any]:
        """OpenAI's envelope: all four members, always."""
        kind = OPENAI_TYPES.get(HTTPStatus(self.status))
        if self.code == billing.QuotaExceeded.code:
            kind = billing.QuotaExceeded.code
        kind = kind or ("server_error" if self.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error")
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}

    def as_problem_json(self, request_id: str) -> dict[str, Any]:
        """RFC 9457, with `code`, `param` and `request_id` as extension members."""
        return {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.message,
            "code": self.code,
            "param": self.param,
            "request_id": request_id,
        }


def problem_of(error: Exception) -> Problem:
    """The one answer for any error; what nobody foresaw is a 500 whose cause is in the log."""
    if isinstance(error, Http404 | PermissionDenied):
        error = exceptions.NotFound() if isinstance(error, Http404) else exceptions.PermissionDenied()
    if isinstance(error, exceptions.ValidationError):
        return _refused_member(error)
    if isinstance(error, exceptions.APIException):
        return _from_rest_framework(error)
    if isinstance(error, billing.QuotaExceeded):
        # Clients repeat a 429 by themselves; a used-up quota does not come back by repeating.
        headers = {"x-should-retry": "false"}
        return Problem(HTTPStatus.TOO_MANY_REQUESTS, error.code, str(error), headers=headers)
    if isinstance(error, billing.RateExceeded):
        headers = {"retry-after": str(error.retry_after)}
        return Problem(HTTPStatus.TOO_MANY_REQUESTS, error.code, str(error), headers=headers)
    if isinstance(error, engine.Overloaded):
        headers = {"retry-after": str(error.retry_after)}
        return Problem(HTTPStatus.SERVICE_UNAVAILABLE, error.code, str(error), headers=headers)
    if isinstance(error, engine.KeyInUse):
        return Problem(HTTPStatus.CONFLICT, error.code, str(error), headers={"retry-after": "1"})
    if isinstance(error, engine.SynthesisFailed):
        status = HTTPStatus.BAD_REQUEST if error.refused else HTTPStatus.INTERNAL_SERVER_ERROR
        return _told_when(STATUS_OF_FAILURE.get(error.code, status), error.code, str(error), error.param)
    if isinstance(error, OUTAGES):
        log.warning("outage", error=str(error))
        message = "Database or broker is away for a moment. Send it again, with the same Idempotency-Key if it has one."
        return _told_when(HTTPStatus.SERVICE_UNAVAILABLE, "temporarily_unavailable", message)
    if isinstance(error, OSError) and error.errno in room.FULL_CODES:
        log.error("disk_full", error=str(error))
        error = engine.StorageFull(room.FULL)
    for kind, status in STATUS_OF:
        if isinstance(error, kind):
            return _told_when(status, error.code, str(error), error.param)  # type: ignore[attr-defined]
    log.error("unforeseen_error", exc_info=error)
    message = "Something went wrong here that we did not foresee. Quote the x-request-id when you report it."
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", message)


def _told_when(status: int, code: str, message: str, param: str | None = None) -> Problem:
    """With the seconds after which it is worth trying again, where the platform and not the request is at fault."""
    seconds = {HTTPStatus.SERVICE_UNAVAILABLE: OUTAGE_SECONDS, HTTPStatus.INSUFFICIENT_STORAGE: DISK_FULL_SECONDS}
    headers = {"retry-after": str(seconds[HTTPStatus(status)])} if status in seconds else {}
    return Problem(status, code, message, param, headers)


def _from_rest_framework(error: exceptions.APIException) -> Problem:
    headers: dict[str, str] = {}
    code = str(error.get_codes())
    if isinstance(error, exceptions.Throttled):
        code = "rate_limit_exceeded"
        wait: int | None = getattr(error, "wait", None)  # DRF has rounded it up to whole seconds
        if wait is not None:
            headers = {"retry-after": str(wait)}
    if isinstance(error, exceptions.NotAuthenticated):
        code = "invalid_api_key"
    if header := getattr(error, "auth_header", None):
        headers["www-authenticate"] = header
    return Problem(error.status_code, code, str(error.detail), headers=headers)


def _refused_member(error: exceptions.ValidationError) -> Problem:
    param, detail = next(_details(error.detail), (None, exceptions.ErrorDetail("Invalid request.", "invalid")))
    code = detail.code or "invalid"
    return Problem(HTTPStatus.BAD_REQUEST, MEMBER_CODES.get(code, code), str(detail), param)


def _details(detail: Any, path: str = "") -> Iterator[tuple[str | None, exceptions.ErrorDetail]]:
    """Walk DRF's nest of details: (dotted name of the member, what is wrong with it)."""
    if isinstance(detail, exceptions.ErrorDetail):
        yield path or None, detail
    elif isinstance(detail, dict):
        for name, inner in detail.items():
            own = path if name == "non_field_errors" else f"{path}.{name}".lstrip(".")
            yield from _details(inner, own)
    else:
        for inner in detail:
            yield from _details(inner, path)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's hook: the answer to an error, in the words of the door it happened at."""
    problem = problem_of(error)
    telling.add(code=problem.code)
    door = context["view"]
    problem = replace(problem, param=getattr(door, "member_names", {}).get(problem.param, problem.param))
    if getattr(door, "speaks_openai", False):
        return Response(problem.as_openai(), status=problem.status, headers=problem.headers)
    body = problem.as_problem_json(str(getattr(door, "request_id", "")))
    return Response(body, status=problem.status, headers=problem.headers, content_type=PROBLEM_JSON)


def _at_no_door(problem: Problem, path: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The answer's body and headers where no door was reached: in OpenAI's words at its addresses, else in ours."""
    telling.add(code=problem.code)
    request_id = str(uuid4())
    openai = path.startswith(OPENAI_ADDRESSES)
    kind = "application/json" if openai else PROBLEM_JSON
    body = problem.as_openai() if openai else problem.as_problem_json(request_id)
    return body, {"content-type": kind, **problem.headers, "x-request-id": request_id}


def at_no_door(problem: Problem, path: str) -> JsonResponse:
    """The answer where no door was reached."""
    body, headers = _at_no_door(problem, path)
    return JsonResponse(body, status=problem.status, content_type=headers.pop("content-type"), headers=headers)


async def answer_at_no_door(problem: Problem, path: str, send: Callable[[Any], Awaitable[None]]) -> None:
    """The same by ASGI, for middleware; one that answers a flood has no time to make a response of Django's."""
    body, headers = _at_no_door(problem, path)
    content = json.dumps(body).encode()
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    raw.append((b"content-length", str(len(content)).encode()))
    await send({"type": "http.response.start", "status": problem.status, "headers": raw})
    await send({"type": "http.response.body", "body": content})


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's hook for an address that leads nowhere: JSON where machines call, a page where people look."""
    if not request.path.startswith(ADDRESSES):
        return defaults.page_not_found(request, exception)
    message = f"There is nothing at {request.method} {request.path}; every address is listed at /docs."
    return at_no_door(Problem(HTTPStatus.NOT_FOUND, "unknown_url", message), request.path)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's hook for what was raised outside a door: by a page, or by middleware before either was reached."""
    problem = problem_of(cast(Exception, sys.exc_info()[1]))  # Django calls it while it handles the error
    if request.path.startswith(ADDRESSES):
        return at_no_door(problem, request.path)
    # Without the request: session, user and team may be what could not be read.
    page = loader.render_to_string("503.html" if "retry-after" in problem.headers else "500.html")
    status = max(problem.status, HTTPStatus.INTERNAL_SERVER_ERROR)  # a page that lets an error of ours through is wrong
    return HttpResponse(page, status=status, headers=problem.headers)
