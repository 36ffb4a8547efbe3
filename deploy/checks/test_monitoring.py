"""promtool, Prometheus' own parser, accepts what watches Voxhouse, and every alert does what it says.

That each metric named there is one that /metrics tells is a test of its own, which needs no promtool:
tests/api/test_monitoring_files.py.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOY = Path(__file__).resolve().parents[1]
PROMETHEUS = DEPLOY / "prometheus"
# Grafana puts these in before it asks.
VARIABLES = {"$__rate_interval": "5m", "$voice": ".*", "$tenant": ".*"}


@pytest.fixture(scope="module", autouse=True)
def promtool_is_here() -> None:
    assert shutil.which("promtool"), "install promtool (on Debian: apt install prometheus)"


def promtool(*arguments: str) -> None:
    done = subprocess.run(  # noqa: S603
        ["promtool", *arguments],  # noqa: S607
        cwd=PROMETHEUS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_reads_its_configuration() -> None:
    """The token's file is another machine's."""
    promtool("check", "config", "--syntax-only", "prometheus.yml")
    promtool("check", "rules", "rules.yml")


def test_every_alert_is_raised_when_it_should_be() -> None:
    """And not when it should not: figures of two days, in rules_test.yml."""
    promtool("test", "rules", "rules_test.yml")


def test_every_alert_is_tried() -> None:
    """An alert without figures that raise it may never come."""
    rules = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())
    tests = yaml.safe_load((PROMETHEUS / "rules_test.yml").read_text())["tests"]
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    tried = [each for test in tests for each in test["alert_rule_test"]]
    assert {each["alertname"] for each in tried if each.get("exp_alerts")} == alerts
    assert {each["alertname"] for each in tried if not each.get("exp_alerts")} == alerts


def test_every_panel_asks_what_prometheus_understands(tmp_path: Path) -> None:
    """Each expression as a rule, for promtool checks rules."""
    rules: list[dict[str, Any]] = []
    for file in sorted((DEPLOY / "grafana/dashboards").glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel["targets"]:
                expression = target["expr"]
                for name, value in VARIABLES.items():
                    expression = expression.replace(name, value)
                assert "$" not in expression, (file.name, panel["title"])
                rules.append({"record": f"dashboards:{file.stem}:{len(rules)}", "expr": expression})
    assert len(rules) > 30
    written = tmp_path / "dashboards.yml"
    written.write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": rules}]}))
    promtool("check", "rules", str(written))
