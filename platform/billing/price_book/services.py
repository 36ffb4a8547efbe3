"""Loading price books and exchange rates: rows are added, never changed."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.services import OPERATOR, PLATFORM
from billing.errors import PriceBookChanged, PriceBookInvalid
from billing.models import ExchangeRate, PriceBook
from billing.price_book.days import today
from billing.price_book.reading import read
from billing.price_book.schema import Book, book_of

SHIPPED = Path(__file__).with_name("price_book.yaml")


@transaction.atomic
def price_book_load(path: Path, *, actor: str = OPERATOR) -> tuple[PriceBook, bool]:
    """The stored version of the file, and whether it is new.

    The first book is in force from its own date, a later one from today at the earliest: what was
    computed for past days does not change. Raises PriceBookInvalid, or PriceBookChanged when the
    version is loaded with other content; both name the field.
    """
    content = read(path)
    book = book_of(content)
    stored = PriceBook.objects.filter(version=book.version).first()
    if stored is not None:
        if changed := _first_difference(stored.content, content):
            raise PriceBookChanged(book.version, changed)
        return stored, False
    first = not PriceBook.objects.exists()
    stored = PriceBook.objects.create(
        version=book.version,
        in_force_from=book.effective_from if first else max(book.effective_from, today()),
        content=content,
        content_sha256=hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest(),
    )
    _add_first_rates(book)
    audit.record(action="price_book.load", actor=actor, details={"version": book.version})
    return stored, True


def price_book_load_shipped() -> None:
    """Where there is no book yet; which later one to load is the operator's choice."""
    if not PriceBook.objects.exists():
        price_book_load(SHIPPED, actor=PLATFORM)


@transaction.atomic
def exchange_rate_add(
    *, currency: str, yuan: Decimal, day: date | None = None, note: str = "", actor: str = OPERATOR
) -> ExchangeRate:
    """What one unit of a currency is worth from that day on, by default today; past days stay as they were."""
    day = day or today()
    if not yuan.is_finite() or yuan <= 0:
        raise PriceBookInvalid("yuan", "must be above zero.")
    if day < today():
        raise PriceBookInvalid("day", "is over: what was computed for past days does not change.")
    try:
        with transaction.atomic():
            rate = ExchangeRate.objects.create(currency=currency, day=day, yuan=yuan, note=note)
    except IntegrityError as error:
        raise PriceBookInvalid("day", f"{currency} has a rate of {day:%F} already, which stays.") from error
    details = {"currency": currency, "day": str(day), "yuan": str(yuan)}
    audit.record(action="exchange_rate.add", actor=actor, details=details)
    return rate


def _add_first_rates(book: Book) -> None:
    """Those of a currency that has none yet."""
    known = set(ExchangeRate.objects.values_list("currency", flat=True))
    ExchangeRate.objects.bulk_create(
        ExchangeRate(currency=rate.currency, day=rate.day, yuan=rate.yuan, note=rate.note)
        for rate in book.rates
        if rate.currency not in known
    )


def _first_difference(stored: Any, given: Any, path: str = "") -> str:
    """The path of the first field that is not the same; empty where all are."""
    if isinstance(stored, Mapping) and isinstance(given, Mapping):
        pairs = [(name, stored.get(name), given.get(name)) for name in {**stored, **given}]
    elif isinstance(stored, list) and isinstance(given, list) and len(stored) == len(given):
        pairs = [
            (str(a.get("id", number) if isinstance(a, Mapping) else number), a, b)
            for number, (a, b) in enumerate(zip(stored, given, strict=True))
        ]
    else:
        return "" if stored == given else path
    inner = (_first_difference(a, b, f"{path}.{name}".lstrip(".")) for name, a, b in pairs)
    return next(filter(None, inner), "")
