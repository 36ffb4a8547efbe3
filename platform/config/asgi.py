"""The application of web processes: `config.web` serves it."""

import asyncio
import os
import threading
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

_pages = get_asgi_application()  # sets Django up, which what follows needs

from django.conf import settings  # noqa: E402

from api.body_limit import BodyLimit  # noqa: E402
from api.errors import ADDRESSES  # noqa: E402
from api.handler import KeyHandler  # noqa: E402
from api.wrong_keys import WrongKeys  # noqa: E402
from config.access_log import AccessLog  # noqa: E402
from config.traced import Traced  # noqa: E402
from tts_engine import tally, tracing  # noqa: E402
from tts_engine.services import warm_up  # noqa: E402

_doors = KeyHandler()


_watched = {"/healthz", "/readyz", "/metrics"}


async def _by_caller(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Programs call the API with a key and without cookies; whoever else comes may be a browser.

    Who watches us asks by an address rather than a name, so ALLOWED_HOSTS is not for them.
    """
    with_key = scope["path"].startswith(ADDRESSES) and any(name == b"authorization" for name, _ in scope["headers"])
    by_program = with_key or scope["path"] in _watched
    await (_doors if by_program else _pages)(scope, receive, send)


_larger = dict.fromkeys(("/v1/jobs", "/v1/jobs/files", "/v1/jobs/files/preview"), settings.JOB_BODY_BYTES)
_answering = BodyLimit(_by_caller, most=settings.DATA_UPLOAD_MAX_MEMORY_SIZE, more=_larger)
# A flood of wrong keys is refused before it is logged line by line.
_http = WrongKeys(AccessLog(Traced(_answering) if tracing.on() else _answering))


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await _live(receive, send)
    else:
        await _http(scope, receive, send)


async def _live(receive: Any, send: Any) -> None:
    """Load what the first request would wait for beside the doors, which are open at once."""
    await receive()  # lifespan.startup
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
    tally.keep_telling()
    tracing.start()
    await send({"type": "lifespan.startup.complete"})
    await receive()  # lifespan.shutdown
    # uvicorn ends by the signal that it got, which leaves no exit to wait for.
    await asyncio.to_thread(tally.tell)
    await asyncio.to_thread(tracing.stop)
    await send({"type": "lifespan.shutdown.complete"})
