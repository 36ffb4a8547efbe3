"""What alerts and dashboards ask Prometheus for is what /metrics tells."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client.core import Metric

from api.metrics import PlatformCollector
from billing.errors import QuotaExceeded
from tts_engine.errors import Overloaded

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
ENDINGS = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
SELECTOR = re.compile(r"\b(voxhouse_\w+)(?:\{([^}]*)\})?")
LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
BY = re.compile(r"\b(?:by|without)\s*\(([^)]*)\)")


def expressions() -> Iterator[tuple[str, str]]:
    """Where it stands, and what it asks."""
    for group in yaml.safe_load((DEPLOY / "prometheus/rules.yml").read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
    for file in sorted((DEPLOY / "grafana/dashboards").glob("*.json")):
        dashboard = json.loads(file.read_text())
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                yield f"{file.stem}: {panel['title']}", target["expr"]
        for variable in dashboard["templating"]["list"]:
            metric, label = re.findall(r"label_values\((\w+), (\w+)\)", variable["definition"])[0]
            yield f"{file.stem}: ${variable['name']}", f"sum by ({label}) ({metric})"


@pytest.fixture
def told(db: None) -> dict[str, set[str]]:
    """The labels of every series that /metrics may have, by its name."""
    families: list[Metric] = list(PlatformCollector().collect())
    return {
        family.name + ending: {*family._labelnames, *(["le"] if ending == "_bucket" else [])}  # type: ignore[attr-defined]
        for family in families
        for ending in ENDINGS[family.type]
    }


def test_every_metric_that_is_asked_for_is_told(told: dict[str, set[str]]) -> None:
    """With the labels that are asked for."""
    asked = list(expressions())
    assert len(asked) > 40
    for where, expression in asked:
        labels: set[str] = set()
        for name, selector in SELECTOR.findall(expression):
            assert name in told, f"{where} asks for {name}"
            labels |= told[name]
            assert set(LABEL.findall(selector)) <= told[name], f"{where} asks {name} for labels it has not"
        for by in BY.findall(expression):
            assert set(re.split(r",\s*", by)) <= labels, f"{where} sums by labels that are not there"


def test_what_is_told_is_shown(told: dict[str, set[str]]) -> None:
    """A metric that no alert and no dashboard asks for is of no use to anybody."""
    asked = {name for _, expression in expressions() for name, _ in SELECTOR.findall(expression)}
    stems = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in asked}
    assert {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in told} == stems


def test_refusals_are_known_by_their_codes() -> None:
    """The alerts that look for one name it as callers know it."""
    codes = {code for _, expression in expressions() for code in re.findall(r'code="(\w+)"', expression)}
    assert codes == {QuotaExceeded.code, Overloaded.code}
