"""Figures with their units as people read them, in the language of the request."""

from django.utils.formats import number_format
from django.utils.translation import gettext as _

UNKNOWN = "–"


def number(value: float, decimals: int = 0) -> str:
    """Rounded first, for Django cuts off what is too long."""
    return number_format(round(value, decimals), decimal_pos=decimals, use_l10n=True, force_grouping=True)


def percent(part: float, whole: float) -> str:
    """What a part is of the whole; unknown where there is nothing."""
    return f"{number(100 * part / whole, 1)}%" if whole else UNKNOWN


def change(now: float, before: float) -> str:
    """How much more or less it is than before, with a sign; unknown where there was nothing before."""
    if not before:
        return UNKNOWN
    parts = round(100 * (now - before) / before)
    return f"{'+' if parts > 0 else '−' if parts < 0 else '±'}{number(abs(parts))}%"


def duration(ms: float) -> str:
    """Of speech: seconds below two minutes, minutes below two hours, then hours."""
    seconds = ms / 1000
    if seconds < 120:
        return _("{count} s").format(count=number(seconds, 0 if seconds >= 10 else 1))
    if seconds < 7200:
        return _("{count} min").format(count=number(seconds / 60, 0 if seconds >= 600 else 1))
    return _("{count} h").format(count=number(seconds / 3600, 1))


def wait(ms: int | None) -> str:
    """Of somebody: milliseconds below a second, then seconds."""
    if ms is None:
        return UNKNOWN
    if ms < 1000:
        return _("{count} ms").format(count=number(ms))
    return _("{count} s").format(count=number(ms / 1000, 1 if ms < 100_000 else 0))
