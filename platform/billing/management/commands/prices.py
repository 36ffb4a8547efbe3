"""`manage.py prices load [FILE]`, `prices list`, `prices rate CURRENCY YUAN`."""

from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from accounts.management.operator_command import Answer, OperatorCommand, Options, add_json
from billing.arguments import yuan
from billing.errors import BillingError
from billing.price_book.rules import TEN_THOUSAND_HANZI, billed_units, list_cost
from billing.price_book.schema import Book, book_of
from billing.price_book.selectors import price_books
from billing.price_book.services import SHIPPED, exchange_rate_add, price_book_load
from billing.savings.replay import Offer, offers


class Command(OperatorCommand):
    help = "Load vendors' list prices, list them, add exchange rates. What is loaded never changes."
    refusals = (BillingError, OSError)

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        load = actions.add_parser("load", help="a price book; without a file the one that Voxhouse brings")
        load.add_argument("file", nargs="?", type=Path, default=SHIPPED)
        rate = actions.add_parser("rate", help="what one unit of a currency is worth in yuan")
        rate.add_argument("currency", help="ISO 4217, such as USD")
        rate.add_argument("yuan", type=yuan)
        rate.add_argument("--day", type=date.fromisoformat, help="from when on; today by default")
        add_json(load, rate, actions.add_parser("list", help="versions, and the prices of the latest"))

    def answer(self, options: Options) -> Answer:
        return {"load": _load, "rate": _rate, "list": _list}[options["action"]](options)


def _load(options: Options) -> Answer:
    stored, new = price_book_load(options["file"])
    shape = {"version": stored.version, "in_force_from": str(stored.in_force_from), "new": new}
    done = "Loaded" if new else "Nothing to do: this is"
    return shape, f"{done} version {stored.version}, in force from {stored.in_force_from:%F}."


def _rate(options: Options) -> Answer:
    rate = exchange_rate_add(currency=options["currency"], yuan=options["yuan"], day=options["day"])
    return {"currency": rate.currency, "day": str(rate.day), "yuan": str(rate.yuan)}, f"{rate}."


def _list(options: Options) -> Answer:
    versions = list(price_books())
    book = book_of(versions[-1].content) if versions else None
    shape: dict[str, Any] = {
        "versions": [
            {"version": found.version, "in_force_from": str(found.in_force_from), "sha256": found.content_sha256}
            for found in versions
        ],
        "prices": [_shape(offer) for offer in offers(book.prices)] if book else [],
        "unpriced": [{"vendor": found.vendor, "product": found.product} for found in book.unpriced] if book else [],
    }
    return shape, "\n".join(_lines(shape, book))


def _shape(offer: Offer) -> dict[str, Any]:
    price = offer.price
    listed = list_cost(price, billed_units(price, TEN_THOUSAND_HANZI), offer.pack)
    return {
        "id": offer.id,
        "name": price.name,
        "unit": price.unit,
        "currency": price.currency,
        "list_price_of_10000_hanzi": f"{listed:.4f}",
        "effective_from": str(price.effective_from),
        "retrieved_at": str(price.retrieved_at),
        "verified": price.verified,
        "source_url": price.source_url,
        "note": price.note,
    }


def _lines(shape: dict[str, Any], book: Book | None) -> list[str]:
    if book is None:
        return ["No price book is loaded; 'manage.py prices load' loads the one that Voxhouse brings."]
    lines = ["{version}\tin force from {in_force_from}\t{sha256:.12}".format_map(found) for found in shape["versions"]]
    lines += ["", "id\tfor 10,000 Hanzi\tunit\tseen\tsource"]
    for row in shape["prices"]:
        mark = "" if row["verified"] else "\tunverified"
        lines.append(
            "{id}\t{list_price_of_10000_hanzi} {currency}\t{unit}\t{retrieved_at}\t{source_url}".format_map(row) + mark
        )
    return [*lines, *(f"no price known: {found.vendor} {found.product} ({found.note})" for found in book.unpriced)]
