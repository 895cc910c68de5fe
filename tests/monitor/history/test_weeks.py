"""What a baseline is told: a number for each week that has one, out of memory, and nothing that is no measure."""

from __future__ import annotations

import math
from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.history.archive import Slot
from monitor.history.calendar import Calendar
from monitor.history.figures import figures
from monitor.history.weeks import Weeks, page, wanted
from monitor.judging.baseline import Baseline
from monitor.judging.comparing import FOUND, LOOKUPS, Recorded
from monitor.judging.windows import Windows
from monitor.model import Labels, Truth
from tests.monitor.history.world import BEGIN, wait
from tests.monitor.judging.rig import ALL, START, Rig, rule
from tests.monitor.judging.test_baselines import AGAINST

WEEK = 7 * 86_400
FIGURES = figures([wait()], [])
UTC = Calendar("UTC")


def slot(week: int, value: float, *, samples: int = 40, figure: str = FIGURES[0].text, queue: str = "sales") -> Slot:
    return Slot("x", figure, (("queue", queue),), BEGIN - week * WEEK, value, samples)


def told(*slots: Slot, calendar: Calendar = UTC, at: float = BEGIN, weeks: int = 4) -> list[float]:
    held = Weeks()
    held.take({BEGIN: page(FIGURES, calendar, at, slots)})
    return list(held.slots("x", (("queue", "sales"),), at, weeks) or ())


def test_each_week_has_one_number_the_newest_first() -> None:
    """Weeks beyond those that are asked for do not count, nor does another group's."""
    slots = [slot(3, 3.0), slot(1, 1.0), slot(2, 2.0), slot(5, 5.0), slot(1, 99.0, queue="support")]
    assert told(*slots) == [1.0, 2.0, 3.0]
    assert told(*slots, weeks=2) == [1.0, 2.0]


def test_holidays_and_days_of_incident_have_none() -> None:
    """A week whose day is left out is a week without a number."""
    assert told(slot(1, 1.0), slot(2, 2.0), calendar=Calendar("UTC", ["2026-11-14"])) == [2.0]


def test_what_was_measured_otherwise_does_not_count() -> None:
    """Slots of a rule that was another rule then, and slots that are thin by now, are no baseline."""
    assert told(slot(1, 1.0, figure="p95 of y"), slot(2, 2.0, samples=0), slot(3, 3.0)) == [3.0]


def test_an_hour_that_came_twice_is_one_week() -> None:
    """Its number is the mean of the readings that are known."""
    lisbon = Calendar("Europe/Lisbon")
    at = int(datetime.fromisoformat("2026-11-01T01:15:00+00:00").timestamp())
    first, second = (
        Slot("x", FIGURES[0].text, (("queue", "sales"),), at - WEEK - back, v, 9)
        for back, v in ((3600, 10.0), (0, 30.0))
    )
    for slots, numbers in (((first, second), ((1, 20.0),)), ((second,), ((1, 30.0),))):
        assert page(FIGURES, lisbon, at, slots)["x", (("queue", "sales"),)] == numbers
    assert set(wanted(FIGURES, lisbon, at)) >= {first.start, second.start}


def test_an_increase_is_told_for_the_rules_own_window() -> None:
    """900 in a quarter hour are 300 in five minutes."""
    many = figures([wait(metric=ALL.name, estimator="increase")], [])
    held = page(many, UTC, BEGIN, [slot(1, 900.0)._replace(figure=many[0].text)])
    assert held["x", (("queue", "sales"),)] == ((1, 300.0),)


def test_what_is_not_read_yet_is_said_to_be_waited_for() -> None:
    """None is not `no weeks`: the rule says that they are being looked up, and asks again."""
    held = Weeks()
    assert held.slots("x", (), BEGIN, 4) is None
    held.take({BEGIN: {}})
    assert held.slots("x", (), BEGIN, 4) == []
    assert held.slots("x", (), BEGIN + 900, 4) is None


def test_labels_are_found_in_whatever_order_the_rule_names_them() -> None:
    """Turning `by: [site, queue]` around loses no week."""
    held = Weeks()
    held.take({BEGIN: {("x", (("queue", "sales"), ("site", "porto"))): ((1, 5.0),)}})
    assert held.slots("x", (("site", "porto"), ("queue", "sales")), BEGIN, 4) == [5.0]


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.integers(1, 6), st.floats(-5, 50), max_size=6),
    st.integers(1, 4),
    st.sampled_from([0.0, 3.0, 90.0]),
)
def test_v12_a_ratio_to_recorded_weeks_is_a_number_or_unknown(
    weeks: dict[int, float], need: int, target: float
) -> None:
    """V12: whatever was recorded, the ratio is the estimate against the median, or UNKNOWN with its reason; never infinite."""
    baseline = Baseline(source="history", need_slots=need)
    only = figures([wait(baseline=baseline, by=())], [])
    held = Weeks()
    at = START - START % 900
    slots = [Slot("x", only[0].text, (), int(at) - week * WEEK, value, 9) for week, value in weeks.items()]
    held.take({int(at) + n * 900: page(only, UTC, at + n * 900, slots) for n in range(2)})
    world = Rig(rule(**{**AGAINST, "baseline": baseline}), history=held)
    world.tick(target, target, target, target, target, platform="target")
    usable = sorted(value for week, value in weeks.items() if week <= 4)
    middle = (
        usable[len(usable) // 2] if len(usable) % 2 else sum(usable[len(usable) // 2 - 1 :][:2]) / 2 if usable else 0.0
    )
    if len(usable) >= need and middle > 0 and math.isfinite(target / middle):
        assert math.isclose(float(world.judge.value[0]), target / middle, rel_tol=1e-12)
        assert world.standing() in ("ok", "breach")
    else:
        assert (world.standing(), world.engine.truth("x")) == ("unknown", Truth.UNKNOWN)
        assert math.isnan(float(world.judge.value[0]))
        reason = "zero or less" if len(usable) >= need else f"{len(usable)} of {need} recorded weeks"
        assert reason in world.why()


def test_a_new_quarter_hour_leaves_no_group_without_its_baseline() -> None:
    """More groups than are looked up in one tick keep what they had until it is their turn: no moment of UNKNOWN."""
    names: list[Labels] = [(("queue", f"q{number}"),) for number in range(2 * LOOKUPS + 50)]
    held = Weeks()
    held.take({BEGIN + n * 900: {("x", name): ((1, 10.0 * (n + 1)),) for name in names} for n in range(2)})
    source = Recorded(Baseline(source="history", need_slots=1), "x", held)
    windows = Windows()
    known = [int((source.values(windows, BEGIN + tick, names)[1] == FOUND).sum()) for tick in range(3)]
    assert known == [LOOKUPS, 2 * LOOKUPS, len(names)]
    for tick in range(3):
        value, state = source.values(windows, BEGIN + 900 + tick, names)
        assert (state == FOUND).all()
        assert int((value == 20.0).sum()) == min((tick + 1) * LOOKUPS, len(names))
        assert int((value == 10.0).sum()) == len(names) - min((tick + 1) * LOOKUPS, len(names))


def test_imported_weeks_count_within_the_running_quarter_hour() -> None:
    """An operator who imports at night need not wait for the next quarter hour."""
    only = figures([wait(by=())], [])
    held = Weeks()
    at = int(START - START % 900)
    held.take({at: {}})
    world = Rig(rule(**{**AGAINST, "baseline": Baseline(source="history")}), history=held)
    world.tick(30.0, 30.0, 30.0, 30.0, platform="target")
    assert world.why() == "baseline: 0 of 3 recorded weeks have this quarter hour"
    slots = [Slot("x", only[0].text, (), at - week * WEEK, 10.0, 9) for week in (1, 2, 3)]
    held.take({at: page(only, UTC, at, slots)})
    assert world.tick(30.0, platform="target") == ["breach"]


def test_a_disk_that_fails_is_the_reason_that_people_read() -> None:
    """UNKNOWN says why: not `being looked up` for ever."""
    held = Weeks()
    held.failing = "history.db: recorded weeks cannot be read: disk I/O error"
    world = Rig(rule(**{**AGAINST, "baseline": Baseline(source="history")}), history=held)
    world.tick(30.0, 30.0, 30.0, 30.0, platform="target")
    assert (world.standing(), world.why()) == ("unknown", f"baseline: {held.failing}")
