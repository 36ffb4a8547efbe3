"""`manage.py savings --scenario`: what a load would cost at every vendor and here. Needs no database."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from accounts.management.operator_command import Answer, OperatorCommand, Options, add_json
from billing.arguments import count, yuan
from billing.errors import BillingError
from billing.price_book.days import today
from billing.price_book.reading import read
from billing.price_book.schema import Book, book_of
from billing.price_book.services import SHIPPED
from billing.savings import scenario as what_if
from billing.savings.compare import Comparison, Savings
from billing.savings.cost import MICRO, BusyCost, Cost, MonthlyCost
from billing.savings.scenario import Scenario


class Command(OperatorCommand):
    help = "What a load would cost in a year at every vendor of a price book, and what speaking it here saves."
    requires_system_checks = []  # it only calculates
    refusals = (BillingError, OSError)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--scenario", action="store_true", required=True, help="a what-if; by default the article's"
        )
        parser.add_argument("--calls-per-day", type=count, default=100_000)
        parser.add_argument("--characters", type=count, default=60, help="Hanzi of each call")
        parser.add_argument("--server-yuan-a-year", type=yuan, default=Decimal(36_000))
        parser.add_argument("--power-yuan-a-year", type=yuan, default=Decimal(0))
        parser.add_argument("--staff-yuan-a-year", type=yuan, default=Decimal(0))
        parser.add_argument("--one-off-yuan", type=yuan, default=Decimal(12_000))
        parser.add_argument("--one-off-months", type=count, default=12, help="over which the one-off is spread")
        parser.add_argument("--busy-hour-yuan", type=yuan, help="an hour of work, instead of all other costs")
        parser.add_argument("--busy-ms-per-call", type=count, default=1000, help="goes with --busy-hour-yuan")
        parser.add_argument("--book", type=Path, default=SHIPPED, help="a price book's file")
        add_json(parser)

    def answer(self, options: Options) -> Answer:
        scenario = Scenario(
            calls_a_day=options["calls_per_day"],
            characters=options["characters"],
            busy_ms=options["busy_ms_per_call"],
        )
        book = book_of(read(options["book"]))
        shape = _shape(scenario, book, what_if.year_of(scenario, book, _own(options), begin=today()))
        return shape, "\n".join(_lines(shape))


def _own(options: Options) -> Cost:
    if options["busy_hour_yuan"] is not None:
        return BusyCost(options["busy_hour_yuan"])
    return MonthlyCost(
        server=options["server_yuan_a_year"] / 12,
        power=options["power_yuan_a_year"] / 12,
        staff=options["staff_yuan_a_year"] / 12,
        one_off=options["one_off_yuan"],
        one_off_months=options["one_off_months"],
    )


def _shape(scenario: Scenario, book: Book, found: Savings) -> dict[str, Any]:
    rates = what_if.rates_of(book)

    def offer(compared: Comparison) -> dict[str, Any]:
        payback = compared.payback_months
        return {
            "id": compared.offer.id,
            "list_yuan_a_day": _money(what_if.list_cost_a_day(scenario, compared.offer, rates, found.first)),
            "yuan_a_year": _money(Decimal(compared.cost) / MICRO),
            "saving_yuan_a_year": _money(Decimal(compared.saving or 0) / MICRO),
            "payback_months": None if payback is None else f"{payback:.1f}",
            "verified": compared.offer.price.verified,
            "reachable": compared.reachable,
        }

    return {
        "calls_per_day": scenario.calls_a_day,
        "characters": scenario.characters,
        "first_day": str(found.first),
        "last_day": str(found.last),
        "price_book": book.version,
        "own_yuan_a_year": _money(Decimal(found.own_cost or 0) / MICRO),
        "own_yuan_a_call": f"{Decimal(found.own_cost_a_call or 0) / MICRO:.6f}",
        "default": offer(found.default),
        "cheapest": offer(found.cheapest),
        "dearest": offer(found.dearest),
        "offers": [offer(compared) for compared in found.comparisons],
        "claim": {
            "yuan_a_day_of_this_load": _money(what_if.claimed_a_day(scenario)),
            "characters_a_call_for_600_yuan": f"{what_if.characters_for_the_claim(scenario):.0f}",
        },
    }


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _lines(shape: dict[str, Any]) -> list[str]:
    lines = [
        f"{shape['calls_per_day']} calls a day of {shape['characters']} Hanzi, "
        f"{shape['first_day']} to {shape['last_day']}, price book {shape['price_book']}",
        f"here: {shape['own_yuan_a_year']} yuan a year, {shape['own_yuan_a_call']} a call",
        "",
        f"{'offer':<36}{'list, a day':>12}{'a year':>14}{'saved':>14}{'pays back':>12}",
    ]
    for row in shape["offers"]:
        payback = f"{row['payback_months']} mo" if row["payback_months"] else "never"
        marks = ["unverified"] * (not row["verified"]) + ["out of reach"] * (not row["reachable"])
        lines.append(
            f"{row['id']:<36}{row['list_yuan_a_day']:>12}{row['yuan_a_year']:>14}{row['saving_yuan_a_year']:>14}"
            f"{payback:>12}  {', '.join(marks)}".rstrip()
        )
    for name in ("default", "cheapest", "dearest"):
        row = shape[name]
        lines.append(f"{name}: {row['id']} saves {row['saving_yuan_a_year']} yuan a year")
    return lines + _claim(shape)


def _claim(shape: dict[str, Any]) -> list[str]:
    claim = shape["claim"]
    return [
        "",
        'The savings article says "0.006 yuan for 1,000 characters" and "600 yuan a day at 100,000 calls".',
        f"At that price this load costs {claim['yuan_a_day_of_this_load']} yuan a day; for 600 each call must have "
        f"{claim['characters_a_call_for_600_yuan']} characters.",
        "0.006 for 1,000 characters is a pack of 1,000,000 NLS calls with every call filled to 300 characters: "
        "a floor, not a price a character.",
        "600 a day is Sambert's 0.006 yuan a call of 60 Hanzi, 100,000 times. The two belong to different books.",
    ]
