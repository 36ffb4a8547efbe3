"""What requests that are not made yet would cost: at each vendor, and here."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID

from billing.price_book.days import today
from billing.price_book.facts import DailyFacts, Facts, total
from billing.price_book.selectors import books_between, exchange_rates
from billing.savings.compare import savings
from billing.savings.cost import micro
from billing.savings.selectors import own_cost
from billing.usage.selectors import daily_facts


@dataclass(frozen=True, slots=True)
class Estimate:
    """Millionths of a yuan; a vendor's is what it would ask more this month, each by the id of its offer."""

    own_cost: int | None  # at this month's own cost of a character; None while that is not known
    default: tuple[str, int]
    cheapest: tuple[str, int]
    dearest: tuple[str, int]


def estimate(tenant_id: UUID, asked: dict[str, Any]) -> Estimate:
    """For requests with these sums, by the names of `Facts`, in addition to the tenant's of this month.

    Raises NoPriceBook.
    """
    last: date = today()
    first = last.replace(day=1)
    so_far = daily_facts(tenant_id, first=first, last=last)
    books, rates, own = books_between(first, last), exchange_rates(), own_cost(tenant_id)
    added = Facts(**asked)
    without = savings(so_far, books, rates, own)
    with_it = savings([*so_far, DailyFacts(day=last, **asdict(added))], books, rates, own)
    before = {found.offer.id: found.cost for found in without.comparisons}
    more = {found.offer.id: found.cost - before[found.offer.id] for found in with_it.comparisons if found.reachable}
    default = with_it.default.offer.id
    by_cost = sorted(more.items(), key=lambda offered: offered[1])
    return Estimate(
        own_cost=_share(without.own_cost, total(so_far), _characters(added)),
        default=(default, with_it.default.cost - before[default]),
        cheapest=by_cost[0],
        dearest=by_cost[-1],
    )


def cost_of_a_million(tenant_id: UUID) -> int | None:
    """Millionths of a yuan that so many characters cost here, as this month's did; None while that is not known."""
    own, last = own_cost(tenant_id), today()
    if own is None:
        return None
    first = last.replace(day=1)
    so_far = total(daily_facts(tenant_id, first=first, last=last))
    return _share(micro(own.yuan(so_far, first, last)), so_far, 1_000_000)


def _share(own_cost: int | None, so_far: Facts, characters: int) -> int | None:
    """What these characters cost if they cost as much as those spoken so far."""
    spoken = _characters(so_far)
    return None if own_cost is None or not spoken else own_cost * characters // spoken


def _characters(facts: Facts) -> int:
    return facts.hanzi + facts.other_characters
