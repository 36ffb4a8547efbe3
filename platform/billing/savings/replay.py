"""What the same requests would have cost at every vendor of a price book, in yuan, exactly."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.price_book.facts import DailyFacts, sums
from billing.price_book.rules import billed_units, list_cost, tier_cost
from billing.price_book.schema import Pack, Price, Reset
from billing.price_book.selectors import ExchangeRates, InForce


@dataclass(frozen=True, slots=True)
class Offer:
    """One way to buy: a price as one goes, or one size of its packs."""

    price: Price
    pack: Pack | None = None

    @property
    def id(self) -> str:
        return f"{self.price.id}-{self.pack.units}" if self.pack else self.price.id


@dataclass(frozen=True, slots=True)
class Bill:
    """What an offer asks for the requests of some days.

    `reachable` is false for a pack that could not be used up while it is valid: its low price is
    one that these requests never pay.
    """

    offer: Offer
    units: Decimal
    yuan: Decimal
    reachable: bool


def offers(prices: Iterable[Price]) -> list[Offer]:
    return [Offer(price, pack) for price in prices for pack in (price.packs or (None,))]


def replay(usage: Sequence[DailyFacts], books: Sequence[InForce], rates: ExchangeRates) -> list[Bill]:
    """A bill of each offer that holds on all the days of these books.

    Tiers and free quotas begin anew with each book, and see only the usage that is given: for
    whole months give whole months. A bill is converted at the rate of its last day.
    """
    bills: dict[str, list[Bill]] = defaultdict(list)
    for span in books:
        days = [facts for facts in usage if span.first <= facts.day <= span.last]
        periods = {reset: _periods(days, reset) for reset in Reset}
        for offer in offers(span.book.prices):
            if offer.price.effective(span.first, span.last):
                bills[offer.id].append(_bill(offer, periods[offer.price.reset], span, rates))
    return [_sum(parts) for parts in bills.values() if len(parts) == len(books)]


def _periods(days: Iterable[DailyFacts], reset: Reset) -> list[DailyFacts]:
    """The sums of each period for which a vendor makes out one bill, by its last day with requests."""
    found: dict[date, list[DailyFacts]] = defaultdict(list)
    for facts in days:
        found[facts.day if reset is Reset.DAY else facts.day.replace(day=1)].append(facts)
    return [DailyFacts(day=max(facts.day for facts in rows), **sums(rows)) for rows in found.values()]


def _bill(offer: Offer, periods: Sequence[DailyFacts], span: InForce, rates: ExchangeRates) -> Bill:
    """Of a pack, its used part is paid."""
    price, pack = offer.price, offer.pack
    units, yuan = Decimal(0), Decimal(0)
    for facts in periods:
        counted = billed_units(price, facts)
        units += counted
        cost = list_cost(price, counted, pack) if pack else tier_cost(price, counted)
        yuan += cost * rates.yuan(price.currency, facts.day)
    length = (span.last - span.first).days + 1
    reachable = pack is None or units * pack.valid_days >= pack.units * length
    return Bill(offer, units, yuan, reachable)


def _sum(parts: Sequence[Bill]) -> Bill:
    """Of several books' days, told by the last book's offer."""
    return Bill(
        parts[-1].offer,
        sum((part.units for part in parts), Decimal(0)),
        sum((part.yuan for part in parts), Decimal(0)),
        all(part.reachable for part in parts),
    )
