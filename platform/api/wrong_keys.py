"""A flood of wrong API keys from one address costs next to nothing, and keeps no good key out.

The doors refuse a wrong key with 401 after a look at the database and a line in the audit trail. An address
that has sent many in this minute is *suspect*: of what it sends, only a key that opens reaches the doors, for
behind one address there may be a whole company. A text that cannot be a key is known by its checksum; other
keys are looked up together, at most one question at a time and KEY_LOOKUP_INTERVAL apart, whatever the flood.
Refusals of an address come at a steady pace, each when it is its turn: however many connections a flood has,
they are busy waiting, and not we.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from math import ceil
from typing import Any

import structlog
from django.conf import settings
from django.db import Error

from accounts import audit, keys
from accounts.selectors import digests_that_open
from api.errors import ADDRESSES, Problem, answer_at_no_door
from api.remembered import REMEMBERED, keep_latest
from tts_engine.listen import in_database

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

WINDOW_SECONDS = 60

log = structlog.get_logger()
network_of = lru_cache(REMEMBERED)(audit.network)


@dataclass(slots=True)
class Refusals:
    began: float  # of the window, by the monotonic clock
    count: int = 0
    last_turn: float = 0.0  # of an answer that says it is suspect

    def seconds_left(self) -> int:
        """Of the window, the one that has begun among them."""
        return max(0, ceil(self.began + WINDOW_SECONDS - time.monotonic()))

    def turn(self) -> float:
        """Seconds until the next such answer, a window at most."""
        now = time.monotonic()
        after = self.last_turn + 1 / settings.WRONG_KEY_REFUSALS_PER_SECOND
        self.last_turn = min(max(now, after), now + WINDOW_SECONDS)
        return self.last_turn - now


class WrongKeys:
    """ASGI middleware: counts the 401 of each address, and answers suspect ones 429 with `retry-after` itself."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._refusals: OrderedDict[str, Refusals] = OrderedDict()
        self._good: OrderedDict[str, None] = OrderedDict()  # digests of keys that opened for a suspect address
        self._lookup = Lookup()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        given = presented(scope)
        if given is None:
            await self._application(scope, receive, send)
            return
        address = scope["client"][0] if scope["client"] else None
        network = network_of(address)
        if (suspect := self._suspect(network)) and not await self._opens(given):
            await asyncio.sleep(suspect.turn())
            await _refuse(scope["path"], suspect.seconds_left(), send)
            return

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == HTTPStatus.UNAUTHORIZED:
                self._note(network, given)
            await send(message)

        await self._application(scope, receive, watch)

    def _suspect(self, network: str) -> Refusals | None:
        """What it was refused, of an address that is suspect."""
        refusals = self._refusals.get(network)
        if refusals is None or refusals.count < settings.WRONG_KEYS_PER_MINUTE or not refusals.seconds_left():
            return None
        return refusals

    def _note(self, network: str, given: str) -> None:
        self._good.pop(keys.digests(given)[0], None)  # it was revoked since
        now = time.monotonic()
        refusals = self._refusals.setdefault(network, Refusals(now))
        if refusals.began + WINDOW_SECONDS <= now:
            refusals.began, refusals.count = now, 0
        refusals.count += 1
        keep_latest(self._refusals, network)
        if refusals.count == settings.WRONG_KEYS_PER_MINUTE:
            log.warning("wrong_keys", network=network, count=refusals.count, seconds=WINDOW_SECONDS)

    async def _opens(self, given: str) -> bool:
        """Whether it is a key that opens, or opened before; the door looks again, and more closely."""
        if not keys.is_well_formed(given):
            return False
        digests = keys.digests(given)
        digest = digests[0]
        if digest in self._good:
            self._good.move_to_end(digest)
            return True
        if not await self._lookup.opens(digests):
            return False
        self._good[digest] = None
        keep_latest(self._good, digest)
        return True


class Lookup:
    """Which keys open, asked of the database for all that wait, one question after the other."""

    def __init__(self) -> None:
        self._waiting: list[tuple[list[str], asyncio.Future[bool]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def opens(self, digests: list[str]) -> bool:
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((digests, answer))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        return await answer

    async def _ask(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting, []
            every = {digest for digests, _ in asked for digest in digests}
            try:
                found = await in_database(digests_that_open, every)
            except Error:  # the door meets the same, and has the words for it
                found = every
            for digests, answer in asked:
                if not answer.done():  # its caller may have gone
                    answer.set_result(not found.isdisjoint(digests))
            await asyncio.sleep(settings.KEY_LOOKUP_INTERVAL.total_seconds())


def presented(scope: Message) -> str | None:
    """What a call of the API presents as its key, None where it presents none."""
    if scope["type"] != "http" or not scope["path"].startswith(ADDRESSES):
        return None
    for name, value in scope["headers"]:
        if name == b"authorization":
            text: str = value.decode("latin-1")
            return text.partition(" ")[2].strip()
    return None


async def _refuse(path: str, seconds: int, send: Send) -> None:
    message = "This address has sent too many wrong API keys; try again later with a good one."
    headers = {"retry-after": str(max(1, seconds)), "x-should-retry": "false"}  # the same key would be refused again
    problem = Problem(HTTPStatus.TOO_MANY_REQUESTS, "rate_limit_exceeded", message, headers=headers)
    await answer_at_no_door(problem, path, send)
