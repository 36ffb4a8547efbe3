"""What a web process remembers of its callers is bounded: whoever was not heard of longest is forgotten."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, TypeVar

REMEMBERED = 10_000

Key = TypeVar("Key", bound=Hashable)


def keep_latest(remembered: OrderedDict[Key, Any], key: Key) -> None:
    """As the latest, within what is remembered."""
    remembered.move_to_end(key)
    if len(remembered) > REMEMBERED:
        remembered.popitem(last=False)
