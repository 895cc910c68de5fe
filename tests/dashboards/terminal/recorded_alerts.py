"""A recorded moment with alerts of every kind: open, taken, muted, blind, of several places, and a mute without an alert."""

from __future__ import annotations

from urllib.parse import quote

import msgspec

from monitor.serving.alert_rows import (
    AlertDetail,
    AlertRow,
    AlertsRow,
    GuardRow,
    MuteRow,
    NeighbourRow,
    PointOfTimeRow,
    SentRow,
)
from monitor.serving.snapshot import Snapshot
from monitor.serving.stage_rows import StageRow
from tests.dashboards.terminal.recorded import AT, FAILING


def alert(name: str, scope: str, title: str, **more: object) -> AlertRow:
    """A breach of a rule on a ratio; `more` overrides any column."""
    base = {
        "id": f"{name}:{scope}",
        "name": name,
        "scope": scope,
        "state": "breach",
        "value": 0.118,
        "limit": 0.08,
        "operator": ">",
        "unit": "ratio",
        "since": AT - 252,
        "title": title,
        "severity": "critical",
        "peak": 0.131,
        "key": f"Voice wave 3/{name}/{scope}",
        "page": f"Voice wave 3/{name}/{scope}",
        "together": 1,
    }
    return msgspec.convert({**base, **more}, AlertRow)


def told(channel: str, state: str = "ok", failed: int = 0) -> SentRow:
    """What a channel was told."""
    return SentRow(channel=channel, state=state, failed=failed, at=AT - 200)


ALERTS = (
    alert(
        "abandon",
        "queue=sales-en",
        "Abandon rate",
        code="7Q2MKP",
        runbook="rollback-voice",
        sent=(told("pager"), told("slack")),
    ),
    alert(
        "service",
        "queue=sales-en",
        "Service level",
        value=0.62,
        limit=0.75,
        operator="<",
        since=AT - 220,
        peak=0.58,
        code="A1B2C3",
        flags=("acked",),
        acked_by="ben",
        acked_at=AT - 180,
        acked_until=AT + 1620,
        ack_reason="adding 6 agents",
        runbook="rollback-voice",
        together=2,
        sent=(told("pager"), told("slack")),
    ),
    alert(
        "no-data",
        "source=payment-ivr",
        "no data from payment-ivr",
        state="unknown",
        value=None,
        limit=15.0,
        unit="seconds",
        since=AT - 120,
        peak=None,
        severity="warning",
        code="Z9Y8X7",
        sent=(told("pager", "trying", 2), told("slack")),
    ),
    alert(
        "loss",
        "trunk=東京 sbc-1",
        "Packet loss",
        value=0.021,
        limit=0.01,
        since=AT - 900,
        severity="warning",
        code="M0N1K3",
        flags=("muted",),
        muted_by="cara",
        muted_at=AT - 600,
        muted_until=AT + 3600,
        mute_reason="load test",
    ),
    alert(
        "loss", "trunk=sbc-2", "Packet loss", value=0.034, limit=0.01, since=AT - 60, severity="warning", code="B4B5B6"
    ),
)
MUTES = (
    MuteRow(alert="loss", scope="trunk=東京 sbc-1", by="cara", reason="load test", since=AT - 600, until=AT + 3600),
    MuteRow(alert="cert_days", scope="*", by="cara", reason="lab gateway", since=AT - 21600, until=AT + 21600),
)
STAGES = (
    StageRow(name="legacy", title="Legacy", place="past", share=0),
    StageRow(name="pilot", title="Pilot", place="past", share=10),
    StageRow(name="hypercare", title="Hypercare", place="present", share=80),
    StageRow(name="done", title="Done", place="next", share=100, quorum=2),
)
FIRING = msgspec.structs.replace(
    FAILING, alerts=ALERTS, alerting=AlertsRow(mutes=MUTES, left_out=0, closed=6), stages=STAGES
)


def point(ago: float, value: float, state: str = "ok") -> PointOfTimeRow:
    """A value half a minute or more ago."""
    return PointOfTimeRow(at=AT - ago, value=value, state=state)


DETAIL = AlertDetail(
    id="abandon:queue=sales-en",
    says="abandon: golive_queue_contacts_abandoned_total as a share of golive_queue_contacts_offered_total for each queue "
    "over 5m breaches above 8.0% held for 1m.",
    windows=(point(210, 0.059), point(180, 0.084, "warn"), point(150, 0.102, "breach"), point(120, 0.118, "breach")),
    firing=(NeighbourRow(rule="service", title="Service level", state="breach", value=0.62, unit="ratio"),),
    fine=(
        NeighbourRow(rule="mos", title="MOS p10", state="ok", value=4.04, unit="score"),
        NeighbourRow(rule="login", title="Login success", state="ok", value=0.996, unit="ratio"),
    ),
    blind=(NeighbourRow(rule="ivr", title="Payment IVR", state="unknown", value=None, unit="ratio"),),
    guards=(
        GuardRow(
            trigger="voice-quality",
            runbook="rollback-voice",
            mode="approve",
            when="abandon and mos",
            truth="true",
            sources=2,
            sources_needed=2,
            decision="d-17",
            words="calls: 2 of 2 independent sources; mode approve, a person decides; decision d-17 is open",
        ),
    ),
)
ANSWERS = {
    f"/api/v1/alerts/{quote(row.id, safe='')}": msgspec.json.encode(
        DETAIL if row.name == "abandon" else AlertDetail(id=row.id, says=f"{row.name}: a rule")
    )
    for row in ALERTS
}
"""What the daemon answers about each of them."""


def with_work(moment: Snapshot) -> Snapshot:
    """A moment with the alerts, the stages and what waits for a signature as well."""
    return msgspec.structs.replace(
        moment,
        alerts=ALERTS,
        alerting=FIRING.alerting,
        stages=STAGES,
        gates=FIRING.gates,
        decisions=(*moment.decisions, *FAILING.decisions) if not moment.decisions else moment.decisions,
    )
