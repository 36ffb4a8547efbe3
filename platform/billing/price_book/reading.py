"""A price book's file: `price: 1.25` means exactly that, so decimals are handed out, never floats."""

import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml

from billing.errors import PriceBookInvalid


class _ExactLoader(yaml.SafeLoader):
    """Numbers with a point become decimals; a key given twice is a mistake, not the last one's victory."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise PriceBookInvalid(str(key), f"is given twice, near line {node.start_mark.line + 1}.")
        return super().construct_mapping(node, deep)


def _decimal(loader: yaml.SafeLoader, node: Any) -> Decimal:
    return Decimal(loader.construct_scalar(node))


_ExactLoader.add_constructor("tag:yaml.org,2002:float", _decimal)


def read(path: Path) -> Any:
    """The file's content as JSON would hold it, with numbers and days as exact texts."""
    try:
        document = yaml.load(path.read_text("utf-8"), _ExactLoader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError, InvalidOperation) as error:
        raise PriceBookInvalid(path.name, f"is not YAML: {error}") from error
    return json.loads(json.dumps(document, default=str))
