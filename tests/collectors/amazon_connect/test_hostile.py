"""Whatever Amazon, a proxy or an attacker sends: no exception, no impossible number, and the next one is read."""

from __future__ import annotations

import asyncio
import base64
import json
import math
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.amazon_connect import agents, cloudwatch, contacts, posts, quality, queues
from collectors.amazon_connect.readings import Reading, instant, moment
from collectors.amazon_connect.roster import Roster
from monitor.outbound.aws_service import service
from tests.collectors.amazon_connect.events import agent, contact
from tests.collectors.amazon_connect.service import ARN, SALES, past, row, user
from tests.collectors.amazon_connect.test_events import Door

QUEUES = {SALES: "sales-en"}
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        [1e308, -1e308, 2**63, 10**400, "12", "4,2", "NaN", "\ud800", "\x1b[2J", SALES, ARN, "q1", "VOICE"]
    ),
)
anything = st.recursive(
    scalars,
    lambda more: st.lists(more, max_size=3) | st.dictionaries(st.text(max_size=8), more, max_size=3),
    max_leaves=8,
)

CORPUS: tuple[bytes, ...] = (
    b"",
    b"\xff\xfe{",
    b"{",
    b"null",
    b"[]",
    b"0",
    b'"text"',
    b"[" * 200_000,
    b'{"a":' * 100_000,
    b'{"MetricResults": {"a": 1}, "NextToken": [1]}',
    b'{"MetricResults": [null, 1, "x", {"Dimensions": 1, "Collections": {"a": 1}}]}',
    b'{"MetricResults": [{"Dimensions": {"Queue": [1], "Channel": 7}, "Collections": [null, {"Metric": [], "Value": {}}]}]}',
    b'{"DataSnapshotTime": "yesterday", "MetricResults": []}',
    b'{"DataSnapshotTime": 1e999, "MetricResults": [{"Collections": [{"Metric": {"Name": "X"}, "Value": NaN}]}]}',
    b'{"DataSnapshotTime": ' + b"9" * 5000 + b"}",
    b'{"UserDataList": [{"User": 1, "Status": [], "Contacts": "x"}], "NextToken": ""}',
    b'{"Contact": {"QualityMetrics": {"Agent": {"Audio": {"QualityScore": "4,2", "PotentialQualityIssues": {"a": 1}}}}}}',
    b'{"MetricDataResults": [{"Id": "q0", "Timestamps": [1, 2], "Values": [1]}, {"Id": "q99999"}, {"Id": 3}]}',
    b'{"a": 1, "a": 2}',
    b'{"records": 1, "requestId": 2}',
    b'{"records": [null, {"data": 1}, {"data": "%%%"}, {"data": ""}], "requestId": null}',
    b'{"detail-type": "Amazon Connect Contact Event", "detail": []}',
    b'{"AgentARN": [], "EventType": {}, "CurrentAgentSnapshot": "x"}',
)


def spoiled(sound: Any, at: tuple[Any, ...], bad: Any) -> Any:
    """The same with something bad at one place."""
    if not at:
        return bad
    if isinstance(sound, dict):
        key = sorted(sound)[at[0] % len(sound)] if sound else None
        return {**sound, key: spoiled(sound[key], at[1:], bad)} if key is not None else bad
    if isinstance(sound, list) and sound:
        place = at[0] % len(sound)
        return [*sound[:place], spoiled(sound[place], at[1:], bad), *sound[place + 1 :]]
    return bad


places = st.lists(st.integers(0, 9), min_size=1, max_size=7).map(tuple)


def sound(readings: Iterable[Reading]) -> None:
    """No reading holds what is no number, and each names a reason where it has none."""
    for reading in readings:
        assert reading.value is None or math.isfinite(reading.value)
        assert reading.nothing in ("empty", "null", "error")


@given(at=places, bad=anything)
def test_a_spoiled_row_of_queues_is_an_error_or_passed_over(at: tuple[int, ...], bad: Any) -> None:
    """Every field of both metric calls may be anything: readings are finite or none, and all asked series are there."""
    for item, figures in (
        (row(SALES, ("CONTACTS_IN_QUEUE", 7.0), ("OLDEST_CONTACT_AGE", 42.0)), queues.NOW),
        (
            past(SALES, ("SERVICE_LEVEL", 20.0, 80.0), ("CONTACTS_ABANDONED", None, 3.0)),
            (*queues.lately((20,)), *queues.counted(5)),
        ),
    ):
        wrong: list[str] = []
        items = spoiled([item], at, bad)
        items = items if isinstance(items, list) else [items]
        made = list(queues.grouped_readings(items, figures, QUEUES, ("voice",), wrong, whole=True))
        sound(queues.abandoned(made))
        assert len(made) == len(figures)
        sound(queues.overall_readings(items, queues.STAFF, wrong, whole=True))


@given(at=places, bad=anything)
def test_a_spoiled_agent_is_one_agent_at_most(at: tuple[int, ...], bad: Any) -> None:
    """Agents from answers and from events: whatever a field says, there is a number in each state."""
    items = spoiled([user("anna", "Available", ("c", "CONNECTED", SALES)), user("ben", "Lunch")], at, bad)
    found = agents.users(items if isinstance(items, list) else [items], agents.NAMES)
    assert sum(reading.value or 0 for reading in agents.counted(found.values())) == len(found) <= 2
    crew = Roster(QUEUES)
    seen = agents.snapshot(spoiled(agent("anna", 10, "ROUTABLE", "STATE_CHANGE", ("c", "MISSED")), at, bad))
    if seen is not None:
        crew.event(seen, 10, 10)
    sound(crew.readings(11))


@given(at=places, bad=anything)
def test_a_spoiled_contact_or_point_is_never_a_wrong_number(at: tuple[int, ...], bad: Any) -> None:
    """Audio, CloudWatch's points and contact events: finite numbers or none."""
    audio = {"Audio": {"QualityScore": 3.5, "PotentialQualityIssues": ["HighPacketLoss"]}}
    told = {"Contact": {"QueueInfo": {"Id": SALES}, "DisconnectTimestamp": 5.0, "QualityMetrics": {"Agent": audio}}}
    heard = quality.heard(spoiled(told, at, bad), QUEUES, [])
    sound(heard.scores if heard is not None else ())
    asked = cloudwatch.series("i", {"main": "main"}, "percent")
    points = [{"Id": f"q{n}", "StatusCode": "Complete", "Timestamps": [540.0], "Values": [1.0]} for n in range(8)]
    items = spoiled(points, at, bad)
    minutes = cloudwatch.Minutes(asked, 0.0)
    made = list(minutes.readings(items if isinstance(items, list) else [items], 600.0, [], whole=True))
    sound(timed.reading for timed in made)
    assert len({(timed.reading.metric, timed.reading.labels) for timed in made}) == len(made)
    event = contacts.read(spoiled(contact("DISCONNECTED", "c", 9, queued=1, answered=4), at, bad) or {}) if at else None
    tally = contacts.Contacts(QUEUES, ("voice",), 5.0)
    if event is not None:
        sound(reading for reading, _ in tally.event(event, 10.0))
    sound(tally.counts())


@given(value=anything)
def test_no_time_is_ever_not_finite(value: Any) -> None:
    """A time is unix seconds or none."""
    made = moment(value)
    assert made is None or math.isfinite(made)
    assert math.isnan(instant(value)) or math.isfinite(instant(value))


@settings(deadline=None)
@given(
    body=st.one_of(
        st.sampled_from(CORPUS),
        st.binary(max_size=60),
        anything.map(lambda made: json.dumps(made, default=str).encode()),
    )
)
def test_an_answer_that_is_none_is_an_error_with_a_word(body: bytes) -> None:
    """Whatever comes back with whatever status, reading it never raises, and only an object of Amazon's is an answer."""
    for name, operation in (
        ("connect", "GetCurrentMetricData"),
        ("connect", "DescribeContact"),
        ("cloudwatch", "GetMetricData"),
    ):
        for status in (200, 302, 429, 500):
            for headers in ([], [("X-AMZN-RequestId", "r")]):
                answer = service(name).read(operation, status, headers, body)
                assert isinstance(answer, dict)
                assert "Error" in answer or (status == 200 and headers)


@settings(deadline=None)
@given(
    body=st.one_of(
        st.sampled_from(CORPUS),
        st.binary(max_size=60),
        anything.map(lambda made: json.dumps(made, default=str).encode()),
    )
)
def test_a_post_that_is_none_is_taken_apart_all_the_same(body: bytes) -> None:
    """Alone, as Firehose's, and inside a record: there are events or malformed parts, and never an exception."""
    for headers in ({}, {"X-Amz-Firehose-Request-Id": "r"}):
        assert posts.opened(body, headers) is not None
    inside = json.dumps({"requestId": "r", "records": [{"data": base64.b64encode(body).decode()}]}).encode()
    post = posts.opened(inside, {})
    assert post.request == "r"
    assert post.events or post.malformed


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(at=places, bad=anything)
def test_no_event_ever_raises_or_stops_the_next(tmp_path: Path, at: tuple[int, ...], bad: Any) -> None:
    """A spoiled event is refused or taken, always answered, and the sound one behind it counts."""

    async def play() -> None:
        now = time.time()
        async with Door(tmp_path) as door:
            for item in (contact("DISCONNECTED", "c", now, queued=now - 9), agent("anna", now)):
                receipt = await door.post(json.dumps(spoiled(item, at, bad), default=str).encode())
                assert receipt.status in (200, 422)
            receipt = await door.post(contact("QUEUED", "c-sound", now, queued=now))
            assert receipt.answer["taken"] == 1  # type: ignore[index] # JSON
            assert all(math.isfinite(sample.value) and sample.at <= time.time() for sample in door.inlet.samples)

    asyncio.run(play())


@pytest.mark.parametrize("body", CORPUS, ids=range(len(CORPUS)))
async def test_the_hostile_corpus_is_refused_quickly(tmp_path: Path, body: bytes) -> None:
    """Each piece is answered and counted within a moment, and nothing of it is a sample."""
    async with Door(tmp_path) as door:
        begun = time.monotonic()
        receipt = await door.post(body)
        assert time.monotonic() - begun < 0.5
        assert receipt.status in (200, 422)
        assert door.inlet.samples == []
        assert sum(door.inlet.refused.values()) > 0
