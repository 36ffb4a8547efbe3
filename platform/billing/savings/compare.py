"""Savings: every vendor's bill for the same requests, less what they cost here.

A saving depends more on the vendor one compares with than on anything else, so there is never one
number alone: the default stands beside the cheapest alternative and the range of all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.errors import NoPriceBook
from billing.price_book.facts import DailyFacts, Facts, total
from billing.price_book.selectors import ExchangeRates, InForce
from billing.savings.cost import Cost, micro
from billing.savings.replay import Bill, Offer, replay


@dataclass(frozen=True, slots=True)
class Comparison:
    """One offer's bill, in millionths of a yuan. `saving` and `payback_months` are None without an own cost."""

    offer: Offer
    units: Decimal
    cost: int
    cost_a_call: int | None  # None without calls
    saving: int | None
    payback_months: Decimal | None  # also None where it never pays back
    reachable: bool


@dataclass(frozen=True, slots=True)
class Savings:
    """`comparisons` are of every offer, cheapest first; the others are picked from those within reach."""

    first: date
    last: date
    facts: Facts
    own_cost: int | None
    own_cost_a_call: int | None
    default: Comparison
    cheapest: Comparison
    dearest: Comparison
    comparisons: tuple[Comparison, ...]

    @property
    def picked(self) -> list[Comparison]:
        """The three that stand for all, the cheapest first; an offer may be two of them."""
        return [found for found in self.comparisons if found in (self.cheapest, self.default, self.dearest)]


def savings(
    usage: Sequence[DailyFacts],
    books: Sequence[InForce],
    rates: ExchangeRates,
    own: Cost | None,
    chosen: str | None = None,
) -> Savings:
    """The savings of the days of these books, which follow each other; `usage` may lack days without requests.

    `chosen` is the offer to compare with first, the book's own default without. Raises NoPriceBook where it
    does not hold on all the days.
    """
    first, last = books[0].first, books[-1].last
    usage = [facts for facts in usage if first <= facts.day <= last]
    facts = total(usage)
    own_cost = micro(own.yuan(facts, first, last)) if own else None

    def compare(bill: Bill) -> Comparison:
        cost = micro(bill.yuan)
        return Comparison(
            bill.offer,
            bill.units,
            cost,
            _a_call(cost, facts),
            None if own_cost is None else cost - own_cost,
            own.payback(bill.yuan, facts, first, last) if own else None,
            bill.reachable,
        )

    compared = sorted(map(compare, replay(usage, books, rates)), key=lambda found: found.cost)
    within_reach = [found for found in compared if found.reachable]
    wanted = chosen or books[-1].book.default
    default = next((found for found in compared if found.offer.id == wanted), None)
    if default is None:
        raise NoPriceBook(f"{wanted} has no price on all days from {first:%F} to {last:%F}; ask for days of one book.")
    return Savings(
        first,
        last,
        facts,
        own_cost,
        None if own_cost is None else _a_call(own_cost, facts),
        default,
        within_reach[0],
        within_reach[-1],
        tuple(compared),
    )


def _a_call(cost: int, facts: Facts) -> int | None:
    return round(Decimal(cost) / facts.requests) if facts.requests else None
