"""The order of service: start-time fair queueing (Goyal, Vin and Cheng, 1996), sentence by sentence.

A request gets its start and finish tag at the door (`billing.statements`): its tenant's characters so
far, over the tenant's weight. Its sentences lie between the two in proportion to their length, so
that a long text competes anew with each of them. Whoever has the lowest (priority, tag) goes next.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate

Rank = tuple[int, int]
"""(priority, tag): the lowest is served first."""

LAST: Rank = (2**15 - 1, 2**63 - 1)  # as the columns hold them; every rank goes before it


def sentence_tags(start_tag: int, finish_tag: int, lengths: Sequence[int]) -> list[int]:
    """The start tag of each sentence of a request; `lengths` in any unit."""
    whole = sum(lengths)
    before = accumulate(lengths[:-1], initial=0)
    return [start_tag + (finish_tag - start_tag) * spoken // whole for spoken in before]


def virtual_time(serving: Sequence[int], latest: int) -> int:
    """The start of who asks now after a pause: the lowest of the tags that busy workers serve.

    A text stays with its worker, so one may be far ahead of another; behind the one in front a lone
    request would wait for all that the others have yet to do. With nobody busy the `latest` tag served.
    """
    return min(serving, default=latest)


def limit(ahead: Iterable[Rank]) -> Rank:
    """What a row must go before to be claimed by a worker process.

    `ahead` is all that the process has claimed and not begun to speak. While that is nothing any row is
    welcome. Else the rest is left to processes with more room, but for a row that goes before all of it:
    so who asks for little never waits for who asks for much.
    """
    return min(ahead, default=LAST)
