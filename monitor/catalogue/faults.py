"""What is wrong with a metric's definition, so that `promtool check metrics` finds nothing in what we export."""

from __future__ import annotations

import math
import re
from itertools import pairwise

from monitor.model import Kind, Metric

RESERVED: frozenset[str] = frozenset(
    {
        "golive_approvals_total",
        "golive_build_info",
        "golive_collector_state",
        "golive_cutover_info",
        "golive_cutover_start_timestamp_seconds",
        "golive_decision_state",
        "golive_degraded",
        "golive_event_loop_lag_seconds",
        "golive_exposition_failures_total",
        "golive_heartbeat_timestamp_seconds",
        "golive_http_denied_total",
        "golive_ingest_gap_messages_total",
        "golive_ingest_messages_total",
        "golive_journal_entries_total",
        "golive_journal_head_timestamp_seconds",
        "golive_notifications_total",
        "golive_rollback_seconds",
        "golive_rule_limit",
        "golive_rule_samples",
        "golive_rule_state",
        "golive_rule_value",
        "golive_series",
        "golive_steps_parked",
        "golive_store_free_bytes",
        "golive_tick_longest_piece_seconds",
        "golive_tick_seconds",
        "golive_verdict",
    }
)
"""Families that golive exports about itself and that are not in the catalogue."""

SUFFIXES = ("_total", "_created", "_bucket", "_sum", "_count", "_info")
"""Endings that the exposition formats give a meaning of their own."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_LABEL = re.compile(r"[a-z][a-z0-9_]*")
_LABELS_TAKEN = frozenset({"le", "quantile", "job", "instance"})
_KIND_WORDS = frozenset({"gauge", "counter", "histogram", "summary"})
_LONGEST_NAME = 120
_MOST_BOUNDS = 40


def faults(metric: Metric) -> list[str]:
    """What would make the metric unreadable for Prometheus, in words; empty when nothing would."""
    return [*_name_faults(metric), *_label_faults(metric), *_range_faults(metric), *_bound_faults(metric)]


def _name_faults(metric: Metric) -> list[str]:
    found = []
    name = metric.name
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        found.append(f"a name is lower case letters, digits and _, at most {_LONGEST_NAME}; next: rename it")
    if name.startswith(("python_", "process_")):
        found.append("python_ and process_ belong to the program's own metrics; next: rename it")
    if _KIND_WORDS & set(name.split("_")):
        found.append("a name does not say its kind; next: leave the word out")
    if (metric.kind is Kind.COUNTER) != name.endswith("_total"):
        found.append("counters end in _total and nothing else does; next: rename it or change its kind")
    ending = next((suffix for suffix in SUFFIXES[1:] if name.endswith(suffix)), "")
    if ending:
        found.append(f"{ending} has a meaning of its own in Prometheus; next: rename it")
    if metric.unit == "seconds" and not name.endswith(("_seconds", "_seconds_total")):
        found.append("a metric in seconds ends in _seconds; next: rename it")
    if not metric.help.strip():
        found.append("it has no help; next: say in a sentence what it measures")
    return found


def _label_faults(metric: Metric) -> list[str]:
    found = [
        f"label {label!r} is not lower case letters, digits and _, or is taken by Prometheus; next: rename it"
        for label in metric.labels
        if not _LABEL.fullmatch(label) or label in _LABELS_TAKEN
    ]
    if len(set(metric.labels)) != len(metric.labels):
        found.append("a label is named twice; next: name it once")
    return found


def _range_faults(metric: Metric) -> list[str]:
    if not (math.isfinite(metric.low) and math.isfinite(metric.high) and metric.low < metric.high):
        return ["low must be below high, both finite; next: give the least and greatest possible value"]
    if metric.kind is Kind.COUNTER and metric.low < 0:
        return ["a counter never falls below 0; next: leave low out"]
    return []


def _bound_faults(metric: Metric) -> list[str]:
    if metric.kind is not Kind.HISTOGRAM:
        return ["bounds are for histograms only; next: leave them out"] if metric.bounds else []
    if not 0 < len(metric.bounds) <= _MOST_BOUNDS:
        return [f"a histogram has 1 to {_MOST_BOUNDS} bounds; next: give them, such as [0.1, 0.2, 0.5, 1, 2, 5]"]
    if not all(math.isfinite(bound) for bound in metric.bounds) or any(a >= b for a, b in pairwise(metric.bounds)):
        return ["bounds must be finite and rise; next: sort them and take doubles out"]
    return []
