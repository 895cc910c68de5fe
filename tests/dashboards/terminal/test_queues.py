"""Screen 3: which queue is worse than on the old platform, and why; what is unknown never looks like a number that holds."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.terminal.arrangement import Arrangement
from dashboards.terminal.drawing.pairs import difference, number
from dashboards.terminal.drawing.queues import TABLE, about
from dashboards.terminal.drawing.spans import Glyphs, plain
from dashboards.terminal.drawing.table import layout, line
from dashboards.terminal.figures import Figure, Pair, held_against, of
from dashboards.terminal.queues import QueueLine, queues, recently
from dashboards.terminal.recent import Window
from dashboards.terminal.view import View
from monitor.serving.recent_rows import RecentQueue, RecentQueueRow, RecentQueues
from tests.dashboards.terminal import recorded
from tests.dashboards.terminal.recorded_queues import MOMENT, RECENT, rule, series
from tests.dashboards.terminal.stage import Clock, Recorded, shown, terminal

PLAIN = Glyphs()
NOW = View(snapshot=MOMENT, now=recorded.AT)


def by_name(snapshot=MOMENT) -> dict[str, QueueLine]:
    """Lines by queue."""
    return {row.name: row for row in queues(snapshot)}


def told(row: QueueLine, recent: RecentQueues = RECENT, view: View = NOW) -> str:
    """What stands below the table about a queue."""
    mine = [part for part in recent.rows if part.queue == row.name]
    return "\n".join(plain(part) for part in about(row, mine, (), recent.covered, 200, view, PLAIN))


async def test_the_worst_queue_and_why_is_one_key_away() -> None:
    """From the board `3` shows the worst queue first, marks what is worse, and says why in words."""
    app = terminal(Recorded(MOMENT))
    async with app.run_test(size=(120, 40)) as pilot:
        seen = await shown(app, pilot, "3")
    first = next(part for part in seen.splitlines() if "sales-en" in part and "BREACH" in part)
    assert "31▲" in first
    assert "62.0%▼" in first
    assert "11.8%▲" in first
    assert "worse than on the old platform: in queue 31 against 2, oldest 4m40s against 14s" in seen
    assert "abandon · 11.8% (bad > 8.0%) · for 4m12s" in seen


async def test_both_platforms_one_of_them_or_the_difference_in_a_word() -> None:
    """`o` goes from both to old, new and the difference, where better and worse stand as words."""
    app = terminal(Recorded(MOMENT))
    async with app.run_test(size=(120, 40)) as pilot:
        both = await shown(app, pilot, "3")
        old = await shown(app, pilot, "o")
        new = await shown(app, pilot, "o")
        apart = await shown(app, pilot, "o")
        again = await shown(app, pilot, "o")
    row = r"BREACH +sales-en +"
    assert re.search(row + r"2 +31▲", both)
    assert re.search(row + r"2 +14s +84", old)
    assert re.search(row + r"31▲ +4m40s▲", new)
    assert re.search(row + r"\+29 worse +\+4m26s worse +-22\.0% worse", apart)
    assert "sales-en" in again
    assert re.search(row + r"2 +31▲", again)


async def test_the_window_of_counts_can_be_chosen_and_says_what_is_missing_of_it() -> None:
    """`t` asks the daemon for another window; where it remembers less the frame says how much."""
    source = Recorded(MOMENT)
    short = msgspec.structs.replace(RECENT, asked=3600.0, covered=840.0)
    source.answers["/api/v1/recent/queues?seconds=3600"] = msgspec.json.encode(short)
    app = terminal(source)
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(app, pilot, "3", "t")
        await app.look()
        seen = await shown(app, pilot)
    assert "window 1h, of which 14m is known" in seen
    assert Window(4).name == "since T0"
    assert Window(4).seconds(NOW) == pytest.approx(6127)
    assert Window(4).next() == Window(0)


async def test_enter_goes_down_to_the_queue() -> None:
    """Enter on a queue opens its details."""
    app = terminal(Recorded(MOMENT))
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(app, pilot, "3", "j", "enter")
        assert app.place.trail[-1].labels == {"queue": "漢字の待ち行列"}


async def test_a_lost_daemon_leaves_no_number_that_looks_like_the_present() -> None:
    """With the daemon gone every number is marked as old."""
    source, clock = Recorded(MOMENT), Clock()
    app = terminal(source, clock=clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(app, pilot, "3")
        source.now = None
        clock.seconds += 30
        seen = await shown(app, pilot)
    assert "daemon gone" in seen
    row = next(part for part in seen.splitlines() if re.search(r"BREACH +sales-en", part))
    assert "31◌" in row
    assert "▲" not in row


def test_a_queue_on_one_platform_only_has_a_dash_on_the_other_and_is_not_compared() -> None:
    """An unmoved queue shows `-` for the new platform and nothing is called better or worse."""
    claims = by_name()["claims"]
    drawn = plain(line(layout(Arrangement().fields(TABLE), 100, PLAIN), claims, NOW, PLAIN))
    assert re.search(r"claims +4 +- +31s +-", drawn)
    assert claims.worse == []
    assert "nothing can be compared" in told(claims)


def test_a_queue_that_went_silent_is_stale_and_its_numbers_are_marked() -> None:
    """Old numbers carry their mark and the grey role, and are never in the colour of a state."""
    silent = by_name()["漢字の待ち行列"]
    assert silent.state == "stale"
    span = number(silent.pairs["waiting"].new, silent.pairs["waiting"], NOW, PLAIN, new=True)
    assert (span.text, span.role) == ("3◌", "stale")
    assert silent.age == 41


def test_a_queue_past_a_limit_that_judges_all_queues_says_so() -> None:
    """Without a rule of its own a queue has no state, but its number past somebody's limit is marked, named and sorted up."""
    row = by_name()["support-de"]
    assert row.state == "unjudged"
    assert row.pairs["oldest"].past is not None
    assert "oldest 1m31s (bad > 1m30s): the limit of waits, which judges it with others" in told(row)
    order = [part.name for part in queues(MOMENT)]
    assert order.index("support-de") < order.index("claims")


def test_service_levels_are_compared_by_one_definition_only() -> None:
    """Where the platforms count differently the old number is not held against the new one."""
    base: dict[str, Any] = {"queue": "a", "site": "x"}
    old = series(
        "queue_service_level_ratio", 0.99, "ratio", platform="legacy", definition="wfm", threshold_seconds="20", **base
    )
    new = series(
        "queue_service_level_ratio",
        0.7,
        "ratio",
        platform="target",
        definition="negative",
        threshold_seconds="20",
        **base,
    )
    (row,) = queues(msgspec.structs.replace(MOMENT, series=(old, new), rules=()))
    assert row.pairs["level"].old.value is None
    assert row.pairs["level"].new.value == 0.7
    assert row.definition == "negative within 20s"
    both = (old, new, msgspec.structs.replace(old, labels={**new.labels, "platform": "legacy"}, value=0.8))
    (row,) = queues(msgspec.structs.replace(MOMENT, series=both, rules=()))
    assert row.pairs["level"].old.value == 0.8


def test_contacts_that_are_not_accounted_for_are_counted() -> None:
    """The balance says a tick or how many are missing; with a number unknown it claims nothing."""
    text = told(by_name()["sales-en"])
    assert "new in 14m: offered 92 = answered 51 + abandoned 10 + growth of queue 31  ✓" in text
    assert "old in 14m: offered 21 = answered 17 + abandoned 2 + growth of queue 0  2 are missing" in text
    half = RecentQueues(
        at=0, asked=9, covered=9, rows=(RecentQueueRow(queue="sales-en", platform="target", offered=5, answered=5),)
    )
    assert "not all of it is known" in told(by_name()["sales-en"], half)


def test_agents_of_a_site_are_told_as_such() -> None:
    """Where nobody counts agents by queue the site's agents are shown, and the words say that others share them."""
    text = told(by_name()["sales-en"])
    assert "agents new: 1 available, 23 on contact" in text
    assert "all of site porto, whatever queue they serve" in text
    assert "planned 30" in text


def test_means_of_the_window_stand_in_where_no_platform_reports_its_own() -> None:
    """Speed of answer and handle time come from single contacts when there is no average; a reported one is kept."""
    only = tuple(row for row in MOMENT.series if "average_handle" not in row.metric)
    rows = (
        RecentQueueRow(queue="sales-en", platform="target", answer_seconds=1.0, handle_seconds=200.0, offered=30),
        RecentQueueRow(queue="sales-en", platform="legacy", answer_seconds=1.0, handle_seconds=100.0, offered=10),
    )
    recent = RecentQueues(at=0, asked=900, covered=900, rows=rows)
    lines = {row.name: row for row in recently(queues(msgspec.structs.replace(MOMENT, series=only)), recent)}
    assert lines["sales-en"].pairs["handle"].new.value == 200
    assert lines["sales-en"].pairs["handle"].worse
    assert lines["sales-en"].pairs["answer"].new.value == 95


def test_a_difference_too_small_to_notice_is_the_same() -> None:
    """One contact more is not worse; twenty are; a lower service level is worse, a higher one better."""
    fresh = lambda value: Figure(value, fresh=True)  # noqa: E731 - a word for a test
    assert Pair(fresh(2), fresh(3), "count", least=3).word == "same"
    assert Pair(fresh(2), fresh(22), "count", least=3).word == "worse"
    assert Pair(fresh(0.8), fresh(0.7), "ratio", low=False).word == "worse"
    assert Pair(fresh(0.7), fresh(0.8), "ratio", low=False).word == "better"
    assert difference(Pair(fresh(2), fresh(22), "count"), NOW).text == "+20 worse"
    assert difference(Pair(Figure(2), fresh(22), "count"), NOW).text == "-"


NUMBER = st.none() | st.floats(0, 1e6)
FIGURE = st.builds(Figure, NUMBER, st.booleans(), st.none() | st.floats(0, 1e5))


@given(FIGURE, FIGURE, st.booleans(), st.sampled_from(["count", "seconds", "ratio", "score"]), st.booleans())
@settings(max_examples=300, deadline=None)
def test_nothing_is_called_worse_that_is_not_known_and_fresh_on_both_sides(old, new, low, unit, ascii_only) -> None:
    """Whatever the numbers: a word needs both of them fresh, and an old number is drawn in grey with its mark."""
    both = Pair(old, new, unit, low)
    known = old.value is not None and new.value is not None and old.fresh and new.fresh
    assert bool(both.word) == known
    glyphs = Glyphs(ascii=ascii_only)
    span = number(new, both, NOW, glyphs, new=True)
    if new.value is not None and not new.fresh:
        assert span.role == "stale"
        assert span.text.endswith(glyphs.old)
    assert (glyphs.up in span.text or glyphs.down in span.text) <= both.worse or ascii_only


@given(st.floats(0, 10), st.sampled_from([">", ">=", "<", "<="]), st.floats(0, 10), st.none() | st.floats(0, 10))
@settings(max_examples=200, deadline=None)
def test_a_number_is_past_a_limit_just_when_the_rule_would_say_so(value, operator, breach, warn) -> None:
    """The mark of a breach's limit follows the rule's own comparison, before a warning's."""
    compare = {">": value > breach, ">=": value >= breach, "<": value < breach, "<=": value <= breach}
    told = held_against(
        Pair(new=Figure(value, fresh=True)),
        [rule("r", "m", "", "ok", value, operator=operator, breach=breach, warn=warn)],
    )
    assert told.hard == compare[operator]
    assert held_against(Pair(new=Figure(value)), [rule("r", "m", "", "ok", value, breach=0.0)]).past is None


def test_ratios_of_several_series_are_not_averaged() -> None:
    """Two channels of one queue: their contacts add up, their ratios have no number and say why."""
    rows = [series("x", value, channel=channel) for value, channel in ((2.0, "voice"), (3.0, "chat"))]
    assert of(rows, "sum").value == 5
    assert of(rows, "max").value == 3
    one = of(rows, "one")
    assert one.value is None
    assert "not averaged" in one.why


def test_a_thousand_queues_make_a_thousand_lines() -> None:
    """No queue of the snapshot is left out, however many there are."""
    many = tuple(
        series("queue_contacts_waiting", i % 50, queue=f"q{i}", platform=platform)
        for i in range(1000)
        for platform in ("legacy", "target")
    )
    assert len(queues(msgspec.structs.replace(MOMENT, series=many, rules=()))) == 1000


async def test_what_the_snapshot_had_no_room_for_is_said() -> None:
    """When series are left out of the snapshot the frame says how many and what to raise."""
    app = terminal(Recorded(msgspec.structs.replace(MOMENT, series_left_out=3000)))
    async with app.run_test(size=(160, 40)) as pilot:
        assert "3000 series are not shown: raise web.series_limit" in await shown(app, pilot, "3")


async def test_a_daemon_that_remembers_nothing_still_shows_the_queues() -> None:
    """Without the daemon's memory the numbers of this moment stand there, and the window says nothing it does not know."""
    source = Recorded(MOMENT)
    source.answers.clear()
    app = terminal(source)
    async with app.run_test(size=(120, 40)) as pilot:
        seen = await shown(app, pilot, "3")
    assert "31▲" in seen
    assert "offered" not in seen
    assert msgspec.json.decode(msgspec.json.encode(RecentQueue(at=1.0)), type=RecentQueue).lines == ()
