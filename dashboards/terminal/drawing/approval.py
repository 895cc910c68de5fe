"""What a dialog shows above the word to type: exactly what is signed or sent, and the facts of this moment."""

from __future__ import annotations

from dashboards.terminal.drawing.consent import GLASS, budget, check_role, check_words, point_words, unknown
from dashboards.terminal.drawing.marks import CHECKS, GATES, POINTS, mark, shown
from dashboards.terminal.drawing.phrases import against, age, clock, countdown
from dashboards.terminal.drawing.reach import calls, moves
from dashboards.terminal.drawing.runbook import short_digest
from dashboards.terminal.drawing.spans import Glyphs, Line, Span, clip, wrap
from dashboards.terminal.drawing.work import Work
from dashboards.terminal.view import View
from monitor.serving.snapshot import DecisionRow, EvidenceRow, GateRow, StepRow

_LABEL = 11
_ROWS = 5


def fact(label: str, text: str, width: int, glyphs: Glyphs, role: str = "") -> list[Line]:
    """A label and its text, wrapped under itself."""
    out: list[Line] = []
    for index, line in enumerate(wrap(text, width - _LABEL, glyphs, role)):
        out.append((Span((label if index == 0 else "").ljust(_LABEL), "dim"), *line))
    return out


def where(view: View) -> str:
    """Environment and cutover, so that nobody acts on the wrong one."""
    if view.snapshot is None:
        return "no snapshot"
    cutover = view.snapshot.cutover
    return f"{cutover.environment} {cutover.name}, stage {cutover.stage_title or cutover.stage}"


def approval_facts(decision: DecisionRow, view: View, width: int, glyphs: Glyphs) -> list[Line]:
    """A decision as it will be signed: the frozen evidence, and beside it what holds now."""
    lines = fact("where", where(view), width, glyphs, "strong")
    lines += fact("decision", f"{decision.id} {glyphs.dot} {short_digest(decision.digest)}", width, glyphs)
    title = f"{decision.runbook} {glyphs.dot} {decision.title}" if decision.title else decision.runbook
    lines += fact("runbook", title, width, glyphs, "strong")
    values = moves(decision) or "no parameters"
    if everywhere := calls(decision):
        lines += fact("with", values, width, glyphs, "strong")
        lines += fact("called in", everywhere, width, glyphs)
    else:
        values = f"{values} {glyphs.dot} scope {decision.scope}" if decision.scope else values
        lines += fact("with", values, width, glyphs)
    lines += _alarms(decision, view, width, glyphs)
    text, role = four_eyes(decision, view)
    lines += fact("four eyes", text, width, glyphs, role)
    for index, item in enumerate(decision.evidence[:_ROWS]):
        lines.append(_evidence("because" if index == 0 else "", item, width, glyphs))
    if len(decision.evidence) > _ROWS:
        lines += fact("", f"and {len(decision.evidence) - _ROWS} more", width, glyphs, "dim")
    old = [item.age for item in decision.evidence if item.age is not None]
    oldest = f"{age(max(old))} when the evidence was frozen" if old else "no input has an age"
    lines += fact("oldest", f"{oldest}; {now_oldest(view)}", width, glyphs)
    asked = f"{decision.requester or 'nobody'} at {clock(decision.opened_at)} UTC"
    lines += fact("asked by", f"{asked}: {decision.reason}" if decision.reason else asked, width, glyphs)
    if not decision.targets and decision.detail:
        lines += fact("careful", decision.detail, width, glyphs, "notice")
    lines += fact("sends", sends(decision), width, glyphs)
    for check in decision.preflight:
        if check.state != "true":
            state = mark(CHECKS, check.state)
            lines += fact("pre-flight", f"{state.word}: {check_words(check)}", width, glyphs, check_role(check))
    for index, text in enumerate(decision.changes):
        lines += fact("changed" if index == 0 else "", text, width, glyphs, "notice")
    return lines


def _alarms(decision: DecisionRow, view: View, width: int, glyphs: Glyphs) -> list[Line]:
    """What must not be missed, before who signs: a cause that is gone, the clocks, points of no return."""
    lines: list[Line] = []
    if decision.cleared:
        words = "its cause is gone: read what holds now, then sign only if it is still right"
        lines += fact("CLEARED", words, width, glyphs, "alarm")
    if decision.mode == GLASS:
        lines += fact("GLASS", f"{decision.requester} started it alone", width, glyphs, "alarm")
    words, role = budget(view)
    lines += fact("budget", words, width, glyphs, role)
    for point in decision.points:
        state = mark(POINTS, point.state)
        if point.state != "open" or point.after == "warn":
            lines += fact("no return", f"{state.word}: {point_words(point, glyphs)}", width, glyphs, state.role)
    if decision.deadline is not None:
        left = decision.deadline - view.now
        words = f"in {countdown(left)}" if left > 0 else "expired"
        lines += fact("expires", f"{words}, at {clock(decision.deadline)} UTC", width, glyphs, "hold")
    return lines


def now_oldest(view: View) -> str:
    """Age of the oldest input of the verdict at this moment."""
    verdict = view.snapshot.verdict if view.snapshot else None
    if verdict is None or verdict.oldest_age is None:
        return "now none"
    return f"now {age(verdict.oldest_age + view.behind)} {verdict.oldest_source}".rstrip()


def _evidence(label: str, item: EvidenceRow, width: int, glyphs: Glyphs) -> Line:
    state = shown(mark(GATES, item.state), glyphs)
    value = against(item.value, item.operator, item.limit, item.unit)
    text = f" {item.rule} {item.scope}".rstrip() + f" {value}, {item.samples} samples"
    return clip((Span(label.ljust(_LABEL), "dim"), state, Span(text)), width, glyphs)


def sends(decision: DecisionRow) -> str:
    """The steps in a few words; every request in full stands on the screen behind the dialog."""
    names = ", ".join(f"{step.number} {step.title or step.name}" for step in decision.steps)
    return f"{len(decision.steps)} steps: {names}" if names else "no step is known"


def four_eyes(decision: DecisionRow, view: View) -> tuple[str, str]:
    """Who asked, who signed, and whether this person may; the second value is its role."""
    approvals = [vote.person for vote in decision.votes if vote.vote == "approve"]
    count = f"{len(approvals)} of {decision.quorum} signed" + (f" ({', '.join(approvals)})" if approvals else "")
    person = view.person
    if person is None:
        return f"nobody is signed in; {count}", "fail"
    if decision.requester == person.name and decision.not_requester:
        return f"you ({person.name}) asked for it: another person must sign; {count}", "fail"
    if person.name in decision.locked:
        return f"you ({person.name}) are locked out of it after wrong confirmations; {count}", "fail"
    if person.name in approvals:
        return f"you ({person.name}) have signed; {count}", "fail"
    if decision.requester == person.name:
        return f"you ({person.name}) asked for it and may sign it too; {count}", "notice"
    return f"you ({person.name}) did not ask for it; {count}", "ok"


def run_facts(work: Work, verb: str, view: View, width: int, glyphs: Glyphs) -> list[Line]:
    """What steering a run means."""
    lines = fact("where", where(view), width, glyphs, "strong")
    lines += fact("run", f"{work.run.id if work.run else work.id} {glyphs.dot} {work.runbook}", width, glyphs, "strong")
    done = sum(step.state in ("done", "skipped") for step in work.steps)
    lines += fact("stands at", f"{done} of {len(work.steps)} steps are over, {work.state}", width, glyphs)
    meaning = {
        "abort": "no further step starts; what was done stays done",
        "pause": "no further step starts until somebody lets it go on",
        "resume": "the next step starts at once",
        "takeover": "golive sends nothing more; it asks step by step what you did, and verifies at the end",
    }
    lines += fact(verb, meaning.get(verb, ""), width, glyphs)
    return lines


def step_facts(work: Work, step: StepRow, words: str, view: View, width: int, glyphs: Glyphs) -> list[Line]:
    """What one says or asks about a step."""
    lines = fact("where", where(view), width, glyphs, "strong")
    lines += fact("run", f"{work.run.id if work.run else work.id} {glyphs.dot} {work.runbook}", width, glyphs, "strong")
    lines += fact("step", f"{step.number} {step.title or step.name}: {step.state}, effect {step.effect}", width, glyphs)
    if step.question:
        lines += fact("asked", step.question, width, glyphs)
    if step.request:
        lines += fact("sends", step.request, width, glyphs)
    if step.outcome:
        lines += fact("so far", step.outcome, width, glyphs)
    lines += fact("you say", words, width, glyphs, "strong")
    return lines


def undo_facts(work: Work, step: StepRow, view: View, width: int, glyphs: Glyphs) -> list[Line]:
    """What taking a step back means."""
    lines = step_facts(work, step, "take it back; the run stays paused after it", view, width, glyphs)
    return [*lines, *fact("sends", step.undo, width, glyphs, "strong")]


def attest_facts(decision: DecisionRow, view: View, width: int, glyphs: Glyphs) -> list[Line]:
    """What vouching for a condition means."""
    lines = fact("where", where(view), width, glyphs, "strong")
    lines += fact("decision", f"{decision.id} {glyphs.dot} {decision.runbook}", width, glyphs)
    for index, check in enumerate(unknown(decision)):
        lines += fact("not known" if index == 0 else "", check_words(check), width, glyphs, "unknown")
    lines += fact("you say", "the first of them holds, on your name, for ten minutes", width, glyphs, "strong")
    lines += fact("evidence", "what you saw and where: tab, it is needed", width, glyphs)
    return lines


def glass_facts(runbook: str, parameters: dict[str, str], view: View, width: int, glyphs: Glyphs) -> list[Line]:
    """What breaking the glass means."""
    lines = request_facts(runbook, parameters, view, width, glyphs)[:-1]
    name = view.person.name if view.person else "nobody"
    words = f"{name} ALONE: nobody else signs, everybody is told, it is on record twice"
    lines += fact("signed by", words, width, glyphs, "alarm")
    lines += fact("holds still", "pre-flight and points of no return", width, glyphs)
    words, role = budget(view)
    return [*lines, *fact("budget", words, width, glyphs, role)]


def rearm_facts(decision: DecisionRow, view: View, width: int, glyphs: Glyphs) -> list[Line]:
    """What arming again means."""
    lines = fact("where", where(view), width, glyphs, "strong")
    lines += fact("decision", f"{decision.id} {glyphs.dot} {decision.runbook}: {decision.state}", width, glyphs)
    lines += fact("arms", f"{decision.trigger}: it may ask again after its cooldown", width, glyphs, "strong")
    return lines


def point_facts(name: str, view: View, width: int, glyphs: Glyphs, *, passed: bool) -> list[Line]:
    """What a word on a point of no return means."""
    lines = fact("where", where(view), width, glyphs, "strong")
    found = [row for row in (view.snapshot.points if view.snapshot else ()) if row.name == name]
    for row in found:
        state = mark(POINTS, row.state)
        lines += fact("point", f"{state.word}: {point_words(row, glyphs)}", width, glyphs, state.role)
    words = "it is passed: nothing begins in its scope" if passed else "it is NOT passed, whatever its signal says"
    return [*lines, *fact("you say", words, width, glyphs, "strong")]


def gate_facts(gate: GateRow, view: View, width: int, glyphs: Glyphs) -> list[Line]:
    """What signing a gate means."""
    lines = fact("where", where(view), width, glyphs, "strong")
    lines += fact(
        "gate", f"{gate.name} {glyphs.dot} {gate.title}" if gate.title else gate.name, width, glyphs, "strong"
    )
    lines += fact("duty", gate.duty, width, glyphs)
    state = mark(GATES, gate.state)
    by = f" by {gate.signed_by}" if gate.signed_by else ""
    lines += fact("now", f"{state.word}{by}", width, glyphs, state.role)
    return lines


def request_facts(runbook: str, parameters: dict[str, str], view: View, width: int, glyphs: Glyphs) -> list[Line]:
    """What asking for a runbook means."""
    lines = fact("where", where(view), width, glyphs, "strong")
    lines += fact("runbook", runbook, width, glyphs, "strong")
    lines += fact("with", ", ".join(f"{k}={v}" for k, v in parameters.items()) or "no parameters", width, glyphs)
    name = view.person.name if view.person else "nobody"
    lines += fact("asked by", f"{name}: another person has to sign before anything is sent", width, glyphs)
    return lines
