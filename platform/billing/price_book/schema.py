"""What a price book must say, checked field by field: a mapping comes in, frozen dataclasses come out."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from billing.price_book.facts import BLOCK_BYTES, CALL_CHARACTERS
from billing.price_book.fields import Fields


class Unit(StrEnum):
    CHARACTER = "char"
    CALL = "call"
    BLOCK = "block"
    BYTE = "byte"
    TOKEN = "token"  # of audio  # noqa: S105
    SECOND = "second"  # of audio


class Encoding(StrEnum):
    GBK = "gbk"
    UTF8 = "utf-8"


class Rounding(StrEnum):
    NONE = "none"
    UP = "up"  # the begun call or block of each request counts in full


class TierMode(StrEnum):
    GRADUATED = "graduated"  # each tier's price for the units that fall into it
    ALL_UNITS = "all_units"  # the price of the tier that is reached, for all units


class Reset(StrEnum):
    """When tiers and free quota begin anew."""

    MONTH = "month"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Tier:
    """The price of one batch up to and including so many units; the last tier has no end."""

    price: Decimal
    up_to: int | None


@dataclass(frozen=True, slots=True)
class Pack:
    """Units bought in advance, lost when they are not used in time."""

    units: int
    price: Decimal
    valid_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One way to pay one vendor for one product: either tiers as one goes, or packs in advance."""

    id: str
    vendor: str
    product: str
    voice_tier: str
    currency: str  # ISO 4217
    unit: Unit
    batch: int  # units that one price of a tier buys
    tiers: tuple[Tier, ...]
    packs: tuple[Pack, ...]
    tier_mode: TierMode
    reset: Reset
    free_quota: int  # units a `reset`
    char_weight_cjk: int  # what a Hanzi counts, 1 or 2
    punctuation_weight: int
    counts_normalised_text: bool
    ssml_counts: bool
    block_size: int | None
    encoding: Encoding | None
    max_chars_per_call: int | None
    tokens_per_minute: Decimal | None
    rounding: Rounding
    effective_from: date
    effective_to: date | None
    source_url: str
    retrieved_at: date
    verified: bool
    note: str

    @property
    def name(self) -> str:
        """As the vendor's page calls it."""
        return " ".join(filter(None, [self.vendor, self.product, self.voice_tier]))

    @property
    def is_lower_bound(self) -> bool:
        """The vendor bills more than the stored facts tell: tags, all Hanzi read out for numbers, tokens of text."""
        return self.ssml_counts or self.counts_normalised_text or self.unit is Unit.TOKEN

    def effective(self, first: date, last: date) -> bool:
        """Does it hold on every one of these days?"""
        return self.effective_from <= first and (self.effective_to is None or last <= self.effective_to)


@dataclass(frozen=True, slots=True)
class Unpriced:
    """A vendor whose price no page confirmed: named, so that nobody takes it for forgotten."""

    vendor: str
    product: str
    source_url: str
    note: str


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of a currency was worth, from that day on."""

    currency: str
    day: date
    yuan: Decimal
    note: str


@dataclass(frozen=True, slots=True)
class Book:
    version: str
    effective_from: date
    default: str  # id of the price that savings are compared with first
    rates: tuple[Rate, ...]
    prices: tuple[Price, ...]
    unpriced: tuple[Unpriced, ...]


def book_of(document: Any) -> Book:
    """The price book that a parsed file describes; raises PriceBookInvalid with the field's path."""
    fields = Fields(document)
    book = Book(
        version=fields.text("version"),
        effective_from=fields.day("effective_from"),
        default=fields.text("default"),
        rates=tuple(map(_rate, fields.each("rates"))),
        prices=tuple(map(_price, fields.each("prices", label="id"))),
        unpriced=tuple(map(_unpriced, fields.each("unpriced"))) if fields.has("unpriced") else (),
    )
    _check_together(book, fields)
    fields.end()
    return book


def _check_together(book: Book, fields: Fields) -> None:
    ids = [price.id for price in book.prices]
    for known in ids:
        if ids.count(known) > 1:
            raise fields.wrong(f"prices.{known}.id", "is there twice.")
    default = next((price for price in book.prices if price.id == book.default), None)
    if default is None or default.packs:
        raise fields.wrong("default", "must be the id of a price with tiers in this book.")
    currencies = {rate.currency for rate in book.rates} | {"CNY"}
    for price in book.prices:
        if price.currency not in currencies:
            raise fields.wrong(f"prices.{price.id}.currency", f"{price.currency} has no exchange rate in `rates`.")


def _rate(fields: Fields) -> Rate:
    rate = Rate(
        currency=fields.currency("currency"),
        day=fields.day("day"),
        yuan=fields.number("yuan", above_zero=True),
        note=fields.text("note") if fields.has("note") else "",
    )
    fields.end()
    return rate


def _unpriced(fields: Fields) -> Unpriced:
    found = Unpriced(
        vendor=fields.text("vendor"),
        product=fields.text("product"),
        source_url=fields.url("source_url") if fields.has("source_url") else "",
        note=fields.text("note"),
    )
    fields.end()
    return found


def _price(fields: Fields) -> Price:
    unit = fields.choice("unit", Unit)
    price = Price(
        id=fields.text("id"),
        vendor=fields.text("vendor"),
        product=fields.text("product"),
        voice_tier=fields.text("voice_tier") if fields.has("voice_tier") else "",
        currency=fields.currency("currency"),
        unit=unit,
        batch=fields.integer("batch") if fields.has("batch") else 1,
        tiers=_tiers(fields) if fields.has("tiers") else (),
        packs=tuple(map(_pack, fields.each("packs"))) if fields.has("packs") else (),
        tier_mode=fields.choice("tier_mode", TierMode) if fields.has("tier_mode") else TierMode.GRADUATED,
        reset=fields.choice("reset", Reset) if fields.has("reset") else Reset.MONTH,
        free_quota=fields.integer("free_quota", above_zero=False) if fields.has("free_quota") else 0,
        char_weight_cjk=fields.integer("char_weight_cjk") if fields.has("char_weight_cjk") else 1,
        punctuation_weight=fields.integer("punctuation_weight") if fields.has("punctuation_weight") else 1,
        counts_normalised_text=fields.flag("counts_normalised_text") if fields.has("counts_normalised_text") else False,
        ssml_counts=fields.flag("ssml_counts") if fields.has("ssml_counts") else False,
        block_size=fields.integer("block_size") if fields.has("block_size") else None,
        encoding=fields.choice("encoding", Encoding) if fields.has("encoding") else None,
        max_chars_per_call=fields.integer("max_chars_per_call") if fields.has("max_chars_per_call") else None,
        tokens_per_minute=fields.number("tokens_per_minute", above_zero=True)
        if fields.has("tokens_per_minute")
        else None,
        rounding=fields.choice("rounding", Rounding) if fields.has("rounding") else Rounding.NONE,
        effective_from=fields.day("effective_from"),
        effective_to=fields.day("effective_to") if fields.has("effective_to") else None,
        source_url=fields.url("source_url"),
        retrieved_at=fields.day("retrieved_at"),
        verified=fields.flag("verified"),
        note=fields.text("note") if fields.has("note") else "",
    )
    _check_rule(price, fields)
    fields.end()
    return price


def _check_rule(price: Price, fields: Fields) -> None:
    """Only what can be replayed from the stored facts is a rule."""
    if bool(price.tiers) == bool(price.packs):
        raise fields.wrong("tiers", "give either tiers or packs; another way to pay is another price.")
    if price.effective_to and price.effective_to < price.effective_from:
        raise fields.wrong("effective_to", "is before effective_from.")
    if price.char_weight_cjk not in (1, 2):
        raise fields.wrong("char_weight_cjk", "must be 1 or 2.")
    if price.punctuation_weight != 1:
        raise fields.wrong("punctuation_weight", "must be 1: the stored facts do not tell it from letters.")
    if price.packs and price.free_quota:
        raise fields.wrong("free_quota", "goes with tiers, not with packs.")
    needed = {
        "block_size": BLOCK_BYTES if price.unit is Unit.BLOCK else None,
        "encoding": Encoding.GBK if price.unit is Unit.BLOCK else None,
        "rounding": Rounding.UP if _rounds(price) else Rounding.NONE,
    }
    if price.unit is Unit.BYTE:
        needed["encoding"] = price.encoding or Encoding.UTF8
    for name, value in needed.items():
        if getattr(price, name) != value:
            said = "is not for this unit" if value is None else f"must be {value} for this unit"
            raise fields.wrong(name, f"{said}: nothing else can be counted from the stored facts.")
    if price.unit is Unit.CALL and price.max_chars_per_call not in (None, CALL_CHARACTERS):
        raise fields.wrong("max_chars_per_call", f"must be {CALL_CHARACTERS} where calls are billed, or left out.")
    if (price.unit is Unit.TOKEN) != (price.tokens_per_minute is not None):
        raise fields.wrong("tokens_per_minute", "goes with unit token, and only with it.")
    if price.unit is not Unit.CHARACTER and (price.char_weight_cjk != 1 or price.counts_normalised_text):
        name = "counts_normalised_text" if price.counts_normalised_text else "char_weight_cjk"
        raise fields.wrong(name, "goes with unit char only.")


def _rounds(price: Price) -> bool:
    return price.unit is Unit.BLOCK or (price.unit is Unit.CALL and price.max_chars_per_call is not None)


def _tiers(fields: Fields) -> tuple[Tier, ...]:
    tiers: list[Tier] = []
    for row in fields.each("tiers"):
        if tiers and tiers[-1].up_to is None:
            raise row.wrong("up_to", "the tier before it has no end, so this one overlaps it.")
        tier = Tier(price=row.number("price"), up_to=row.integer("up_to") if row.has("up_to") else None)
        if tiers and tier.up_to is not None and tier.up_to <= (tiers[-1].up_to or 0):
            raise row.wrong("up_to", f"overlaps the tier before it, which goes up to {tiers[-1].up_to}.")
        row.end()
        tiers.append(tier)
    if not tiers or tiers[-1].up_to is not None:
        raise fields.wrong("tiers", "the last tier must have no up_to, so that every volume has a price.")
    return tuple(tiers)


def _pack(fields: Fields) -> Pack:
    pack = Pack(fields.integer("units"), fields.number("price", above_zero=True), fields.integer("valid_days"))
    fields.end()
    return pack
