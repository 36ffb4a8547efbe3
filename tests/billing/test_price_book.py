"""A price book is checked field by field, loaded once a version, and never changed."""

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from billing.errors import NoPriceBook, PriceBookChanged, PriceBookInvalid
from billing.models import ExchangeRate, PriceBook
from billing.price_book.days import today
from billing.price_book.reading import read
from billing.price_book.schema import book_of
from billing.price_book.selectors import books_between, exchange_rates
from billing.price_book.services import SHIPPED, exchange_rate_add, price_book_load, price_book_load_shipped

Document = dict[str, Any]
Write = Callable[[Document], Path]

CALLS: Document = {
    "id": "calls",
    "vendor": "V",
    "product": "P",
    "currency": "USD",
    "unit": "call",
    "max_chars_per_call": 300,
    "rounding": "up",
    "batch": 1000,
    "tiers": [{"up_to": 1000, "price": "2.5"}, {"price": 1}],
    "effective_from": "2026-01-01",
    "source_url": "https://prices.example",
    "retrieved_at": "2026-01-02",
    "verified": True,
}
BOOK: Document = {
    "version": "a",
    "effective_from": "2026-01-01",
    "default": "calls",
    "rates": [{"currency": "USD", "day": "2026-01-01", "yuan": "7.1"}],
    "prices": [CALLS],
}


@pytest.fixture
def document() -> Document:
    """A book of one price, as a file holds it."""
    return deepcopy(BOOK)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """write(document): its file."""

    def to_file(document: Document) -> Path:
        path = tmp_path / "book.yaml"
        path.write_text(yaml.safe_dump(document))
        return path

    return to_file


def run(*words: str) -> str:
    out = StringIO()
    call_command("prices", *words, stdout=out)
    return out.getvalue()


# --- What is no price book --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"effective_from": None}, "effective_from"),
        ({"retrieved_at": None}, "retrieved_at"),
        ({"retrieved_at": "soon"}, "retrieved_at"),
        ({"effective_to": "2025-12-31"}, "effective_to"),
        ({"source_url": None}, "source_url"),
        ({"source_url": "a friend"}, "source_url"),
        ({"verified": "yes"}, "verified"),
        ({"unit": "word"}, "unit"),
        ({"currency": "yuan"}, "currency"),
        ({"currency": "EUR"}, "currency"),
        ({"batch": 0}, "batch"),
        ({"batch": "2.5"}, "batch"),
        ({"free_quota": -1}, "free_quota"),
        ({"char_weight_cjk": 3}, "char_weight_cjk"),
        ({"char_weight_cjk": 2}, "char_weight_cjk"),
        ({"punctuation_weight": 2}, "punctuation_weight"),
        ({"counts_normalised_text": True}, "counts_normalised_text"),
        ({"max_chars_per_call": 500}, "max_chars_per_call"),
        ({"rounding": "none"}, "rounding"),
        ({"tier_mode": "steep"}, "tier_mode"),
        ({"tokens_per_minute": 5}, "tokens_per_minute"),
        ({"unit": "block", "block_size": 100, "encoding": "gbk"}, "block_size"),
        ({"unit": "block", "block_size": 120, "encoding": "utf-8"}, "encoding"),
        ({"unit": "block", "block_size": 120, "encoding": "big5"}, "encoding"),
        ({"unit": "token", "rounding": "none"}, "tokens_per_minute"),
        ({"colour": "red"}, "colour"),
        ({"tiers": None}, "tiers"),
        ({"tiers": "free"}, "tiers"),
        ({"tiers": [{"up_to": 1000, "price": 1}]}, "tiers"),
        ({"tiers": [{"price": -1}]}, "tiers.0.price"),
        ({"tiers": [{"price": "nan"}]}, "tiers.0.price"),
        ({"tiers": [{"price": True}]}, "tiers.0.price"),
        ({"tiers": [{"price": 2}, {"price": 1}]}, "tiers.1.up_to"),
        ({"tiers": [{"up_to": 9, "price": 3}, {"up_to": 9, "price": 2}, {"price": 1}]}, "tiers.1.up_to"),
        ({"tiers": [{"up_to": 9, "price": 3}, {"up_to": 5, "price": 2}, {"price": 1}]}, "tiers.1.up_to"),
        ({"packs": [{"units": 1, "price": 1, "valid_days": 1}]}, "tiers"),
    ],
)
def test_a_wrong_price_is_refused(document: Document, change: Document, field: str) -> None:
    """Missing dates and sources, overlapping tiers, negatives, unknown units: the field is named with its price."""
    document["prices"][0].update(change)
    with pytest.raises(PriceBookInvalid) as refusal:
        book_of(document)
    assert refusal.value.param == f"prices.calls.{field}"
    assert str(refusal.value).startswith(f"prices.calls.{field}: ")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"version": None}, "version"),
        ({"effective_from": None}, "effective_from"),
        ({"default": "nobody"}, "default"),
        ({"prices": [CALLS, CALLS]}, "prices.calls.id"),
        ({"prices": ["calls"]}, "prices.0"),
        ({"rates": [{"currency": "USD", "day": "2026-01-01", "yuan": 0}]}, "rates.0.yuan"),
        ({"rates": [{"currency": "USD", "yuan": 7}]}, "rates.0.day"),
        ({"unpriced": [{"vendor": "V", "product": "P"}]}, "unpriced.0.note"),
        ({"owner": "me"}, "owner"),
    ],
)
def test_a_wrong_book_is_refused(document: Document, change: Document, field: str) -> None:
    """The same for what is not of one price."""
    with pytest.raises(PriceBookInvalid) as refusal:
        book_of(document | change)
    assert refusal.value.param == field


@pytest.mark.parametrize("text", ["{", "a: 1\na: 2\n", "- a\n- b\n", "", "\xff"])
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    """Broken YAML, a field given twice, a list, nothing, another encoding: an error that says so, never a crash."""
    path = tmp_path / "book.yaml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(PriceBookInvalid):
        book_of(read(path))


def test_numbers_are_exact(tmp_path: Path) -> None:
    """0.1 in the file is a tenth, which no float is."""
    path = tmp_path / "book.yaml"
    path.write_text("price: 0.1\nbig: 12345678901234567.89\n")
    assert read(path) == {"price": "0.1", "big": "12345678901234567.89"}


def test_the_shipped_book_names_every_vendor() -> None:
    """Each has a price, or is named as one whose price is not known; the default is DashScope's Sambert."""
    book = book_of(read(SHIPPED))
    vendors = {price.vendor for price in book.prices} | {found.vendor for found in book.unpriced}
    assert vendors == {
        "Aliyun", "Amazon", "Baidu", "ElevenLabs", "Fish Audio", "Google", "Microsoft", "OpenAI", "Tencent",
        "Unisound", "Volcengine", "xAI",
    }  # fmt: skip
    assert book.default == "aliyun-sambert"
    assert not next(price for price in book.prices if price.id == "azure-neural").verified


# --- Loading ----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_same_again_does_nothing(document: Document, write: Write) -> None:
    """A version is one row, whatever order its fields are written in."""
    first, new = price_book_load(write(document))
    again, new_again = price_book_load(write(dict(reversed(document.items()))))
    assert (new, new_again, first) == (True, False, again)
    assert PriceBook.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda d: d["prices"][0]["tiers"][0].update(price="2.4"), "prices.calls.tiers.0.price"),
        (lambda d: d["prices"][0].update(note="cheaper now"), "prices.calls.note"),
        (lambda d: d["rates"][0].update(yuan="7.2"), "rates.0.yuan"),
        (lambda d: d["prices"].append({**CALLS, "id": "more"}), "prices"),
    ],
)
def test_a_changed_version_is_refused(
    document: Document, write: Write, change: Callable[[Document], None], field: str
) -> None:
    """Other content under a version that is loaded: the field is named, nothing changes."""
    price_book_load(write(document))
    change(document)
    with pytest.raises(PriceBookChanged, match=f"another {field}\\. "):
        price_book_load(write(document))
    assert PriceBook.objects.get().content == BOOK


@pytest.mark.django_db
def test_a_new_version_leaves_past_days_alone(document: Document, write: Write) -> None:
    """It is in force from today at the earliest, whatever it says of itself."""
    price_book_load(write(document))
    price_book_load(write(document | {"version": "b"}))
    spans = books_between(date(2026, 1, 1), today())
    assert [(span.book.version, span.first, span.last) for span in spans] == [
        ("a", date(2026, 1, 1), today() - timedelta(days=1)),
        ("b", today(), today()),
    ]


@pytest.mark.django_db
def test_before_the_first_book_there_is_none(document: Document, write: Write) -> None:
    """Days without a book are refused, not guessed."""
    with pytest.raises(NoPriceBook):
        books_between(today(), today())
    price_book_load(write(document))
    with pytest.raises(NoPriceBook, match="2025-12-31"):
        books_between(date(2025, 12, 31), today())


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["billing_pricebook", "billing_exchangerate"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET loaded_at = now()", "DELETE FROM {}"])
def test_what_is_loaded_cannot_be_changed(table: str, statement: str) -> None:
    """PostgreSQL refuses, whoever asks."""
    price_book_load(SHIPPED)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table))


@pytest.mark.django_db
def test_the_shipped_book_is_loaded_where_there_is_none(document: Document, write: Write) -> None:
    """At a start; an operator's own book stays the only one."""
    price_book_load(write(document))
    price_book_load_shipped()
    assert [stored.version for stored in PriceBook.objects.all()] == ["a"]


# --- Exchange rates ---------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_rate_holds_until_the_next(document: Document, write: Write) -> None:
    """The book's rate is the first; later ones are added by day."""
    price_book_load(write(document))
    exchange_rate_add(currency="USD", yuan=Decimal("7.2"), day=today() + timedelta(days=2))
    rates = exchange_rates()
    days = [date(2026, 1, 1), today() + timedelta(days=1), today() + timedelta(days=2)]
    assert [rates.yuan("USD", day) for day in days] == [Decimal("7.1"), Decimal("7.1"), Decimal("7.2")]
    assert rates.yuan("CNY", date(1990, 1, 1)) == 1
    with pytest.raises(NoPriceBook, match="USD"):
        rates.yuan("USD", date(2025, 12, 31))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"yuan": Decimal(0)}, "yuan"),
        ({"yuan": Decimal("nan")}, "yuan"),
        ({"day": date(2026, 1, 5)}, "day"),
    ],
)
def test_a_wrong_rate_is_refused(values: Document, field: str) -> None:
    """No rate of nothing, and none for a day that is over."""
    with pytest.raises(PriceBookInvalid) as refusal:
        exchange_rate_add(currency="USD", yuan=values.get("yuan", Decimal(7)), day=values.get("day"))
    assert refusal.value.param == field
    assert not ExchangeRate.objects.exists()


@pytest.mark.django_db
def test_a_day_has_one_rate() -> None:
    """The second is refused, and the first stays."""
    exchange_rate_add(currency="USD", yuan=Decimal(7))
    with pytest.raises(PriceBookInvalid, match="already"):
        exchange_rate_add(currency="USD", yuan=Decimal(8))


# --- The command ------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_command() -> None:
    """`prices load` loads the shipped book once; `list` shows versions, prices, marks and what has no price."""
    assert "No price book is loaded" in run("list")
    assert json.loads(run("load", "--json"))["new"] is True
    assert run("load").startswith("Nothing to do")
    shape = json.loads(run("list", "--json"))
    (sambert,) = [row for row in shape["prices"] if row["id"] == "aliyun-sambert"]
    assert (sambert["list_price_of_10000_hanzi"], sambert["verified"]) == ("1.0000", True)
    printed = run("list")
    assert "unverified" in next(line for line in printed.splitlines() if line.startswith("azure-neural"))
    assert "no price known: Google" in printed
    assert run("rate", "USD", "7.25").startswith("1 USD = 7.25")


@pytest.mark.django_db
def test_a_mistake_is_one_clear_error(document: Document, write: Write, tmp_path: Path) -> None:
    """A wrong field, a changed version, a missing file."""
    document["prices"][0]["unit"] = "word"
    with pytest.raises(CommandError, match=r"prices\.calls\.unit"):
        run("load", str(write(document)))
    with pytest.raises(CommandError, match="missing"):
        run("load", str(tmp_path / "missing.yaml"))
    with pytest.raises(CommandError):
        run("rate", "USD", "much")
