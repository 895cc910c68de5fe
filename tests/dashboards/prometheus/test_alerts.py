"""The shipped rules and configurations of Prometheus and Alertmanager, held against the real programs."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.dashboards.inventory import exported, metrics_in
from tests.rig.programs import program

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "dashboards" / "prometheus"


def alerts() -> list[dict[str, Any]]:
    """Every shipped alert."""
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def checked(*command: str) -> None:
    """Run a checker in the shipped folder; it must be content."""
    done = subprocess.run(
        [program(command[0]), *command[1:]], cwd=FOLDER, capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("promtool", "check", "rules", "alerts.yml", "recording.yml"),
        ("promtool", "check", "config", "--syntax-only", "prometheus.yml"),
        ("promtool", "check", "config", "prometheus.yml"),
        ("promtool", "test", "rules", "alerts_test.yml"),
        ("amtool", "check-config", "alertmanager.yml"),
    ],
    ids=" ".join,
)
def test_prometheus_and_alertmanager_take_the_shipped_files(command: tuple[str, ...]) -> None:
    """What we ship loads, and every alert fires on what it is for and stays when the monitor dies."""
    checked(*command)


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        (("alertname=GoliveWatchdog", "severity=none"), "dead-mans-switch"),
        (("alertname=GoliveVerdictNoGo", "severity=critical"), "on-call"),
        (("alertname=GoliveBlind", "severity=warning"), "on-call"),
        (("alertname=GoliveSamplesRefused", "severity=info"), "nobody"),
        (("alertname=GoliveLoss", "severity=critical", "golive=breach", "rule=loss"), "golive,on-call"),
        (("alertname=GoliveLossMeasured", "severity=none", "golive=measured", "rule=loss"), "golive,nobody"),
        (("alertname=GoliveLoss", "severity=warning", "rule=loss"), "on-call"),
    ],
)
def test_an_alert_reaches_whom_it_is_for(labels: tuple[str, ...], receivers: str) -> None:
    """People are paged for a ruler's breach even when golive is gone, and never for a number that is good."""
    command = [program("amtool"), "config", "routes", "test", "--config.file=alertmanager.yml", *labels]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=50, check=True)
    assert done.stdout.strip() == receivers


def test_every_alert_is_exercised() -> None:
    """No alert is shipped that the rule tests never saw firing."""
    text = (FOLDER / "alerts_test.yml").read_text(encoding="utf-8")
    assert [rule["alert"] for rule in alerts() if f'"{rule["alert"]}"' not in text] == []


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_tells_a_responder_what_to_do(rule: dict[str, Any]) -> None:
    """A severity, a static headline, a description, a page that has a section on it, and a dashboard that is shipped."""
    assert rule["alert"].startswith("Golive")
    assert rule["labels"]["severity"] in {"critical", "warning", "info", "none"}
    notes = rule["annotations"]
    assert "{{" not in notes["summary"]
    assert len(notes["summary"]) <= 90
    assert notes["description"]
    anchor = notes["runbook_url"].rpartition("#")[2]
    assert anchor == rule["alert"].lower()
    page = (ROOT / "docs" / "on-call.md").read_text(encoding="utf-8")
    section = re.search(rf"^## {rule['alert']}\n(.+?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert section is not None
    assert "**Means:**" in section[1]
    assert "**Do:**" in section[1]
    uid = notes["dashboard_url"].rpartition("/")[2]
    assert (ROOT / "dashboards" / "grafana" / f"{uid}.json").is_file()


def test_the_page_has_no_section_without_an_alert() -> None:
    """A responder finds nothing there that can no longer happen."""
    page = (ROOT / "docs" / "on-call.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (Golive\w+)$", page, re.MULTILINE) == [rule["alert"] for rule in alerts()]


@pytest.mark.parametrize("name", ["alerts.yml", "recording.yml"])
def test_the_rules_ask_only_for_metrics_that_golive_exports(name: str) -> None:
    """An alert on a metric that was renamed would be silent for ever."""
    groups = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    recorded = {rule.get("record") for rule in rules}
    asked = set().union(*(metrics_in(rule["expr"]) for rule in rules))
    assert len(asked) > 3
    assert asked - exported() - recorded == set()
