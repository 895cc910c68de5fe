"""What the simulated PBX says, read by the collector's own parts: the simulation and golive count the same."""

from __future__ import annotations

from collections import Counter
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.ami import media
from collectors.ami.framing import Framing, Message
from collectors.ami.members import counted
from collectors.ami.queues import ABANDON, ABANDONED, ANSWER, ANSWERED, HANDLE, OFFERED, OLDEST, WAITING, Queues
from monitor.demo.asterisk import Listener, event, listed, status, summary
from monitor.demo.calls import Line
from monitor.demo.centre import Centre, Report
from monitor.demo.faults import SCRIPTS
from monitor.demo.geography import PACE, QUEUES, SITES

START = 1_000_000.0


def read(said: bytes) -> list[Message]:
    """Messages as the collector reads them; nothing may be left over."""
    framing = Framing()
    found = framing.feed(said)
    assert framing.malformed == 0
    return found


def told(queues: Queues, said: bytes) -> dict[tuple[str, str, str], list[float]]:
    """What the collector makes of events: its numbers by metric, queue and `short`, oldest first."""
    numbers: dict[tuple[str, str, str], list[float]] = {}
    for reading in (reading for message in read(said) for reading in queues.event(message)):
        numbers.setdefault((reading.metric, reading.queue, reading.short), []).append(reading.value)
    return numbers


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 1000),
    target=st.floats(0, 100),
    script=st.sampled_from(sorted(SCRIPTS)),
    steps=st.lists(st.floats(0.05, 3.0), min_size=1, max_size=12),
)
def test_golive_counts_what_the_simulation_counts(seed: int, target: float, script: str, steps: list[float]) -> None:
    """Whatever happens: offered, answered, lost and waiting calls of every queue are the same on both sides of the wire."""
    centre, queues, now, said = Centre(seed, START), Queues(PACE.short), START, b""
    centre.route("billing", target)
    centre.begin(script)
    for step in steps:
        now += step
        centre.step(now)
        said += b"".join(event(moment) for moment in centre.happened() if moment.call.line.platform == "legacy")
    numbers = told(queues, said)
    for line in (line for line in centre.lines.values() if line.platform == "legacy"):
        assert numbers.get((OFFERED, line.queue, ""), [0])[-1] == line.offered
        assert numbers.get((ANSWERED, line.queue, ""), [0])[-1] == line.answered
        assert (
            sum(numbers.get((ABANDONED, line.queue, short), [0])[-1] for short in ("true", "false")) == line.abandoned
        )
        assert len(numbers.get((HANDLE, line.queue, ""), [])) == line.handled
        assert len(numbers.get((ANSWER, line.queue, ""), [])) == line.answered
        assert len(numbers.get((ABANDON, line.queue, ""), [])) == line.abandoned


def flooded() -> tuple[Centre, Line]:
    """A legacy queue with callers who wait and telephones that ring."""
    centre = Centre(7, START)
    centre.begin("queue-flood")
    for step in range(1, 57):
        centre.step(START + step * 0.25)
    return centre, next(line for line in centre.lines.values() if line.platform == "legacy" and line.waiting)


def test_what_is_answered_is_how_the_queue_stands() -> None:
    """QueueSummary and QueueStatus say who waits, for how long, and what every agent does."""
    centre, line = flooded()
    (one,) = [item for item in read(listed("7", "QueueSummary", [summary(line, centre.now)])) if "queue" in item]
    readings = {reading.metric: reading.value for reading in Queues(PACE.short).summary(one)}
    assert readings == {WAITING: line.queued, OLDEST: int(line.oldest(centre.now))}
    assert readings[OLDEST] > 1
    items = read(listed("8", "QueueStatus", list(status(line, centre.now))))
    assert {item["actionid"] for item in items} == {"8"}
    kinds = Counter(item["event"] for item in items if "event" in item)
    assert kinds["QueueEntry"] == line.queued
    agents = counted([item for item in items if item.get("event") == "QueueMember"], centre.now)
    assert agents == {"on_contact": line.busy, "available": line.seated - line.busy} or agents == {
        "on_contact": line.busy
    }
    assert kinds["QueueMember"] == line.seated


def test_agents_who_were_moved_stay_until_their_call_is_over() -> None:
    """Who still talks on the old platform is seen there, and nobody is seen twice on it."""
    centre = Centre(7, START)
    centre.step(START + 8)
    busy = {line.queue: line.busy for line in centre.lines.values() if line.platform == "legacy"}
    assert sum(busy.values()) > 10
    for site in SITES:
        centre.staff(site, target=100.0)
    for queue in QUEUES:
        centre.route(queue, 100.0)
        line = centre.lines["legacy", queue]
        members = [item for item in status(line, centre.now) if item["Event"] == "QueueMember"]
        assert len(members) == len({item["Name"] for item in members}) == max(line.staying, line.busy)
        assert sum(item["Status"] != 1 for item in members) == line.busy


@pytest.mark.parametrize("loss", [0.0, 0.0013, 0.02, 1.0])
def test_no_lost_packet_is_lost_on_the_way(loss: float) -> None:
    """RTCP counts in 256ths: many reports together say what the simulation measured, and each names its trunk alone."""
    listener, found = Listener(), []
    for number in range(1, 513):
        report = Report(START + number, "legacy", "porto", "sales-en", "pstn-porto", 0.008, loss, 0.04, number)
        (message,) = read(listener.rtcp(report))
        assert media.trunk(message, ["pstn-porto"]) == "pstn-porto"
        assert media.trunk(message, ["pstn-berlin"]) == ""
        found.append({(figure.metric, figure.method): figure.value for figure in media.figures(message, 8000)})
    assert fmean(figures[media.LOSS, ""] for figures in found) == pytest.approx(min(loss, 255 / 256), abs=1 / 512)
    assert found[0][media.JITTER, ""] == pytest.approx(0.008, abs=1 / 8000)
    assert found[0][media.ROUND_TRIP, ""] == pytest.approx(0.04, abs=0.0001)
    if loss < 0.01:
        assert fmean(figures[media.MOS, "asterisk"] for figures in found) == pytest.approx(
            fmean(figures[media.MOS, "g107"] for figures in found), abs=0.05
        )
