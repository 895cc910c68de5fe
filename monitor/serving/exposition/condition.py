"""What golive decides, as families: verdict, gates, rules, decisions, collectors and the monitor itself."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from monitor.model import Health, Kind, Metric, Standing, Tier, Verdict
from monitor.serving.exposition.lines import Row
from monitor.serving.snapshot import Snapshot

PHASES = ("plan", "ready", "cutting_over", "live", "hypercare", "bau", "rolled_back")
GATE_STATES = ("pending", "go", "conditional", "no_go")
DECISION_STATES = (
    "awaiting",
    "escalated",
    "preflight",
    "executing",
    "paused",
    "verifying",
    "rolled_back",
    "partial",
    "ineffective",
    "frozen",
    "rejected",
    "denied",
    "withdrawn",
    "recorded",
)
CIRCUITS = ("closed", "open", "half_open")
POINT_STATES = ("open", "passed", "unknown")
MESSAGE_REASONS = frozenset({"malformed", "too_large", "wrong_type", "no_time", "foreign", "unknown_metric"})
"""Reasons for which a whole message is refused (monitor.intake.inlet); any other concerns single samples."""
_GATE_STATE = {"ok": "go", "signed": "go", "warn": "conditional", "breach": "no_go"}
"""Everything else, unknown and unsigned above all, is pending: it is not go."""
_SEVERITY = {"breach": "critical", "warn": "warning"}
_SEVERITIES = ("critical", "warning", "info")

Catalogue = Mapping[str, Metric]


class Condition(NamedTuple):
    """One family made from the snapshot. `help` serves where the catalogue has no entry of this name."""

    name: str
    kind: Kind
    help: str
    rows: Callable[[Snapshot, Catalogue], Iterable[Row]]


def _one_hot(labels: tuple[tuple[str, str], ...], name: str, states: Iterable[str], current: str) -> Iterator[Row]:
    for state in states:
        yield (*labels, (name, state)), float(state == current)


def _verdict(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    for verdict in Verdict:
        yield (("verdict", verdict.name.lower()),), float(verdict.word == snapshot.verdict.verdict)


def phase(snapshot: Snapshot) -> str:
    """The phase of the cutover, for dashboards that compare cutovers whose stages have names of their own.

    A stage named like a phase is that phase. Else the first stage is ready, or rolled_back once a rollback led
    there; the last one is live; those between are cutting_over.
    """
    cutover = snapshot.cutover
    if cutover.stage in PHASES:
        return cutover.stage
    if cutover.stage_index <= 1:
        back = any(decision.state == "rolled_back" for decision in snapshot.decisions)
        return "rolled_back" if back else "ready"
    return "live" if cutover.stage_index >= cutover.stage_count else "cutting_over"


def _phase(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    return _one_hot((), "phase", PHASES, phase(snapshot))


def _gates(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    for gate in snapshot.gates:
        yield from _one_hot((("gate", gate.name),), "state", GATE_STATES, _GATE_STATE.get(gate.state, "pending"))


def _rollback_window(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    if snapshot.cutover.decide_by is not None:
        yield (), max(0.0, snapshot.cutover.decide_by - snapshot.at)


def _rollback_seconds(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    if snapshot.cutover.rollback_seconds:
        yield (), snapshot.cutover.rollback_seconds


def _rule_values(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    for rule in snapshot.rules:
        if rule.value is not None:
            yield (("rule", rule.rule), ("scope", rule.scope)), rule.value


def _rule_limits(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    seen = set()
    for rule in snapshot.rules:
        if rule.rule in seen:
            continue
        seen.add(rule.rule)
        for kind, limit in (("warn", rule.warn), ("breach", rule.breach), ("clear", rule.clear)):
            if limit is not None:
                yield (("kind", kind), ("rule", rule.rule)), limit


def _rule_states(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    states = [standing.word for standing in Standing]
    for rule in snapshot.rules:
        yield from _one_hot((("rule", rule.rule), ("scope", rule.scope)), "state", states, rule.state)


def _rule_samples(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    for rule in snapshot.rules:
        yield (("rule", rule.rule), ("scope", rule.scope)), float(rule.samples)


def _decisions(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    ordered = sorted(snapshot.decisions, key=lambda row: row.opened_at)
    newest = {(row.trigger, scope): row for row in ordered for scope in row.scopes or (row.scope,)}
    counts = Counter((row.trigger, row.state) for row in newest.values())
    for trigger in sorted({*snapshot.triggers, *(trigger for trigger, _ in newest)}):
        for state in DECISION_STATES:
            yield (("state", state), ("trigger", trigger)), float(counts[trigger, state])


def _points(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    for point in snapshot.points:
        yield from _one_hot((("point", point.name),), "state", POINT_STATES, point.state)


def _alerts(snapshot: Snapshot, catalogue: Catalogue) -> Iterator[Row]:
    metrics = {rule.rule: rule.metric for rule in snapshot.rules}
    counts: Counter[tuple[str, str]] = Counter()
    for alert in snapshot.alerts:
        metric = catalogue.get(metrics.get(alert.name, ""))
        tier = metric.tier if metric else Tier.OPERATOR
        counts[_SEVERITY.get(alert.state, "warning"), tier.value] += 1
    for severity in _SEVERITIES:
        for tier in Tier:
            yield (("severity", severity), ("tier", tier.value)), float(counts[severity, tier.value])


def _collectors_up(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    for row in snapshot.sources:
        yield (("collector", row.name), ("source", row.kind)), float(row.state == Health.OK.value)


def _collector_states(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    states = [health.value for health in Health]
    for row in snapshot.sources:
        yield from _one_hot((("collector", row.name),), "state", states, row.state)


def _circuits(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    for row in snapshot.sources:
        yield from _one_hot((("collector", row.name),), "state", CIRCUITS, row.circuit)


def _restarts(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    for row in snapshot.sources:
        yield (("collector", row.name),), float(row.restarts)


def _last_success(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    for row in snapshot.sources:
        if row.age is not None:
            yield (("collector", row.name),), snapshot.at - row.age


def _messages(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    for row in snapshot.sources:
        refused = sum(count for reason, count in row.refused_by.items() if reason in MESSAGE_REASONS)
        accepted = max(0, row.messages - refused - row.duplicates)
        for result, count in (("accepted", accepted), ("duplicate", row.duplicates), ("refused", refused)):
            yield (("collector", row.name), ("result", result)), float(count)


def _gaps(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    for row in snapshot.sources:
        yield (("collector", row.name),), float(row.gaps)


def _dropped(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    for row in snapshot.sources:
        for reason, count in sorted(row.refused_by.items()):
            if reason not in MESSAGE_REASONS:
                yield (("collector", row.name), ("reason", reason)), float(count)


def _parked(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    yield (), float(sum(step.state == "parked" for run in snapshot.runs for step in run.steps))


def _journal_entries(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    yield (), float(snapshot.monitor.journal_seq)


def _journal_head(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    if snapshot.events:
        yield (), snapshot.events[-1].at


def _head_info(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    if snapshot.monitor.anchored_seq:
        yield (("hash", snapshot.monitor.anchored_hash), ("seq", str(snapshot.monitor.anchored_seq))), 1.0


def _anchored(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    for row in snapshot.monitor.anchors:
        yield (("anchor", row.name),), float(row.seq)


def _anchors(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    for row in snapshot.monitor.anchors:
        yield (("anchor", row.name), ("result", "ok")), float(row.sent)
        yield (("anchor", row.name), ("result", "failed")), float(row.failed)


def _reserve(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    yield (), float(snapshot.monitor.reserve_used)


def _refused_lines(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    yield (), float(snapshot.monitor.journal_refused)


def _loop_lag(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    yield (), snapshot.monitor.loop_lag


def _tick(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    yield (), snapshot.monitor.tick_seconds


def _longest_piece(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    yield (), snapshot.monitor.longest_piece


def _heartbeat(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    yield (), snapshot.at


def _degraded(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    yield (), float(bool(snapshot.monitor.degraded))


def _cutover(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    cutover = snapshot.cutover
    yield (("cutover", cutover.name), ("environment", cutover.environment), ("stage", cutover.stage)), 1.0


def _started(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    yield (), snapshot.cutover.started_at


def _build(snapshot: Snapshot, _: Catalogue) -> Iterator[Row]:
    yield (("python", platform.python_version()), ("version", snapshot.monitor.version)), 1.0


_G, _C = Kind.GAUGE, Kind.COUNTER

CONDITIONS: tuple[Condition, ...] = (
    Condition(
        "golive_verdict", _G, "May the cutover go on: 1 for the verdict that stands, 0 for the others.", _verdict
    ),
    Condition("golive_cutover_phase", _G, "The phase of the cutover.", _phase),
    Condition("golive_gate_state", _G, "The state of a gate.", _gates),
    Condition("golive_rollback_window_remaining_seconds", _G, "Time left to decide a rollback.", _rollback_window),
    Condition(
        "golive_rollback_seconds",
        _G,
        "How long a rollback takes: the longest of what is stated and what was measured.",
        _rollback_seconds,
    ),
    Condition("golive_rule_value", _G, "What a rule measured, in the base unit of its metric.", _rule_values),
    Condition("golive_rule_limit", _G, "A rule's limits, in the base unit of its metric.", _rule_limits),
    Condition(
        "golive_rule_state", _G, "A rule's state in a scope: 1 for the one it is in, 0 for the others.", _rule_states
    ),
    Condition("golive_rule_samples", _G, "Samples in a rule's window.", _rule_samples),
    Condition("golive_decision_state", _G, "Newest decisions of a trigger, one a scope, by state.", _decisions),
    Condition(
        "golive_point_of_no_return_state",
        _G,
        "A point of no return: 1 for the state it is in, 0 for the others.",
        _points,
    ),
    Condition("golive_alerts_firing", _G, "Alerts that are open.", _alerts),
    Condition("golive_collector_up", _G, "Whether a collector hears its source.", _collectors_up),
    Condition(
        "golive_collector_state",
        _G,
        "A collector's state: 1 for the one it is in, 0 for the others.",
        _collector_states,
    ),
    Condition(
        "golive_collector_circuit",
        _G,
        "Whether a collector is tried as usual, rests long, or is on probation: 1 for the one it is.",
        _circuits,
    ),
    Condition("golive_collector_restarts_total", _C, "Times a collector was started again.", _restarts),
    Condition(
        "golive_collector_last_success_timestamp_seconds", _G, "When a collector last took a sample.", _last_success
    ),
    Condition("golive_ingest_messages_total", _C, "Messages that a collector heard, by result.", _messages),
    Condition(
        "golive_ingest_gap_messages_total", _C, "Messages known to be missing, by their sequence numbers.", _gaps
    ),
    Condition("golive_dropped_samples_total", _C, "Samples that were refused, by reason.", _dropped),
    Condition("golive_steps_parked", _G, "Steps of runbooks that wait for a person to say what happened.", _parked),
    Condition("golive_journal_entries_total", _C, "Lines of the journal.", _journal_entries),
    Condition(
        "golive_journal_head_timestamp_seconds",
        _G,
        "When the newest public line of the journal was written.",
        _journal_head,
    ),
    Condition(
        "golive_journal_head_info",
        _G,
        "The journal's head as it last went out, every minute and at each act: an anchor for golive audit verify.",
        _head_info,
    ),
    Condition("golive_journal_anchored_entries", _G, "The newest line whose hash an anchor has.", _anchored),
    Condition("golive_journal_anchors_total", _C, "Heads sent to an anchor, by result.", _anchors),
    Condition(
        "golive_journal_reserve_used",
        _G,
        "Whether the disk is full and the journal lives from its reserve: 1 calls for somebody to free space now.",
        _reserve,
    ),
    Condition("golive_journal_refused_lines_total", _C, "Lines that could not be written.", _refused_lines),
    Condition("golive_event_loop_lag_seconds", _G, "How late the event loop ran its latest tick.", _loop_lag),
    Condition("golive_tick_seconds", _G, "How long the latest tick took, from samples to snapshot.", _tick),
    Condition(
        "golive_tick_longest_piece_seconds",
        _G,
        "The longest stretch for which a tick of the last half minute kept the event loop to itself.",
        _longest_piece,
    ),
    Condition(
        "golive_heartbeat_timestamp_seconds",
        _G,
        "When golive last judged; one that grows old judges no more.",
        _heartbeat,
    ),
    Condition("golive_degraded", _G, "Whether golive is not whole (1); the board says why, in words.", _degraded),
    Condition("golive_cutover_info", _G, "Which cutover this is and the stage it is in; always 1.", _cutover),
    Condition("golive_cutover_start_timestamp_seconds", _G, "When golive first armed this cutover.", _started),
    Condition("golive_build_info", _G, "Version of golive and of the Python that runs it; always 1.", _build),
)
