"""Requests of one key that come at once go to the database together.

What all of them need is asked once: the key and the terms of its tenant, and the count of its rate. Repeats
from the cache that are alike are stored by one statement. Each is answered as if it had come alone.

While a group is on its way those that come after it are the next one, so that a group is as large as the load
makes it, and a request that comes alone does not wait for another. Only what was asked before is grouped: the
rest may take its time, for a text is read when it is first seen.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass

from api.remembered import keep_latest
from api.throttles import Hits
from tts_engine.listen import in_database
from tts_engine.repeats import Asking, Repeat, keep
from tts_engine.terms import KeyLookup

LARGEST = 64  # members of a group: the first of a crowd need not wait for its last


class Group:
    """What requests of one key share that go together."""

    def __init__(self, size: int = 1) -> None:
        self.lookup = KeyLookup()
        self.hits = Hits(size)


@dataclass(frozen=True, slots=True)
class Entrant:
    """A request that wants in: what it does there, and who is told."""

    enter: Callable[[Group], Asking[None]]
    context: Context
    entered: asyncio.Future[None]


class Groups:
    """Those of one web process."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Entrant]] = {}  # by key, while a group of it is on its way
        self._asked: OrderedDict[int, None] = OrderedDict()
        self._going: set[asyncio.Task[None]] = set()

    def has_asked(self, key: str, body: bytes) -> bool:
        """Whether the same was asked with this key before; from now on it was."""
        request = hash((key, body))
        before = request in self._asked
        self._asked[request] = None
        keep_latest(self._asked, request)
        return before

    async def enter(self, enter: Callable[[Group], Asking[None]], key: str | None) -> None:
        """Run its steps in a thread, with others of the key if one is given. Raises what they do."""
        entrant = Entrant(enter, copy_context(), asyncio.get_running_loop().create_future())
        if key is None:
            await _enter([entrant])
        elif key in self._waiting:
            self._waiting[key].append(entrant)
        else:
            self._waiting[key] = [entrant]
            going = asyncio.create_task(self._go(key))  # for the others too, so it does not end with this caller
            self._going.add(going)
            going.add_done_callback(self._going.discard)
        await entrant.entered

    async def _go(self, key: str) -> None:
        try:
            while entrants := self._waiting[key]:
                self._waiting[key] = entrants[LARGEST:]
                await _enter(entrants[:LARGEST])
        finally:
            del self._waiting[key]


async def _enter(entrants: Sequence[Entrant]) -> None:
    """Those whose caller has gone meanwhile stay out."""
    here = [entrant for entrant in entrants if not entrant.entered.done()]
    refusals: Sequence[Exception | None]
    try:
        refusals = await in_database(_together, here)
    except Exception as error:  # it is theirs
        refusals = [error] * len(here)
    for entrant, refusal in zip(here, refusals, strict=True):
        if entrant.entered.done():
            continue
        if refusal is None:
            entrant.entered.set_result(None)
        else:
            entrant.entered.set_exception(refusal)


def _together(entrants: Sequence[Entrant]) -> list[Exception | None]:
    """What each of them raises, if anything."""
    group = Group(len(entrants))
    asking = [entrant.enter(group) for entrant in entrants]
    refusals: list[Exception | None] = [None] * len(entrants)
    told: dict[int, bool | Exception | None] = dict.fromkeys(range(len(entrants)))
    while told:
        asked: dict[int, Repeat] = {}
        for number, answer in told.items():
            step = asking[number].throw if isinstance(answer, Exception) else asking[number].send
            try:
                asked[number] = entrants[number].context.run(step, answer)  # type: ignore[arg-type]  # None begins it
            except StopIteration:
                pass
            except Exception as error:  # the door's, which has the words for it
                refusals[number] = error
        try:
            told = dict(zip(asked, keep(list(asked.values())), strict=True))
        except Exception as error:  # nothing of it is stored
            told = dict.fromkeys(asked, error)
    return refusals


groups = Groups()
