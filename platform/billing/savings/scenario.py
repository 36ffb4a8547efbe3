"""A what-if: so many calls of so many Hanzi every day of a year, at the prices of one book."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from billing.price_book.facts import FACTS, DailyFacts, Facts, facts_of_request
from billing.price_book.rules import billed_units, list_cost
from billing.price_book.schema import Book
from billing.price_book.selectors import ExchangeRates, InForce
from billing.savings.compare import Savings, savings
from billing.savings.cost import Cost
from billing.savings.replay import Offer
from billing.usage.selectors import month_after

HANZI_A_SECOND = 4

# The savings article's: "0.006 yuan for 1,000 characters" and "600 yuan a day at 100,000 calls a day".
CLAIMED_YUAN_A_THOUSAND = Decimal("0.006")
CLAIMED_YUAN_A_DAY = Decimal(600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    calls_a_day: int
    characters: int  # Hanzi of each call
    busy_ms: int  # of a worker, for each call

    def day(self) -> Facts:
        call = facts_of_request(
            hanzi=self.characters,
            other_characters=0,
            gbk_bytes=2 * self.characters,
            utf8_bytes=3 * self.characters,
            normalised_characters=self.characters,
            audio_ms=self.characters * 1000 // HANZI_A_SECOND,
            synthesis_ms=self.busy_ms,
        )
        return Facts(**{name: getattr(call, name) * self.calls_a_day for name in FACTS})


def rates_of(book: Book) -> ExchangeRates:
    """The book's own rates, where there are no stored ones."""
    rates: dict[str, list[tuple[date, Decimal]]] = {}
    for rate in sorted(book.rates, key=lambda rate: rate.day):
        rates.setdefault(rate.currency, []).append((rate.day, rate.yuan))
    return ExchangeRates(rates)


def year_of(scenario: Scenario, book: Book, own: Cost, *, begin: date) -> Savings:
    """Twelve whole months from the first of the month of `begin`, or of the next where it is past."""
    first = begin if begin.day == 1 else month_after(begin.replace(day=1))
    last = first.replace(year=first.year + 1) - timedelta(days=1)
    return savings(_every_day(scenario, first, last), [InForce(book, first, last)], rates_of(book), own)


def month_of(
    scenario: Scenario, book: Book, rates: ExchangeRates, own: Cost | None, chosen: str | None, *, month: date
) -> Savings:
    """The whole month that begins on `month`, as if `book` held on all of it."""
    last = month_after(month) - timedelta(days=1)
    return savings(_every_day(scenario, month, last), [InForce(book, month, last)], rates, own, chosen)


def _every_day(scenario: Scenario, first: date, last: date) -> list[DailyFacts]:
    a_day = scenario.day()
    facts = {name: getattr(a_day, name) for name in FACTS}
    return [DailyFacts(day=first + timedelta(days=number), **facts) for number in range((last - first).days + 1)]


def list_cost_a_day(scenario: Scenario, offer: Offer, rates: ExchangeRates, day: date) -> Decimal:
    """Yuan, at the first tier and without free quota."""
    units = billed_units(offer.price, scenario.day())
    return list_cost(offer.price, units, offer.pack) * rates.yuan(offer.price.currency, day)


def claimed_a_day(scenario: Scenario) -> Decimal:
    """What the article's price for 1,000 characters would make of this load, in yuan a day."""
    return scenario.calls_a_day * scenario.characters * CLAIMED_YUAN_A_THOUSAND / 1000


def characters_for_the_claim(scenario: Scenario) -> Decimal:
    """How long each call would have to be for the article's cost a day at its price."""
    return CLAIMED_YUAN_A_DAY * 1000 / CLAIMED_YUAN_A_THOUSAND / scenario.calls_a_day
