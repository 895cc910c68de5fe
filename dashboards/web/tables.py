"""The tables of the board: gates, alerts, queues, sources, rollbacks, what happened last. Pure; lists are bounded."""

from __future__ import annotations

from dashboards.terminal.drawing.board import event_role, source_mark
from dashboards.terminal.drawing.gates import gate_mark, worst_first
from dashboards.terminal.drawing.marks import GATES, STEPS, WORK, mark
from dashboards.terminal.drawing.phrases import clock, compared, countdown, limit
from dashboards.terminal.drawing.spans import Glyphs
from dashboards.terminal.drawing.work import OPEN, Work, works
from dashboards.web.markup import Child, Html, chip, name, since, tag, until, utc
from dashboards.web.queues import MEASURES, Figure, queues
from dashboards.web.table import Column, Line, bounded, nothing, section, table
from monitor.serving.snapshot import GateRow, Snapshot, SourceRow
from monitor.units import format_value

_GLYPHS = Glyphs()
_MOST = 40
"""Rows of one table; worse ones come first."""
_EVENTS = 12
_WORKS = 4
_BLIND = ("stale", "unknown", "empty")


def gates(snapshot: Snapshot) -> Html:
    """One line a gate, worst first, both platforms side by side."""
    columns = [
        Column("State"),
        Column("Gate"),
        Column("Legacy", numeric=True),
        Column("Target", numeric=True),
        Column("Target is"),
        Column("Limit", numeric=True),
        Column("For", numeric=True),
        Column("Age", numeric=True),
    ]
    rows, more = bounded(worst_first(snapshot.gates), _MOST, "gates, all better")
    lines = [_gate(gate, snapshot.at) for gate in rows]
    body = table(
        "Gates of this stage, worst first; times are for how long, and how old the newest input is", columns, lines
    )
    return section("gates", "Gates", body if lines else nothing("No gate is configured."), more)


def _gate(gate: GateRow, now: float) -> Line:
    blind = gate.state in _BLIND or not gate.active
    figure = "old" if blind else None
    title: list[Child] = [name(gate.title or gate.name)]
    if gate.scope:
        title += [Html(" "), tag("small", name(gate.scope))]
    if not gate.required:
        title.append(tag("small", " not required"))
    if gate.kind == "signed":
        why = f"signed by {gate.signed_by}" if gate.signed_by else f"a {gate.duty} must sign"
        title.append(tag("small", Html(" "), name(why)))
    elif gate.active and gate_mark(gate).rank > GATES["ok"].rank and gate.state not in ("breach", "warn"):
        title.append(tag("small", Html(" "), name(_reason(gate))))
    word = "-" if blind else compared(gate.legacy, gate.target, gate.operator)
    judged = gate.kind == "judged"
    age: Child = since(now - gate.age, now) if gate.age is not None else ("none" if judged else "-")
    cells: list[Child] = [
        chip(gate_mark(gate)),
        title,
        tag("span", format_value(gate.legacy, gate.unit), class_=figure if gate.legacy is not None else None),
        tag("span", format_value(gate.target, gate.unit), class_=figure if gate.target is not None else None),
        tag("span", word, class_=_worse(gate.state) if word == "worse" else None),
        limit(gate.operator, gate.limit, gate.unit, _GLYPHS) if judged else "sign",
        since(gate.since, now) if gate.since else "-",
        tag("span", age, class_=figure if judged else None),
    ]
    return Line(gate.name, cells, role="idle" if not gate.active else "")


def _reason(gate: GateRow) -> str:
    """Why, without the name and the scope that stand before it anyway."""
    known = gate.title or gate.name
    for said in (f"{known} {gate.scope}:", f"{known}:"):
        if gate.reason.startswith(said):
            return gate.reason.removeprefix(said).strip()
    return gate.reason


def alerts(snapshot: Snapshot) -> Html:
    """What breaches or cannot be seen, worst first, with who has it, or why nobody is told."""
    columns = [Column("State"), Column("Alert"), Column("Value", numeric=True), Column("Limit", numeric=True)]
    columns += [Column("For", numeric=True), Column("Who has it")]
    now = snapshot.at
    every = sorted(snapshot.alerts, key=lambda row: (-mark(GATES, row.state).rank, row.since))
    rows, more = bounded(every, _MOST, "alerts")
    lines = [
        Line(
            row.id,
            [
                chip(mark(GATES, row.state)),
                [name(row.title or row.name), Html(" "), tag("small", name(row.scope))],
                "no data" if row.value is None else format_value(row.value, row.unit),
                limit(row.operator, row.limit, row.unit, _GLYPHS),
                since(row.since, now),
                name(row.acked_by or row.quiet or "nobody"),
            ],
        )
        for row in rows
    ]
    body = table("Open alerts, worst first", columns, lines) if lines else nothing("No alert is open.")
    return section("alerts", "Alerts", body, more, count=str(len(every)) if every else "")


def queue_table(snapshot: Snapshot) -> Html | None:
    """Queues, legacy against target; None where no queue is known at all."""
    rows, more = bounded(queues(snapshot), _MOST, "queues")
    if not rows:
        return None
    judged = any(row.state for row in rows)
    columns = [Column("State"), Column("Queue")] if judged else [Column("Queue")]
    for _, title, _, _ in MEASURES:
        columns += [Column(f"{title} legacy", numeric=True), Column(f"{title} target", numeric=True)]
    lines = []
    for row in rows:
        cells: list[Child] = [chip(mark(GATES, row.state)) if row.state else "-"] if judged else []
        cells.append(name(row.name))
        for (_, _, bad, _), (legacy, target) in zip(MEASURES, row.figures, strict=True):
            both = legacy.fresh and target.fresh
            worse = both and compared(legacy.value, target.value, bad) == "worse"
            cells += [
                _figure(legacy),
                [_figure(target), tag("span", " worse", class_=_worse(row.state)) if worse else None],
            ]
        lines.append(Line(row.name, cells))
    words = "Queues on both platforms; greyed values are not fresh"
    return section("queues", "Queues", table(words, columns, lines, headed=int(judged)), more)


def _worse(state: str) -> str:
    """How loud the word is: within its limits a little worse is no alarm."""
    return "loud" if state in ("warn", "breach") else "strong"


def _figure(figure: Figure) -> Child:
    shown = "0s" if figure.unit == "seconds" and figure.value == 0 else format_value(figure.value, figure.unit)
    if figure.value is None or figure.fresh:
        return shown
    return tag("span", shown, tag("span", " stale", class_="aside"), class_="old")


def sources(snapshot: Snapshot) -> Html:
    """What the numbers come from, broken ones first."""
    columns = [
        Column("State"),
        Column("Source"),
        Column("Messages", numeric=True),
        Column("Age", numeric=True),
        Column("Trouble"),
    ]
    every = sorted(snapshot.sources, key=lambda row: source_mark(row).role == "ok")
    rows, more = bounded(every, _MOST, "sources")
    lines = [_source(row, snapshot.at) for row in rows]
    body = table("Sources; messages a second, and how old the newest is", columns, lines)
    return section("sources", "Sources", body if lines else nothing("No source is configured."), more)


def _source(row: SourceRow, now: float) -> Line:
    trouble = []
    if row.error and row.state != "ok":
        trouble.append(row.error)
        if row.next_try is not None:
            trouble.append(f"next try in {countdown(row.next_try - now)}")
    if row.gap_at is not None:
        trouble.append(f"{row.gap_count or 'unknown number of'} messages missing, {clock(row.gap_at)} UTC")
    elif row.gaps:
        trouble.append(f"{row.gaps} messages lost")
    if row.refused:
        trouble.append(f"{row.refused} refused")
    old = "old" if row.quality != "fresh" else None
    age = since(now - row.age, now) if row.age is not None else "never heard"
    cells: list[Child] = [
        chip(source_mark(row)),
        [name(row.name), Html(" "), tag("small", name(row.kind))],
        f"{row.rate:.0f}/s",
        tag("span", age, class_=old),
        name("; ".join(trouble)) if trouble else "-",
    ]
    return Line(row.name, cells)


def rollbacks(snapshot: Snapshot) -> Html:
    """Decisions and runs with their steps; what waits for a person first."""
    found = works(snapshot)
    if not found:
        return section("rollbacks", "Rollbacks", nothing("No rollback is proposed or running."))
    more = len(found) - _WORKS
    parts: list[Child] = [_work(work, snapshot.at) for work in found[:_WORKS]]
    parts.append(tag("p", f"and {more} earlier", class_="none") if more > 0 else None)
    return section("rollbacks", "Rollbacks", *parts)


def _work(work: Work, now: float) -> Html:
    decision = work.decision
    facts: list[Child] = [chip(mark(WORK, work.state)), Html(" "), tag("b", name(work.title or work.runbook))]
    if decision is not None and work.state in OPEN:
        signed = sum(vote.vote == "approve" for vote in decision.votes)
        facts.append(f" · {signed} of {decision.quorum} signed")
        if decision.deadline is not None:
            facts += [Html(" · "), tag("b", until(decision.deadline, now), class_="loud"), " left"]
    elif work.run is not None and work.run.ended_at is None:
        facts += [Html(" · running for "), since(work.run.started_at, now)]
    else:
        facts += [Html(" · "), utc(work.since), " UTC"]
    row = decision or work.run
    reason = tag("p", name(row.reason), class_="reason-small") if row is not None and row.reason else None
    columns = [Column("State"), Column("Step"), Column("Owner"), Column("Outcome")]
    lines = [
        Line(
            f"{work.id} {step.number}",
            [
                chip(mark(STEPS, step.state)),
                [f"{step.number}. ", name(step.title or step.name)],
                name(step.owner),
                name(step.question if step.state in ("waiting", "parked") and step.question else step.outcome) or "-",
            ],
        )
        for step in work.steps
    ]
    steps = table(f"Steps of {work.title or work.runbook}", columns, lines) if lines else None
    live = "live" if work.urgency < 2 else None  # noqa: PLR2004 - 2 is over
    return tag("article", tag("h3", facts), reason, steps if live else None, class_=live, data_key=work.id)


def events(snapshot: Snapshot) -> Html:
    """What happened last, newest first; that a page was delivered is no news here."""
    columns = [Column("UTC"), Column("What"), Column("Who")]
    told = [row for row in snapshot.events if row.kind != "notify" or row.state != "ok"]
    rows = told[-_EVENTS:][::-1]
    lines = [
        Line(
            str(row.seq),
            [utc(row.at), name(row.what), name(row.who)],
            role="bad" if event_role(row) in ("breach", "fail") else "",
        )
        for row in rows
    ]
    body = (
        table("Last events, newest first, times in UTC", columns, lines)
        if lines
        else nothing("Nothing has happened yet.")
    )
    return section("events", "Last events", body)
