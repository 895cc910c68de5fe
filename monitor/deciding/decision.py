"""A decision and the table of its states: one occurrence of a trigger, from candidate to rolled back. Pure."""

from __future__ import annotations

import hashlib
from enum import StrEnum

import msgspec

from monitor.deciding.causes import Cause, Target, live, scopes_of, told
from monitor.judging.scoping import scope_words
from monitor.judging.triggers import Approval
from monitor.serving.snapshot import CheckRow, DecisionRow, EvidenceRow, PointRow, StepRow, VoteRow


class State(StrEnum):
    """Where a decision stands."""

    AWAITING = "awaiting"
    ESCALATED = "escalated"
    PREFLIGHT = "preflight"
    EXECUTING = "executing"
    PAUSED = "paused"
    VERIFYING = "verifying"
    ROLLED_BACK = "rolled_back"
    PARTIAL = "partial"
    INEFFECTIVE = "ineffective"
    FROZEN = "frozen"
    REJECTED = "rejected"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    RECORDED = "recorded"


ASKING = frozenset({State.AWAITING, State.ESCALATED})
"""People are asked and may still sign."""
RUNNING = frozenset({State.EXECUTING, State.PAUSED, State.VERIFYING})
"""It has a run."""
OPEN = ASKING | RUNNING | {State.PREFLIGHT}
NEEDS_PERSON = frozenset({State.ROLLED_BACK, State.PARTIAL, State.INEFFECTIVE, State.FROZEN})
"""Ended; only a person arms its triggers again."""
REARMS = frozenset({State.REJECTED, State.DENIED, State.WITHDRAWN, State.RECORDED})
"""Ended; its triggers arm themselves after the cooldown."""

_GIVEN_UP = frozenset({State.REJECTED, State.WITHDRAWN})
_RUN_ENDS = frozenset({State.PARTIAL, State.ROLLED_BACK, State.INEFFECTIVE})
NEXT: dict[State, frozenset[State]] = {
    State.AWAITING: _GIVEN_UP | {State.ESCALATED, State.DENIED, State.PREFLIGHT},
    State.ESCALATED: _GIVEN_UP | {State.PREFLIGHT},
    State.PREFLIGHT: _GIVEN_UP | {State.AWAITING, State.FROZEN, State.EXECUTING},
    State.EXECUTING: _RUN_ENDS | {State.PAUSED, State.VERIFYING},
    State.PAUSED: _RUN_ENDS | {State.EXECUTING, State.VERIFYING},
    State.VERIFYING: _RUN_ENDS | {State.PAUSED},
} | dict.fromkeys(NEEDS_PERSON | REARMS, frozenset())
"""Every step a decision may take; what is not here never happens."""

BY_HAND = "by hand"
"""The trigger's name of a decision that a person asked for."""


class Vote(msgspec.Struct, frozen=True, kw_only=True):
    """One person's signature under one digest and nonce."""

    person: str
    at: float
    mono: float
    """Monotonic clock: a signature also expires when the wall clock was set back."""
    reason: str = ""


class Attestation(msgspec.Struct, frozen=True, kw_only=True):
    """One person's word for one pre-flight condition that cannot be known."""

    item: str
    """The condition as it is shown."""
    person: str
    at: float
    mono: float
    evidence: str
    digest: str
    """What was asked when it was given; it counts for nothing else."""


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """What a signature rests on. When any of it changes, the signatures are void; a number that moves is not in it."""

    stage: str
    runbook_digest: str
    config_digest: str
    breached: tuple[str, ...]
    """Rules in breach when the evidence was frozen, sorted; of several targets each with its own."""
    preflight: tuple[tuple[str, str], ...]
    """Each pre-flight expression and its truth."""
    scopes: tuple[str, ...] = ()
    """Scopes that it was asked for in."""
    points: tuple[tuple[str, str], ...] = ()
    """Each point of no return that concerns it, and its state."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One occurrence of a trigger. Its newest line in the journal holds all of it."""

    id: str
    triggers: tuple[str, ...]
    """The trigger that opened it first, then those that joined; BY_HAND alone for a person's request."""
    scope: str
    """The scope that it was opened in, in words."""
    runbook: str
    title: str
    state: State
    mode: str
    opened_at: float
    changed_at: float
    """When the state last changed."""
    requester: str
    reason: str
    approval: Approval
    parameters: dict[str, str]
    """What is put into the runbook; of several targets each value under a name of its own, such as queue_2."""
    material: Material
    causes: tuple[Cause, ...] = ()
    """Triggers and their scopes: the one that opened it first."""
    targets: tuple[Target, ...] = ()
    """The runbook's parameters, once for each thing that is moved, one after the other; none: it cannot be run."""
    misfit: str = ""
    """Why it cannot be run as it is asked for, however many sign; empty when it can."""
    left_out: int = 0
    """Causes beyond the most that are written down."""
    evidence: tuple[EvidenceRow, ...] = ()
    preflight: tuple[CheckRow, ...] = ()
    votes: tuple[Vote, ...] = ()
    refusals: tuple[Vote, ...] = ()
    deadline: float | None = None
    nonce: str = ""
    asked_at: float = 0.0
    """When the nonce was made; 0: when it was opened. An old one is not signed any more."""
    run: str = ""
    pinned: dict[str, object] = {}
    """The runbook as it is asked for; once it runs, as it was when the run began."""
    attestations: tuple[Attestation, ...] = ()
    points: tuple[PointRow, ...] = ()
    """The points of no return that concern it, as they were shown."""
    changes: tuple[str, ...] = ()
    """What changed in the runbook since it was asked for the time before."""
    key: str = ""
    """The caller's idempotency key: the same key is the same request."""
    detail: str = ""
    rearmed_at: float | None = None
    """When a person armed its triggers again."""
    settled: bool = False
    """Whether what follows a verified rollback (the stage moves back) was done."""

    @property
    def digest(self) -> str:
        """SHA-256 over what is signed: id, runbook, parameters, scope and all that is material."""
        signed = (self.id, self.runbook, self.parameters, self.scope, self.material)
        return hashlib.sha256(msgspec.json.encode(signed, order="sorted")).hexdigest()

    def row(self, steps: tuple[StepRow, ...]) -> DecisionRow:
        """The decision as displays see it."""
        votes = [VoteRow(person=vote.person, at=vote.at, vote="approve", reason=vote.reason) for vote in self.votes]
        votes += [VoteRow(person=vote.person, at=vote.at, vote="reject", reason=vote.reason) for vote in self.refusals]
        scopes = scopes_of(live(self.causes))
        return DecisionRow(
            id=self.id,
            trigger=", ".join(self.triggers),
            scope=told(scopes) or self.scope,
            scopes=tuple(scope_words(scope) for scope in scopes),
            targets=self.targets,
            runbook=self.runbook,
            title=self.title,
            state=self.state.value,
            mode=self.mode,
            opened_at=self.opened_at,
            changed_at=self.changed_at,
            requester=self.requester,
            reason=self.reason,
            quorum=self.approval.quorum,
            duties=self.approval.duties,
            votes=tuple(votes),
            deadline=self.deadline if self.state is State.AWAITING else None,
            digest=self.digest,
            nonce=self.nonce,
            parameters=self.parameters,
            evidence=self.evidence,
            preflight=self.preflight,
            steps=steps,
            run=self.run,
            detail="; ".join(filter(None, (self.misfit and f"cannot be run: {self.misfit}", self.detail))),
            not_requester=self.approval.not_requester,
            points=self.points,
            changes=self.changes,
        )


def decision_id(cutover: str, trigger: str, scope: str, epoch: int | str) -> str:
    """The id of a trigger's occurrence: the same edge has the same id, however often it is seen."""
    return hashlib.sha256("\x1f".join((cutover, trigger, scope, str(epoch))).encode()).hexdigest()[:12]


def moved(decision: Decision, to: State, at: float, detail: str = "") -> Decision:
    """The decision in its next state; ValueError for a step that is not in the table."""
    if to not in NEXT[decision.state]:
        raise ValueError(f"a decision never goes from {decision.state} to {to}")
    return msgspec.structs.replace(decision, state=to, changed_at=at, detail=detail)
