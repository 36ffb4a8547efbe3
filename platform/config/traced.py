"""A span for each request that the web process answers."""

from django.urls import Resolver404, resolve

from config.access_log import PROBES, Application, Message, Receive, Send
from tts_engine import telling, tracing


class Traced:
    """ASGI middleware, within the access log, whose line gets the trace's id; never the query, as there."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self._application(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        told = {"http.request.method": scope["method"], "url.path": scope["path"], **_route(scope["path"])}
        name = " ".join(filter(None, (scope["method"], told.get("http.route"))))
        with tracing.request(headers, name, told) as span:
            telling.add(trace_id=tracing.trace_id(span))

            async def watch(message: Message) -> None:
                if message["type"] == "http.response.start":
                    tracing.answered(span, message["status"])
                await send(message)

            await self._application(scope, receive, watch)


def _route(path: str) -> dict[str, str]:
    """A span is named by its route: there are as many paths as there are ids."""
    try:
        return {"http.route": f"/{resolve(path).route}"}
    except Resolver404:
        return {}
