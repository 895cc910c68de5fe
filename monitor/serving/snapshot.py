"""The read model: everything a display needs, frozen at one tick. Row types only; higher layers fill them.

All times are unix seconds, all spans seconds, all values in base units. Text fields are clean outside text
(monitor.text) or our own words; no reader may parse them as markup.
"""

from __future__ import annotations

from monitor.serving.condition_rows import SelfRow
from monitor.serving.integration_rows import IntegrationRow
from monitor.serving.row import Row

SCHEMA = 1


class CutoverRow(Row, frozen=True, kw_only=True):
    """Which cutover this is and where it stands."""

    name: str
    environment: str
    strategy: str
    stage: str
    stage_title: str
    stage_index: int
    """From 1."""
    stage_count: int
    stage_since: float
    started_at: float
    """T0: when the daemon first armed this cutover."""
    decide_by: float | None = None
    """The last instant at which a rollback may be decided."""
    rollback_seconds: float = 0.0
    """Longest of the stated budget, the sum of the steps' takes, the last real run and the longest rehearsal."""
    rollback_why: str = ""
    """Which of them it is."""
    window_end: float | None = None
    """When the window of the work ends."""


class VerdictRow(Row, frozen=True, kw_only=True):
    """The answer to: may the cutover go on?"""

    verdict: str
    """GO, HOLD, NO-GO or UNKNOWN."""
    reason: str
    gate: str
    """The gate that decides; empty when all are GO."""
    since: float
    oldest_age: float | None
    """Age of the oldest input that the verdict rests on."""
    oldest_source: str


class GateRow(Row, frozen=True, kw_only=True):
    """One go/no-go question. `state` is ok, warn, insufficient, unknown, stale, breach, unsigned or signed."""

    name: str
    title: str
    kind: str
    """judged or signed."""
    state: str
    required: bool
    active: bool
    rule: str = ""
    """The worst rule that answers it."""
    scope: str = ""
    """The worst group of labels, e.g. queue=sales-en."""
    legacy: float | None = None
    target: float | None = None
    unit: str = ""
    operator: str = ""
    """The side that is bad."""
    limit: float | None = None
    since: float = 0.0
    age: float | None = None
    samples: int = 0
    reason: str = ""
    signed_by: str = ""
    duty: str = ""


class RuleRow(Row, frozen=True, kw_only=True):
    """One rule in one group of labels: value and limits side by side."""

    rule: str
    metric: str
    scope: str
    state: str
    """ok, warn, insufficient, unknown or breach."""
    phase: str
    """warmup, ok, pending, breach or recovering."""
    flags: tuple[str, ...]
    estimator: str
    unit: str
    operator: str
    value: float | None
    warn: float | None
    breach: float
    clear: float | None
    samples: int
    since: float
    age: float | None
    reason: str = ""


class SourceRow(Row, frozen=True, kw_only=True):
    """One collector."""

    name: str
    kind: str
    state: str
    """starting, ok, retrying, failed or stopped."""
    since: float
    quality: str
    """fresh, stale or empty: what its newest sample is worth."""
    age: float | None
    rate: float
    """Messages a second over the last 10 s."""
    messages: int
    samples: int
    refused: int
    refused_by: dict[str, int] = {}
    """Refused messages and quarantined samples by reason."""
    duplicates: int = 0
    gaps: int
    """Messages known to be missing, by source and sequence number."""
    gap_count: int = 0
    """Messages missing in the newest gap; 0 where nobody knows how many."""
    gap_at: float | None = None
    """When the newest gap ended: time of the first message after it. None: no gap since the daemon started."""
    error: str = ""
    next_try: float | None = None
    last_refused: str = ""
    """The newest refused message, escaped, with its reason."""
    circuit: str = "closed"
    """closed: tried as usual. open: it failed five times in a row and rests long. half_open: one try is on probation."""
    restarts: int = 0
    transcripts: int = 0
    """Raw exchanges that named people can read at /api/v1/transcripts/NAME."""


class EvidenceRow(Row, frozen=True, kw_only=True):
    """A rule as it stood when a decision froze its evidence."""

    rule: str
    scope: str
    state: str
    value: float | None
    limit: float
    operator: str
    unit: str
    samples: int
    age: float | None


class VoteRow(Row, frozen=True, kw_only=True):
    """One person's signature."""

    person: str
    at: float
    vote: str
    """approve or reject."""
    reason: str = ""


class CheckRow(Row, frozen=True, kw_only=True):
    """One pre-flight or verification condition."""

    what: str
    state: str
    """true, false or unknown."""
    detail: str = ""
    attested: str = ""
    """Who vouches for one that is unknown, on what evidence and for how long; empty: nobody."""


class PointRow(Row, frozen=True, kw_only=True):
    """One point of no return."""

    name: str
    state: str
    """open, passed or unknown."""
    after: str
    """freeze: nothing begins in its scope once it is passed. warn: it is only shown."""
    scope: tuple[str, ...] = ()
    since: float | None = None
    by: str = ""
    """golive, or the person who said so."""
    detail: str = ""


class StepRow(Row, frozen=True, kw_only=True):
    """One step of a runbook or run."""

    number: int
    name: str
    title: str
    action: str
    effect: str
    """read, keyed, checked or once."""
    owner: str
    takes: float
    request: str
    """Exactly what will be sent, secrets masked."""
    state: str = "next"
    """next, waiting, running, done, failed, parked, skipped or aborted."""
    started_at: float | None = None
    ended_at: float | None = None
    attempt: int = 0
    outcome: str = ""
    question: str = ""
    """What a waiting manual or parked step asks a person."""
    undo: str = ""
    """Exactly what would be sent to take it back; empty when the runbook states no undo."""


class DecisionRow(Row, frozen=True, kw_only=True):
    """One occurrence of a trigger, from candidate to rolled back."""

    id: str
    trigger: str
    scope: str
    """Its scopes in a few words, such as `queue=billing; queue=claims`; `all` for everything at once."""
    runbook: str
    title: str
    state: str
    """awaiting, escalated, preflight, executing, paused, verifying, rolled_back, partial, ineffective,
    frozen, rejected, denied, withdrawn or recorded."""
    mode: str
    opened_at: float
    changed_at: float
    requester: str
    reason: str
    quorum: int
    duties: tuple[str, ...]
    votes: tuple[VoteRow, ...]
    deadline: float | None
    digest: str
    """sha256 over what is signed; approval must send it back."""
    nonce: str
    """New whenever votes are voided; approval must send it back."""
    parameters: dict[str, str]
    evidence: tuple[EvidenceRow, ...]
    preflight: tuple[CheckRow, ...]
    steps: tuple[StepRow, ...]
    run: str = ""
    detail: str = ""
    scopes: tuple[str, ...] = ()
    """Every scope that it is asked for in."""
    targets: tuple[dict[str, str], ...] = ()
    """The runbook's parameters for each thing that is moved, one after the other; none: it cannot be run."""
    not_requester: bool = True
    """Whether the requester may not sign."""
    points: tuple[PointRow, ...] = ()
    """The points of no return that concern it."""
    cleared: bool = False
    """Whether its cause is gone while it is still asked."""
    changes: tuple[str, ...] = ()
    """Lines of what changed in the runbook since it was asked for the time before."""
    locked: tuple[str, ...] = ()
    """People who may not confirm it any more, after too many wrong confirmations."""
    answer: str = ""
    """What this caller alone is told, such as: started by anna 1 s ago."""


class RunRow(Row, frozen=True, kw_only=True):
    """One execution of a runbook."""

    id: str
    decision: str
    runbook: str
    title: str
    digest: str
    state: str
    """running, waiting, paused, verifying, done, failed, aborted or ineffective."""
    requester: str
    reason: str
    started_at: float
    ended_at: float | None
    steps: tuple[StepRow, ...]
    verify: tuple[CheckRow, ...] = ()
    detail: str = ""
    mode: str = ""
    """break_glass, when nobody but its requester signed it."""
    begins_at: float | None = None
    """When its first step begins; until then an abort leaves nothing done. None: at once."""
    by_hand: str = ""
    """Who took it over: people do the rest, golive sends nothing."""


class WaitingRow(Row, frozen=True, kw_only=True):
    """Something that waits for a person."""

    kind: str
    """approval, manual, parked or gate."""
    id: str
    """Decision, run/step or gate to act on."""
    title: str
    detail: str
    since: float
    deadline: float | None = None


class AlertRow(Row, frozen=True, kw_only=True):
    """A breach or blindness that somebody should know about."""

    id: str
    name: str
    scope: str
    state: str
    value: float | None
    limit: float | None
    operator: str
    unit: str
    since: float
    acked_by: str = ""
    summary: str = ""


class SparkRow(Row, frozen=True, kw_only=True):
    """A short history for a sparkline; None is a gap."""

    name: str
    title: str
    unit: str
    platform: str
    step: float
    points: tuple[float | None, ...]
    metrics: tuple[str, ...] = ()
    """What it is made from."""
    labels: dict[str, str] = {}
    """What every series of it carries."""


class SeriesRow(Row, frozen=True, kw_only=True):
    """The newest value of one series."""

    metric: str
    labels: dict[str, str]
    unit: str
    value: float | None
    at: float
    age: float
    quality: str


class EventRow(Row, frozen=True, kw_only=True):
    """One line of the public part of the journal."""

    seq: int
    at: float
    kind: str
    """transition, verdict, decision, run, step, stage, gate, source, notify, note or start."""
    who: str
    what: str
    object: str
    state: str = ""


class Snapshot(Row, frozen=True, kw_only=True):
    """Everything a display needs, at one tick."""

    schema: int = SCHEMA
    at: float
    cutover: CutoverRow
    verdict: VerdictRow
    gates: tuple[GateRow, ...] = ()
    rules: tuple[RuleRow, ...] = ()
    sources: tuple[SourceRow, ...] = ()
    waiting: tuple[WaitingRow, ...] = ()
    decisions: tuple[DecisionRow, ...] = ()
    runs: tuple[RunRow, ...] = ()
    points: tuple[PointRow, ...] = ()
    alerts: tuple[AlertRow, ...] = ()
    sparks: tuple[SparkRow, ...] = ()
    series: tuple[SeriesRow, ...] = ()
    series_left_out: int = 0
    """Series beyond the bound of this answer."""
    integrations: tuple[IntegrationRow, ...] = ()
    events: tuple[EventRow, ...] = ()
    links: dict[str, str] = {}
    """Addresses of other programs that show this cutover, by their name: grafana."""
    monitor: SelfRow
