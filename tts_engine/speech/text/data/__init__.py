"""Word lists of the front end. Each file says in its first lines what it holds and where from."""

from collections.abc import Iterator
from importlib.resources import files


def data_lines(name: str) -> Iterator[str]:
    """The lines of one file, without blank lines and comments (#)."""
    text = files(__name__).joinpath(name).read_text(encoding="utf-8")
    return (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
