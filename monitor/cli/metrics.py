"""`golive metrics`: every metric that golive takes in or exports, from the catalogue itself."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from monitor.catalogue.inventory import CATALOGUE
from monitor.cli.asking import FAILED, fail
from monitor.model import Metric
from monitor.serving.exposition.condition import CONDITIONS
from monitor.serving.exposition.own import OwnMetrics
from monitor.text import escaped_json

_INDENT = "    "
_SERVED = (
    ("golive_series", "Series in memory, by metric."),
    ("golive_notification_queue_length", "Messages that wait for a channel."),
    (
        "golive_notification_channel_up",
        "Whether a channel took what it was given last: 1 when it did, 0 when it fails or refuses.",
    ),
    (
        "golive_heartbeat_last_success_timestamp_seconds",
        "When a watcher outside took a heartbeat last; 0 when it never did.",
    ),
    (
        "golive_config_last_reload_successful",
        "Whether the last reload of the configuration was taken over: 0 when what lies on disk is not what runs.",
    ),
    ("golive_config_last_reload_success_timestamp_seconds", "When the configuration was last read and taken over."),
    ("golive_past_moments_total", "Moments of the record of snapshots, by what became of them."),
    ("golive_past_marks_lost_total", "Notable moments that waited too long for the disk to be marked."),
    ("golive_past_refused_total", "Questions about the past that were refused because too many waited."),
    ("golive_past_bytes", "Space that the record of snapshots takes on disk."),
    (
        "golive_acknowledgements_total",
        "Acknowledgements of alerts: given, released by a person, expired, or over with their alert.",
    ),
    ("golive_acknowledgements_held", "Acknowledgements that hold now."),
    ("golive_mutes_total", "Mutes of alerts: given, lifted by a person, or expired."),
    ("golive_mutes_active", "Mutes that hold now."),
    ("golive_attention_refused_total", "Acknowledgements and mutes for which there was no room."),
)
"""What a running daemon makes of its parts; a test holds the list against one."""


class MetricLine(msgspec.Struct, frozen=True, kw_only=True):
    """One metric."""

    name: str
    """As in a configuration; a histogram has _bucket, _sum and _count behind it in Prometheus."""
    kind: str
    """gauge, counter or histogram."""
    help: str
    source: str
    """collected: collectors send it and rules may judge it. golive: golive says it of itself and its judgement."""
    unit: str = ""
    labels: tuple[str, ...] = ()
    """Beside the common ones: platform, site, wave, queue, trunk, channel."""
    better: str = ""
    """low, high or neutral."""
    hurts: str = ""
    """Whom it hurts first when it is bad: customer, agent or operator."""
    low: float | None = None
    """Least possible value; what lies below is refused."""
    high: float | None = None
    """Greatest possible value; what lies above is refused."""


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """What `--json` prints."""

    schema: int = 1
    metrics: tuple[MetricLine, ...]


def metrics(word: str = "", /, *, json: Annotated[bool, Parameter(negative=())] = False) -> int:
    """List every metric: name, type, unit, meaning. Users may add their own under `metrics` of golive.yaml.

    Exit code 0, or 1 when no metric has the word.

    Parameters
    ----------
    word:
        Only those with this word in their name or meaning, such as queue.
    json:
        One JSON object: schema, metrics.
    """
    found = [line for line in reference() if word.lower() in f"{line.name} {line.help}".lower()]
    if json:
        sys.stdout.write(escaped_json(msgspec.json.encode(Reference(metrics=tuple(found))).decode()) + "\n")
        return 0 if found else FAILED
    if not found:
        return fail(f"no metric has {word[:40]!r} in its name or meaning; golive metrics lists all", FAILED)
    width = max(60, min(120, shutil.get_terminal_size((100, 24)).columns))
    for line in found:
        traits = [
            line.kind,
            line.unit if line.unit not in ("count", "state") else "",
            f"better {line.better}" if line.better in ("low", "high") else "",
        ]
        sys.stdout.write(f"{line.name} ({', '.join(filter(None, traits))})\n")
        labels = f" Labels: {', '.join(line.labels)}." if line.labels else ""
        sys.stdout.write(
            textwrap.fill(line.help + labels, width, initial_indent=_INDENT, subsequent_indent=_INDENT) + "\n"
        )
    return 0


def reference() -> list[MetricLine]:
    """All of them, by name."""
    lines = {line.name: line for line in _own()} | {metric.name: _collected(metric) for metric in CATALOGUE.values()}
    return sorted(lines.values(), key=lambda line: line.name)


def _collected(metric: Metric) -> MetricLine:
    return MetricLine(
        name=metric.name,
        kind=metric.kind.name.lower(),
        help=metric.help,
        source="collected",
        unit=metric.unit,
        labels=metric.labels,
        better=metric.direction.name.lower(),
        hurts=metric.tier.name.lower(),
        low=metric.low,
        high=metric.high,
    )


def _own() -> Iterator[MetricLine]:
    for condition in CONDITIONS:
        yield MetricLine(name=condition.name, kind=condition.kind.name.lower(), help=condition.help, source="golive")
    for name, text in _SERVED:
        kind = "counter" if name.endswith("_total") else "gauge"
        yield MetricLine(name=name, kind=kind, help=text, source="golive")
    for family in OwnMetrics(Path()).registry.collect():
        name = family.name + ("_total" if family.type == "counter" else "")
        yield MetricLine(name=name, kind=family.type, help=family.documentation, source="golive")
