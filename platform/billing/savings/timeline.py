"""Savings month by month, added up day by day, and the day on which what was bought once has paid for itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

from billing.errors import NoPriceBook
from billing.price_book.facts import DailyFacts, total
from billing.price_book.selectors import ExchangeRates, InForce
from billing.savings.compare import Savings, savings
from billing.savings.cost import Cost, micro
from billing.savings.replay import Offer, replay

POINTS = 60  # about so many make the curve, however long it is
PACE_DAYS = 90  # the day of payback is told from the mean of so many days, if it is yet to come
FARTHEST_DAYS = 100 * 365  # a payback later than this is none


@dataclass(frozen=True, slots=True)
class Point:
    """Millionths of a yuan, from the first month to the end of this day; the first point is the day before it."""

    day: date
    chosen: int  # what the chosen vendor would have been paid
    cheapest: int  # what the cheapest of each month
    here: int | None  # what was paid here, the purchase at the start; None without an own cost


@dataclass(frozen=True, slots=True)
class Payback:
    """When the vendor's bills, less the running cost here, add up to what was bought once."""

    day: date
    reached: bool  # else told from the pace of the last days


@dataclass(frozen=True, slots=True)
class Timeline:
    """`months` and `points` begin with the month of the first request; the last month may not be over.

    `unpriced` are months left out, by their first day: they had no price book, or no price of the chosen offer.
    """

    months: tuple[Savings, ...]
    points: tuple[Point, ...]
    unpriced: tuple[date, ...]
    own: Cost | None

    @property
    def saved(self) -> int | None:
        """By the rule of each month, which spreads the purchase."""
        return None if self.own is None else sum(month.default.saving or 0 for month in self.months)

    @property
    def least(self) -> int | None:
        """The same against the cheapest offer of each month."""
        return None if self.own is None else sum(month.cheapest.saving or 0 for month in self.months)

    @property
    def most(self) -> int | None:
        """And against the dearest."""
        return None if self.own is None else sum(month.dearest.saving or 0 for month in self.months)

    @property
    def payback(self) -> Payback | None:
        """None where nothing was bought, and where at this pace it never pays back."""
        if self.own is None or not self.own.one_off or not self.points:
            return None
        left = [point.here - point.chosen for point in self.points if point.here is not None]  # to be gained yet
        for (before, then), (after, now) in pairwise(zip(left, self.points, strict=True)):
            if after <= 0 < before:
                days = (now.day - then.day).days
                return Payback(then.day + timedelta(days=-(-days * before // (before - after))), reached=True)
        return self._foreseen(left)

    def _foreseen(self, left: Sequence[int]) -> Payback | None:
        last = self.points[-1].day
        since = next(number for number, point in enumerate(self.points) if (last - point.day).days <= PACE_DAYS)
        gained, days = left[since] - left[-1], (last - self.points[since].day).days
        if gained <= 0 or days * left[-1] > gained * FARTHEST_DAYS:
            return None
        return Payback(last + timedelta(days=-(-days * left[-1] // gained)), reached=False)


def timeline(
    begin: date,
    usage: Sequence[DailyFacts],
    books: Sequence[InForce],
    rates: ExchangeRates,
    own: Cost | None,
    chosen: str | None,
    last: date,
) -> Timeline:
    """The calendar months from that of `begin` to that of `last`, each with the books that held in it.

    `usage` may lack the days of months that no book holds.
    """
    months: list[Savings] = []
    points: list[Point] = []
    unpriced: list[date] = []
    step = max(1, (last - begin).days // POINTS)
    for first, end in _months(begin, last):
        held = [span for book in books if (span := _clipped(book, first, end))]
        try:
            if not held or held[0].first > first:
                raise NoPriceBook(f"No price book was in force on {first:%F}.")
            found = savings(usage, held, rates, own, chosen)
        except NoPriceBook:
            unpriced.append(first)
            continue
        months.append(found)
        points = points or [Point(first - timedelta(days=1), 0, 0, micro(own.one_off) if own else None)]
        points += _points(points[-1], step, found, usage, held, rates, own)
    return Timeline(tuple(months), tuple(points), tuple(unpriced), own)


def _points(
    start: Point,
    step: int,
    month: Savings,
    usage: Sequence[DailyFacts],
    books: Sequence[InForce],
    rates: ExchangeRates,
    own: Cost | None,
) -> Iterator[Point]:
    """One every `step` days and at the end: each is the bill so far, for free quotas and tiers begin with a month."""
    offers = [month.default.offer, month.cheapest.offer]
    alone = [_only(span, offers) for span in books]
    usage = [facts for facts in usage if month.first <= facts.day <= month.last]
    for number in range((month.last - month.first).days, -1, -step)[::-1]:
        day = month.first + timedelta(days=number)
        so_far = [facts for facts in usage if facts.day <= day]
        held = [span for book in alone if (span := _clipped(book, month.first, day))]
        bills = {bill.offer.id: micro(bill.yuan) for bill in replay(so_far, held, rates)}
        chosen, cheapest = (bills[offer.id] for offer in offers)
        here = start.here
        if own is not None and here is not None:
            here += micro(own.running_yuan(total(so_far), month.first, day))
        yield Point(day, start.chosen + chosen, start.cheapest + cheapest, here)


def _only(span: InForce, offers: Sequence[Offer]) -> InForce:
    """The book with the prices of these offers alone."""
    wanted = {offer.price.id for offer in offers}
    return replace(span, book=replace(span.book, prices=tuple(p for p in span.book.prices if p.id in wanted)))


def _clipped(span: InForce, first: date, last: date) -> InForce | None:
    """Its part within these days."""
    if span.first > last or span.last < first:
        return None
    return InForce(span.book, max(span.first, first), min(span.last, last))


def _months(first: date, last: date) -> Iterator[tuple[date, date]]:
    """The first and the last day of each, the last one's not after `last`."""
    begin = first.replace(day=1)
    while begin <= last:
        following = (begin + timedelta(days=31)).replace(day=1)
        yield begin, min(following - timedelta(days=1), last)
        begin = following
