"""The shipped dashboards: what their generator makes, and what a person finds on every panel."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.grafana.board import NOTES, Board
from dashboards.grafana.shelf import BOARDS
from tests.dashboards.inventory import exported, metrics_in

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "dashboards" / "grafana"

every_board = pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)


def shipped(board: Board) -> dict[str, Any]:
    """The checked-in JSON."""
    document: dict[str, Any] = json.loads((FOLDER / f"{board.uid}.json").read_text(encoding="utf-8"))
    return document


def panels(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Every panel that shows something."""
    found = []
    for panel in document["panels"]:
        found += [*panel.get("panels", []), panel] if panel["type"] == "row" else [panel]
    return [panel for panel in found if panel["type"] != "row"]


def test_the_six_dashboards_are_shipped_and_no_other() -> None:
    """Each has the address that alerts and documentation name."""
    uids = {"golive-overview", "golive-calls", "golive-queues", "golive-integrations", "golive-runs", "golive-self"}
    assert {board.uid for board in BOARDS} == uids
    assert {path.stem for path in FOLDER.glob("*.json")} == uids


@every_board
def test_the_shipped_json_is_what_the_generator_makes(board: Board) -> None:
    """Nobody loads a dashboard that differs from its source; `make dashboards` writes it anew."""
    assert (FOLDER / f"{board.uid}.json").read_text(encoding="utf-8") == board.text_of_json()


@every_board
def test_every_panel_says_what_it_shows_and_where_to_go_on(board: Board) -> None:
    """A description, a query on the chosen data source, text for every state, and links that lead somewhere."""
    document = shipped(board)
    page = (ROOT / "docs" / "on-call.md").read_text(encoding="utf-8").lower()
    shown = panels(document)
    assert len(shown) == len(board.panes) > 4
    assert len({panel["title"] for panel in shown}) == len(shown)
    for panel in shown:
        assert len(panel["description"]) > 12, panel["title"]
        assert panel["targets"], panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        for mapping in panel["fieldConfig"]["defaults"].get("mappings", []):
            assert all(result["text"] for result in mapping["options"].values())
        for link in panel.get("links", []):
            place, _, anchor = link["url"].partition("#")
            if place == "${wiki}":
                assert f"\n## {anchor}\n" in page, link
            else:
                assert link["url"].split("/d/")[1].split("?")[0] in {other.uid for other in BOARDS}


@every_board
def test_a_timeline_or_verdict_is_never_told_by_colour_alone(board: Board) -> None:
    """Every state that is drawn has its word."""
    for panel in panels(shipped(board)):
        if panel["type"] == "state-timeline":
            assert panel["fieldConfig"]["defaults"]["mappings"], panel["title"]


@every_board
def test_every_dashboard_can_be_narrowed_and_shows_what_happened(board: Board) -> None:
    """Data source, job, cutover, daemon, platform and queue can be chosen; verdicts, stages and decisions are marked."""
    document = shipped(board)
    names = [variable["name"] for variable in document["templating"]["list"]]
    assert names == ["datasource", "job", "cutover", "instance", "platform", "queue", "wiki"]
    assert [note["name"] for note in document["annotations"]["list"]] == [note.name for note in NOTES]
    assert document["refresh"] == "10s"
    assert document["time"] == {"from": "now-1h", "to": "now"}


@every_board
def test_figures_go_empty_when_their_source_dies(board: Board) -> None:
    """A single number is never older than half a minute, unless it is an increase over a stated span."""
    for pane in board.panes:
        if pane.shape == "figure":
            for query in pane.queries:
                assert "[30s]" in query.expression or "increase(" in query.expression, pane.title


@every_board
def test_every_metric_that_is_asked_for_exists(board: Board) -> None:
    """A metric that was renamed would leave a panel empty without a word."""
    known = exported()
    for expression in [query.expression for pane in board.panes for query in pane.queries]:
        asked = metrics_in(expression)
        assert asked
        assert asked <= known, expression
    assert set().union(*(metrics_in(note.expression) for note in NOTES)) <= known


def test_the_provisioning_names_what_is_there() -> None:
    """Grafana finds the data source, the folder and the contact point as the documentation says."""
    read = {path.parent.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in FOLDER.rglob("*.yaml")}
    assert read["datasources"]["datasources"][0]["type"] == "prometheus"
    assert read["dashboards"]["providers"][0]["options"]["path"].endswith("/golive")
    points = [point["name"] for point in read["alerting"]["contactPoints"]]
    assert read["alerting"]["policies"][0]["receiver"] in points


def test_the_daemon_never_loads_the_generator() -> None:
    """What is needed to draw dashboards has no place in the process that watches the cutover."""
    code = "import monitor.daemon.daemon, monitor.cli.run, sys; print('grafana_foundation_sdk' in sys.modules, 'dashboards.grafana' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=50)
    assert done.stdout.split() == ["False", "False"]
