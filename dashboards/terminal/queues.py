"""The queues of a snapshot: one line a queue with its numbers on both platforms, and the rules that judge it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from dashboards.terminal.drawing.marks import GATES, mark
from dashboards.terminal.figures import NEW, NONE, OLD, Figure, Pair, held_against, of, unfilled
from dashboards.terminal.judged import rule_state, worst_first
from dashboards.terminal.subject import labels_of
from monitor.serving.recent_rows import RecentQueueRow, RecentQueues
from monitor.serving.snapshot import RuleRow, SeriesRow, Snapshot

_QUEUE = "golive_queue_"
_AGENTS = "golive_agents"
_PLANNED = "golive_agents_planned"
_ROUTED = "golive_routing_target_ratio"
LOST = "golive_calls_lost_between_platforms"
BALANCE = "golive_queue_balance_error"
_LEVEL = "golive_queue_service_level_ratio"

FIGURES: dict[str, tuple[str, str, str, bool, float]] = {
    "waiting": ("golive_queue_contacts_waiting", "sum", "count", True, 3.0),
    "oldest": ("golive_queue_oldest_contact_age_seconds", "max", "seconds", True, 10.0),
    "level": (_LEVEL, "one", "ratio", False, 0.01),
    "abandoned": ("golive_queue_abandonment_ratio", "one", "ratio", True, 0.01),
    "answer": ("golive_queue_average_answer_seconds", "one", "seconds", True, 3.0),
    "handle": ("golive_queue_average_handle_seconds", "one", "seconds", True, 5.0),
}
"""By name: metric, how several series make one, unit, whether less is better, the least difference that counts; a proposal."""
_SILENT = 2
"""Rank of a queue that is silent and judged by no rule: before what is OK."""
STATES = ("available", "on_contact", "acw", "non_productive", "error", "offline")


class Agents(NamedTuple):
    """Agents by state on both platforms, and of whom they are."""

    old: dict[str, Figure] = {}
    new: dict[str, Figure] = {}
    site: str = ""
    """The site whose agents these are, when no source tells them by queue; they may serve other queues too."""
    planned: Figure = NONE


class QueueLine(NamedTuple):
    """One queue."""

    name: str
    state: str
    """As of its worst rule; `unjudged` where no rule is about this queue alone."""
    since: float | None
    age: float | None
    """Age of what was last heard of it, on the platform that was silent for longer."""
    pairs: Mapping[str, Pair]
    definition: str
    """How its service level is counted."""
    moved: Figure
    agents: Agents
    unaccounted: Pair
    rules: tuple[RuleRow, ...]
    """Worst first."""
    labels: Mapping[str, str]
    """Labels that all its series share."""
    series: int

    @property
    def rank(self) -> int:
        """How bad; without a rule a silent queue stands before those that are OK, any other behind them."""
        if self.rules:
            return mark(GATES, self.state).rank
        return 0 if self.state == "unjudged" else _SILENT

    @property
    def worse(self) -> list[str]:
        """Names of the figures in which the new platform is worse."""
        return [name for name, pair in self.pairs.items() if pair.worse]

    @property
    def past(self) -> int:
        """How far past limits it is: figures past a limit of a breach count double."""
        return sum(pair.hard + (pair.past is not None) for pair in self.pairs.values())


def queues(snapshot: Snapshot) -> list[QueueLine]:
    """All queues, worst first: by state, by what is past a limit, by what is worse than on the old platform, by name."""
    found: dict[str, list[SeriesRow]] = defaultdict(list)
    rules: dict[str, list[RuleRow]] = defaultdict(list)
    others: dict[str, list[SeriesRow]] = defaultdict(list)
    wider: list[RuleRow] = []
    judged = {metric for metric, *_ in FIGURES.values()}
    for row in snapshot.series:
        queue = row.labels.get("queue")
        if row.metric.startswith(_QUEUE) and queue:
            found[queue].append(row)
        elif row.metric in (_AGENTS, _PLANNED, _ROUTED):
            others[row.metric].append(row)
    for rule in snapshot.rules:
        if queue := labels_of(rule.scope).get("queue"):
            rules[queue].append(rule)
        elif rule.metric in judged:
            wider.append(rule)
    names = {*found, *(queue for queue in rules if queue)}
    lines = [_line(name, found[name], rules[name], [*rules[name], *wider], others) for name in names]
    return sorted(lines, key=lambda line: (-line.rank, -line.past, -len(line.worse), line.name.casefold()))


def faulty(line: QueueLine) -> bool:
    """Whether it stays when only faults are shown: not OK, past a limit, or worse than on the old platform."""
    return line.rank > GATES["ok"].rank or bool(line.worse or line.past)


def _line(
    name: str,
    series: Sequence[SeriesRow],
    rules: Sequence[RuleRow],
    wider: Sequence[RuleRow],
    others: Mapping[str, list[SeriesRow]],
) -> QueueLine:
    by: dict[tuple[str, str], list[SeriesRow]] = defaultdict(list)
    for row in series:
        by[row.metric, row.labels.get("platform", "")].append(row)
    pairs = {
        key: Pair(of(by[metric, OLD], how), of(by[metric, NEW], how), unit, low, least)
        for key, (metric, how, unit, low, least) in FIGURES.items()
        if metric != _LEVEL
    }
    definition, level = _level(by[_LEVEL, OLD], by[_LEVEL, NEW])
    labels = _shared(series)
    ordered = worst_first(rules)
    judges = [rule for rule in wider if labels_of(rule.scope).items() <= labels.items()]
    return QueueLine(
        name=name,
        state=rule_state(ordered[0]) if ordered else _unjudged(series),
        since=ordered[0].since if ordered else None,
        age=_age(series),
        pairs={
            key: held_against(level if key == "level" else pairs[key], [r for r in judges if r.metric == metric])
            for key, (metric, *_) in FIGURES.items()
        },
        definition=definition,
        moved=_moved(name, others[_ROUTED]),
        agents=_agents(name, labels.get("site", ""), others),
        unaccounted=Pair(of(by[BALANCE, OLD], "sum"), of(by[BALANCE, NEW], "sum"), "count"),
        rules=tuple(ordered),
        labels=labels,
        series=len(series),
    )


def _unjudged(series: Sequence[SeriesRow]) -> str:
    """Without a rule: whether anything that is heard of it holds."""
    if not series:
        return "unknown"
    platforms = {row.labels.get("platform") for row in series}
    heard = {row.labels.get("platform") for row in series if row.quality == "fresh"}
    return "unjudged" if platforms == heard else "stale"


def _age(series: Sequence[SeriesRow]) -> float | None:
    newest: dict[str, float] = {}
    for row in series:
        platform = row.labels.get("platform", "")
        newest[platform] = min(row.age, newest.get(platform, row.age))
    return max(newest.values(), default=None)


def _level(old: Sequence[SeriesRow], new: Sequence[SeriesRow]) -> tuple[str, Pair]:
    """Both service levels by one definition and threshold; one that only one platform has is compared with nothing."""

    def told(rows: Sequence[SeriesRow]) -> dict[tuple[str, str], list[SeriesRow]]:
        out: dict[tuple[str, str], list[SeriesRow]] = defaultdict(list)
        for row in rows:
            out[row.labels.get("definition", ""), row.labels.get("threshold_seconds", "")].append(row)
        return out

    before, after = told(old), told(new)
    common = sorted(set(before) & set(after)) or sorted(after) or sorted(before)
    if not common:
        return "", Pair(unit="ratio", low=False)
    key = common[0]
    words = f"{key[0]} within {key[1]}s" if key[1] else key[0]
    return words, Pair(of(before.get(key, ()), "one"), of(after.get(key, ()), "one"), "ratio", low=False)


def _shared(series: Sequence[SeriesRow]) -> dict[str, str]:
    """Labels that say the same on every series."""
    if not series:
        return {}
    first, *rest = (row.labels for row in series)
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in rest)}


def _moved(queue: str, routed: Iterable[SeriesRow]) -> Figure:
    rows = list(routed)
    own = [row for row in rows if row.labels.get("queue") == queue]
    return of(own or [row for row in rows if not row.labels], "one")


def _agents(queue: str, site: str, others: Mapping[str, list[SeriesRow]]) -> Agents:
    rows = [row for row in others[_AGENTS] if row.labels.get("queue") == queue]
    where = ""
    if not rows and site:
        rows, where = [row for row in others[_AGENTS] if row.labels.get("site") == site], site
    planned = [row for row in others[_PLANNED] if row.labels.get("queue") == queue]
    planned = planned or [row for row in others[_PLANNED] if where and row.labels.get("site") == where]

    def side(platform: str) -> dict[str, Figure]:
        mine = [row for row in rows if row.labels.get("platform") == platform]
        found = {state: [row for row in mine if row.labels.get("state") == state] for state in STATES}
        return {state: of(some, "sum") for state, some in found.items() if some}

    return Agents(side(OLD), side(NEW), where, of(planned, "sum"))


def recently(lines: Sequence[QueueLine], recent: RecentQueues | None) -> list[QueueLine]:
    """With means of the window where no platform reports its own, and the share that the new platform took."""
    if recent is None:
        return list(lines)
    rows = {(row.queue, row.platform): row for row in recent.rows}
    return [_recent_line(line, rows.get((line.name, OLD)), rows.get((line.name, NEW))) for line in lines]


def _recent_line(line: QueueLine, old: RecentQueueRow | None, new: RecentQueueRow | None) -> QueueLine:
    def mean(name: str, of_row: Callable[[RecentQueueRow], float | None]) -> Pair:
        known = line.pairs[name]
        if not unfilled(known):
            return known
        before = NONE if old is None else Figure(of_row(old), any(pair.old.fresh for pair in line.pairs.values()))
        after = NONE if new is None else Figure(of_row(new), any(pair.new.fresh for pair in line.pairs.values()))
        return known._replace(old=before, new=after)

    pairs = {
        **line.pairs,
        "answer": mean("answer", lambda row: row.answer_seconds),
        "handle": mean("handle", lambda row: row.handle_seconds),
    }
    moved = line.moved
    came = [row.offered or 0.0 for row in (old, new) if row is not None]
    if moved.value is None and sum(came) > 0:
        moved = Figure((new.offered or 0.0) / sum(came) if new is not None else 0.0, fresh=True)
    return line._replace(pairs=pairs, moved=moved)
