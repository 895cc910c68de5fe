"""Catalogue: what golive itself decides, does and hears. Collectors may not emit these."""

from __future__ import annotations

from monitor.catalogue.shapes import DAY, YEAR, count, moment, seconds, spans, state, total
from monitor.model import Direction, Metric, Tier

_STEP = (1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 120.0, 300.0, 600.0, 1800.0)

ENGINE: tuple[Metric, ...] = (
    state(
        "golive_cutover_phase",
        "The phase of the cutover: 1 for the one it is in, 0 for the others.",
        "phase",
        better=Direction.NEUTRAL,
        hurts=Tier.OPERATOR,
    ),
    state(
        "golive_gate_state",
        "The state of a go/no-go gate: 1 for the one it is in (pending, go, conditional or no_go), 0 for the others.",
        "gate",
        "state",
        better=Direction.NEUTRAL,
        hurts=Tier.OPERATOR,
    ),
    seconds(
        "golive_rollback_window_remaining_seconds",
        "Time left in which a rollback may still be decided.",
        better=Direction.HIGH,
        hurts=Tier.OPERATOR,
        high=YEAR,
    ),
    seconds(
        "golive_dual_run_seconds",
        "How long both platforms have taken traffic.",
        better=Direction.LOW,
        hurts=Tier.OPERATOR,
        high=YEAR,
    ),
    count(
        "golive_alerts_firing",
        "Alerts that are open, by severity and by who is hurt first.",
        "severity",
        "tier",
        better=Direction.LOW,
        hurts=Tier.OPERATOR,
    ),
    total(
        "golive_runbook_runs_total",
        "Runs of a runbook that ended, by outcome.",
        "runbook",
        "outcome",
        better=Direction.NEUTRAL,
        hurts=Tier.OPERATOR,
    ),
    spans(
        "golive_runbook_step_seconds",
        "Time that a step of a runbook took.",
        "runbook",
        "step",
        better=Direction.LOW,
        hurts=Tier.OPERATOR,
        high=DAY,
        bounds=_STEP,
    ),
    state(
        "golive_collector_up",
        "Whether a collector hears its source (1) or not (0).",
        "collector",
        "source",
        better=Direction.HIGH,
        hurts=Tier.OPERATOR,
    ),
    moment(
        "golive_collector_last_success_timestamp_seconds",
        "When a collector last took a sample, in unix seconds.",
        "collector",
        better=Direction.HIGH,
        hurts=Tier.OPERATOR,
    ),
    total(
        "golive_collector_errors_total",
        "Errors of a collector, by kind.",
        "collector",
        "kind",
        better=Direction.LOW,
        hurts=Tier.OPERATOR,
    ),
    # A source's clock may run up to 5 s ahead of ours before its samples are quarantined.
    seconds(
        "golive_collector_sample_lag_seconds",
        "Time from a sample's own time to its arrival.",
        "collector",
        better=Direction.LOW,
        hurts=Tier.OPERATOR,
        low=-5.0,
        high=YEAR,
    ),
    total(
        "golive_dropped_samples_total",
        "Samples that were refused, by reason.",
        "collector",
        "reason",
        better=Direction.LOW,
        hurts=Tier.OPERATOR,
    ),
)
