"""Recorded answers and events of Amazon Connect, and what each becomes: a folder a case."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from collectors.amazon_connect import agents, cloudwatch, contacts, posts, quality, queues
from collectors.amazon_connect.readings import Reading, dig, moment
from collectors.amazon_connect.roster import Missed, Roster
from monitor.catalogue.inventory import CATALOGUE, label_names
from monitor.outbound.aws_service import service

CASES = sorted(path for path in (Path(__file__).parent / "cases").iterdir() if path.is_dir())
QUEUES = {"0f4c1a52-1111-4222-8333-944455566677": "sales-en", "0f4c1a52-1111-4222-8333-944455566688": "care"}


def read(operation: str, body: bytes) -> dict[str, Any]:
    """A body as botocore reads it."""
    answer = service("cloudwatch" if operation == "GetMetricData" else "connect").read(
        operation, 200, [("x-amzn-RequestId", "r")], body
    )
    assert "Error" not in answer, answer
    return answer


def shown(readings: Iterable[Reading]) -> list[list[Any]]:
    """Readings as a case spells them."""
    made = []
    for reading in readings:
        named = sorted(f"{name}={value}" for name, value in reading.labels if value)
        made.append([reading.metric, named, reading.nothing if reading.value is None else round(reading.value, 6)])
        assert {name for name, value in reading.labels if value} <= label_names(CATALOGUE[reading.metric])
    return made


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_a_recorded_answer_becomes_what_its_case_says(folder: Path) -> None:
    """Numbers, units, the four kinds of nothing and the time of an answer are those that its case names."""
    case = json.loads((folder / "case.json").read_text())
    body = (folder / "input.json").read_bytes()
    wrong: list[str] = []
    made, at = PLAYERS[case["operation"]](body, case, wrong)
    assert sorted(shown(made), key=repr) == sorted(case["expected"], key=repr)
    assert len(wrong) == case.get("wrong", 0)
    assert at == case.get("at")


def _grouped(body: bytes, _case: dict[str, Any], wrong: list[str]) -> tuple[list[Reading], float | None]:
    answer = read("GetCurrentMetricData", body)
    items = answer["MetricResults"]
    made = queues.grouped_readings(items, queues.NOW, QUEUES, ("voice",), wrong, whole=True)
    return list(made), moment(answer["DataSnapshotTime"])


def _overall(body: bytes, _case: dict[str, Any], wrong: list[str]) -> tuple[list[Reading], float | None]:
    answer = read("GetCurrentMetricData", body)
    figures = (*queues.STAFF, queues.OVERALL)
    made = queues.overall_readings(answer["MetricResults"], figures, wrong, whole=True)
    return list(made), moment(answer["DataSnapshotTime"])


def _past(body: bytes, case: dict[str, Any], wrong: list[str]) -> tuple[list[Reading], float | None]:
    items = read("GetMetricDataV2", body)["MetricResults"]
    figures = queues.counted(5.0) if case["operation"] == "counts" else queues.lately((20.0, 60.0))
    made = queues.grouped_readings(items, figures, QUEUES, ("voice",), wrong, whole=True)
    return list(queues.abandoned(made)), moment(dig(items[0], "MetricInterval", "EndTime"))


def _users(body: bytes, _case: dict[str, Any], _wrong: list[str]) -> tuple[list[Reading], None]:
    found = agents.users(read("GetCurrentUserData", body)["UserDataList"], agents.NAMES)
    missed = Missed(QUEUES)
    for agent in found.values():
        missed.note(agent, 0.0)
    return [*agents.counted(found.values()), *missed.counts()], None


def _quality(body: bytes, case: dict[str, Any], wrong: list[str]) -> tuple[list[Reading], float | None]:
    heard = quality.heard(read("DescribeContact", body), QUEUES, wrong)
    assert heard is not None
    assert [list(issue) for issue in heard.issues] == case["issues"]
    return heard.scores, heard.at


def _minutes(body: bytes, case: dict[str, Any], wrong: list[str]) -> tuple[list[Reading], None]:
    asked = cloudwatch.series("i", {"Main inbound": "main"}, "fraction")
    minutes = cloudwatch.Minutes(asked, case["end"] - 300)
    items = read("GetMetricData", body)["MetricDataResults"]
    return [timed.reading for timed in minutes.readings(items, case["end"], wrong, whole=True)], None


def _events(body: bytes, case: dict[str, Any], _wrong: list[str]) -> tuple[list[Reading], None]:
    now = datetime.fromisoformat(case["now"]).timestamp()
    tally, roster, waits = contacts.Contacts(QUEUES, ("voice",), 5.0), Roster(QUEUES), []
    post = posts.opened(body, {})
    assert post.malformed == []
    for item in post.events:
        event, agent = contacts.read(item), agents.snapshot(item)
        if event is not None:
            waits += [reading for reading, _ in tally.event(event, now)]
        if agent is not None:
            roster.event(agent, now, now)
    return [*tally.counts(), *waits, *(roster.readings(now) if "records" in json.loads(body) else ())], None


PLAYERS = {
    "GetCurrentMetricData": _grouped,
    "overall": _overall,
    "GetMetricDataV2": _past,
    "counts": _past,
    "GetCurrentUserData": _users,
    "DescribeContact": _quality,
    "GetMetricData": _minutes,
    "events": _events,
}
