"""Dialogs that move the cutover or write to its timeline: advance, hold and back a stage, a note."""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote

from dashboards.terminal import acts
from dashboards.terminal.acts import Act
from dashboards.terminal.drawing.stages import note_facts, stage_facts
from dashboards.terminal.questions import Question
from dashboards.terminal.view import View
from monitor.serving.stage_rows import StageRow

WAIT = 5.0
"""Seconds in which a move of the cutover can still be taken back."""
NOTE_LENGTH = 300
_MOVED = "the cutover has moved while you were reading: close and look again"
_Verb = Literal["advance", "hold", "back"]


def move(stage: str, verb: _Verb, reason: str) -> Act:
    """Move the cutover, or hold it where it is."""
    says = {"advance": f"you agree to advance to {stage}", "hold": f"{stage} is held", "back": f"back to {stage}"}
    return Act(
        path=f"/api/v1/stages/{quote(stage, safe='', errors='replace')}/{verb}",
        body={"reason": reason},
        says=says[verb],
    )


def found(view: View, place: str) -> StageRow | None:
    """The present or the next stage."""
    rows = view.snapshot.stages if view.snapshot else ()
    return next((row for row in rows if row.place == place), None)


def before(view: View) -> list[str]:
    """Names of the stages that one can go back to, the last one first."""
    rows = view.snapshot.stages if view.snapshot else ()
    return [row.name for row in rows if row.place == "past"][::-1]


def advance(view: View, name: str = "") -> Question | str:
    """Ask to go on to the next stage."""
    row = found(view, "next")
    if row is None:
        return "there is no stage after this one"
    if name and name != row.name:
        return f"{name!r} is not the next stage: that is {row.name}; stages are taken in order"
    return acts.refusal(view) or advance_refusal(row, view) or _question(row, "advance", view)


def hold(view: View) -> Question | str:
    """Ask to hold the present stage."""
    row = found(view, "present")
    if row is None:
        return "which stage this is, is not known"
    if row.held:
        return f"it is held already: {row.held}"
    return acts.refusal(view) or _question(row, "hold", view)


def back(view: View, name: str = "") -> Question | str:
    """Ask to go back to an earlier stage; without a name to the one before."""
    earlier = before(view)
    if not earlier:
        return "there is no stage before this one"
    if name and name not in earlier:
        return f"{name!r} does not come before this stage; there are: {', '.join(earlier)}"
    rows = view.snapshot.stages if view.snapshot else ()
    row = next(row for row in rows if row.name == (name or earlier[0]))
    return acts.refusal(view) or _question(row, "back", view)


def advance_refusal(row: StageRow, view: View) -> str:
    """Why this person may not agree to it now; empty when they may."""
    person = view.person
    if row.blocked:
        return row.blocked
    if person is not None and person.role != "approver":
        return f"your role is {person.role}: only an approver moves a stage"
    if person is not None and person.name in row.votes:
        return f"you have agreed already ({len(row.votes)} of {row.quorum}): another person must agree"
    return ""


def _question(row: StageRow, verb: _Verb, view: View) -> Question:
    begun = found(view, "present")

    def refusal(now: View) -> str:
        present = found(now, "present")
        if present is None or begun is None or present.name != begun.name:
            return acts.refusal(now) or _MOVED
        newest = found(now, "next")
        if verb == "advance" and newest is not None:
            return acts.refusal(now) or advance_refusal(newest, now)
        return acts.refusal(now)

    titles = {"advance": "ADVANCE", "hold": "HOLD", "back": "GO BACK"}
    return Question(
        title=f"{titles[verb]} TO {row.name}" if verb != "hold" else "HOLD THE STAGE",
        word=row.name,
        facts=lambda now, width, glyphs: stage_facts(row.name, verb, now, width, glyphs),
        refusal=refusal,
        act=lambda why: move(row.name, verb, why),
        reason_needed=True,
        wait=0.0 if verb == "hold" else WAIT,
    )


def note(view: View) -> Question | str:
    """Ask for a note to the timeline; the name that is typed is one's own."""
    return acts.refusal(view) or Question(
        title="NOTE TO THE TIMELINE",
        word=view.person.name if view.person else "",
        facts=note_facts,
        refusal=acts.refusal,
        act=acts.note,
        reason_needed=True,
        reason_label="Note",
    )
