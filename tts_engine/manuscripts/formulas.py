"""Cells of a CSV file that a spreadsheet would run: written with an apostrophe before them, and read without.

OWASP, CSV Injection. What was `'=x` itself is written `''=x`, so that whatever is written is read as it was.
"""

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_PROTECTED = re.compile(r"'+[=+\-@\t\r]")


def protected(cell: str) -> str:
    """As it is written."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def plain(cell: str) -> str:
    """As it was before it was `protected`."""
    return cell[1:] if _PROTECTED.match(cell) else cell
