"""A snapshot with one of everything that the exposition and the web serve."""

from __future__ import annotations

from monitor.serving.alert_rows import AlertRow
from monitor.serving.condition_rows import SelfRow
from monitor.serving.snapshot import (
    CutoverRow,
    DecisionRow,
    EventRow,
    GateRow,
    RuleRow,
    RunRow,
    SeriesRow,
    Snapshot,
    SourceRow,
    StepRow,
    VerdictRow,
)

NOW = 1_795_294_546.0


def gate(name: str, state: str) -> GateRow:
    """A required gate in a state."""
    return GateRow(name=name, title="", kind="judged", state=state, required=True, active=True)


def rule(name: str, scope: str, state: str, value: float | None) -> RuleRow:
    """A rule over a loss ratio."""
    return RuleRow(
        rule=name,
        metric="golive_media_packet_loss_ratio",
        scope=scope,
        state=state,
        phase="ok",
        flags=(),
        estimator="mean",
        unit="ratio",
        operator=">",
        value=value,
        warn=0.005,
        breach=0.01,
        clear=None,
        samples=40,
        since=NOW - 10,
        age=1.0,
    )


def source(name: str, state: str) -> SourceRow:
    """A collector that heard a hundred messages."""
    return SourceRow(
        name=name,
        kind="mqtt",
        state=state,
        since=NOW - 60,
        quality="fresh",
        age=0.5,
        rate=10.0,
        messages=100,
        samples=395,
        refused=7,
        refused_by={"late": 4, "malformed": 2, "out_of_range": 1},
        duplicates=3,
        gaps=1,
    )


def step(state: str) -> StepRow:
    """A step in a state."""
    return StepRow(
        number=1,
        name="drain",
        title="Drain",
        action="http",
        effect="keyed",
        owner="telephony",
        takes=5.0,
        request="POST /route",
        state=state,
    )


def decision(state: str = "awaiting") -> DecisionRow:
    """A decision that waits for two signatures."""
    return DecisionRow(
        id="d-1",
        trigger="voice-bad",
        scope="all",
        runbook="rollback",
        title="Roll back",
        state=state,
        mode="approve",
        opened_at=NOW - 30,
        changed_at=NOW - 30,
        requester="golive",
        reason="loss",
        quorum=2,
        duties=("cutover-manager",),
        votes=(),
        deadline=NOW + 570,
        digest="0" * 64,
        nonce="n-1",
        parameters={},
        evidence=(),
        preflight=(),
        steps=(step("next"),),
    )


def run() -> RunRow:
    """A run that is parked at its first step."""
    return RunRow(
        id="r-1",
        decision="d-1",
        runbook="rollback",
        title="Roll back",
        digest="0" * 64,
        state="paused",
        requester="anna",
        reason="loss",
        started_at=NOW - 20,
        ended_at=None,
        steps=(step("parked"),),
    )


def event(seq: int) -> EventRow:
    """A line of the timeline."""
    return EventRow(seq=seq, at=NOW - 100 + seq, kind="note", who="anna", what=f"note {seq}", object="")


def board(series: int = 0) -> Snapshot:
    """The whole snapshot, with so many series rows."""
    return Snapshot(
        at=NOW,
        cutover=CutoverRow(
            name="sales-en",
            environment="PROD",
            strategy="phased",
            stage="pilot",
            stage_title="Pilot",
            stage_index=2,
            stage_count=4,
            stage_since=NOW - 600,
            started_at=NOW - 3600,
            decide_by=NOW + 1800,
        ),
        verdict=VerdictRow(
            verdict="NO-GO", reason="loss", gate="voice", since=NOW - 5, oldest_age=1.0, oldest_source="edge"
        ),
        gates=(gate("voice", "breach"), gate("crm", "ok"), gate("people", "unsigned"), gate("links", "warn")),
        rules=(
            rule("loss", "site=porto", "breach", 0.118),
            rule("loss", "site=lyon", "ok", 0.001),
            rule("loss", "site=oslo", "unknown", None),
        ),
        sources=(source("edge", "ok"), source("crm", "retrying")),
        decisions=(decision(),),
        runs=(run(),),
        alerts=(
            AlertRow(
                id="a-1",
                name="loss",
                scope="site=porto",
                state="breach",
                value=0.118,
                limit=0.01,
                operator=">",
                unit="ratio",
                since=NOW - 5,
            ),
        ),
        series=tuple(
            SeriesRow(
                metric="golive_agents",
                labels={"site": f"s{number}"},
                unit="count",
                value=1.0,
                at=NOW,
                age=0.0,
                quality="fresh",
            )
            for number in range(series)
        ),
        events=(event(1), event(2)),
        monitor=SelfRow(
            version="0.1.0",
            started_at=NOW - 3600,
            tick=14400,
            tick_seconds=0.004,
            loop_lag=0.0007,
            longest_piece=0.0021,
            series=3,
            quarantined=5,
            journal_seq=42,
            journal_hash="f" * 64,
        ),
    )
