"""Call quality by trunk, site, device or codec: one line a group with its numbers on both platforms. Pure.

Percentiles cannot be made from a snapshot of newest numbers; they come from what the daemon remembers of the window. Without
that the groups still stand there with the state of their rules, and `-` for each number.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dashboards.terminal.drawing.marks import GATES, mark
from dashboards.terminal.figures import NEW, NONE, OLD, Figure, Pair, held_against
from dashboards.terminal.judged import rule_state, worst_first
from dashboards.terminal.subject import labels_of
from monitor.serving.recent_rows import RecentCalls, RecentCallsRow
from monitor.serving.snapshot import RuleRow, Snapshot

_MEDIA = "golive_media_"
SILENT = 2
"""Rank of what is silent and judged by no rule: before what is OK."""
NEVER = math.inf
"""Least difference of a figure that is neither good nor bad."""


class Kind(NamedTuple):
    """How one figure is read from a row of the window."""

    field: str
    metric: str
    estimators: tuple[str, ...]
    """Estimators of the rules whose limits are about this very figure."""
    unit: str
    low: bool
    least: float


KINDS: dict[str, Kind] = {
    "mos": Kind("mos_p10", "golive_media_mos", ("p10",), "score", low=False, least=0.1),
    "median": Kind("mos_p50", "golive_media_mos", ("p50",), "score", low=False, least=0.1),
    "loss": Kind("loss", "golive_media_packet_loss_ratio", ("mean",), "ratio", low=True, least=0.001),
    "jitter": Kind("jitter_p95", "golive_media_jitter_seconds", ("p95",), "seconds", low=True, least=0.002),
    "rtt": Kind("round_trip_p50", "golive_media_round_trip_seconds", ("p50",), "seconds", low=True, least=0.01),
    "oneway": Kind("one_way", "golive_media_one_way_calls_total", ("increase",), "count", low=True, least=1.0),
    "reports": Kind("reports", "golive_media_mos", (), "count", low=True, least=NEVER),
}
"""By the name of the column."""


class CallLine(NamedTuple):
    """One group of calls."""

    by: str
    group: str
    direction: str
    state: str
    """As of its worst rule; `unjudged` where no rule is about this group alone."""
    since: float | None
    age: float | None
    """Age of what was last heard of it on the new platform; on the old one where the new one has none of it."""
    pairs: Mapping[str, Pair]
    rules: tuple[RuleRow, ...]
    """Worst first."""
    why: tuple[str, ...]
    """Why a number is missing."""

    @property
    def rank(self) -> int:
        """How bad.

        Without a rule a silent group stands before those that are OK, unless the old platform alone had it: whoever
        moves calls away silences its trunks.
        """
        if self.rules:
            return mark(GATES, self.state).rank
        moved_away = self.pairs["reports"].new.value is None and self.pairs["loss"].new.value is None
        return 0 if self.state == "unjudged" or moved_away else SILENT

    @property
    def key(self) -> str:
        """What it is known by."""
        return f"{self.group}\n{self.direction}"

    @property
    def worse(self) -> list[str]:
        """Names of the figures in which the new platform is worse."""
        return [name for name, pair in self.pairs.items() if pair.worse]

    @property
    def past(self) -> int:
        """How far past limits it is: figures past a limit of a breach count double."""
        return sum(pair.hard + (pair.past is not None) for pair in self.pairs.values())


def calls(snapshot: Snapshot, by: str, recent: RecentCalls | None) -> list[CallLine]:
    """All groups, worst first: by state, by what is past a limit, by the new platform's score."""
    rules = [rule for rule in snapshot.rules if rule.metric.startswith(_MEDIA)]
    found: dict[tuple[str, str], dict[str, RecentCallsRow]] = defaultdict(dict)
    for row in recent.rows if recent is not None and recent.by == by else ():
        found[row.group, row.direction][row.platform] = row
    if not found:
        named = {labels.get(by) for labels in (labels_of(rule.scope) for rule in rules)}
        named |= {row.labels.get(by) for row in snapshot.series if row.metric.startswith(_MEDIA)}
        found.update({(name, ""): {} for name in named if name})
    lines = [_line(by, group, direction, sides, rules) for (group, direction), sides in found.items()]
    return sorted(lines, key=_badness)


def _badness(line: CallLine) -> tuple[float, float, float, float]:
    pair = line.pairs["mos"]
    score = pair.new.value if pair.new.value is not None else pair.old.value
    return (-line.rank, -line.past, -len(line.worse), math.inf if score is None else score)


def faulty(line: CallLine) -> bool:
    """Whether it stays when only faults are shown: not OK, past a limit, or worse than on the old platform."""
    return line.rank > GATES["ok"].rank or bool(line.worse or line.past)


def _line(
    by: str, group: str, direction: str, sides: Mapping[str, RecentCallsRow], rules: Sequence[RuleRow]
) -> CallLine:
    scopes = [(rule, labels_of(rule.scope)) for rule in rules]
    own = worst_first(
        rule
        for rule, labels in scopes
        if labels.get(by) == group and (not direction or labels.get("direction", direction) == direction)
    )
    others = {rule.rule: rule for rule, labels in scopes if by not in labels and labels.get("platform") != OLD}
    side = sides.get(NEW) or sides.get(OLD)
    stale = side is not None and side.stale
    return CallLine(
        by=by,
        group=group,
        direction=direction,
        state=rule_state(own[0]) if own else "stale" if stale else "unjudged",
        since=own[0].since if own else None,
        age=side.age if side is not None else None,
        pairs={name: _pair(kind, sides, [*own, *others.values()]) for name, kind in KINDS.items()},
        rules=tuple(own),
        why=tuple(dict.fromkeys(row.why for row in sides.values() if row.why)),
    )


def _pair(kind: Kind, sides: Mapping[str, RecentCallsRow], judges: Sequence[RuleRow]) -> Pair:
    pair = Pair(_figure(kind, sides.get(OLD)), _figure(kind, sides.get(NEW)), kind.unit, kind.low, kind.least)
    about = [rule for rule in judges if rule.metric == kind.metric and rule.estimator in kind.estimators]
    return held_against(pair, about)


def _figure(kind: Kind, row: RecentCallsRow | None) -> Figure:
    if row is None:
        return NONE
    value: float | None = getattr(row, kind.field)
    return Figure(value, not row.stale, row.age, row.why)
