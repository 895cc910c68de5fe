"""The last hours as the daemon follows them: the sums are right, bounded, told with how much is known, and cheap."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.catalogue.inventory import CATALOGUE
from monitor.daemon import recent_calls
from monitor.daemon.grouping import Grouping
from monitor.daemon.recent import Recent
from monitor.daemon.recent_calls import quantile
from monitor.daemon.trails import BUDGET, LONGEST, STEP, Follower, Trail, gathered, step_of
from monitor.daemon.worst_calls import KEPT, SPAN, WorstCalls
from monitor.judging.store import Store
from monitor.model import Metric

T0 = 1_795_000_020.0
"""A whole minute."""


class Centre:
    """A store that is fed by hand, and what follows it."""

    def __init__(self) -> None:
        self.now = T0
        self.store = Store(CATALOGUE)
        self.recent = Recent(self.store, lambda: self.now)
        self.refused: Counter[str] = Counter()

    def hear(self, metric: str, value: float, at: float | None = None, **labels: str) -> None:
        """One sample."""
        at = self.now if at is None else at
        handle, why = self.store.bind(metric, tuple(sorted(labels.items())), 15.0, 0)
        assert not why
        columns = (np.array([handle]), np.array([value]), np.array([at]), np.array([at]))
        self.store.ingest(*columns, self.refused)

    def go(self, seconds: float) -> None:
        """Let time pass, tick by tick, and let nobody be answered with what was true before."""
        self.recent._held.clear()
        end = self.now + seconds
        while self.now < end - 1e-9:
            self.now = min(end, self.now + 1.0)
            for _ in self.recent.ticked(self.now):
                pass


def queue_says(
    centre: Centre, platform: str, offered: float, answered: float, abandoned: float, waiting: float
) -> None:
    """What one platform tells of one queue."""
    where: dict[str, Any] = {"queue": "sales/en", "platform": platform}
    centre.hear("golive_queue_contacts_offered_total", offered, **where)
    centre.hear("golive_queue_contacts_answered_total", answered, **where)
    centre.hear("golive_queue_contacts_abandoned_total", abandoned, short="false", **where)
    centre.hear("golive_queue_contacts_waiting", waiting, **where)


async def test_a_queues_counts_add_up_over_the_window_and_no_further() -> None:
    """Offered, answered, abandoned and the change of waiting are those of the window, whatever the counters began with."""
    centre = Centre()
    queue_says(centre, "target", 1000, 900, 60, 40)
    centre.go(6)
    queue_says(centre, "target", 1100, 950, 70, 80)
    centre.go(120)
    queue_says(centre, "target", 1130, 990, 80, 60)
    centre.go(60)
    page = await centre.recent.queues(100)
    (row,) = page.rows
    assert (row.queue, row.platform) == ("sales/en", "target")
    assert (row.offered, row.answered, row.abandoned, row.waiting_change) == (30, 40, 10, -20)
    assert page.covered == 100
    everything = await centre.recent.queues(3600)
    assert everything.rows[0].offered == 130
    assert everything.covered == pytest.approx(186, abs=STEP)


async def test_what_nobody_has_followed_yet_has_not_risen_by_zero() -> None:
    """Between the first word of a counter and the end of its first step there is no rise, not one of nothing."""
    centre = Centre()
    centre.go(6)
    centre.store.table("golive_queue_contacts_offered_total")
    centre.go(6)
    centre.hear("golive_queue_contacts_offered_total", 7, queue="q", platform="target")
    (row,) = (await centre.recent.queues(60)).rows
    assert row.offered is None
    centre.go(6)
    (row,) = (await centre.recent.queues(60)).rows
    assert row.offered == 0


async def test_a_counter_that_begins_anew_has_risen_by_what_it_says_now() -> None:
    """After a restart of the source nothing is negative."""
    centre = Centre()
    queue_says(centre, "legacy", 500, 400, 50, 0)
    centre.go(6)
    queue_says(centre, "legacy", 7, 5, 1, 1)
    centre.go(6)
    (row,) = (await centre.recent.queues(60)).rows
    assert (row.offered, row.answered, row.abandoned) == (7, 5, 1)


async def test_what_was_never_heard_is_none_and_not_zero() -> None:
    """A platform that tells no handle times has none."""
    centre = Centre()
    queue_says(centre, "target", 1, 1, 0, 0)
    centre.hear("golive_queue_answer_seconds", 4.0, queue="sales/en", platform="target")
    centre.hear("golive_queue_answer_seconds", 8.0, queue="sales/en", platform="target")
    centre.go(6)
    (row,) = (await centre.recent.queues(60)).rows
    assert row.handle_seconds is None
    assert row.answer_seconds == pytest.approx(6.0)


async def test_a_queue_is_told_point_by_point_with_gaps_where_it_was_silent() -> None:
    """Waiting and arrivals a minute come oldest first; a quarter of a minute in which nothing was said is a gap."""
    centre = Centre()
    for minute in range(3):
        for _ in range(2):
            queue_says(centre, "target", 10.0 * minute, 0, 0, 5.0 + minute)
            centre.go(15)
        centre.go(30)
    lines = {line.name: line for line in (await centre.recent.queue("sales/en")).lines}
    waiting = lines["in queue"].points
    assert waiting[0] == 5.0
    assert None in waiting
    assert [point for point in waiting if point is not None][-1] == 7.0
    assert sum(point or 0 for point in lines["arrivals/min"].points) * lines["arrivals/min"].step / 60 == pytest.approx(
        20
    )
    assert (await centre.recent.queue("nobody")).lines == ()


def score(centre: Centre, value: float, **labels: str) -> None:
    """One report of a call."""
    told: dict[str, Any] = {"method": "g107", "platform": "target", "trunk": "sbc-1", **labels}
    centre.hear("golive_media_mos", value, **told)


async def test_a_percentile_is_of_all_reports_of_a_group_together() -> None:
    """Two series of one site, one with few bad calls: the tenth percentile is that of all, not the mean of two."""
    centre = Centre()
    for _ in range(90):
        score(centre, 4.35, site="porto", trunk="sbc-1")
    for _ in range(10):
        score(centre, 1.5, site="porto", trunk="sbc-2")
    centre.go(6)
    page = await centre.recent.calls("site", 60, split=False)
    (row,) = page.rows
    assert row.reports == 100
    assert 1.3 <= (row.mos_p10 or 0) <= 1.6
    assert 4.3 <= (row.mos_p50 or 0) <= 4.4
    assert page.groupings == ("trunk", "site")


async def test_scores_of_methods_that_cannot_be_compared_make_no_score() -> None:
    """With our own E-model among them that one counts; without it there is no number and the reason."""
    centre = Centre()
    score(centre, 4.4, method="rtpengine")
    score(centre, 4.05)
    score(centre, 4.4, method="rtpengine", trunk="sbc-2")
    score(centre, 3.5, method="vq", trunk="sbc-2")
    centre.go(6)
    rows = {row.group: row for row in (await centre.recent.calls("trunk", 60, split=False)).rows}
    assert 4.0 < (rows["sbc-1"].mos_p50 or 0) <= 4.1
    assert rows["sbc-1"].reports == 1
    assert rows["sbc-2"].mos_p50 is None
    assert "2 methods" in rows["sbc-2"].why


async def test_directions_are_told_apart_when_asked_for() -> None:
    """What is sent and what is heard have rows of their own."""
    centre = Centre()
    score(centre, 4.4, direction="sent")
    score(centre, 2.0, direction="heard")
    centre.go(6)
    rows = (await centre.recent.calls("trunk", 60, split=True)).rows
    assert {row.direction: row.reports for row in rows} == {"sent": 1, "heard": 1}
    assert [row.direction for row in rows] == ["heard", "sent"]


async def test_loss_is_lost_of_expected_packets_where_both_are_counted() -> None:
    """Never the mean of ratios: a trunk with ten lost of a thousand has one percent, whatever its calls say one by one."""
    centre = Centre()
    where: dict[str, Any] = {"platform": "target", "trunk": "sbc-1"}
    for expected, lost in ((0, 0), (1000, 10)):
        centre.hear("golive_media_packets_expected_total", expected, **where)
        centre.hear("golive_media_packets_lost_total", lost, **where)
        centre.go(6)
    (row,) = (await centre.recent.calls("trunk", 60, split=False)).rows
    assert row.loss == pytest.approx(0.01)


async def test_a_silent_trunk_is_stale_with_its_age() -> None:
    """A group whose source is silent for longer than its source's max_age says so."""
    centre = Centre()
    score(centre, 4.2)
    centre.go(40)
    (row,) = (await centre.recent.calls("trunk", 3600, split=False)).rows
    assert row.stale
    assert row.age == pytest.approx(40)


async def test_the_map_has_a_column_a_minute_and_every_report_in_one_band() -> None:
    """Scores fall into the band that their value is in, in the minute in which they were heard."""
    centre = Centre()
    for minute, values in enumerate(((4.4, 4.35), (4.15,), (3.9, 3.9, 2.0))):
        centre.now = max(centre.now, T0 + 60 * minute + 5)
        for value in values:
            score(centre, value)
        centre.go(50)
    (heat,) = (await centre.recent.group("trunk", "sbc-1")).heat
    assert heat.bands == (4.3, 4.0, 3.6)
    assert [cells[-3:] for cells in heat.cells] == [(2, 0, 0), (0, 1, 0), (0, 0, 2), (0, 0, 1)]
    assert heat.p10[-4] is None
    assert sum(map(sum, heat.cells)) == 6
    assert (await centre.recent.group("trunk", "nobody")).heat == ()
    assert (await centre.recent.group("", "")).heat == (heat,)


async def test_the_worst_calls_are_named_by_their_labels_worst_first() -> None:
    """Bad reports of the last half hour stand there with when and where; good ones and old ones do not."""
    centre = Centre()
    score(centre, 4.2)
    centre.go(6)
    for value in (3.0, 2.0, 4.4):
        score(centre, value, codec="PCMU")
        centre.go(2)
    group = await centre.recent.group("trunk", "sbc-1")
    assert [call.mos for call in group.worst] == [2.0, 3.0]
    assert group.worst[0].labels["codec"] == "PCMU"
    assert group.below == 2
    assert (await centre.recent.group("trunk", "other")).worst == ()
    centre.go(SPAN)
    assert (await centre.recent.group("trunk", "sbc-1")).worst == ()


def test_the_worst_of_a_flood_are_kept_and_no_more() -> None:
    """Ten thousand bad reports take the room of a few hundred, and the very worst is among them."""
    worst = WorstCalls()
    dice = np.random.default_rng(7)
    for second in range(100):
        values = dice.uniform(1.0, 3.5, 100)
        values[3] = 1.0 + second / 1000
        worst.take(np.arange(100), values, np.full(100, T0 + second))
        assert len(worst.worst(T0 + second)) <= 2 * KEPT
    assert worst.worst(T0 + 99)[0].value == 1.0


STEPS = st.lists(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), max_size=6), min_size=1, max_size=400)


@given(STEPS, st.integers(0, 500), st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_trail_says_what_a_plain_list_would_say(steps, back, adding) -> None:
    """Whatever is noted: over any window that begins at a kept step, sums or last values are those of a plain list."""
    trail = Trail(adding=adding)
    noted: list[tuple[float, dict[int, float]]] = []
    for number, pairs in enumerate(steps):
        begin, told = T0 + number * STEP, dict(pairs)
        keys = np.array(sorted(told), np.int64)
        trail.add(step_of(begin, begin + STEP, keys, np.array([float(told[key]) for key in sorted(told)])))
        noted.append((begin + STEP, {key: float(value) for key, value in told.items()}))
    kept = list(trail.steps(T0 + len(steps) * STEP - back * STEP))
    if not kept:
        return
    since = kept[0].begin
    inside = [told for end, told in noted if end > since + 1e-6]
    for key in range(6):
        values = [told[key] for told in inside if key in told]
        mine = [float(step.numbers[list(step.keys).index(key)]) for step in kept if key in step.keys]
        if adding:
            assert sum(mine) == pytest.approx(sum(values))
        else:
            assert mine[-1:] == values[-1:]
    assert all(a.end == b.begin for a, b in pairwise(kept))


def test_a_trail_forgets_its_oldest_steps_before_it_grows_without_bound() -> None:
    """Beyond its budget and beyond four hours the oldest steps go, those that had to go early are counted, and begin moves on."""
    small = Trail(adding=True, budget=1000)
    for number in range(2000):
        small.add(step_of(number * STEP, (number + 1) * STEP, np.arange(100), np.ones(100)))
    assert sum(len(step.keys) for step in small.steps(-math.inf)) <= 1000
    assert small.forgotten > 0
    assert small.begin() > 1900 * STEP
    long = Trail(adding=True)
    for number in range(int(2 * LONGEST / STEP)):
        long.add(step_of(number * STEP, (number + 1) * STEP, np.arange(2), np.ones(2)))
    span = 2 * LONGEST - long.begin()
    assert LONGEST <= span <= LONGEST + 120
    assert sum(part.numbers[0] for part in long.steps(-math.inf)) == pytest.approx(span / STEP)
    assert long.forgotten == 0


METRIC: Metric = CATALOGUE["golive_media_mos"]


@given(st.lists(st.floats(1.0, 5.0), min_size=1, max_size=80), st.sampled_from([0.1, 0.5, 0.95]))
@settings(max_examples=200, deadline=None)
def test_a_quantile_lies_in_the_bin_of_the_true_one(values, q) -> None:
    """For any scores the told percentile is within the bin that holds the value of that rank."""
    bounds = np.asarray(METRIC.bounds)
    counts = np.bincount(np.searchsorted(bounds, values, side="left"), minlength=len(bounds) + 1)[None, :].astype(float)
    told = float(quantile(counts, q, METRIC)[0])
    true = sorted(values)[max(0, math.ceil(q * len(values) - 1e-9) - 1)]
    place = int(np.searchsorted(bounds, true, side="left"))
    low = METRIC.low if place == 0 else bounds[place - 1]
    high = METRIC.high if place == len(bounds) else bounds[place]
    assert low - 1e-9 <= told <= high + 1e-9


def test_a_clock_that_is_set_back_makes_nothing_negative_and_goes_on() -> None:
    """After the clock was set back an hour, counting goes on and no step lies in the future."""
    centre = Centre()
    queue_says(centre, "target", 10, 0, 0, 0)
    centre.go(60)
    centre.now -= 3600
    centre.store.rewind(centre.now)
    queue_says(centre, "target", 15, 0, 0, 0)
    centre.go(12)
    (row,) = asyncio.run(centre.recent.queues(3600)).rows
    assert row.offered is not None
    assert row.offered >= 0


async def test_many_who_ask_the_same_are_answered_once_a_second() -> None:
    """Ten terminals on one screen cost one answer."""
    centre = Centre()
    score(centre, 4.0)
    centre.go(6)
    first = await centre.recent.calls("trunk", 900, split=False)
    assert await centre.recent.calls("trunk", 900, split=False) is first
    assert await centre.recent.calls("trunk", 300, split=False) is not first


async def test_following_a_large_centre_costs_little_and_asking_does_too() -> None:
    """2,000 series with 20,000 reports a step: closing a step takes a few ms, an answer over four hours tens of ms at most."""
    centre = Centre()
    table = centre.store.table(recent_calls.MOS)
    handles = [
        centre.store.bind(
            recent_calls.MOS,
            (("method", "g107"), ("platform", "target"), ("site", f"site-{i % 20}"), ("trunk", f"trunk-{i}")),
            15.0,
            0,
        )[0]
        for i in range(2000)
    ]
    dice = np.random.default_rng(7)
    took = []
    for step in range(400):
        at = np.full(20_000, centre.now)
        rows = np.array(handles)[dice.integers(0, 2000, 20_000)]
        centre.store.ingest(rows, dice.uniform(3, 4.5, 20_000), at, at, centre.refused)
        centre.now += STEP
        begun = time.process_time()
        for _ in centre.recent.ticked(centre.now):
            pass
        took.append(time.process_time() - begun)
        del step
    assert table.size == 2000
    assert np.median(took) < 0.02
    begun = time.process_time()
    page = await centre.recent.calls("site", LONGEST, split=False)
    assert time.process_time() - begun < 0.25
    assert len(page.rows) == 20
    follower = centre.recent._followers[recent_calls.MOS]
    assert sum(len(part.keys) for part in follower.counts.steps(-math.inf)) <= BUDGET
    assert page.covered < LONGEST


def test_series_are_grouped_once_and_new_ones_join() -> None:
    """A series that appears later is put into its group without looking at the others again."""
    store = Store(CATALOGUE)
    store.bind("golive_calls_concurrent", (("site", "a"),), 15.0, 0)
    looked: list[str] = []

    def name(labels: dict[str, str]) -> str | None:
        looked.append(labels.get("site", ""))
        return labels.get("site")

    groups: Grouping[str] = Grouping(name)
    table = store.tables["golive_calls_concurrent"]
    assert groups.of(table).tolist() == [0]
    store.bind("golive_calls_concurrent", (("site", "b"),), 15.0, 0)
    store.bind("golive_calls_concurrent", (("platform", "legacy"),), 15.0, 0)
    assert groups.of(table).tolist() == [0, 1, -1]
    assert looked == ["a", "b", ""]


async def test_rows_that_no_group_wants_count_nowhere() -> None:
    """Numbers of series outside every group are left out, and none is counted twice."""
    steps = [step_of(0, 1, np.array([0, 1, 2, 9]), np.array([1.0, 2.0, 4.0, 8.0]))]
    assert (await gathered(iter(steps), np.array([0, -1, 1]), 2)).tolist() == [[1.0], [4.0]]
    assert (await gathered(iter(()), np.array([0]), 1)).tolist() == [[0.0]]


def test_what_came_before_the_first_look_is_not_taken_for_a_rise() -> None:
    """Counts that were read back from the record before following began belong to no step."""
    store = Store(CATALOGUE)
    handle, _ = store.bind(recent_calls.MOS, (("platform", "target"), ("trunk", "a")), 15.0, 0)
    at = np.full(50, T0 - 100)
    store.ingest(np.full(50, handle), np.full(50, 4.0), at, at, Counter())
    follower = Follower(store.tables[recent_calls.MOS], T0)
    at = np.full(3, T0 + 1)
    store.ingest(np.full(3, handle), np.full(3, 4.0), at, at, Counter())
    follower.take(T0, T0 + STEP)
    assert sum(step.numbers.sum() for step in follower.counts.steps(-math.inf)) == 3
