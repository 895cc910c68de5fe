"""The board as plain text, once, for `golive status`: the same drawing as the terminal, without it."""

from __future__ import annotations

from dashboards.terminal.drawing import board, gates
from dashboards.terminal.drawing.consent import points
from dashboards.terminal.drawing.header import banner, header
from dashboards.terminal.drawing.spans import Glyphs, plain
from dashboards.terminal.drawing.work import work_line, works
from dashboards.terminal.view import View
from monitor.serving.snapshot import Snapshot


def report(snapshot: Snapshot, width: int, glyphs: Glyphs) -> list[str]:
    """Verdict, gates, what waits, runbooks, sources; at least 60 columns wide."""
    view = View(snapshot=snapshot, now=snapshot.at)
    width = max(60, width)
    where, answer = header(view, width, glyphs)
    rows = gates.worst_first(snapshot.gates)
    layout = gates.plan(rows, width, glyphs)
    lines = [plain(where).removesuffix("LOCKED nobody").rstrip(), plain(answer)]
    lines += [plain(line) for line in (banner(view, width, glyphs),) if line]
    lines += ["", plain(gates.table_heading(layout, glyphs))]
    lines += [plain(gates.gate_line(gate, view, layout, glyphs)) for gate in rows]
    if snapshot.waiting:
        lines += ["", "waiting for a person"]
        lines += [plain(board.waiting_line(row, view, width, glyphs)) for row in snapshot.waiting]
    if snapshot.points:
        lines += [plain(line) for line in points(snapshot.points, width, glyphs)]
    if snapshot.decisions or snapshot.runs:
        lines += ["", "runbooks"]
        lines += [plain(work_line(work, view, width, glyphs)) for work in works(snapshot)]
    lines += ["", "sources"]
    lines += [plain(board.source_line(row, view, width, glyphs)) for row in snapshot.sources]
    own = snapshot.monitor
    lines += ["", f"journal {own.journal_seq}:{own.journal_hash}"]
    return lines + [
        f"  anchor {row.name} ({row.kind}) has line {row.seq}, {row.sent} sent, {row.failed} failed"
        + (f": {row.detail}" if row.detail else "")
        for row in own.anchors
    ]
