"""What a row on a screen is about: what `enter` goes down to, what `??` explains, what the crumbs name.

A screen says its subject (`Frame.subject`); the frame posts it as `Frame.Entered` on `enter` or a double click, and the
terminal opens the screen of details on it. Build one with the functions below, or directly.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec

from monitor.serving.integration_rows import IntegrationRow
from monitor.serving.snapshot import (
    AlertRow,
    DecisionRow,
    EventRow,
    GateRow,
    RuleRow,
    RunRow,
    SourceRow,
    SparkRow,
    WaitingRow,
)

Kind: TypeAlias = Literal[
    "gate",
    "rule",
    "alert",
    "source",
    "integration",
    "queue",
    "trunk",
    "site",
    "codec",
    "device",
    "group",
    "series",
    "sample",
    "message",
    "event",
    "decision",
    "run",
    "step",
]
"""queue, trunk, site, codec, device: all series with that label. group: any other set of labels."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a person can go down to. Two with the same kind and key are the same place."""

    kind: Kind
    key: str
    """What names it among its kind: a gate's, rule's or source's name; an alert's, decision's or run's id; `run/step`;
    a label's value; an event's sequence number."""
    title: str
    """What the crumbs and the frame call it; outside text, already clean."""
    metrics: tuple[str, ...] = ()
    """The metrics that it shows, the one under the cursor first; empty: all that carry its labels."""
    labels: dict[str, str] = {}
    """Labels that every series of it carries."""
    source: str = ""
    """The collector that it comes from, where one is known."""
    rule: str = ""
    """The rule that judges it, where one is known."""
    at: float | None = None
    """The instant that it tells of, unix seconds; None: now."""

    @property
    def place(self) -> tuple[str, str]:
        """What tells it from others."""
        return self.kind, self.key


def labels_of(scope: str, names: Iterable[str] = ()) -> dict[str, str]:
    """The labels of a scope as rows spell it, `queue=sales en site=porto`; names: labels that it may hold, if known.

    A value may hold spaces and equals signs, so a word begins a label only where its name is a plausible one.
    """
    known = frozenset(names)
    labels: dict[str, str] = {}
    last = ""
    for word in scope.split(" "):
        name, equals, value = word.partition("=")
        if equals and (name in known if known else name.isidentifier() and name.islower()):
            labels[name] = value
            last = name
        elif last:
            labels[last] += f" {word}"
    return labels


def of_gate(row: GateRow) -> Subject:
    """A gate: its worst rule in its worst scope."""
    return Subject(kind="gate", key=row.name, title=row.title or row.name, labels=labels_of(row.scope), rule=row.rule)


def of_rule(row: RuleRow) -> Subject:
    """A rule in one scope."""
    return Subject(
        kind="rule",
        key=f"{row.rule}:{row.scope}",
        title=f"{row.rule} {row.scope}".rstrip(),
        metrics=(row.metric,),
        labels=labels_of(row.scope),
        rule=row.rule,
    )


def of_alert(row: AlertRow) -> Subject:
    """An alert: a rule in one scope, while it is bad or blind."""
    return Subject(
        kind="alert", key=row.id, title=f"{row.name} {row.scope}".rstrip(), labels=labels_of(row.scope), rule=row.name
    )


def of_source(row: SourceRow) -> Subject:
    """A collector."""
    return Subject(kind="source", key=row.name, title=row.name, source=row.name)


def of_event(row: EventRow) -> Subject:
    """A line of the timeline."""
    return Subject(kind="event", key=str(row.seq), title=f"line {row.seq}", at=row.at)


def of_decision(row: DecisionRow) -> Subject:
    """A decision, from proposal to the end of its run."""
    return Subject(kind="decision", key=row.id, title=f"{row.runbook} {row.id}")


def of_run(row: RunRow) -> Subject:
    """A run without a decision."""
    return Subject(kind="run", key=row.id, title=f"{row.runbook} {row.id}")


def of_waiting(row: WaitingRow) -> Subject:
    """What waits for a person: the gate to sign, or the decision, run or step to speak of."""
    kind: Kind = "gate" if row.kind == "gate" else "step" if "/" in row.id else "decision"
    return Subject(kind=kind, key=row.id, title=row.title)


def of_spark(row: SparkRow) -> Subject:
    """A signal: the series that it is made from."""
    text = f"{row.platform} {row.title or row.name}".strip()
    return Subject(kind="group", key=f"signal {row.name}", title=text, metrics=row.metrics, labels=row.labels)


def of_integration(row: IntegrationRow) -> Subject:
    """What is probed; a collector is the source that it is."""
    if row.kind != "probe":
        return Subject(kind="source", key=row.name, title=row.name, source=row.name)
    source = row.sources[0] if len(row.sources) == 1 else ""
    title = f"{row.name} {row.labels.get('platform', '')}".rstrip()
    metrics = ("golive_integration_up", "golive_integration_request_seconds", "golive_integration_error_ratio")
    return Subject(kind="integration", key=row.key, title=title, metrics=metrics, labels=row.labels, source=source)


def of_group(kind: Kind, labels: dict[str, str], metrics: tuple[str, ...] = ()) -> Subject:
    """A queue, trunk, site or whatever carries these labels; its own label first."""
    text = " ".join(f"{name}={value}" for name, value in labels.items())
    return Subject(kind=kind, key=text, title=labels.get(kind, text), metrics=metrics, labels=labels)
