"""Recorded moments of a cutover, built by hand: what a daemon would have answered."""

from __future__ import annotations

import math

import msgspec

from monitor.serving.condition_rows import SelfRow
from monitor.serving.snapshot import (
    CheckRow,
    CutoverRow,
    DecisionRow,
    EventRow,
    EvidenceRow,
    GateRow,
    RunRow,
    Snapshot,
    SourceRow,
    SparkRow,
    StepRow,
    VerdictRow,
    VoteRow,
    WaitingRow,
)

AT = 1795226400.0
"""2026-11-21 02:00:00 UTC."""

CUTOVER = CutoverRow(
    name="Voice wave 3",
    environment="PROD eu-west",
    strategy="phased",
    stage="hypercare",
    stage_title="Hypercare",
    stage_index=3,
    stage_count=4,
    stage_since=AT - 3600,
    started_at=AT - 6127,
    decide_by=AT + 4350,
    rollback_seconds=240.0,
)
MONITOR = SelfRow(
    version="0.1.0",
    started_at=AT - 7000,
    tick=28000,
    tick_seconds=0.004,
    loop_lag=0.001,
    series=812,
    quarantined=3,
    journal_seq=1288,
    journal_hash="77b0c1de",
)


def gate(name: str, title: str, state: str = "ok", **more: object) -> GateRow:
    """A gate that rules judge; `more` overrides any column."""
    base = {
        "kind": "judged",
        "required": True,
        "active": True,
        "rule": name.replace("-", "_"),
        "operator": ">",
        "unit": "ratio",
        "since": AT - 2280,
        "age": 3.0,
        "samples": 120,
    }
    return msgspec.convert({**base, "name": name, "title": title, "state": state, **more}, GateRow)


HEALTHY_GATES = (
    gate(
        "mos", "MOS p10", legacy=3.92, target=4.04, unit="score", operator="<", limit=3.6, scope="site=porto", age=6.0
    ),
    gate("jitter", "Jitter p95", legacy=0.018, target=0.021, unit="seconds", limit=0.03, age=6.0),
    gate("loss", "Packet loss", legacy=0.002, target=0.003, limit=0.01, age=6.0),
    gate("abandon", "Abandon rate", legacy=0.061, target=0.052, limit=0.08, scope="queue=sales-en"),
    gate("service", "Service level", legacy=0.82, target=0.84, operator="<", limit=0.75, scope="queue=sales-en"),
    gate("login", "Login success", target=0.996, operator="<", limit=0.98, age=8.0),
    gate("screen-pop", "CRM screen pop", target=0.991, operator="<", limit=0.97, age=4.0),
    gate("ivr", "Payment IVR", target=0.998, operator="<", limit=0.95, required=False),
    gate("smoke", "Smoke calls", state="signed", kind="signed", signed_by="cara", duty="telephony-lead", age=None),
    gate("reconcile", "Data reconciled", active=False, age=None, since=0.0, samples=0),
)


def source(name: str, kind: str = "mqtt", **more: object) -> SourceRow:
    """A collector; `more` overrides any column."""
    base = {
        "state": "ok",
        "since": AT - 6000,
        "quality": "fresh",
        "age": 1.0,
        "rate": 412.0,
        "messages": 2_000_000,
        "samples": 8_000_000,
        "refused": 0,
        "gaps": 0,
    }
    return msgspec.convert({**base, "name": name, "kind": kind, **more}, SourceRow)


SOURCES = (
    source("mqtt-legacy"),
    source("mqtt-target", rate=388.0, gaps=2),
    source("rtpengine-porto", rate=31.0, refused=4),
    source("crm-probe", "http", rate=0.2, age=4.0),
)


def wave(middle: float, swing: float, slope: float = 0.0, points: int = 60) -> tuple[float, ...]:
    """A line that swings and drifts."""
    return tuple(middle + swing * math.sin(i / 5) + slope * i for i in range(points))


SPARKS = (
    SparkRow(
        name="calls", title="Calls per minute", unit="count", platform="legacy", step=10, points=wave(300, 10, -3)
    ),
    SparkRow(name="calls", title="Calls per minute", unit="count", platform="target", step=10, points=wave(200, 10, 3)),
    SparkRow(name="abandon", title="Abandon rate", unit="ratio", platform="target", step=10, points=wave(0.05, 0.01)),
    SparkRow(
        name="mos", title="MOS p10", unit="score", platform="target", step=10, points=(*wave(4, 0.1)[:40], *[None] * 20)
    ),
)


def event(seq: int, ago: float, kind: str, who: str, what: str, about: str = "", state: str = "") -> EventRow:
    """One line of the journal, `ago` seconds before AT."""
    return EventRow(seq=seq, at=AT - ago, kind=kind, who=who, what=what, object=about, state=state)


EVENTS = (
    event(1190, 4070, "stage", "anna", "stage 2 to 3", "hypercare"),
    event(1266, 2200, "note", "cara", "bridge: agents report slow wrap-up"),
    event(1274, 1800, "source", "golive", "mqtt-target: 2 messages lost", "mqtt-target"),
    event(1277, 252, "verdict", "golive", "verdict HOLD to GO", "abandon", "GO"),
)

HEALTHY = Snapshot(
    at=AT,
    cutover=CUTOVER,
    verdict=VerdictRow(
        verdict="GO",
        reason="all 8 required gates are met",
        gate="",
        since=AT - 252,
        oldest_age=8.0,
        oldest_source="mqtt-target",
    ),
    gates=HEALTHY_GATES,
    sources=SOURCES,
    sparks=SPARKS,
    events=EVENTS,
    monitor=MONITOR,
)


def step(number: int, name: str, title: str, action: str, effect: str, request: str, **more: object) -> StepRow:
    """One step; `more` overrides any column."""
    base = {"number": number, "name": name, "title": title, "action": action, "effect": effect}
    return msgspec.convert({**base, "owner": "telephony-lead", "takes": 5.0, "request": request, **more}, StepRow)


STEPS = (
    step(
        1, "freeze", "Freeze routing changes", "http", "keyed", 'POST https://cc.example/freeze {"reason": "rollback"}'
    ),
    step(2, "announce", "Announce on the bridge", "mqtt", "keyed", 'cutover/announce {"text": "voice goes back"}'),
    step(
        3,
        "move",
        "Move sales-en 80 % to 0 %",
        "http",
        "checked",
        'PUT https://cc.example/traffic/sales-en {"target": 0}',
    ),
    step(4, "drain", "Drain the new trunk", "manual", "read", "", question="Are there no calls on sbc-2 any more?"),
    step(
        5,
        "weight",
        "Old SBC to weight 100",
        "http",
        "once",
        'POST https://sbc.example/weight {"old": 100} Authorization: ***',
    ),
    step(6, "verify", "Legacy MOS holds for 5 m", "verify", "read", "mos_legacy >= 3.6 for 5m", takes=300.0),
)

DECISION = DecisionRow(
    id="d-17",
    trigger="voice-quality",
    scope="site=porto",
    runbook="rollback-voice",
    title="Move voice back to legacy",
    state="awaiting",
    mode="approve",
    opened_at=AT - 150,
    changed_at=AT - 150,
    requester="golive",
    reason="abandon > 8 % at sales-en and MOS < 3.6 at porto",
    quorum=2,
    duties=("cutover-manager", "telephony-lead"),
    votes=(VoteRow(person="ben", at=AT - 60, vote="approve", reason="bridge agrees"),),
    deadline=AT + 451,
    digest="9c1e44ab01f2d3c4b5a697887766554433221100ffeeddccbbaa998877665544",
    nonce="n-1",
    parameters={"queue": "sales-en", "weight": "0"},
    evidence=(
        EvidenceRow(
            rule="abandon",
            scope="queue=sales-en",
            state="breach",
            value=0.118,
            limit=0.08,
            operator=">",
            unit="ratio",
            samples=84,
            age=3.0,
        ),
        EvidenceRow(
            rule="mos",
            scope="site=porto",
            state="breach",
            value=3.12,
            limit=3.6,
            operator="<",
            unit="score",
            samples=84,
            age=9.0,
        ),
    ),
    preflight=(
        CheckRow(what="legacy platform answers", state="true", detail="200 in 41 ms"),
        CheckRow(what="legacy has free trunks", state="unknown", detail="no sample for 40 s"),
    ),
    steps=STEPS,
)
FAILING_GATES = (
    gate(
        "abandon",
        "Abandon rate",
        "breach",
        legacy=0.061,
        target=0.118,
        limit=0.08,
        scope="queue=sales-en",
        since=AT - 252,
        reason="11.8% > 8.0% for 4m12s, 84 calls",
        samples=84,
    ),
    gate(
        "service",
        "Service level",
        "warn",
        legacy=0.82,
        target=0.71,
        operator="<",
        limit=0.75,
        scope="queue=sales-en",
        since=AT - 100,
        reason="71.0% < 75.0%, holds for 1m40s of 5m",
    ),
    gate(
        "screen-pop",
        "CRM screen pop",
        "stale",
        target=0.991,
        operator="<",
        limit=0.97,
        since=AT - 41,
        age=41.0,
        reason="crm-probe has not answered for 41s",
    ),
    gate(
        "ivr",
        "Payment IVR",
        "unknown",
        operator="<",
        limit=0.95,
        since=AT - 120,
        age=None,
        samples=0,
        reason="no source has answered; last good 98.7% at 01:14:55",
    ),
    gate(
        "login",
        "Login success",
        "insufficient",
        target=0.9,
        operator="<",
        limit=0.98,
        samples=4,
        reason="4 of at least 20 logins",
    ),
    gate("go-legal", "Legal sign-off", "unsigned", kind="signed", duty="legal", age=None),
    *(row for row in HEALTHY_GATES if row.name not in ("abandon", "service", "screen-pop", "ivr", "login")),
)
FAILING = msgspec.structs.replace(
    HEALTHY,
    verdict=VerdictRow(
        verdict="NO-GO",
        reason="sales-en abandon 11.8% > 8.0% (84 calls)",
        gate="abandon",
        since=AT - 252,
        oldest_age=41.0,
        oldest_source="crm-probe",
    ),
    gates=FAILING_GATES,
    sources=(
        *SOURCES[:3],
        source(
            "crm-probe",
            "http",
            state="retrying",
            quality="stale",
            age=41.0,
            rate=0.0,
            since=AT - 41,
            error="connect to crm.example:443 timed out after 5s",
            next_try=AT + 9,
        ),
        source("ivr-probe", "http", state="ok", quality="empty", age=None, rate=0.0),
    ),
    waiting=(
        WaitingRow(
            kind="approval",
            id="d-17",
            title="rollback-voice",
            detail="1 of 2 signed",
            since=AT - 150,
            deadline=AT + 451,
        ),
        WaitingRow(kind="gate", id="go-legal", title="Legal sign-off", detail="legal", since=AT - 3600),
    ),
    decisions=(DECISION,),
    events=(
        *EVENTS,
        event(1279, 252, "transition", "golive", "abandon sales-en 11.8% > 8.0%", "abandon", "breach"),
        event(1280, 251, "verdict", "golive", "verdict GO to NO-GO", "abandon", "NO-GO"),
        event(1281, 150, "decision", "golive", "rollback-voice proposed", "d-17", "awaiting"),
        event(1282, 60, "decision", "ben", "approved rollback-voice: bridge agrees", "d-17", "awaiting"),
    ),
)


def progressed(until: int, state: str, **more: object) -> tuple[StepRow, ...]:
    """Steps before `until` done, that one in `state`."""
    out = []
    for row in STEPS:
        if row.number < until:
            out.append(
                msgspec.structs.replace(
                    row, state="done", started_at=AT - 30, ended_at=AT - 29.6, attempt=1, outcome="200 in 0.4s"
                )
            )
        elif row.number == until:
            fields = {"state": state, "started_at": AT - 12, "attempt": 1, **more}
            out.append(msgspec.convert({**msgspec.structs.asdict(row), **fields}, StepRow))
        else:
            out.append(row)
    return tuple(out)


def with_run(state: str, steps: tuple[StepRow, ...], decision: str = "executing") -> Snapshot:
    """The failing moment, with the decision signed and its run in this state."""
    run = RunRow(
        id="r-7f3a",
        decision="d-17",
        runbook="rollback-voice",
        title="Move voice back to legacy",
        digest=DECISION.digest,
        state=state,
        requester="golive",
        reason=DECISION.reason,
        started_at=AT - 40,
        ended_at=None,
        steps=steps,
        verify=(CheckRow(what="mos_legacy >= 3.6 for 5m", state="unknown", detail="0s of 5m"),),
    )
    votes = (*DECISION.votes, VoteRow(person="anna", at=AT - 41, vote="approve"))
    signed = msgspec.structs.replace(DECISION, state=decision, run="r-7f3a", votes=votes, changed_at=AT - 40)
    return msgspec.structs.replace(FAILING, decisions=(signed,), runs=(run,), waiting=())


RUNNING = with_run("running", progressed(3, "running"))
PARKED = msgspec.structs.replace(
    with_run(
        "waiting",
        progressed(
            5,
            "parked",
            question="Sent at 01:59:48, no answer recorded. Did it take effect?",
            outcome="connection reset",
        ),
    ),
    waiting=(
        WaitingRow(
            kind="parked",
            id="r-7f3a/weight",
            title="Old SBC to weight 100",
            detail="did it take effect?",
            since=AT - 12,
        ),
    ),
)
MANUAL = with_run("waiting", progressed(4, "waiting"))
BLIND = msgspec.structs.replace(
    HEALTHY,
    verdict=VerdictRow(
        verdict="UNKNOWN",
        reason="8 of 8 required gates cannot be seen",
        gate="mos",
        since=AT - 64,
        oldest_age=64.0,
        oldest_source="mqtt-legacy",
    ),
    gates=tuple(
        msgspec.structs.replace(
            row, state="unknown", since=AT - 64, age=64.0, reason="every source of this gate is silent"
        )
        if row.kind == "judged"
        else row
        for row in HEALTHY_GATES
    ),
    sources=tuple(
        source(
            row.name,
            row.kind,
            state="retrying",
            quality="stale",
            age=64.0,
            rate=0.0,
            since=AT - 64,
            error="connection refused",
            next_try=AT + 3,
        )
        for row in SOURCES
    ),
    sparks=tuple(msgspec.structs.replace(row, points=(*row.points[:50], *[None] * 10)) for row in SPARKS),
    events=(*EVENTS, event(1278, 64, "verdict", "golive", "verdict GO to UNKNOWN", "mos", "UNKNOWN")),
)
MOMENTS = {
    "healthy": HEALTHY,
    "failing": FAILING,
    "running": RUNNING,
    "parked": PARKED,
    "blind": BLIND,
}
