"""What displays see of the desk, made from its decisions; bounded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from monitor.deciding.case import Case
from monitor.deciding.causes import live, scopes_of, told
from monitor.deciding.decision import ASKING, OPEN, Decision, State
from monitor.serving.snapshot import DecisionRow, RunRow, WaitingRow

SHOWN = 50
"""Most decisions and most runs in one snapshot."""


def decision_rows(cases: Iterable[Case]) -> tuple[DecisionRow, ...]:
    """Open decisions first, then the newest ended ones."""
    stored = [case for case in cases if case.stored]
    stored.sort(key=lambda case: (case.decision.state not in OPEN, -case.decision.opened_at))
    return tuple(case.row() for case in stored[:SHOWN])


def run_rows(cases: Iterable[Case]) -> tuple[RunRow, ...]:
    """Runs of this process, newest first."""
    rows = [case.handle.row() for case in cases if case.handle is not None]
    return tuple(sorted(rows, key=lambda row: -row.started_at)[:SHOWN])


def waiting_rows(cases: Iterable[Case]) -> tuple[WaitingRow, ...]:
    """Everything that waits for a person, oldest first."""
    rows: list[WaitingRow] = []
    for case in cases:
        if case.handle is not None:
            rows.extend(case.handle.waiting())
        if case.stored and case.decision.state in ASKING:
            rows.append(_approval(case.decision))
        if case.stored and case.decision.state is State.PREFLIGHT:
            rows.extend(_unknown(case))
    return tuple(sorted(rows, key=lambda row: row.since))


def _unknown(case: Case) -> Iterator[WaitingRow]:
    decision = case.decision
    asked = [row.what for row in case.conditions if row.state == "unknown" and not row.attested]
    if asked:
        yield WaitingRow(
            kind="attest",
            id=decision.id,
            title=f"{decision.runbook}: pre-flight cannot be known",
            detail=f"an approver other than {decision.requester} may attest: {', '.join(asked)}",
            since=decision.changed_at,
        )


def _approval(decision: Decision) -> WaitingRow:
    missing = max(0, decision.approval.quorum - len(decision.votes))
    who = " or ".join(decision.approval.duties) or "an approver"
    scopes = [scope for scope in scopes_of(live(decision.causes)) if scope]
    where = f"{told(scopes)}; " if scopes else ""
    return WaitingRow(
        kind="approval",
        id=decision.id,
        title=decision.runbook,
        detail=f"{missing} more of {who}; {where}{decision.detail or decision.reason}",
        since=decision.opened_at,
        deadline=decision.deadline if decision.state is State.AWAITING else None,
    )


def holding(cases: Iterable[Case]) -> str:
    """Why the verdict cannot be GO; empty when no decision stands against it."""
    for case in cases:
        decision = case.decision
        if decision.state in OPEN and not case.dead:
            return f"decision {decision.id} ({decision.runbook}) is {decision.state}"
        if decision.state is State.FROZEN and decision.rearmed_at is None:
            return f"decision {decision.id} is frozen: {decision.detail}"
    return ""
