"""Events that are posted: counted once, whatever order they come in, and never fresher than they are."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.amazon_connect import contacts as counting
from collectors.amazon_connect import posts, roster
from collectors.amazon_connect.agents import Agent, snapshot
from collectors.amazon_connect.contacts import Contacts, read
from collectors.amazon_connect.roster import Roster
from monitor.intake.postbox import Postbox, Receipt
from monitor.intake.source import Misconfigured
from tests.collectors.amazon_connect.events import agent, contact, firehose, story
from tests.collectors.amazon_connect.running import collector
from tests.collectors.amazon_connect.service import SALES
from tests.rig.inlet import RecordingInlet
from tests.rig.waiting import until

KEY = "k" * 40
OFFERED, ANSWERED, ABANDONED = (f"golive_queue_contacts_{what}_total" for what in ("offered", "answered", "abandoned"))
QUEUES = {SALES: "sales-en"}


class Door:
    """A collector that takes events."""

    def __init__(self, folder: Path, *, key: str = KEY, commit_error: Exception | None = None, **events: Any) -> None:
        secret = folder / "events.key"
        secret.write_text(key)
        secret.chmod(0o600)
        self.inlet = RecordingInlet(base=folder, commit_error=commit_error)
        self.source = collector(ask=[], credentials=None, events={"key": {"file": "events.key"}, **events})
        self.task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(self.source.run(self.inlet))
        await until(lambda: self.source.open, 10)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.task is not None
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def post(self, body: object, headers: Mapping[str, str] | None = None, at: float | None = None) -> Receipt:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.source.take(raw, headers or {}, time.time() if at is None else at)

    def newest(self, metric: str, **labels: str) -> float:
        return self.inlet.of(metric, **labels)[-1].value


def figures(events: list[dict[str, Any]]) -> dict[Any, float]:
    """What events come to, in their order."""
    tally = Contacts(QUEUES, ("voice",), 5.0)
    waits = 0
    for item in events:
        event = read(item)
        assert event is not None
        waits += len(list(tally.event(event, 0.0)))
    return {**{(reading.metric, reading.labels): reading.value or 0.0 for reading in tally.counts()}, "waits": waits}


async def test_a_contact_is_offered_answered_and_its_wait_is_told(tmp_path: Path) -> None:
    """One call from ringing to its end counts once as accepted, offered and answered, with a wait of 12 s."""
    now = time.time()
    async with Door(tmp_path) as door:
        for event in story("c-1", now - 70):
            receipt = await door.post(event)
            assert (receipt.status, receipt.answer["taken"]) == (200, 1)  # type: ignore[index] # JSON
        assert door.newest(OFFERED) == door.newest(ANSWERED) == door.newest("golive_calls_accepted_total") == 1
        assert door.newest(ABANDONED, short="false") == 0
        assert [sample.value for sample in door.inlet.of("golive_queue_answer_seconds")] == pytest.approx(
            [12.0], abs=0.01
        )
        # Offered did not change after the call was answered; that the stream is alive is said within a second or so.
        await until(lambda: door.inlet.of(OFFERED)[-1].at == pytest.approx(now - 10, abs=0.01), 5)
        assert not any("c-1" in value for _, labels in door.inlet.bound for _, value in labels)


@given(seed=st.integers(0, 10_000), drop=st.sets(st.integers(0, 3), max_size=3))
def test_order_repeats_and_losses_change_no_count(seed: int, drop: set[int]) -> None:
    """Two answered calls and two that gave up, told in any order, some events twice, early ones lost: the counts are the same."""
    gave_up = [contact("QUEUED", "c-3", 1, queued=1), contact("DISCONNECTED", "c-3", 4, queued=1)]
    patient = [contact("QUEUED", "c-4", 1, queued=1), contact("DISCONNECTED", "c-4", 40, queued=1)]
    first = [event for number, event in enumerate(story("c-1", 0)) if number not in drop]
    told = [*first, *story("c-2", 5), *gave_up, *patient]
    chance = random.Random(seed)
    shuffled = [*told, *chance.choices(told, k=6)]
    chance.shuffle(shuffled)
    labels = (("queue", "sales-en"), ("channel", "voice"))
    made = figures(shuffled)
    assert made == figures(told)
    assert made[OFFERED, labels] == 4
    assert made[ANSWERED, labels] == 2
    assert made[ABANDONED, (*labels, ("short", "true"))] == 1
    assert made[ABANDONED, (*labels, ("short", "false"))] == 1
    assert made["waits"] == 4


async def test_a_repeated_event_counts_once_and_is_told_to_be_one(tmp_path: Path) -> None:
    """EventBridge delivers at least once: the second time is a success, and changes nothing."""
    event = contact("QUEUED", "c-1", time.time(), queued=time.time())
    async with Door(tmp_path) as door:
        await door.post(event)
        receipt = await door.post(event)
        assert receipt.answer == {"taken": 0, "repeated": 1, "refused": {}, "hint": ""}
        assert receipt.status == 200
        assert door.newest(OFFERED) == 1


async def test_a_stream_that_is_behind_is_as_old_as_it_is(tmp_path: Path) -> None:
    """Counts carry the newest event's time, so that an hour's delay reads STALE; what is far too old is refused as late."""
    now = time.time()
    async with Door(tmp_path) as door:
        await door.post(contact("QUEUED", "c-1", now - 600, queued=now - 600))
        assert door.inlet.of(OFFERED)[-1].at == pytest.approx(now - 600, abs=0.01)
        receipt = await door.post(contact("QUEUED", "c-2", now - 5000, queued=now - 5000))
        assert receipt.answer["refused"] == {"late": 1}  # type: ignore[index] # JSON
        receipt = await door.post(contact("QUEUED", "c-3", now + 60, queued=now))
        assert receipt.answer["refused"] == {"future": 1}  # type: ignore[index] # JSON
        assert door.newest(OFFERED) == 1
        assert max(sample.at for sample in door.inlet.samples) < now


async def test_another_instance_and_other_events_are_foreign(tmp_path: Path) -> None:
    """A test instance in the same account never counts for this one."""
    now = time.time()
    other = contact(
        "QUEUED", "c-1", now, queued=now, instanceArn="arn:aws:connect:eu-west-2:111122223333:instance/other"
    )
    agents = {**agent("anna", now), "InstanceARN": "arn:other"}
    async with Door(tmp_path) as door:
        receipt = await door.post([other, agents, {"detail-type": "Scheduled Event", "detail": {}}])
        assert (receipt.status, receipt.answer["refused"]) == (422, {"foreign": 3})  # type: ignore[index] # JSON
        assert door.inlet.samples == []
        assert door.inlet.refused == {"foreign": 3}


async def test_only_what_is_wanted_is_taken(tmp_path: Path) -> None:
    """`take: [contacts]` leaves agents to whoever counts them."""
    now = time.time()
    async with Door(tmp_path, take=["contacts"]) as door:
        receipt = await door.post([agent("anna", now), contact("QUEUED", "c-1", now, queued=now)])
        assert receipt.answer["taken"] == 1  # type: ignore[index] # JSON
        assert door.inlet.of("golive_agents") == []


async def test_firehose_is_answered_as_its_specification_says(tmp_path: Path) -> None:
    """The request's own number and a time in milliseconds; a record that cannot be read is counted, not asked for again."""
    now = time.time()
    two = json.dumps(agent("anna", now)).encode() + json.dumps(agent("ben", now, "OFFLINE", "HEART_BEAT")).encode()
    async with Door(tmp_path) as door:
        receipt = await door.post(firehose(two, b"\xff{", b"{}"), {"X-Amz-Firehose-Request-Id": "ed4acda5"})
        assert receipt.status == 200
        assert receipt.answer == {"requestId": "ed4acda5", "timestamp": pytest.approx(now * 1000, abs=2000)}
        assert isinstance(receipt.answer["timestamp"], int)
        assert (door.newest("golive_agents", state="available"), door.newest("golive_agents", state="offline")) == (
            1,
            1,
        )
        assert door.inlet.refused == {"malformed": 1, "foreign": 1}


@pytest.mark.parametrize("form", ["array", "record", "records"])
async def test_events_beyond_the_most_of_one_post_are_refused_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """What a post holds too many of is not dropped in silence."""
    monkeypatch.setattr(posts, "MOST_EVENTS", 10)
    now = time.time()
    events = [contact("QUEUED", f"c-{n}", now, queued=now) for n in range(25)]
    texts = [json.dumps(event).encode() for event in events]
    body = {"array": json.dumps(events).encode(), "record": firehose(b"".join(texts)), "records": firehose(*texts)}[
        form
    ]
    async with Door(tmp_path) as door:
        receipt = await door.post(body)
        assert receipt.status == 200
        assert door.newest(OFFERED) == 10
        assert door.inlet.refused == {"malformed": 1}


async def test_what_is_not_on_disk_is_sent_again(tmp_path: Path) -> None:
    """Firehose and EventBridge keep what the record could not take: 503, in Firehose's own form."""
    async with Door(tmp_path, commit_error=OSError("disk full")) as door:
        receipt = await door.post(firehose(b"{}"))
        assert receipt.status == 503
        assert "disk full" in receipt.answer["errorMessage"]  # type: ignore[index] # JSON


async def test_a_flood_is_told_to_wait(tmp_path: Path) -> None:
    """Beyond its rate a sender gets 429 and the seconds to wait, and nothing of it is read."""
    now = time.time()
    async with Door(tmp_path, rate=1) as door:
        await door.post([contact("QUEUED", f"c-{n}", now, queued=now) for n in range(30)])
        receipt = await door.post(contact("QUEUED", "c-x", now, queued=now))
        assert receipt.status == 429
        assert receipt.retry_after > 10
        assert door.newest(OFFERED) == 30


@pytest.mark.parametrize("header", ["X-Amz-Firehose-Access-Key", "X-Api-Key", "Authorization"])
async def test_each_sender_puts_the_key_where_it_can(tmp_path: Path, header: str) -> None:
    """Firehose's access key, an API destination's key and a bearer token open it; anything else does not."""
    value = f"Bearer {KEY}" if header == "Authorization" else KEY
    async with Door(tmp_path) as door:
        assert isinstance(door.source, Postbox)
        was_open = door.source.open
        assert door.source.admits({header: value})
        for wrong in ("", "x", KEY + "x", "Bearer ", "\udcff"):
            assert not door.source.admits({header: wrong})
    assert (was_open, door.source.open) == (True, False)
    assert not door.source.admits({header: value})
    assert (await door.source.take(b"{}", {}, 0.0)).status == 503


async def test_without_events_nobody_is_admitted() -> None:
    """A collector that only asks has no door."""
    source = collector(ask=["current"])
    assert (source.open, source.takes_samples, source.plain) == (True, False, False)
    assert not source.admits({"X-Api-Key": ""})


@pytest.mark.parametrize(("key", "word"), [("short", "guessed"), ("", "empty")])
async def test_a_key_that_could_be_guessed_is_a_persons_business(tmp_path: Path, key: str, word: str) -> None:
    """A short or empty key never opens a door."""
    door = Door(tmp_path, key=key)
    with pytest.raises(Misconfigured, match=word):
        await door.source.run(door.inlet)
    assert not door.source.open


async def test_counts_outlive_a_restart_of_the_collector(tmp_path: Path) -> None:
    """A counter that fell back would look like a new one and a burst of calls."""
    now = time.time()
    door = Door(tmp_path)
    for number in (1, 2):
        async with door:
            await door.post(contact("QUEUED", f"c-{number}", now, queued=now))
            assert door.newest(OFFERED) == number


def test_a_late_answer_never_takes_an_abandonment_back() -> None:
    """A counter cannot fall: who counted as abandoned and was answered after all is counted as contradicted."""
    tally = Contacts(QUEUES, ("voice",), 5.0)
    for item in (
        contact("DISCONNECTED", "c", 9, queued=1),
        contact("CONNECTED_TO_AGENT", "c", 5, queued=1, answered=5),
    ):
        event = read(item)
        assert event is not None
        list(tally.event(event, 0.0))
    assert tally.contradicted == 1
    assert {reading.value for reading in tally.counts() if reading.metric == ANSWERED} == {0.0}


def test_contacts_expire_and_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory does not grow with the calls of a night: the oldest go, those before their time are counted."""
    monkeypatch.setattr(counting, "MOST", 100)
    tally = Contacts(QUEUES, ("voice",), 5.0)
    for number in range(250):
        event = read(contact("QUEUED", f"c-{number}", 1, queued=1))
        assert event is not None
        list(tally.event(event, float(number)))
    assert len(tally._contacts) == 100
    assert tally.forgotten == 150
    event = read(contact("QUEUED", "c-new", 1, queued=1))
    assert event is not None
    list(tally.event(event, 2 * counting.LIFE))
    assert len(tally._contacts) == 1
    assert tally.forgotten == 150


def seen(item: dict[str, Any]) -> Agent:
    """The agent of an event."""
    made = snapshot(item)
    assert made is not None
    return made


def states(crew: Roster, now: float) -> dict[str, float]:
    """Agents by state, those that are not 0."""
    return {
        reading.labels[0][1]: reading.value
        for reading in crew.readings(now)
        if reading.metric == "golive_agents" and reading.value
    }


def test_heart_beats_after_log_off_do_not_bring_an_agent_back() -> None:
    """For an hour after log-off heart beats go on: the status' type counts, not the beat."""
    crew = Roster(QUEUES)
    crew.event(seen(agent("anna", 10)), 10, 10)
    assert states(crew, 11) == {"available": 1}
    crew.event(seen(agent("anna", 20, "OFFLINE", "LOGOUT")), 20, 20)
    crew.event(seen(agent("anna", 140, "OFFLINE", "HEART_BEAT")), 140, 140)
    assert states(crew, 141) == {"offline": 1}
    crew.event(seen(agent("ben", 150, "ROUTABLE", "LOGOUT", ("c-1", "CONNECTED"))), 150, 150)
    assert states(crew, 151) == {"offline": 2}


def test_the_newest_event_of_an_agent_counts_and_silence_ends_it() -> None:
    """An older event that comes later changes nothing; without a heart beat for five minutes the agent is gone."""
    crew = Roster(QUEUES)
    crew.event(seen(agent("anna", 20, "CUSTOM")), 20, 20)
    crew.event(seen(agent("anna", 10, "ROUTABLE")), 10, 21)
    assert states(crew, 22) == {"non_productive": 1}
    assert states(crew, 21 + roster.SILENT + 1) == {}


def test_a_missed_contact_counts_once_whatever_tells_of_it() -> None:
    """Every event of an agent repeats its contacts: one that was missed is one, until it is offered again."""
    crew = Roster(QUEUES)
    for at in (10.0, 10.0, 130.0):
        item = agent("anna", at, "ROUTABLE", "STATE_CHANGE", ("c-1", "MISSED"))
        item["CurrentAgentSnapshot"]["Contacts"][0]["StateStartTimestamp"] = "2026-11-29T00:00:00Z"
        crew.event(seen(item), at, at)
    crew.event(seen(agent("ben", 131, "ROUTABLE", "STATE_CHANGE", ("c-1", "MISSED"))), 131, 131)
    missed = [reading.value for reading in crew.readings(132) if reading.metric == "golive_agent_missed_contacts_total"]
    assert missed == [2.0]


def test_agents_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of made-up agents costs no more than so much memory, and is counted."""
    monkeypatch.setattr(roster, "MOST", 10)
    crew = Roster(QUEUES)
    for number in range(25):
        crew.event(seen(agent(f"a{number}", 1)), 1, 1)
    assert (len(crew._agents), crew.forgotten) == (10, 15)
