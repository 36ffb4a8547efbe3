"""The history a page at a time, in a time that does not grow with it, whatever is looked for.

A page goes on from a place, not from a number (keyset paging). Where few rows are what is wanted, or none,
it ends after having looked at HISTORY_LOOK of them, and says from where to look on: what is wanted is
mostly new, and no index finds two Chinese characters inside of a text.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet

from tts_engine.models import Synthesis
from tts_engine.selectors import HistoryFilter, history


class Place(NamedTuple):
    """Of a row in the history; the newest is the greatest."""

    created_at: datetime
    id: UUID

    def __str__(self) -> str:
        return f"{self.created_at.isoformat()}~{self.id}"

    @classmethod
    def read(cls, written: str) -> Self:
        """The same from its text. Raises ValueError."""
        moment, _, number = written.partition("~")
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None:
            raise ValueError(f"{moment} has no time zone")
        return cls(at, UUID(number))


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, the newest first. `older` is up to where it was looked: None where nothing is left."""

    rows: list[Synthesis]
    older: Place | None


def page(*, tenant_id: UUID, narrow: HistoryFilter, before: Place | None = None, size: int) -> Page:
    """At most `size` of what is wanted `before` a place; fewer do not mean that there are no more."""
    own = Synthesis.objects.filter(tenant_id=tenant_id).order_by("-created_at", "-id")
    end = _place(_between(own, narrow, before), settings.HISTORY_LOOK)
    rows = history(tenant_id=tenant_id, narrow=narrow)
    if before:
        rows = rows.filter(_is_before(before))
    if end:
        rows = rows.filter(_is_from(end))
    found = list(rows[: size + 1])
    if len(found) > size:
        last = found[size - 1]
        return Page(found[:size], Place(last.created_at, last.id))
    return Page(found, end)


def everything(*, tenant_id: UUID, narrow: HistoryFilter, size: int) -> Iterator[Synthesis]:
    """All that is wanted, the newest first, read `size` at a time."""
    before = None
    while True:
        read = page(tenant_id=tenant_id, narrow=narrow, before=before, size=size)
        yield from read.rows
        if read.older is None:
            return
        before = read.older


def _between(own: QuerySet[Synthesis], narrow: HistoryFilter, before: Place | None) -> QuerySet[Synthesis]:
    """The stretch of the history that is looked through, which an index alone can tell."""
    if narrow.since:
        own = own.filter(created_at__gte=narrow.since)
    if narrow.until:
        own = own.filter(created_at__lt=narrow.until)
    return own.filter(_is_before(before)) if before else own


# The first part of each bounds the index; a comparison of both columns in one has no words in the ORM.
def _is_before(place: Place) -> Q:
    return Q(created_at__lte=place.created_at) & (Q(created_at__lt=place.created_at) | Q(id__lt=place.id))


def _is_from(place: Place) -> Q:
    return Q(created_at__gte=place.created_at) & (Q(created_at__gt=place.created_at) | Q(id__gte=place.id))


def _place(rows: QuerySet[Synthesis], number: int) -> Place | None:
    """Of the row of that number; None where there are not so many."""
    found = rows.values_list("created_at", "id")[number - 1 : number]
    return next((Place(*row) for row in found), None)
