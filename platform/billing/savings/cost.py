"""What speaking costs here: by the month, or by the hour in which a worker was busy."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from billing.errors import CostInvalid
from billing.price_book.facts import Facts

MICRO = 1_000_000  # of a yuan; amounts leave this package as whole millionths
MOST = 1_000_000_000  # yuan, of any one amount
MOST_MONTHS = 1200  # over which a one-off is spread
MS_AN_HOUR = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyCost:
    """Yuan. The one-off is spread evenly over so many months, after which it would be spent again."""

    server: Decimal = Decimal(0)
    power: Decimal = Decimal(0)
    staff: Decimal = Decimal(0)
    one_off: Decimal = Decimal(0)
    one_off_months: int = 12

    def __post_init__(self) -> None:
        for name in ("server", "power", "staff", "one_off"):
            _check(name, getattr(self, name))
        if not 1 <= self.one_off_months <= MOST_MONTHS:
            raise CostInvalid("one_off_months", f"must be from 1 to {MOST_MONTHS}.")

    @property
    def running(self) -> Decimal:
        """Yuan a month without the one-off."""
        return self.server + self.power + self.staff

    def yuan(self, facts: Facts, first: date, last: date) -> Decimal:
        return (self.running + self.one_off / self.one_off_months) * months(first, last)

    def running_yuan(self, facts: Facts, first: date, last: date) -> Decimal:
        """Without the one-off."""
        return self.running * months(first, last)

    def of_servers(self, count: int) -> "MonthlyCost":
        """This cost is of one server: so many are bought, rented and powered; who looks after them stays."""
        return replace(self, server=self.server * count, power=self.power * count, one_off=self.one_off * count)

    def payback(self, vendor_yuan: Decimal, facts: Facts, first: date, last: date) -> Decimal | None:
        """Months until what is saved pays for the one-off; None where it never does."""
        gained = vendor_yuan / months(first, last) - self.running
        return self.one_off / gained if gained > 0 else None


@dataclass(frozen=True, slots=True)
class BusyCost:
    """Yuan an hour in which a worker speaks, as a rented accelerator is paid for."""

    hour: Decimal
    one_off: ClassVar = Decimal(0)

    def __post_init__(self) -> None:
        _check("busy_hour", self.hour)

    def yuan(self, facts: Facts, first: date, last: date) -> Decimal:
        return self.hour * facts.busy_ms / MS_AN_HOUR

    running_yuan = yuan

    def of_servers(self, count: int) -> "BusyCost":
        """What is paid by the hour of work is paid for no server that is idle."""
        return self

    def payback(self, vendor_yuan: Decimal, facts: Facts, first: date, last: date) -> Decimal | None:
        """Nothing is invested: at once, or never."""
        return Decimal(0) if vendor_yuan > self.yuan(facts, first, last) else None


Cost = MonthlyCost | BusyCost


def cost_of(*, busy_hour: Decimal | None = None, **monthly: Any) -> Cost:
    """An own cost as an operator writes it: `busy_hour`, or the fields of MonthlyCost.

    Raises CostInvalid, which names the field, for what is no amount and for both forms at once.
    """
    by_the_month = MonthlyCost(**monthly)
    if busy_hour is None:
        return by_the_month
    if by_the_month.running or by_the_month.one_off:
        raise CostInvalid("busy_hour", "excludes monthly amounts: give one of the two forms.")
    return BusyCost(busy_hour)


def _check(name: str, yuan: Decimal) -> None:
    if not yuan.is_finite() or not 0 <= yuan <= MOST:
        raise CostInvalid(name, f"must be from 0 to {MOST} yuan.")


def months(first: date, last: date) -> Decimal:
    """How many months these days are, both included: each day is its part of its own month."""
    return sum((Decimal(days) / length for days, length in _days_by_month(first, last)), Decimal(0))


def _days_by_month(first: date, last: date) -> Iterator[tuple[int, int]]:
    """(days of the span in the month, days of the month), so that a whole month is exactly one."""
    while first <= last:
        length = monthrange(first.year, first.month)[1]
        end = min(last, first.replace(day=length))
        yield (end - first).days + 1, length
        first = end + timedelta(days=1)


def micro(yuan: Decimal) -> int:
    """Whole millionths, halves to even."""
    return int((yuan * MICRO).to_integral_value())
