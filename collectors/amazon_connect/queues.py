"""Queues as GetCurrentMetricData and GetMetricDataV2 tell of them: what is asked, and what an answer means. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from collectors.amazon_connect.readings import Figure, Pairs, Reading, absent, dig, row, tail
from monitor.text import clean_label

WAITING = "golive_queue_contacts_waiting"
OLDEST = "golive_queue_oldest_contact_age_seconds"
ESTIMATED = "golive_queue_estimated_wait_seconds"
OFFERED = "golive_queue_contacts_offered_total"
ANSWERED = "golive_queue_contacts_answered_total"
ABANDONED = "golive_queue_contacts_abandoned_total"
MISSED = "golive_agent_missed_contacts_total"
AGENTS = "golive_agents"
_PERCENT = 0.01
"""GetMetricDataV2 gives percentages from 0 to 100."""
_MILLISECONDS = 0.001

NOW = (
    Figure("CONTACTS_IN_QUEUE", WAITING, idle=0.0),
    Figure("OLDEST_CONTACT_AGE", OLDEST, "SECONDS"),
    Figure("ESTIMATED_WAIT_TIME", ESTIMATED, "SECONDS"),
)
"""Of each queue and channel, as it is now."""

STAFF = (
    Figure("AGENTS_AVAILABLE", AGENTS, labels=(("state", "available"),), idle=0.0),
    Figure("AGENTS_ON_CONTACT", AGENTS, labels=(("state", "on_contact"),), idle=0.0),
    Figure("AGENTS_NON_PRODUCTIVE", AGENTS, labels=(("state", "non_productive"),), idle=0.0),
    Figure("AGENTS_ERROR", AGENTS, labels=(("state", "error"),), idle=0.0),
)
"""Of all queues together, since an agent of three queues stands in the row of each. AGENTS_AFTER_CONTACT_WORK is left out:
it counts contacts; agents in after-contact work are on contact here."""

# The Unit field says SECONDS whatever it is: milliseconds it is in answers to requests without groupings.
OVERALL = Figure("OLDEST_CONTACT_AGE", OLDEST, "SECONDS", scale=_MILLISECONDS)
"""Over all queues together."""


def lately(service_levels: Iterable[float]) -> tuple[Figure, ...]:
    """What is asked over a window of the past; service_levels: thresholds in seconds."""
    levels = (
        Figure(
            "SERVICE_LEVEL",
            "golive_queue_service_level_ratio",
            labels=(("definition", "amazon_connect"), ("threshold_seconds", f"{int(threshold)}")),
            scale=_PERCENT,
            threshold=int(threshold),
        )
        for threshold in service_levels
    )
    return (
        *levels,
        Figure("ABANDONMENT_RATE", "golive_queue_abandonment_ratio", scale=_PERCENT),
        Figure("AVG_QUEUE_ANSWER_TIME", "golive_queue_average_answer_seconds"),
        Figure("AVG_HANDLE_TIME", "golive_queue_average_handle_seconds"),
        Figure("AVG_AFTER_CONTACT_WORK_TIME", "golive_queue_average_after_contact_work_seconds"),
    )


def counted(short: float) -> tuple[Figure, ...]:
    """What is counted since the collector began; short: seconds of waiting of a short abandon."""
    return (
        Figure("CONTACTS_QUEUED_BY_ENQUEUE", OFFERED, idle=0.0),
        Figure("CONTACTS_HANDLED_BY_CONNECTED_TO_AGENT", ANSWERED, idle=0.0),
        Figure("CONTACTS_ABANDONED", ABANDONED, idle=0.0),
        Figure("SUM_CONTACTS_ABANDONED_IN_X", ABANDONED, labels=(("short", "true"),), idle=0.0, threshold=int(short)),
    )


def current_request(
    instance: str, queues: Sequence[str], channels: Sequence[str], figures: Iterable[Figure], *, grouped: bool
) -> dict[str, Any]:
    """Input of GetCurrentMetricData."""
    made: dict[str, Any] = {
        "InstanceId": instance,
        "Filters": {"Queues": list(queues), "Channels": [channel.upper() for channel in channels]},
        "CurrentMetrics": [{"Name": figure.name, "Unit": figure.unit} for figure in figures],
        "MaxResults": 100,
    }
    return {**made, "Groupings": ["QUEUE", "CHANNEL"]} if grouped else made


def past_request(
    arn: str, queues: Sequence[str], channels: Sequence[str], figures: Iterable[Figure], span: tuple[int, int]
) -> dict[str, Any]:
    """Input of GetMetricDataV2 for one total over a span of unix seconds."""
    return {
        "ResourceArn": arn,
        "StartTime": span[0],
        "EndTime": span[1],
        "Interval": {"IntervalPeriod": "TOTAL", "TimeZone": "UTC"},
        "Filters": [
            {"FilterKey": "QUEUE", "FilterValues": list(queues)},
            {"FilterKey": "CHANNEL", "FilterValues": [channel.upper() for channel in channels]},
        ],
        "Groupings": ["QUEUE", "CHANNEL"],
        "Metrics": [_asked(figure) for figure in figures],
        "MaxResults": 100,
    }


_OUTBOUND = {
    "MetricFilterKey": "INITIATION_METHOD",
    "MetricFilterValues": ["OUTBOUND", "EXTERNAL_OUTBOUND"],
    "Negate": True,
}


def _asked(figure: Figure) -> dict[str, Any]:
    made: dict[str, Any] = {"Name": figure.name}
    if figure.threshold is not None:
        made["Threshold"] = [{"Comparison": "LT", "ThresholdValue": float(figure.threshold)}]
    if figure.name == "CONTACTS_HANDLED_BY_CONNECTED_TO_AGENT":
        made["MetricFilters"] = [_OUTBOUND]
    return made


def grouped_readings(
    items: Iterable[object],
    figures: Sequence[Figure],
    queues: Mapping[str, str],
    channels: Sequence[str],
    wrong: list[str],
    *,
    whole: bool,
) -> Iterator[Reading]:
    """Readings of every queue and channel that was asked for, whether or not a row speaks of it.

    queues: id -> name here. Rows of anything else are passed over.
    """
    rows: dict[tuple[str, str], object] = {}
    for item in items:
        queue, channel = _place(item, queues)
        if queue and channel in channels:
            rows.setdefault((queue, channel), item)
    for queue, name in queues.items():
        for channel in channels:
            labels: Pairs = (("queue", str(clean_label(name))), ("channel", channel))
            if (queue, channel) in rows:
                yield from row(figures, rows[queue, channel], labels, wrong)
            else:
                yield from absent(figures, labels, whole=whole)


def overall_readings(
    items: Sequence[object], figures: Sequence[Figure], wrong: list[str], *, whole: bool
) -> Iterator[Reading]:
    """Readings of the one row that a request without groupings is answered with."""
    if items:
        yield from row(figures, items[0], (), wrong)
    else:
        yield from absent(figures, (), whole=whole)


def _place(item: object, queues: Mapping[str, str]) -> tuple[str, str]:
    """Queue id and channel of a row: nested objects in current metrics, an open map of texts in those of the past."""
    dimensions = dig(item, "Dimensions")
    if not isinstance(dimensions, Mapping):
        return "", ""
    told = [dig(dimensions, "Queue", "Id"), dig(dimensions, "Queue", "Arn")]
    told += [value for key, value in dimensions.items() if isinstance(key, str) and key.upper().startswith("QUEUE")]
    queue = next((name for value in told if (name := tail(value)) in queues), "")
    channel = dimensions.get("Channel", dimensions.get("CHANNEL", ""))
    return queue, channel.lower() if isinstance(channel, str) else ""


def abandoned(readings: Iterable[Reading]) -> Iterator[Reading]:
    """All who gave up, split into those who did so within the short time and the others; other readings as they are."""
    kept = list(readings)
    soon = {reading.labels[:-1]: reading for reading in kept if reading.metric == ABANDONED and _short(reading)}
    for reading in kept:
        if reading.metric != ABANDONED or _short(reading):
            yield reading
            continue
        quick, labels = soon.get(reading.labels), (*reading.labels, ("short", "false"))
        if quick is None or reading.value is None or quick.value is None:
            yield Reading(
                ABANDONED, labels, None, reading.nothing if reading.value is None or quick is None else quick.nothing
            )
        else:
            yield Reading(ABANDONED, labels, max(reading.value - quick.value, 0.0))


def _short(reading: Reading) -> bool:
    return bool(reading.labels) and reading.labels[-1] == ("short", "true")
