"""Limits as options of the operator's commands: `--characters 1000000`, `none` where there is to be no limit."""

import argparse
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

OPTIONS = {
    "characters_per_period": ("--characters", "characters a period"),
    "rolling_days": ("--rolling-days", "the period is so many days up to today; none is the calendar month"),
    "requests_per_minute": ("--requests-per-minute", "requests a minute"),
    "characters_per_minute": ("--characters-per-minute", "characters a minute"),
    "concurrent_requests": ("--concurrent", "requests that wait or are spoken at once"),
    "max_text_characters": ("--max-text", "characters of one text"),
    "weight": ("--weight", "share of the workers while all are busy, 1 to 1000"),
    "priority": ("--priority", "lower is served first"),
    "cached_rate": ("--cached-rate", "percent billed of a repeat from the cache"),
}


def add_limits(parser: argparse.ArgumentParser, fields: Iterable[str]) -> None:
    for field in fields:
        option, described = OPTIONS[field]
        parser.add_argument(
            option,
            dest=field,
            type=limit,
            default=argparse.SUPPRESS,
            metavar="N",
            help=f"{described}; a number or none",
        )


def given(options: dict[str, Any]) -> dict[str, int | None]:
    """The limits among a command's options: only those that were given."""
    return {field: options[field] for field in (*OPTIONS, "overage") if field in options}


def limit(text: str) -> int | None:
    return None if text.lower() == "none" else int(text)


def moment(text: str) -> datetime:
    """ISO 8601, a date alone too; UTC where no offset is given."""
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
