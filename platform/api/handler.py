"""How a call that brings an API key goes through Django: with one change of thread."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import IO, cast

from asgiref.sync import iscoroutinefunction
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.urls import ResolverMatch, get_resolver

from api.body_limit import Message, Receive, Send
from tts_engine.listen import in_database


@lru_cache(1000)
def _door(path: str) -> ResolverMatch:
    """Callers come to the same few again and again. Raises Resolver404."""
    return get_resolver().resolve(path)


class KeyHandler(ASGIHandler):
    """Django's own without its middleware and signals, which change the thread some twenty times a request.

    The middleware is for browsers (sessions, languages, CSRF), the signals give database connections
    back, as `in_database` does here.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        self._middleware_chain = convert_exception_to_response(self._answer)

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        request.resolver_match = match = _door(request.path_info)
        return match

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """As Django's, which afterwards changes the thread to log a refusal that the access log tells of."""
        chain = cast("Callable[[HttpRequest], Awaitable[HttpResponseBase]]", self._middleware_chain)
        return await chain(request)

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        view, args, kwargs = self.resolve_request(request)
        response: HttpResponseBase
        if iscoroutinefunction(view):
            response = await view(request, *args, **kwargs)
        else:
            response = await in_database(view, request, *args, **kwargs)
        response.headers["X-Content-Type-Options"] = "nosniff"  # as SecurityMiddleware has it; the rest is for pages
        if isinstance(response, SimpleTemplateResponse):  # DRF's are
            response.render()
        if isinstance(response, HttpResponse):
            response.headers.setdefault("Content-Length", str(len(response.content)))
        return response

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer, or stop at it when the caller hangs up."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        answering = cast("asyncio.Task[None]", asyncio.current_task())
        left = False

        async def watch() -> None:
            nonlocal left
            await receive()
            left = True
            answering.cancel()

        watching = asyncio.create_task(watch())
        try:
            await self._send_answer(scope, body, send)
        except asyncio.CancelledError:
            if not left:  # it is somebody else who ends us
                raise
            answering.uncancel()
        finally:
            watching.cancel()

    async def _send_answer(self, scope: Message, body: IO[bytes], send: Send) -> None:
        request, refusal = self.create_request(scope, body)
        response = await self.get_response_async(request) if request else refusal
        await self.send_response(response, send)  # type: ignore[arg-type]  # one of the two is there
        body.close()  # not where the caller has hung up: a thread may still be reading it
