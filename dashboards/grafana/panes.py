"""Panels as rows of a table: what is asked, in which shape, what it means, and where a person goes on from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from grafana_foundation_sdk.builders import bargauge, heatmap, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.common import ReduceDataOptions
from grafana_foundation_sdk.builders.dashboard import DashboardLink, ThresholdsConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog.builder import Builder as Made
from grafana_foundation_sdk.models.dashboard import DashboardLink as LinkModel
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

Shape: TypeAlias = Literal["figure", "trend", "timeline", "heat", "table", "bars"]
Builder: TypeAlias = stat.Panel | timeseries.Panel | statetimeline.Panel | heatmap.Panel | table.Panel | bargauge.Panel
States: TypeAlias = Sequence[tuple[float, str, str]]
"""Number, word and colour; the word is always shown, so that no state is told by colour alone."""

SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
WHERE = 'job=~"$job",instance=~"$instance"'
_BUILDERS: dict[Shape, type[Builder]] = {
    "figure": stat.Panel,
    "trend": timeseries.Panel,
    "timeline": statetimeline.Panel,
    "heat": heatmap.Panel,
    "table": table.Panel,
    "bars": bargauge.Panel,
}
_INSTANT: frozenset[Shape] = frozenset({"figure", "table", "bars"})
YES: States = ((0, "no", "red"), (1, "yes", "green"))


class Query(NamedTuple):
    """One expression and how its series are called."""

    expression: str
    legend: str = ""


class Pane(NamedTuple):
    """One panel."""

    shape: Shape
    title: str
    text: str
    """What it shows, for whoever hovers over its title."""
    queries: tuple[Query, ...]
    unit: str = "short"
    states: States = ()
    runbook: str = ""
    """Section of docs/on-call.md that says what to do."""
    onward: str = ""
    """Dashboard with the detail."""
    limit: float | None = None
    """From here on it is drawn red."""
    span: int = 8
    height: int = 7
    empty: str = ""
    """Why it rightly shows nothing at times; said in the panel, and taken by the test that runs every query."""

    def builder(self) -> Builder:
        """The panel for the SDK."""
        made = _BUILDERS[self.shape]()
        made.title(self.title).description(self.text).datasource(SOURCE).unit(self.unit)
        made.span(self.span).height(self.height).no_value(self.empty or "no data: see golive-self")
        for number, query in enumerate(self.queries):
            made.with_target(self._target(query, chr(ord("A") + number)))
        if self.states:
            words = {
                f"{value:g}": ValueMappingResult(text=word, color=colour, index=place)
                for place, (value, word, colour) in enumerate(self.states)
            }
            made.mappings([ValueMap(options=words)])
        steps = [Threshold(value=None, color="green" if self.limit is not None else "blue")]
        if self.limit is not None:
            steps.append(Threshold(value=self.limit, color="red"))
        made.thresholds(ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
        if isinstance(made, stat.Panel):
            made.reduce_options(ReduceDataOptions().calcs(["last"]))
        made.links(self._links())
        return made

    def _target(self, query: Query, ref: str) -> Dataquery:
        made = Dataquery().expr(query.expression).legend_format(query.legend or "__auto").ref_id(ref)
        made.datasource(SOURCE)
        if self.shape in _INSTANT:
            made.instant()
        else:
            made.range()
        if self.shape == "heat":
            made.format(PromQueryFormat.HEATMAP)
        elif self.shape == "table":
            made.format(PromQueryFormat.TABLE)
        return made

    def _links(self) -> list[Made[LinkModel]]:
        places = []
        if self.runbook:
            places.append(("What to do", f"${{wiki}}#{self.runbook.lower()}"))
        if self.onward:
            places.append(("Detail", f"/d/{self.onward}?${{__all_variables}}"))
        return [
            DashboardLink(title).type(DashboardLinkType.LINK).url(url).target_blank(target_blank=True)
            for title, url in places
        ]


def of(metric: str, *matchers: str) -> str:
    """A selector of the chosen golive's series."""
    return f"{metric}{{{','.join((WHERE, *matchers))}}}"


def now(metric: str, *matchers: str) -> str:
    """The same, empty half a minute after the last sample: a dead source shows nothing instead of an old number."""
    return f"last_over_time({of(metric, *matchers)}[30s])"


def coded(metric: str, label: str, words: Sequence[str], *matchers: str, fresh: bool = False) -> str:
    """A family of one series a state as one number: the place of the state in `words`."""
    pick = now if fresh else of
    parts = [f"{pick(metric, equal(label, word), *matchers)} * {place}" for place, word in enumerate(words)]
    return f"sum without ({label}) ({' or '.join(parts)})"


def equal(label: str, value: str) -> str:
    """A matcher for one value of a label."""
    return f'{label}="{value}"'
