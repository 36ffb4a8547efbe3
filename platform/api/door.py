"""What every door of the API has in common: scope, rate, request id, headers."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from io import BytesIO
from types import MappingProxyType
from typing import Any, ClassVar, cast
from uuid import UUID, uuid4

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from structlog.contextvars import bind_contextvars

from api.group import Group
from api.parsers import JSONParser
from api.throttles import Quota, Rate, rate_headers
from tts_engine.services import Caller
from tts_engine.terms import Terms

REMEMBERED = 1000  # bodies of each process
REMEMBERED_BYTES = 4096  # of a body, at most


class AnyAccept(BaseContentNegotiation):
    """Errors and lists are JSON whatever `Accept` says: OpenAI's package asks for octets and reads JSON errors."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        return DefaultContentNegotiation().select_parser(request, parsers)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type


class Door(APIView):
    """A view that machines call. `scope` is what a key needs; `speaks_openai` picks the error format.

    `refusals` are the statuses of errors that only this door has, for the OpenAPI document.
    `member_names` tells what this door calls a member of the request that errors know by OpenAI's name.
    """

    scope: ClassVar[str]
    speaks_openai: ClassVar[bool] = False
    refusals: ClassVar[Sequence[int]] = ()
    member_names: ClassVar[Mapping[str, str]] = {}
    content_negotiation_class = AnyAccept
    throttle_classes = (Rate,)

    request_id: UUID
    group: Group
    quotas: Sequence[Quota] = ()  # what the answer's headers tell of

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        self.request_id = uuid4()
        self.group = Group()
        bind_contextvars(request_id=str(self.request_id))
        translation.activate("en")  # machines and their logs get one language, whoever set up the machine
        return super().initialize_request(request, *args, **kwargs)

    def finalize_response(
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> Any:  # DRF's stubs know only its own response
        super().finalize_response(request, cast(Response, response), *args, **kwargs)
        response.headers.setdefault("x-request-id", str(self.request_id))
        for name, value in rate_headers(self.quotas).items():
            response.headers[name] = value
        return response


def caller_of(request: Request) -> Caller:
    """The tenant and key or member that the door let in."""
    principal: Any = request.auth  # DRF's stubs know only its own tokens
    caller: Caller = principal.caller
    return caller


def terms_of(request: Request) -> Terms:
    """What holds for the caller's tenant, as the call came in."""
    principal: Any = request.auth
    terms: Terms = principal.terms
    return terms


def actor_of(request: Request) -> str:
    """The same in the words of the audit trail."""
    caller = caller_of(request)
    return f"key:{caller.api_key_id}" if caller.api_key_id else f"user:{request.user.get_username()}"


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses members it does not know: a misspelt one must not be ignored."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                message = f"Unknown parameter: '{unknown[0]}'. Known are: {', '.join(self.fields)}."
                raise ValidationError({unknown[0]: [ErrorDetail(message, "unknown_parameter")]})
        return super().to_internal_value(data)


@cache
def reader(kind: type[StrictSerializer]) -> StrictSerializer:
    """One for all requests, as DRF has one for all items of a list: making its fields costs more than using them."""
    return kind()


def asked_of(request: Request, kind: type[StrictSerializer]) -> Mapping[str, Any]:
    """What the body asks for, read and checked as `kind`. Raises ParseError, UnsupportedMediaType, ValidationError.

    Whoever repeats a request sends the same bytes, so the last short ones are not read again.
    """
    body = request._request.body
    if request.content_type == JSONParser.media_type and 0 < len(body) <= REMEMBERED_BYTES:
        return _read(kind, body)
    asked: dict[str, Any] = reader(kind).run_validation(request.data)
    return asked


@lru_cache(REMEMBERED)
def _read(kind: type[StrictSerializer], body: bytes) -> Mapping[str, Any]:
    asked: dict[str, Any] = reader(kind).run_validation(JSONParser().parse(BytesIO(body)))
    return MappingProxyType(asked)


class TextField(serializers.CharField):
    """A JSON string as it is: no number taken for text, no white space cut off."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise ValidationError("Must be a string.", "invalid")
        return super().to_internal_value(data)


class NumberField(serializers.FloatField):
    """A JSON number; not a string that looks like one, not NaN or infinity."""

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, int | float):
            raise ValidationError("Must be a number.", "invalid")
        return super().to_internal_value(data)
