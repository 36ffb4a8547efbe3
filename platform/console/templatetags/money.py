"""Amounts as people read them. They come as whole millionths of a yuan."""

from decimal import Decimal

from django import template

from billing.savings.cost import MICRO

register = template.Library()


@register.filter
def yuan(micro: int, decimals: int = 2) -> str:
    """¥1,234.50; an amount below nothing with a true minus before the sign."""
    amount = f"{abs(Decimal(micro)) / MICRO:,.{decimals}f}"
    return f"{'−' if micro < 0 else ''}¥{amount}"


@register.filter
def magnitude(micro: int) -> int:
    """How much, where the words around it say whether it is saved or lost."""
    return abs(micro)
