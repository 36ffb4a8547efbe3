"""Savings over time: months added up, the curve, and the day on which a purchase has paid for itself."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from billing.price_book.schema import Tier
from billing.price_book.selectors import InForce
from billing.savings.cost import BusyCost, Cost, MonthlyCost
from billing.savings.scenario import rates_of
from billing.savings.timeline import Payback, Timeline, timeline
from tests.billing.test_savings import PLAIN, book, days

CHEAP = replace(PLAIN, id="cheap", tiers=(Tier(Decimal("0.1"), None),))
SINCE, UNTIL = date(2027, 1, 1), date(2027, 3, 31)


def told(own: Cost | None = None, *, begin: date = SINCE, chosen: str | None = None, priced: date = SINCE) -> Timeline:
    """Ten characters a day until UNTIL: ten yuan a day at the default vendor, one at the cheap one."""
    shown = book(PLAIN, CHEAP)
    usage = days(begin, UNTIL, characters=10, busy_ms=3_600_000)
    return timeline(begin, usage, [InForce(shown, priced, UNTIL)], rates_of(shown), own, chosen, UNTIL)


def test_months_add_up() -> None:
    """Ninety days of ten yuan, less a hundred a month here; the cheapest would have been 90."""
    found = told(MonthlyCost(server=Decimal(100)))
    assert [month.first.month for month in found.months] == [1, 2, 3]
    assert found.saved == (900 - 300) * 1_000_000
    assert found.least == (90 - 300) * 1_000_000
    assert found.most == found.saved


def test_the_curve_ends_where_the_months_do() -> None:
    """Its last point is the sum of the months' bills, its first the day before, when only the purchase was paid."""
    found = told(MonthlyCost(server=Decimal(100), one_off=Decimal(60)))
    first, last = found.points[0], found.points[-1]
    assert (first.day, first.chosen, first.here) == (date(2026, 12, 31), 0, 60_000_000)
    assert (last.day, last.chosen, last.here) == (UNTIL, 900_000_000, 360_000_000)
    assert last.chosen == sum(month.default.cost for month in found.months)
    assert last.cheapest == sum(month.cheapest.cost for month in found.months)


def test_a_chosen_vendor_takes_the_defaults_place() -> None:
    """Every month and the curve are told against it."""
    found = told(chosen="cheap")
    assert {month.default.offer.id for month in found.months} == {"cheap"}
    assert found.points[-1].chosen == 90_000_000
    assert found.saved is None


def test_the_first_request_begins_it() -> None:
    """Months before it cost nothing here, so nothing was lost in them; its own counts whole."""
    found = told(MonthlyCost(server=Decimal(1)), begin=date(2027, 2, 20))
    assert [month.first.month for month in found.months] == [2, 3]


def test_months_without_prices_are_left_out_and_named() -> None:
    """Before the first book, and where the chosen offer is in none."""
    found = told(priced=date(2027, 2, 1))
    assert [month.first.month for month in found.months] == [2, 3]
    assert found.unpriced == (SINCE,)
    assert len(told(chosen="gone").unpriced) == 3


def test_the_day_of_payback() -> None:
    """Ten yuan a day against none here: a purchase of 450 is paid for by the 45th day."""
    assert told(MonthlyCost(one_off=Decimal(450))).payback == Payback(date(2027, 2, 14), reached=True)


def test_a_payback_that_is_yet_to_come() -> None:
    """At the same pace, 200 yuan more take 20 days more."""
    assert told(MonthlyCost(one_off=Decimal(1100))).payback == Payback(date(2027, 4, 20), reached=False)


def test_no_payback() -> None:
    """Where nothing was bought, where it never pays, and where nobody has said what it costs."""
    assert told(BusyCost(Decimal(5))).payback is None
    assert told(MonthlyCost(server=Decimal(900), one_off=Decimal(10))).payback is None
    assert told().payback is None
