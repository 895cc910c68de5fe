"""The dialogs' content: what is asked, the word to type, why it may not be, and what is then sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from dashboards.terminal import acts
from dashboards.terminal.acts import Act
from dashboards.terminal.drawing.approval import approval_facts, gate_facts, request_facts, run_facts, step_facts
from dashboards.terminal.drawing.consent import late
from dashboards.terminal.drawing.spans import Glyphs, Line
from dashboards.terminal.drawing.work import LIVE, OPEN, Work
from dashboards.terminal.view import View
from monitor.serving.snapshot import DecisionRow, GateRow, StepRow

Facts = Callable[[View, int, Glyphs], list[Line]]
ENDED = "it is over: nothing left to do"
_VERBS: dict[str, Literal["abort", "pause", "resume", "takeover"]] = {
    "abort": "abort",
    "pause": "pause",
    "resume": "resume",
    "takeover": "takeover",
}


class More(msgspec.Struct, frozen=True, kw_only=True):
    """A further field of a dialog, such as for how long."""

    label: str
    usual: str
    """What stands in it at first."""
    trouble: Callable[[str], str]
    """What is wrong with what was typed; empty when nothing is."""
    act: Callable[[str, str], Act]
    """Makes the request from the reason and this field."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One dialog. `word` is typed in full by a person; a key alone never sends anything."""

    title: str
    word: str
    facts: Facts
    refusal: Callable[[View], str]
    """Why it may not be sent at this moment; empty when it may."""
    act: Callable[[str], Act]
    """Makes the request from the reason that was typed."""
    reason_needed: bool = False
    """Whether it is not sent without a reason."""
    reason_label: str = "Reason"
    more: More | None = None
    """A further field; its `act` counts instead then."""
    wait: float = 0.0
    """Seconds between enter and sending, in which it can be taken back."""


def approve(work: Work, view: View) -> Question | str:
    """Ask to sign a decision; a text instead says why there is nothing to ask."""
    decision = work.decision
    if decision is None or decision.state not in OPEN:
        return "nothing here waits for a signature"
    reason = acts.approval_refusal(decision, view)
    after = late(view)

    def refusal(now: View) -> str:
        if late(now) and not after:
            return "decide-by has passed while you were reading: close, read again, then decide"
        return acts.approval_refusal(decision, now)

    return reason or Question(
        title="APPROVE AFTER DECIDE-BY" if after else "APPROVE",
        word=f"{decision.runbook} LATE" if after else decision.runbook,
        facts=lambda now, width, glyphs: approval_facts(shown_now(decision, now), now, width, glyphs),
        refusal=refusal,
        act=lambda why: acts.approve(decision, why, late=after),
        reason_needed=after,
    )


def shown_now(shown: DecisionRow, now: View) -> DecisionRow:
    """The decision as it was shown, with what is no part of the signature as it is now."""
    row = now.decision(shown.id)
    if row is None or (row.digest, row.nonce) != (shown.digest, shown.nonce):
        return shown
    return msgspec.structs.replace(
        shown, preflight=row.preflight, points=row.points, cleared=row.cleared, locked=row.locked, votes=row.votes
    )


def reject(work: Work, view: View) -> Question | str:
    """Ask to refuse a decision."""
    decision = work.decision
    if decision is None or decision.state not in OPEN:
        return "nothing here waits for a signature"

    def refusal(now: View) -> str:
        row = now.decision(decision.id)
        return acts.refusal(now) or ("" if row is not None and row.state in OPEN else ENDED)

    return acts.refusal(view) or Question(
        title="REJECT",
        word=decision.runbook,
        facts=lambda now, width, glyphs: approval_facts(decision, now, width, glyphs),
        refusal=refusal,
        act=lambda why: acts.reject(decision, why),
    )


def steer(work: Work, view: View, verb: str) -> Question | str:
    """Ask to pause, resume or abort a run; `pause` resumes one that is paused."""
    run = work.run
    if run is None or run.state not in LIVE:
        return "no run is under way here"
    done = verb if verb in ("abort", "takeover") else "resume" if run.state == "paused" else "pause"
    if done == "takeover" and (run.by_hand or run.state == "verifying"):
        return f"{run.by_hand} has taken it over already" if run.by_hand else "no step is left to take over"

    def refusal(now: View) -> str:
        row = now.run(run.id)
        return acts.refusal(now) or ("" if row is not None and row.state in LIVE else ENDED)

    return acts.refusal(view) or Question(
        title="TAKE OVER BY HAND" if done == "takeover" else done.upper(),
        word=work.runbook,
        facts=lambda now, width, glyphs: run_facts(work, done, now, width, glyphs),
        refusal=refusal,
        act=lambda why: acts.steer(work, _VERBS[done], why),
        reason_needed=done == "takeover",
    )


def mend(work: Work, view: View, verb: str) -> Question | str:
    """Ask to retry or skip the step that failed or is parked."""
    step = next((s for s in work.steps if s.state in ("parked", "failed", "undone")), None)
    if work.run is None or work.run.ended_at is not None or step is None:
        return f"no failed or parked step to {verb} here"
    chosen = step
    return acts.refusal(view) or Question(
        title=f"{verb.upper()} STEP {chosen.number}",
        word=work.runbook,
        facts=lambda now, width, glyphs: step_facts(work, chosen, f"{verb} it", now, width, glyphs),
        refusal=lambda now: acts.refusal(now) or moved_on(work, chosen, now),
        act=lambda why: acts.steer_step(work, chosen, "retry" if verb == "retry" else "skip", "", why),
    )


def resolve(work: Work, view: View, outcome: str) -> Question | str:
    """Ask to say what a waiting or parked step did."""
    step = work.asks
    if step is None:
        return "no step waits for a person here"
    words = "it took effect" if outcome == "done" else "it did not take effect"
    return acts.refusal(view) or Question(
        title=f"STEP {step.number}: {words.upper()}",
        word=work.runbook,
        facts=lambda now, width, glyphs: step_facts(work, step, words, now, width, glyphs),
        refusal=lambda now: acts.refusal(now) or moved_on(work, step, now),
        act=lambda why: acts.steer_step(work, step, "resolve", outcome, why),
        reason_needed=step.state == "parked",
    )


def moved_on(work: Work, step: StepRow, view: View) -> str:
    """Why a step cannot be steered any more; empty while it stands as it was shown."""
    run = view.run(work.run.id) if work.run else None
    now = next((s for s in run.steps if s.name == step.name), None) if run else None
    if now is None:
        return ENDED
    return "" if (now.state, now.attempt) == (step.state, step.attempt) else f"the step is {now.state} now"


def sign(gate: GateRow | None, view: View) -> Question | str:
    """Ask to sign a gate, or to take the signature back."""
    if gate is None or gate.kind != "signed":
        return "no gate to sign here: this one is judged by rules"
    chosen = gate
    signing = gate.state != "signed"

    def refusal(now: View) -> str:
        row = next((g for g in now.snapshot.gates if g.name == chosen.name), None) if now.snapshot else None
        same = row is not None and row.state == chosen.state
        return acts.refusal(now) or ("" if same else "the gate changed while you were reading: close and look again")

    return acts.refusal(view) or Question(
        title="SIGN GATE" if signing else "TAKE SIGNATURE BACK",
        word=chosen.name,
        facts=lambda now, width, glyphs: gate_facts(chosen, now, width, glyphs),
        refusal=refusal,
        act=lambda why: acts.sign(chosen.name, signed=signing, reason=why),
    )


def request_run(runbook: str, parameters: dict[str, str], view: View) -> Question | str:
    """Ask for a runbook by hand; another person will have to sign it."""
    return acts.refusal(view) or Question(
        title="ASK FOR A RUNBOOK",
        word=runbook,
        facts=lambda now, width, glyphs: request_facts(runbook, parameters, now, width, glyphs),
        refusal=acts.refusal,
        act=lambda why: acts.request_run(runbook, parameters, why),
    )
