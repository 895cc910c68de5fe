"""What all dashboards have in common: variables, annotations, links, time, refresh."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
    TextBoxVariable,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    VariableOption,
    VariableRefresh,
)

from dashboards.grafana.panes import SOURCE, Pane, of

TAG = "golive"
WIKI = "https://wiki.example/golive/on-call"
_VARIABLES = (
    ("job", "Scrape job", "label_values(golive_build_info, job)"),
    ("cutover", "Cutover", 'label_values(golive_cutover_info{job=~"$job"}, cutover)'),
    ("instance", "golive", 'label_values(golive_cutover_info{job=~"$job",cutover=~"$cutover"}, instance)'),
    ("platform", "Platform", 'label_values(golive_queue_contacts_waiting{job=~"$job"}, platform)'),
    ("queue", "Queue", 'label_values(golive_queue_contacts_waiting{job=~"$job"}, queue)'),
)


class Note(NamedTuple):
    """What is written into every panel's time line, each time it begins to hold."""

    name: str
    expression: str
    words: str
    colour: str


NOTES = (
    Note(
        "Verdict",
        f"({of('golive_verdict')} == 1) unless ({of('golive_verdict')} offset 30s == 1)",
        "verdict is {{verdict}}",
        "orange",
    ),
    Note(
        "Stage",
        f"{of('golive_cutover_info')} unless {of('golive_cutover_info')} offset 30s",
        "stage {{stage}}",
        "blue",
    ),
    Note(
        "Decisions and runs",
        f"({of('golive_decision_state')} > 0) unless ({of('golive_decision_state')} offset 30s > 0)",
        "{{trigger}} is {{state}}",
        "purple",
    ),
)


class Row(NamedTuple):
    """Panels under one heading."""

    title: str
    panes: Sequence[Pane]
    repeat: str = ""
    """Variable for each value of which the row is shown once."""


class Board(NamedTuple):
    """One dashboard."""

    uid: str
    title: str
    text: str
    rows: Sequence[Row]

    @property
    def panes(self) -> list[Pane]:
        """All panels, in order."""
        return [pane for row in self.rows for pane in row.panes]

    def text_of_json(self) -> str:
        """The dashboard as Grafana reads it, the same bytes each time."""
        made = (
            Dashboard(self.title)
            .uid(self.uid)
            .description(self.text)
            .tags([TAG])
            .time("now-1h", "now")
            .refresh("10s")
            .timezone("utc")
            .readonly()
            .tooltip(DashboardCursorSync.CROSSHAIR)
        )
        made.with_variable(DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
        for name, label, query in _VARIABLES:
            made.with_variable(_variable(name, label, query))
        made.with_variable(TextBoxVariable("wiki").label("On-call page").default_value(WIKI))
        for note in NOTES:
            made.annotation(_annotation(note))
        made.link(
            DashboardLink("golive")
            .type(DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(as_dropdown=True)
            .include_vars(include_vars=True)
            .keep_time(keep_time=True)
        )
        for row in self.rows:
            heading = dashboard.Row(row.title)
            made.with_row(heading.repeat(row.repeat) if row.repeat else heading)
            for pane in row.panes:
                made.with_panel(pane.builder())
        document = json.loads(json.dumps(made.build(), cls=JSONEncoder))
        for written, note in zip(document["annotations"]["list"], NOTES, strict=True):
            written["titleFormat"] = note.words  # the SDK has no such field
        return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _variable(name: str, label: str, query: str) -> QueryVariable:
    everything = VariableOption(selected=True, text="All", value="$__all")
    return (
        QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".*")
        .current(everything)
    )


def _annotation(note: Note) -> AnnotationQuery:
    made = AnnotationQuery().name(note.name).datasource(SOURCE).enable(enable=True)
    return made.icon_color(note.colour).expr(note.expression)
