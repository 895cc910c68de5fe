"""What became of the past, as metrics."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from monitor.serving.past.keeper import Keeper


def families(past: Keeper) -> Iterable[Metric]:
    """Moments and questions by what became of them, and the space that they take."""
    moments = CounterMetricFamily(
        "golive_past_moments", "Moments of the record of snapshots, by what became of them.", labels=["result"]
    )
    for result, count in (
        ("written", past.written),
        ("unwritten", past.unwritten),
        ("thinned", past.thinned),
        ("let_go", past.let_go),
    ):
        moments.add_metric([result], count)
    yield moments
    lost = "Notable moments that waited too long for the disk to be marked."
    yield CounterMetricFamily("golive_past_marks_lost", lost, value=past.marks_lost)
    refused = "Questions about the past that were refused because too many waited."
    yield CounterMetricFamily("golive_past_refused", refused, value=past.refused)
    yield GaugeMetricFamily("golive_past_bytes", "Space that the record of snapshots takes on disk.", value=past.bytes)
