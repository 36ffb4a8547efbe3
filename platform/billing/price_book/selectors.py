"""Which book and which exchange rates were in force when. They are the same for every tenant."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from django.db.models import QuerySet

from billing.errors import NoPriceBook
from billing.models import ExchangeRate, PriceBook
from billing.price_book.schema import Book, book_of


@dataclass(frozen=True, slots=True)
class InForce:
    """A book and the days, both included, on which it held."""

    book: Book
    first: date
    last: date


class ExchangeRates:
    """Every stored rate: a currency's days, sorted, with what one unit was worth from each on."""

    def __init__(self, rates: dict[str, list[tuple[date, Decimal]]]) -> None:
        self._rates = rates

    def yuan(self, currency: str, day: date) -> Decimal:
        """Raises NoPriceBook before the currency's first rate."""
        if currency == "CNY":
            return Decimal(1)
        rates = self._rates.get(currency, [])
        position = bisect_right(rates, day, key=lambda rate: rate[0])
        if position == 0:
            raise NoPriceBook(f"{currency} has no exchange rate for {day:%F}; add one with 'manage.py prices rate'.")
        return rates[position - 1][1]


def price_books() -> QuerySet[PriceBook]:
    """All versions; each is in force until the next one is."""
    return PriceBook.objects.order_by("in_force_from", "id")


def books_between(first: date, last: date) -> list[InForce]:
    """The books of these days, in order; raises NoPriceBook where none was in force on the first."""
    found = books_within(first, last)
    if not found or found[0].first > first:
        raise NoPriceBook(f"No price book was in force on {first:%F}; 'manage.py prices list' shows since when one is.")
    return found


def books_within(first: date, last: date) -> list[InForce]:
    """The same, but where the first days had no book the first book begins later; none at all is no book."""
    found: list[InForce] = []
    for stored in price_books().filter(in_force_from__lte=last).defer("content").reverse():
        if last < first:
            break
        begin = max(first, stored.in_force_from)
        if begin <= last:
            found.append(InForce(_book(stored.content_sha256), begin, last))
            last = begin - timedelta(days=1)
    return found[::-1]


@lru_cache(maxsize=16)
def _book(content_sha256: str) -> Book:
    """Read once: a stored book never changes."""
    return book_of(PriceBook.objects.filter(content_sha256=content_sha256).values_list("content", flat=True)[0])


def exchange_rates() -> ExchangeRates:
    rates: dict[str, list[tuple[date, Decimal]]] = {}
    for rate in ExchangeRate.objects.order_by("day"):
        rates.setdefault(rate.currency, []).append((rate.day, rate.yuan))
    return ExchangeRates(rates)


def latest_rates() -> list[ExchangeRate]:
    """The newest of each currency, one that is yet to hold too."""
    return list(ExchangeRate.objects.order_by("currency", "-day").distinct("currency"))
