"""What finance takes away of savings: a table of all offers. The sheet of paper is in `sheet`."""

import csv
import io
from collections.abc import Sequence
from decimal import Decimal

from billing.savings.compare import Comparison, Savings
from billing.savings.cost import MICRO
from billing.savings.timeline import Timeline
from tts_engine.manuscripts.formulas import protected

COLUMNS = (
    "month",
    "first_day",
    "last_day",
    "requests",
    "characters",
    "own_cost_yuan",
    "offer",
    "name",
    "compared_with",
    "units",
    "unit",
    "cost_yuan",
    "saving_yuan",
    "reachable",
    "verified",
    "source_url",
    "seen",
)


def as_csv(timeline: Timeline) -> bytes:
    """RFC 4180, UTF-8 with the mark by which Excel knows it; a row for each offer of each month."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for month in timeline.months:
        writer.writerows(_row(month, compared) for compared in month.comparisons)
    return text.getvalue().encode("utf-8-sig")


def _row(month: Savings, compared: Comparison) -> Sequence[object]:
    offer, price = compared.offer, compared.offer.price
    return [
        f"{month.first:%Y-%m}",
        month.first,
        month.last,
        month.facts.requests,
        characters(month),
        _exact(month.own_cost),
        protected(offer.id),
        protected(price.name),
        offer.id == month.default.offer.id,
        compared.units,
        price.unit,
        _exact(compared.cost),
        _exact(compared.saving),
        compared.reachable,
        price.verified,
        protected(price.source_url),
        price.retrieved_at,
    ]


def characters(month: Savings) -> int:
    """Hanzi and others together."""
    return month.facts.hanzi + month.facts.other_characters


def _exact(micro: int | None) -> str:
    """Yuan with all six decimals; nothing where there is no own cost."""
    return "" if micro is None else f"{Decimal(micro) / MICRO:.6f}"
