"""Go-live overview: may the cutover go on, why not, who is waited for."""

from __future__ import annotations

from dashboards.grafana.board import Board, Row
from dashboards.grafana.clocks import judged, left
from dashboards.grafana.panes import Pane, Query, States, coded, now, of
from monitor.serving.exposition.condition import GATE_STATES, PHASES

VERDICTS: States = ((0, "GO", "green"), (1, "HOLD", "yellow"), (2, "UNKNOWN", "purple"), (3, "NO-GO", "red"))
GATES: States = ((0, "pending", "purple"), (1, "go", "green"), (2, "conditional", "yellow"), (3, "NO-GO", "red"))
LEVELS: States = (
    (0, "ok", "green"),
    (1, "warn", "yellow"),
    (2, "insufficient", "blue"),
    (3, "unknown", "purple"),
    (4, "BREACH", "red"),
)
_VERDICT = ("go", "hold", "unknown", "no_go")
_PHASES: States = tuple((float(place), name, "blue") for place, name in enumerate(PHASES))
_WAITING = 'state=~"awaiting|escalated"'
_NO_DECISION = "no decision was ever opened"

NOW = Row(
    "Now",
    (
        Pane(
            "figure",
            "Verdict",
            "May the cutover go on? Worst required gate first; UNKNOWN is never GO. Empty when golive is gone.",
            (Query(coded("golive_verdict", "verdict", _VERDICT, fresh=True), "{{instance}}"),),
            states=VERDICTS,
            runbook="GoliveVerdictNoGo",
            span=6,
        ),
        Pane(
            "figure",
            "Phase",
            "The phase of the cutover.",
            (Query(coded("golive_cutover_phase", "phase", PHASES, fresh=True), "{{instance}}"),),
            states=_PHASES,
            span=6,
        ),
        Pane(
            "figure",
            "Time since T0",
            "How long ago golive first armed this cutover.",
            (Query(f"time() - {now('golive_cutover_start_timestamp_seconds')}", "{{instance}}"),),
            unit="dtdurations",
            span=4,
        ),
        left(4),
        judged(),
        Pane(
            "timeline",
            "Verdict over time",
            "Each stretch is one verdict.",
            (Query(coded("golive_verdict", "verdict", _VERDICT), "{{instance}}"),),
            states=VERDICTS,
            span=24,
            height=5,
        ),
    ),
)
GATE = Row(
    "Gates and rules",
    (
        Pane(
            "timeline",
            "Gates",
            "State of each gate. Pending: not judged, not signed, or unknown; it is not go.",
            (Query(coded("golive_gate_state", "state", GATE_STATES), "{{gate}}"),),
            states=GATES,
            span=12,
            height=11,
        ),
        Pane(
            "timeline",
            "Rules",
            "Worst state of each rule over its scopes. A breach whose source died stays a breach.",
            (
                Query(
                    "max without (scope) ("
                    + coded("golive_rule_state", "state", ("ok", "warn", "insufficient", "unknown", "breach"))
                    + ")",
                    "{{rule}}",
                ),
            ),
            states=LEVELS,
            runbook="GoliveBlind",
            span=12,
            height=11,
        ),
        Pane(
            "table",
            "Value of each rule",
            "What each rule measured, in the base unit of its metric (seconds, ratio 0 to 1).",
            (Query(now("golive_rule_value"), "{{rule}} {{scope}}"),),
            span=12,
            height=10,
        ),
        Pane(
            "table",
            "Limit of each rule",
            "Where each rule warns, breaches and clears, in the same unit.",
            (Query(now("golive_rule_limit"), "{{rule}} {{kind}}"),),
            span=12,
            height=10,
        ),
    ),
)
PEOPLE = Row(
    "Inputs, people, volume",
    (
        Pane(
            "figure",
            "Sources that are not heard",
            "Collectors that do not hear their source now.",
            (
                Query(
                    f"count without (collector, source) ({now('golive_collector_up')} == 0) or 0 * sum without (collector, source) ({now('golive_collector_up')})",
                    "{{instance}}",
                ),
            ),
            limit=1,
            runbook="GoliveSourceStale",
            onward="golive-self",
            span=4,
        ),
        Pane(
            "figure",
            "Oldest source",
            "Age of the newest sample of the source that was not heard for the longest time.",
            (
                Query(
                    f"max without (collector) (time() - {now('golive_collector_last_success_timestamp_seconds')})",
                    "{{instance}}",
                ),
            ),
            unit="s",
            runbook="GoliveSourceStale",
            onward="golive-self",
            span=4,
        ),
        Pane(
            "figure",
            "Open alerts, customers first",
            "Alerts that are open, by who is hurt first.",
            (Query(f"sum without (severity) ({now('golive_alerts_firing')})", "{{tier}}"),),
            limit=1,
            span=8,
        ),
        Pane(
            "figure",
            "Decisions that wait for people",
            "Rollbacks that are proposed and not yet signed.",
            (
                Query(
                    f"sum without (state, trigger, scope) ({now('golive_decision_state', _WAITING)})",
                    "{{instance}}",
                ),
            ),
            limit=1,
            runbook="GoliveDecisionWaiting",
            onward="golive-runs",
            span=8,
            empty=_NO_DECISION,
        ),
        Pane(
            "trend",
            "Contacts offered, old and new platform",
            "Contacts offered a second by platform; their sum should follow what the carrier hands over.",
            (
                Query(
                    f"sum by (platform) (rate({of('golive_queue_contacts_offered_total')}[$__rate_interval]))",
                    "{{platform}}",
                ),
                Query(
                    f"sum by (platform) (rate({of('golive_calls_offered_total')}[$__rate_interval]))", "{{platform}}"
                ),
            ),
            unit="cps",
            onward="golive-queues",
            span=12,
        ),
        Pane(
            "trend",
            "Calls lost between platforms",
            "What the carrier handed over and neither platform took.",
            (Query(of("golive_calls_lost_between_platforms"), "lost"),),
            onward="golive-queues",
            limit=1,
            span=12,
        ),
    ),
)
OVERVIEW = Board(
    "golive-overview",
    "Go-live overview",
    "May the cutover go on, why not, and who is waited for.",
    (NOW, GATE, PEOPLE),
)
