"""What the simulated Amazon Connect answers: rows of GetCurrentMetricData and GetMetricDataV2. Pure.

Numbers are Amazon's, with its units: percent in GetMetricDataV2, and an oldest contact in seconds where a request groups,
in milliseconds where it does not. A queue with nobody in it has no row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from monitor.demo.calls import Line
from monitor.demo.centre import Centre
from monitor.demo.geography import PACE, QUEUES
from monitor.demo.ledger import Ledger, Past

ACCOUNT, REGION = "111122223333", "eu-west-2"
INSTANCE = "de300000-0000-4000-8000-000000000000"
ARN = f"arn:aws:connect:{REGION}:{ACCOUNT}:instance/{INSTANCE}"
IDS = {f"de300000-0000-4000-8000-{number:012d}": queue for number, queue in enumerate(QUEUES, 1)}
"""The platform's id of each queue."""
Row: TypeAlias = dict[str, Any]


class UnknownQueueError(ValueError):
    """A queue that this instance does not have."""


def named(queues: Iterable[str]) -> dict[str, str]:
    """Ids, or ARNs that end in them, with the names of their queues; UnknownQueueError for any other."""
    found = {}
    for told in queues:
        identity = told.rpartition("/")[2]
        if identity not in IDS:
            raise UnknownQueueError(f"there is no queue {identity[:100]}")
        found[identity] = IDS[identity]
    return found


def current(given: Mapping[str, Any], centre: Centre) -> Row:
    """The answer to GetCurrentMetricData."""
    queues = named(given["Filters"].get("Queues", ()))
    asked = [(metric["Name"], metric.get("Unit", "COUNT")) for metric in given["CurrentMetrics"]]
    grouped = "QUEUE" in given.get("Groupings", ())
    rows = []
    for identity, lines in _grouped(queues, centre, grouped=grouped):
        if not any(line.seated or line.queued for line in lines):
            continue
        figures = _now(lines, centre.now, grouped=grouped)
        collections = [{"Metric": {"Name": name, "Unit": unit}, "Value": figures.get(name)} for name, unit in asked]
        place = {"Queue": {"Id": identity, "Arn": f"{ARN}/queue/{identity}"}, "Channel": "VOICE"} if grouped else {}
        rows.append({"Dimensions": place, "Collections": collections})
    return {"MetricResults": rows, "DataSnapshotTime": centre.now, "ApproximateTotalCount": len(rows)}


def history(given: Mapping[str, Any], ledger: Ledger) -> Row:
    """The answer to GetMetricDataV2 for one total over a span."""
    start, end = float(given["StartTime"]), float(given["EndTime"])
    filters = {one["FilterKey"]: one["FilterValues"] for one in given["Filters"]}
    rows = []
    for identity, queue in named(filters.get("QUEUE", ())).items():
        collections = [_collected(metric, queue, start, end, ledger) for metric in given["Metrics"]]
        if all(collection["Value"] is None for collection in collections):
            continue
        rows.append(
            {
                "Dimensions": {"QUEUE": identity, "QUEUE_ARN": f"{ARN}/queue/{identity}", "CHANNEL": "VOICE"},
                "MetricInterval": {"Interval": "TOTAL", "StartTime": start, "EndTime": end},
                "Collections": collections,
            }
        )
    return {"MetricResults": rows}


def _grouped(queues: Mapping[str, str], centre: Centre, *, grouped: bool) -> list[tuple[str, list[Line]]]:
    """The lines of each row, and the id of the row's queue."""
    lines = {identity: centre.lines["target", queue] for identity, queue in queues.items()}
    return [(identity, [line]) for identity, line in lines.items()] if grouped else [("", list(lines.values()))]


def _now(lines: list[Line], now: float, *, grouped: bool) -> dict[str, float | None]:
    queued, seated = sum(line.queued for line in lines), sum(line.seated for line in lines)
    oldest = max(line.oldest(now) for line in lines)
    return {
        "CONTACTS_IN_QUEUE": float(queued),
        "OLDEST_CONTACT_AGE": oldest if grouped else oldest * 1000,
        "ESTIMATED_WAIT_TIME": queued * PACE.handle / seated if queued and seated else None,
        "AGENTS_AVAILABLE": float(sum(line.free for line in lines)),
        "AGENTS_ON_CONTACT": float(sum(line.busy for line in lines)),
        "AGENTS_NON_PRODUCTIVE": 0.0,
        "AGENTS_ERROR": 0.0,
        "AGENTS_ONLINE": float(seated),
        "AGENTS_STAFFED": float(seated),
    }


def _collected(metric: Mapping[str, Any], queue: str, start: float, end: float, ledger: Ledger) -> Row:
    limits = metric.get("Threshold") or [{}]
    past = ledger.past(queue, start, end, float(limits[0].get("ThresholdValue", 0.0)))
    return {"Metric": dict(metric), "Value": _then(metric["Name"], past)}


def _then(name: str, past: Past) -> float | None:
    return {
        "SERVICE_LEVEL": past.in_time * 100.0 / past.left if past.left else None,
        "ABANDONMENT_RATE": past.abandoned * 100.0 / past.left if past.left else None,
        "AVG_QUEUE_ANSWER_TIME": past.answer,
        "AVG_HANDLE_TIME": past.handle,
        "AVG_AFTER_CONTACT_WORK_TIME": None if past.handle is None else 0.0,
    }.get(name)
