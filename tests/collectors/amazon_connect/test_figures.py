"""What is asked of Amazon and what it stands for: the traps of its numbers, one by one."""

from __future__ import annotations

import time
from typing import Any

import pytest

from collectors.amazon_connect import agents, cloudwatch, queues
from collectors.amazon_connect.cloudwatch import LOSS, Minutes, Scale, series
from collectors.amazon_connect.feed import Feed
from collectors.amazon_connect.quality import MOST, TRIES, Ended
from collectors.amazon_connect.readings import LARGEST_BATCH, Reading, batches
from monitor.catalogue.inventory import CATALOGUE
from monitor.intake.intake import Intake
from monitor.judging.store import Store
from tests.rig.inlet import RecordingInlet

END = 1_795_294_560.0


def point(index: int, *points: tuple[float, float], status: str = "Complete") -> dict[str, Any]:
    """One of MetricDataResults; points: seconds before the end, value."""
    return {
        "Id": f"q{index}",
        "StatusCode": status,
        "Timestamps": [END - ago for ago, _ in points],
        "Values": [value for _, value in points],
    }


def indices(asked: tuple[cloudwatch.Series, ...], name: str) -> list[int]:
    """Where a metric stands in the question."""
    return [number for number, one in enumerate(asked) if one.name == name]


@pytest.mark.parametrize("spelling", [0, 1], ids=["Instance ID", "InstanceId"])
@pytest.mark.parametrize(("scale", "told", "ours"), [("fraction", 0.02, 0.02), ("percent", 2.0, 0.02)])
def test_packet_loss_is_heard_under_both_spellings_and_in_both_scales(
    spelling: int, scale: Scale, told: float, ours: float
) -> None:
    """Two per cent of loss are 0.02, however this account spells the dimension and writes the number; one series, not two."""
    asked = series("i", {}, scale)
    places = indices(asked, "ToInstancePacketLossRate")
    assert [next(iter(asked[place].dimensions)) for place in places] == ["Instance ID", "InstanceId"]
    made = list(Minutes(asked, END).readings([point(places[spelling], (60, told))], END, [], whole=True))
    assert [timed.reading.value for timed in made if timed.reading.metric == LOSS] == [pytest.approx(ours)]


def test_a_minute_counts_once_whatever_is_asked_again() -> None:
    """Overlapping questions add each minute up once; a minute that comes late is made good; one still running waits."""
    asked = series("i", {}, "fraction")
    place = indices(asked, "ThrottledCalls")[0]
    minutes = Minutes(asked, END - 180)

    def total(end: float, *points: tuple[float, float]) -> float | None:
        made = minutes.readings([point(place, *points)], end, [], whole=True)
        return next(timed.reading.value for timed in made if ("reason", "throttled") in timed.reading.labels)

    assert total(END, (600, 99.0), (180, 1.0), (120, 2.0), (0, 50.0)) == 3.0
    assert total(END, (180, 1.0), (120, 2.0)) == 3.0
    assert total(END + 60, (120, 2.0), (60, 4.0), (0, 8.0)) == 15.0


def test_what_cloudwatch_could_not_read_is_an_error_and_what_did_not_happen_is_none() -> None:
    """A query that failed and a half-read answer are errors; an idle minute is 0 calls, and no share of a quota."""
    asked = series("i", {}, "fraction")
    place = indices(asked, "ConcurrentCalls")[0]
    failed = list(Minutes(asked, END).readings([point(place, status="InternalError")], END, [], whole=True))
    assert (failed[0].reading.value, failed[0].reading.nothing) == (None, "error")
    assert {timed.reading.nothing for timed in Minutes(asked, END).readings([], END, [], whole=False)} == {"error"}
    idle = list(Minutes(asked, END).readings([], END, [], whole=True))
    assert idle[0].reading.value == 0.0
    assert (idle[1].reading.value, idle[1].reading.nothing) == (None, "empty")


def test_what_is_sent_every_five_minutes_is_not_taken_for_gone_between() -> None:
    """The share of the task quota comes every five minutes: it stands that long, as old as its point, and then is blank."""
    asked = series("i", {}, "fraction")
    place = indices(asked, "ConcurrentTasksPercentage")[0]

    def told(ago: float) -> tuple[float | None, float]:
        made = Minutes(asked, END).readings([point(place, (ago, 40.0))], END, [], whole=True)
        return next((timed.reading.value, timed.at) for timed in made if ("channel", "task") in timed.reading.labels)

    assert told(300) == (0.4, END - 240)
    assert told(420) == (None, END)


def test_recordings_are_asked_for_in_their_own_group() -> None:
    """CallRecordingUploadError stands under CallRecordings; under VoiceCalls it would read 0 for ever."""
    (place,) = indices(series("i", {}, "fraction"), "CallRecordingUploadError")
    assert series("i", {}, "fraction")[place].dimensions["MetricGroup"] == "CallRecordings"


def test_every_metric_that_is_asked_for_is_in_the_catalogue() -> None:
    """A figure that no rule could name would be collected for nobody."""
    figures = (*queues.NOW, *queues.STAFF, queues.OVERALL, *queues.lately((20,)), *queues.counted(5))
    named = {figure.metric for figure in figures} | {one.metric for one in series("i", {"a": "a"}, "fraction")}
    assert named <= set(CATALOGUE)


def test_contacts_in_after_contact_work_are_not_taken_for_agents() -> None:
    """AGENTS_AFTER_CONTACT_WORK counts contacts: it is not asked for, and nothing calls itself acw without GetCurrentUserData."""
    assert "AGENTS_AFTER_CONTACT_WORK" not in {figure.name for figure in queues.STAFF}
    assert ("state", "acw") not in {label for figure in queues.STAFF for label in figure.labels}


def test_outbound_contacts_are_not_answered_ones() -> None:
    """What agents dial themselves never waited in a queue."""
    request = queues.past_request("arn", ["q"], ("voice",), queues.counted(5), (0, 60))
    handled = next(metric for metric in request["Metrics"] if metric["Name"].startswith("CONTACTS_HANDLED"))
    assert handled["MetricFilters"][0]["Negate"] is True
    assert "OUTBOUND" in handled["MetricFilters"][0]["MetricFilterValues"]


def test_renamed_statuses_are_told_by_name_or_by_id() -> None:
    """Available and Offline may be renamed by an administrator: the configuration says what they are called now."""
    items = [
        {"User": {"Id": f"u{n}"}, "Status": {"StatusName": name, "StatusArn": f"x/{arn}"}}
        for n, (name, arn) in enumerate([("Bereit", "a"), ("???", "b"), ("Pause", "c")])
    ]
    found = agents.users(items, {**agents.NAMES, "Bereit": "available", "b": "offline"})
    assert [agent.status for agent in found.values()] == ["available", "offline", "non_productive"]


def test_queues_go_in_batches_of_a_hundred() -> None:
    """No request names more than Amazon takes, and no queue is left out."""
    ids = [str(number) for number in range(250)]
    made = list(batches(ids))
    assert [len(part) for part in made] == [100, 100, 50]
    assert [name for part in made for name in part] == ids
    assert LARGEST_BATCH == 100


def test_an_error_does_not_hide_the_answer_that_comes_after_it() -> None:
    """Data that is minutes behind by design clears an error that was seen since, and does so at once."""
    store = Store(CATALOGUE)
    intake = Intake(store)
    door = intake.door("connect", 300.0)
    feed = Feed(door, {}, lag=240.0)
    reading = Reading("golive_calls_concurrent", (("channel", "voice"),), 3.0)
    now = time.time()
    for at, first in ((now - 180, True), (now - 120, False)):
        if first:
            feed.expect([reading])
        feed.failed(now)
        intake.flush()
        table = store.table("golive_calls_concurrent")
        assert table.blank_at[0] > -1e300
        feed.give([reading], at, now)
        intake.flush()
        assert table.blank_at[0] < at, "the error is older than the answer"


def test_a_feed_binds_what_it_expects_so_that_an_error_can_be_said() -> None:
    """A question that was never answered still reads as an error, series by series."""
    inlet = RecordingInlet()
    feed = Feed(inlet, {"platform": "target"}, 10.0)
    feed.expect([Reading("golive_agents", (("state", "available"),), None)])
    feed.failed(time.time())
    assert inlet.blanks == [("golive_agents", (("platform", "target"), ("state", "available")), "error")]


def test_contacts_to_ask_about_are_bounded_and_asked_a_few_times_only() -> None:
    """The oldest give way, each is asked about once, one without figures is given up, and an id is never more than an id."""
    ended = Ended()
    for number in range(MOST + 5):
        ended.add(f"c-{number}", 0.0)
        ended.add(f"c-{number}", 0.0)
    assert ended.skipped == 5
    assert ended.due(0.0, 2) == ["c-5", "c-6"]
    ended.answered("c-5")
    for turn in range(TRIES):
        assert ("c-6" in ended.due(100.0 * turn, MOST)) is (turn < TRIES)
        ended.later("c-6", 100.0 * (turn + 1))
    assert "c-6" not in ended.due(1e9, 2 * MOST)
    assert ended.skipped == 6
    before = len(ended.due(1e9, 2 * MOST))
    for bad in ("..", "../../x", "a/b", "", "c\r\nX: y", "c" * 300):
        ended.add(bad, 0.0)
    assert len(ended.due(1e9, 2 * MOST)) == before
