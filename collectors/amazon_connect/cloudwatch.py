"""What CloudWatch knows of an instance (namespace AWS/Connect): what is asked, and what an answer means. Pure.

Points are a minute wide and stamped with its beginning; where nothing happened there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from collectors.amazon_connect.readings import Pairs, Reading, WrongTypeError, dig, moment, number
from monitor.text import clean_label

PERIOD = 60
SPAN = 10 * PERIOD
"""How far back is asked: a point that was late, or a question that failed, is made good within it."""
Scale: TypeAlias = Literal["fraction", "percent"]

CONCURRENT, QUOTA = "golive_calls_concurrent", "golive_calls_concurrent_quota_ratio"
REJECTED, FLOWS, LOSS = "golive_calls_rejected_total", "golive_flow_errors_total", "golive_media_packet_loss_ratio"
RECORDING = "golive_recording_failures_total"


class Series(NamedTuple):
    """One of Amazon's series and what it is here."""

    name: str
    dimensions: Mapping[str, str]
    metric: str
    labels: Pairs = ()
    stat: str = "Maximum"
    """`Sum` for what is counted: golive adds the minutes up."""
    scale: float = 1.0
    idle: float | None = None
    """What it is when it was not sent."""
    rhythm: int = PERIOD
    """Seconds between two of its points."""


def series(instance: str, flows: Mapping[str, str], loss: Scale) -> tuple[Series, ...]:
    """All that is asked of an instance. flows: flow's name there -> name here."""
    calls, tasks, chats, recordings = (
        {"InstanceId": instance, "MetricGroup": group} for group in ("VoiceCalls", "Tasks", "Chats", "CallRecordings")
    )
    # Of the three shares of a quota one is a fraction, and two have been multiplied by 100 already.
    gauges = (
        Series("ConcurrentCalls", calls, CONCURRENT, (("channel", "voice"),), idle=0.0),
        Series("ConcurrentCallsPercentage", calls, QUOTA, (("channel", "voice"),)),
        Series("ConcurrentTasksPercentage", tasks, QUOTA, (("channel", "task"),), scale=0.01, rhythm=5 * PERIOD),
        Series("ConcurrentActiveChatsPercentage", chats, QUOTA, (("channel", "chat"),), scale=0.01),
    )
    sums = (
        Series("ThrottledCalls", calls, REJECTED, (("reason", "throttled"),), "Sum"),
        Series("CallsBreachingConcurrencyQuota", calls, REJECTED, (("reason", "quota"),), "Sum"),
        Series("MisconfiguredPhoneNumbers", calls, REJECTED, (("reason", "misconfigured_number"),), "Sum"),
        Series("CallRecordingUploadError", recordings, RECORDING, (), "Sum"),
    )
    errors = (
        Series(
            name,
            {"InstanceId": instance, "MetricGroup": "ContactFlow", "ContactFlowName": flow},
            FLOWS,
            (("flow", str(clean_label(ours))), ("severity", severity)),
            "Sum",
        )
        for flow, ours in flows.items()
        for name, severity in (("ContactFlowErrors", "error"), ("ContactFlowFatalErrors", "fatal"))
    )
    # The dimension of one and the same metric is spelt in two ways; whichever speaks is heard.
    stream = {"Participant": "Agent", "Type of Connection": "WebRTC", "Stream Type": "Voice"}
    factor = 0.01 if loss == "percent" else 1.0
    heard = (("direction", "heard"), ("source", "agent"))
    losses = (
        Series("ToInstancePacketLossRate", {spelt: instance, **stream}, LOSS, heard, "Average", factor)
        for spelt in ("Instance ID", "InstanceId")
    )
    return (*gauges, *sums, *errors, *losses)


def request(asked: tuple[Series, ...], end: int) -> dict[str, Any]:
    """Input of GetMetricData; end: unix seconds, a whole minute."""
    queries = [
        {
            "Id": f"q{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Connect",
                    "MetricName": one.name,
                    "Dimensions": [{"Name": name, "Value": value} for name, value in one.dimensions.items()],
                },
                "Period": PERIOD,
                "Stat": one.stat,
            },
            "ReturnData": True,
        }
        for number, one in enumerate(asked)
    ]
    return {"MetricDataQueries": queries, "StartTime": end - SPAN, "EndTime": end, "ScanBy": "TimestampAscending"}


class Timed(NamedTuple):
    """A reading and its time, unix seconds."""

    reading: Reading
    at: float


class Minutes:
    """Adds up what is counted by the minute; each minute once, whatever is asked again."""

    def __init__(self, asked: tuple[Series, ...], begun: float) -> None:
        """begun: unix seconds; minutes that were over by then are not counted."""
        self._asked = asked
        self._totals: dict[int, float] = {}
        self._newest: dict[int, float] = dict.fromkeys(range(len(asked)), begun - PERIOD)

    def readings(self, items: list[object], end: float, wrong: list[str], *, whole: bool) -> Iterable[Timed]:
        """Readings of every series, each once.

        end: unix seconds up to which it was asked. Points that are no number are named in `wrong` and their series
        reads as an error.
        """
        found: dict[int, list[tuple[float, float]]] = {}
        broken: set[int] = set()
        for item in items:
            index = _index(dig(item, "Id"), len(self._asked))
            if index is None:
                continue
            if dig(item, "StatusCode") not in ("Complete", "PartialData"):
                broken.add(index)
                continue
            try:
                found.setdefault(index, []).extend(_points(item, end))
            except WrongTypeError as error:
                wrong.append(f"{self._asked[index].name}: {error}")
                broken.add(index)
        told: dict[tuple[str, Pairs], Timed] = {}
        for index, one in enumerate(self._asked):
            if index in broken or (index not in found and not whole):
                made = Timed(Reading(one.metric, one.labels, None, "error"), end)
            else:
                made = self._told(index, one, sorted(found.get(index, [])), end)
            # Two spellings of one series: the one that speaks is heard.
            before = told.get((one.metric, one.labels))
            if before is None or (before.reading.value is None and made.reading.value is not None):
                told[one.metric, one.labels] = made
        return told.values()

    def _told(self, index: int, one: Series, points: list[tuple[float, float]], end: float) -> Timed:
        if one.stat == "Sum":
            fresh = [(at, value) for at, value in points if at > self._newest[index] and value >= 0]
            self._totals[index] = self._totals.get(index, 0.0) + sum(value for _, value in fresh)
            self._newest[index] = max([self._newest[index], *(at for at, _ in fresh)])
            return Timed(Reading(one.metric, one.labels, self._totals[index]), end)
        if points and points[-1][0] >= end - PERIOD - one.rhythm:
            at, value = points[-1]
            return Timed(Reading(one.metric, one.labels, value * one.scale), min(at + PERIOD, end))
        return Timed(Reading(one.metric, one.labels, one.idle, "empty"), end)


def _points(item: object, end: float) -> Iterator[tuple[float, float]]:
    times, values = dig(item, "Timestamps"), dig(item, "Values")
    if not isinstance(times, list) or not isinstance(values, list) or len(times) != len(values):
        raise WrongTypeError("times and values do not go together")
    for when, value in zip(times, values, strict=True):
        at, plain = moment(when), number(value)
        if at is None or plain is None:
            raise WrongTypeError("a point without a time or a value")
        if at + PERIOD <= end:
            yield at, plain


def _index(name: object, most: int) -> int | None:
    digits = name[1:] if isinstance(name, str) and name.startswith("q") else ""
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 6):  # noqa: PLR2004 - far more than are asked
        return None
    return int(digits) if int(digits) < most else None
