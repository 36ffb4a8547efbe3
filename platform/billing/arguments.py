"""Numbers on the command line, checked."""

from argparse import ArgumentTypeError
from decimal import Decimal, InvalidOperation

MOST = 1_000_000_000


def yuan(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ArgumentTypeError(f"{text} is no amount of yuan") from None
    if not amount.is_finite() or not 0 <= amount <= MOST:
        raise ArgumentTypeError(f"{text} is not from 0 to {MOST} yuan")
    return amount


def count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST:
        raise ArgumentTypeError(f"{text} is not a whole number from 1 to {MOST}")
    return int(text)
