"""The terminal as a stream for screen readers and logs: one change a line, no cursor moves, at most a line a second."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator

from dashboards.terminal.acts import SnapshotSource, Unreachable
from dashboards.terminal.drawing.board import source_mark
from dashboards.terminal.drawing.gates import gate_mark, worst_first
from dashboards.terminal.drawing.header import one_line
from dashboards.terminal.drawing.phrases import clock, limit
from dashboards.terminal.drawing.runbook import short_digest
from dashboards.terminal.drawing.spans import Glyphs, plain, visible
from dashboards.terminal.drawing.work import works
from dashboards.terminal.view import View
from monitor.serving.snapshot import GateRow, Snapshot
from monitor.units import format_value

PACE = 1.0
"""Seconds between two lines."""
WAITING = 40
"""Most lines that wait to be read out; what is older is left out, with a line that says how many."""


def changes(old: Snapshot | None, new: Snapshot) -> Iterator[str]:
    """What a listener must hear about the new moment, most important first."""
    before_verdict = old.verdict.verdict if old else ""
    if new.verdict.verdict != before_verdict:
        yield f"verdict {new.verdict.verdict}: {new.verdict.reason}"
    if old is None or old.cutover.stage != new.cutover.stage:
        yield f"stage {new.cutover.stage_title or new.cutover.stage}, {new.cutover.stage_index} of {new.cutover.stage_count}"
    yield from _waiting(old, new)
    gates = {gate.name: gate_mark(gate) for gate in old.gates} if old else {}
    for gate in worst_first(new.gates):
        if gates.get(gate.name) != gate_mark(gate):
            yield _gate(gate)
    sources = {source.name: source_mark(source) for source in old.sources} if old else {}
    for source in new.sources:
        if sources.get(source.name) != source_mark(source):
            yield f"source {source.name} {source_mark(source).word}{': ' + source.error if source.error else ''}"
    states = {work.id: work.state for work in works(old)} if old else {}
    for work in works(new):
        if states.get(work.id) != work.state:
            row = work.decision or work.run
            yield f"runbook {work.runbook} {work.state}, {short_digest(row.digest) if row else ''}, {work.id}"
    heard = old.events[-1].seq if old and old.events else 0
    if old is not None:
        yield from (f"{row.who}: {row.what}" for row in new.events if row.seq > heard and row.kind == "note")


def _waiting(old: Snapshot | None, new: Snapshot) -> Iterator[str]:
    known = {(row.kind, row.id) for row in old.waiting} if old else set()
    for row in new.waiting:
        if (row.kind, row.id) not in known:
            until = "" if row.deadline is None else f", until {clock(row.deadline)} UTC"
            yield f"waits for a person: {row.kind} {row.title} {row.detail}".rstrip() + until


def _gate(gate: GateRow) -> str:
    text = f"gate {gate.title or gate.name} {gate_mark(gate).word}"
    if gate.kind == "judged" and gate.limit is not None:
        bound = limit(gate.operator, gate.limit, gate.unit, Glyphs(ascii=True))
        text += f" {format_value(gate.target, gate.unit)}, limit {bound}"
    return text + (f", {gate.scope}" if gate.scope else "")


class Reader:
    """Lines that wait their turn, bounded."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque()
        self._left_out = 0

    def add(self, lines: Iterable[str]) -> None:
        """Put lines at the end; the oldest go when there are too many."""
        for line in lines:
            if len(self._lines) >= WAITING:
                self._lines.popleft()
                self._left_out += 1
            self._lines.append(line)

    def next(self) -> str | None:
        """The next line to read out."""
        if self._left_out:
            count, self._left_out = self._left_out, 0
            return f"{count} changes were not read out"
        return self._lines.popleft() if self._lines else None


async def stream(
    source: SnapshotSource,
    write: Callable[[str], None],
    pause: Callable[[float], Awaitable[None]],
    glyphs: Glyphs,
) -> None:
    """Read out every change until cancelled; a lost daemon is a change like any other."""
    reader = Reader()
    last: Snapshot | None = None
    lost = ""
    while True:
        try:
            new = await source.snapshot()
            stamp = clock(new.at)
            if lost:
                reader.add([f"{stamp} daemon is back"])
                lost = ""
            if last is None:
                reader.add([f"{stamp} {plain(one_line(View(snapshot=new, now=new.at), 200, glyphs))}"])
            reader.add(f"{stamp} {line}" for line in changes(last, new))
            last = new
        except Unreachable as error:
            if not lost:
                since = f" since {clock(last.at)} UTC, what was read is old" if last else ""
                reader.add([f"daemon gone{since}: {error}"])
            lost = str(error)
        line = reader.next()
        if line is not None:
            write(visible(line, glyphs))
        await pause(PACE)
