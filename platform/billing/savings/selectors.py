"""Own costs and savings, and those of a load that nobody has yet.

The first three take the tenant. For the operator alone it may be None, which is the platform: the requests of all
tenants as one customer of a vendor, and what the platform costs, whatever is said of each tenant.
"""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from billing.models import OwnCost
from billing.price_book.selectors import books_between, books_within, exchange_rates
from billing.savings.compare import Savings, savings
from billing.savings.cost import MICRO, BusyCost, Cost, MonthlyCost
from billing.savings.replay import Offer, offers
from billing.savings.scenario import Scenario, month_of
from billing.savings.timeline import Timeline, timeline
from billing.usage.selectors import daily_facts, first_day, month_after


def own_cost(tenant_id: UUID | None) -> Cost | None:
    """None where the operator has not said what speaking costs here."""
    stored = OwnCost.objects.filter(tenant=tenant_id).first()
    if stored is None:
        return None
    if stored.busy_hour is not None:
        return BusyCost(_yuan(stored.busy_hour))
    return MonthlyCost(
        server=_yuan(stored.server_a_month),
        power=_yuan(stored.power_a_month),
        staff=_yuan(stored.staff_a_month),
        one_off=_yuan(stored.one_off),
        one_off_months=stored.one_off_months,
    )


def savings_between(
    tenant_id: UUID | None, *, first: date, last: date, own: Cost | None, chosen: str | None = None
) -> Savings:
    """Of the requests on these days, both included. Raises NoPriceBook where no book was in force."""
    usage = daily_facts(tenant_id, first=first, last=last)
    return savings(usage, books_between(first, last), exchange_rates(), own, chosen)


def timeline_until(
    tenant_id: UUID | None, last: date, *, months: int, own: Cost | None, chosen: str | None = None
) -> Timeline:
    """So many calendar months, the last of them until `last`; those before the first request are left out."""
    first = last.replace(day=1)
    for _ in range(months - 1):
        first = (first - timedelta(days=1)).replace(day=1)
    begin = first_day(tenant_id, first=first, last=last) or last
    books = books_within(first, last)
    usage = daily_facts(tenant_id, first=books[0].first, last=last) if books else []  # what has a price, for it is much
    return timeline(begin, usage, books, exchange_rates(), own, chosen, last)


def offers_on(day: date) -> list[Offer]:
    """What there is to compare with, by name; nothing where no price book is in force."""
    books = books_within(day, day)
    return sorted(offers(books[-1].book.prices), key=lambda offer: offer.price.name) if books else []


def what_if(scenario: Scenario, own: Cost | None, chosen: str | None, *, after: date) -> Savings:
    """The whole month that follows the day, at the prices that hold on it. Raises NoPriceBook."""
    book = books_between(after, after)[-1].book
    return month_of(scenario, book, exchange_rates(), own, chosen, month=month_after(after.replace(day=1)))


def _yuan(micro: int) -> Decimal:
    return Decimal(micro) / MICRO
