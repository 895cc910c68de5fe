"""The terminal as a stream for screen readers and logs: one change a line, no cursor moves, at most a line a second."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

from dashboards.terminal.acts import SnapshotSource, Unreachable
from dashboards.terminal.drawing.board import source_mark
from dashboards.terminal.drawing.gates import gate_mark, worst_first
from dashboards.terminal.drawing.header import one_line
from dashboards.terminal.drawing.marks import GATES, WORK, mark
from dashboards.terminal.drawing.phrases import clock, limit
from dashboards.terminal.drawing.runbook import short_digest
from dashboards.terminal.drawing.spans import Glyphs, plain, visible
from dashboards.terminal.drawing.work import works
from dashboards.terminal.readout import BAD, DAEMON, NOTE, OTHER, PERSON, SOURCE, STAGE, VERDICT, Change, Readout
from dashboards.terminal.view import View
from monitor.serving.snapshot import GateRow, Snapshot
from monitor.units import format_value

PACE = 1.0
"""Seconds between two lines."""
STILL = 4
"""Looks with the same moment after which the daemon stands still."""


def changes(old: Snapshot | None, new: Snapshot) -> Iterator[Change]:
    """What a listener must hear about the new moment, most important first."""
    yield from _verdict(old, new)
    yield from _waiting(old, new)
    if old is None or old.cutover.stage != new.cutover.stage:
        cutover = new.cutover
        text = f"stage {cutover.stage_title or cutover.stage}, {cutover.stage_index} of {cutover.stage_count}"
        yield Change(("stage", ""), STAGE, text, cutover.stage)
    gates = {gate.name: gate_mark(gate) for gate in old.gates} if old else {}
    for gate in worst_first(new.gates):
        look = gate_mark(gate)
        if gates.get(gate.name) != look:
            rank = BAD if look.rank >= GATES["warn"].rank else OTHER
            yield Change(("gate", gate.name), rank, _gate(gate), look.word)
    states = {work.id: work.state for work in works(old)} if old else {}
    for work in works(new):
        if states.get(work.id) != work.state:
            row = work.decision or work.run
            text = f"runbook {work.runbook} {work.state}, {short_digest(row.digest) if row else ''}, {work.id}"
            rank = BAD if mark(WORK, work.state).role in ("fail", "hold") else OTHER
            yield Change(("runbook", work.id), rank, text, work.state)
    sources = {source.name: source_mark(source) for source in old.sources} if old else {}
    for source in new.sources:
        look = source_mark(source)
        if sources.get(source.name) != look:
            text = f"source {source.name} {look.word}{': ' + source.error if source.error else ''}"
            yield Change(("source", source.name), SOURCE, text, look.word)
    if old is not None:
        heard = old.events[-1].seq if old.events else 0
        notes = (row for row in new.events if row.seq > heard and row.kind == "note")
        yield from (Change(("note", str(row.seq)), NOTE, f"{row.who}: {row.what}") for row in notes)


def _verdict(old: Snapshot | None, new: Snapshot) -> Iterator[Change]:
    """The verdict, with those that came and went between two looks: the journal's lines tell of them."""
    heard = old.events[-1].seq if old and old.events else 0
    came = [row.state for row in new.events if row.seq > heard and row.kind == "verdict"] if old else []
    word = new.verdict.verdict
    if came or old is None or old.verdict.verdict != word:
        passed = tuple(came[:-1] if came and came[-1] == word else came)
        yield Change(("verdict", ""), VERDICT, f"verdict {word}: {new.verdict.reason}", word, passed)


def _waiting(old: Snapshot | None, new: Snapshot) -> Iterator[Change]:
    known = {(row.kind, row.id) for row in old.waiting} if old else set()
    for row in new.waiting:
        if (row.kind, row.id) not in known:
            until = "" if row.deadline is None else f", until {clock(row.deadline)} UTC"
            text = f"waits for a person: {row.kind} {row.title} {row.detail}".rstrip() + until
            yield Change((f"waiting {row.kind}", row.id), PERSON, text)


def _gate(gate: GateRow) -> str:
    text = f"gate {gate.title or gate.name} {gate_mark(gate).word}"
    if gate.kind == "judged" and gate.limit is not None:
        bound = limit(gate.operator, gate.limit, gate.unit, Glyphs(ascii=True))
        text += f" {format_value(gate.target, gate.unit)}, limit {bound}"
    return text + (f", {gate.scope}" if gate.scope else "")


async def stream(
    source: SnapshotSource,
    write: Callable[[str], None],
    pause: Callable[[float], Awaitable[None]],
    glyphs: Glyphs,
) -> None:
    """Read out every change until cancelled; a lost daemon is a change like any other."""
    readout = Readout()
    last: Snapshot | None = None
    lost, still = False, 0
    while True:
        new, why = None, ""
        try:
            new = await source.snapshot()
        except Unreachable as error:
            why = str(error)
        else:
            still = still + 1 if last is not None and new.at == last.at else 0
            why = "it answers, but its tick stands still" if still >= STILL else ""
        if why and not lost:
            since = f" since {clock(last.at)} UTC, what was read is old" if last else ""
            readout.add("", [Change(("daemon", ""), DAEMON, f"daemon gone{since}: {why}", "gone")])
            lost = True
        if new is not None and not why:
            if lost and not still:
                readout.add(clock(new.at), [Change(("daemon", ""), DAEMON, "daemon is back", "back")])
                lost = False
            if last is None:
                words = plain(one_line(View(snapshot=new, now=new.at), 200, glyphs))
                readout.add(clock(new.at), [Change(("now", ""), VERDICT, words)])
            readout.add(clock(new.at), changes(last, new))
            last = new
        line = readout.next()
        if line is not None:
            write(visible(line.lstrip(), glyphs))
        await pause(PACE)
