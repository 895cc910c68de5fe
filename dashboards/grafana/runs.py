"""Rollback and people: what is proposed, signed, running, parked."""

from __future__ import annotations

from dashboards.grafana.board import Board, Row
from dashboards.grafana.clocks import left
from dashboards.grafana.panes import Pane, Query, States, equal, now, of
from monitor.serving.exposition.condition import DECISION_STATES

_COLOURS = {
    "awaiting": "orange",
    "escalated": "red",
    "rolled_back": "green",
    "paused": "red",
    "partial": "red",
    "ineffective": "red",
    "frozen": "red",
}
_STATES: States = (
    (-1, "none", "transparent"),
    *((float(place), name.replace("_", " "), _COLOURS.get(name, "blue")) for place, name in enumerate(DECISION_STATES)),
)
_NONE = "no decision was ever opened"

ROW = Row(
    "Decisions and runs",
    (
        Pane(
            "timeline",
            "Newest decision of each trigger",
            "Awaiting: people are asked. Executing, verifying: the runbook runs.",
            (
                Query(
                    "max without (state) ("
                    + " or ".join(
                        f"({of('golive_decision_state', equal('state', state))} > bool 0) * {place + 1}"
                        for place, state in enumerate(DECISION_STATES)
                    )
                    + ") - 1",
                    "{{trigger}} {{scope}}",
                ),
            ),
            states=_STATES,
            runbook="GoliveDecisionWaiting",
            span=24,
            height=8,
            empty=_NONE,
        ),
        Pane(
            "figure",
            "Parked steps",
            "Steps of which nobody knows whether they took effect: each waits for a person's answer.",
            (Query(now("golive_steps_parked"), "{{instance}}"),),
            limit=1,
            runbook="GoliveStepParked",
            span=8,
        ),
        Pane(
            "figure",
            "A rollback takes",
            "The longest of what is stated, what the steps sum up to and what was measured.",
            (Query(now("golive_rollback_seconds"), "{{instance}}"),),
            unit="dtdurations",
            span=8,
        ),
        left(8),
        Pane(
            "trend",
            "Signatures",
            "Votes that were given or refused.",
            (Query(of("golive_approvals_total"), "{{result}}"),),
            span=8,
            empty="nobody has voted since golive started",
        ),
        Pane(
            "trend",
            "Pages by channel and result",
            "Messages to people within five minutes.",
            (
                Query(
                    f"sum by (channel, result) (increase({of('golive_notifications_total')}[5m]))",
                    "{{channel}} {{result}}",
                ),
            ),
            runbook="GoliveNotificationsFailing",
            span=8,
            empty="nothing has been sent since golive started",
        ),
        Pane(
            "trend",
            "Refused requests",
            "Requests that were refused before they reached an act: wrong tokens, floods, full.",
            (Query(f"sum by (reason) (increase({of('golive_http_denied_total')}[5m]))", "{{reason}}"),),
            span=8,
            empty="nothing has been refused since golive started",
        ),
    ),
)
RUNS = Board("golive-runs", "Rollback and people", "What is proposed, signed, running, parked.", (ROW,))
