"""What moving the cutover means, in a dialog."""

from __future__ import annotations

from dashboards.terminal.drawing.approval import fact, where
from dashboards.terminal.drawing.phrases import span
from dashboards.terminal.drawing.spans import Glyphs, Line
from dashboards.terminal.view import View

_MEANS = {
    "advance": "the cutover goes forward; rules warm up anew in the next stage",
    "hold": "the verdict cannot be GO until somebody moves on or back",
    "back": "the cutover goes back; no call is moved by that, a runbook does it",
}


def stage_facts(name: str, verb: str, view: View, width: int, glyphs: Glyphs) -> list[Line]:
    """From where, to where, who has agreed, what stands against it."""
    lines = fact("where", where(view), width, glyphs, "strong")
    snapshot = view.snapshot
    if snapshot is None:
        return lines
    row = next((row for row in snapshot.stages if row.name == name), None)
    since = span(view.now - snapshot.cutover.stage_since)
    now = snapshot.cutover.stage_title or snapshot.cutover.stage
    lines += fact("stands at", f"{now}, for {since}; verdict {snapshot.verdict.verdict}", width, glyphs)
    if row is not None:
        share = f", {row.share:g} % of traffic on target" if row.share is not None else ""
        lines += fact(
            "moves to" if verb != "hold" else "holds", f"{row.title} ({row.name}){share}", width, glyphs, "strong"
        )
    if row is not None and verb == "advance":
        agreed = f"{len(row.votes)} of {row.quorum} agree" + (f" ({', '.join(row.votes)})" if row.votes else "")
        person = view.person.name if view.person else "nobody"
        lines += fact("four eyes", f"{agreed}; you are {person}", width, glyphs)
        lines += fact("against", row.blocked or "nothing", width, glyphs, "fail" if row.blocked else "ok")
    return lines + fact("means", _MEANS[verb], width, glyphs)


def note_facts(view: View, width: int, glyphs: Glyphs) -> list[Line]:
    """Where a note goes."""
    lines = fact("where", where(view), width, glyphs, "strong")
    person = view.person.name if view.person else "nobody"
    return lines + fact("from", f"{person}: your own name is what you type", width, glyphs)
