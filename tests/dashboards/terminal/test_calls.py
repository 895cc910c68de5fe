"""Screen 2: where calls sound bad, since when, how bad; percentiles that cannot be had are not made up."""

from __future__ import annotations

import re

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.terminal.calls import CallLine, calls
from dashboards.terminal.drawing.calls import about, table
from dashboards.terminal.drawing.heat import beside, heat, worst
from dashboards.terminal.drawing.spans import Glyphs, line_cells, plain
from dashboards.terminal.view import View
from monitor.serving.recent_rows import HeatRow, RecentCalls, WorstCallRow
from tests.dashboards.terminal import recorded
from tests.dashboards.terminal.recorded_calls import GROUP, HEAT, MOMENT, SITES, TRUNKS, page, row
from tests.dashboards.terminal.recorded_queues import rule
from tests.dashboards.terminal.stage import Recorded, shown, terminal

PLAIN = Glyphs()
NOW = View(snapshot=MOMENT, now=recorded.AT)


def lines(answer: bytes = TRUNKS, by: str = "trunk", snapshot=MOMENT) -> dict[str, CallLine]:
    """Lines by group."""
    return {line.group: line for line in calls(snapshot, by, msgspec.json.decode(answer, type=RecentCalls))}


async def test_the_worst_trunk_is_one_key_away_with_its_map_and_worst_reports() -> None:
    """From the board `2` shows the worst trunk first, its rules, its scores minute by minute and its worst reports."""
    app = terminal(Recorded(MOMENT))
    async with app.run_test(size=(120, 40)) as pilot:
        seen = await shown(app, pilot, "2")
    first = next(part for part in seen.splitlines() if "sbc-fra-2" in part)
    assert re.search(r"BREACH +sbc-fra-2 +- +3\.31! +- +4\.11 +- +3\.1% +- +24ms!", first)
    assert "mos_target · 3.31 (bad < 3.60) · for 2m05s" in seen
    assert "WORST OF 85 REPORTS BELOW 3.6" in seen
    assert "01:59:51 2.1 new porto PCMU heard" in seen
    assert re.search(r"< 3\.6 +·+░", seen)


async def test_grouping_goes_through_the_labels_that_calls_have_here() -> None:
    """`r` asks for the next label and shows its groups with both platforms side by side."""
    app = terminal(Recorded(MOMENT))
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(app, pilot, "2", "r")
        await app.look()
        seen = await shown(app, pilot)
    assert "CALLS BY SITE 2" in seen
    assert re.search(r"porto +4\.02 +3\.31▼", seen)
    assert re.search(r"berlin +4\.00 +4\.02", seen)


async def test_directions_are_split_when_asked_for() -> None:
    """`d` asks the daemon for each direction and gives them a column."""
    source = Recorded(MOMENT)
    answer = page(
        "trunk", row("sbc-1", "target", direction="heard", mos_p10=2.0), row("sbc-1", "target", direction="sent")
    )
    source.answers["/api/v1/recent/calls/trunk?seconds=900&split=1"] = answer
    app = terminal(source)
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(app, pilot, "2", "d")
        await app.look()
        seen = await shown(app, pilot)
    assert "Direction" in seen
    assert re.search(r"sbc-1 +heard +- +2\.00", seen)
    assert re.search(r"sbc-1 +sent +- +4\.02", seen)


async def test_without_the_daemons_memory_no_percentile_is_made_up() -> None:
    """The groups stand there with the state of their rules and `-` for every number, and the frame says why."""
    source = Recorded(MOMENT)
    source.answers.clear()
    app = terminal(source)
    async with app.run_test(size=(120, 40)) as pilot:
        seen = await shown(app, pilot, "2")
    assert re.search(r"BREACH +sbc-fra-2 +- +- +- +-", seen)
    assert "nothing is at" in seen
    assert "how it went: not known yet" in seen


async def test_enter_goes_down_to_the_trunk_and_its_scores() -> None:
    """Enter on a trunk opens its details, its scores first."""
    app = terminal(Recorded(MOMENT))
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(app, pilot, "2", "enter")
        subject = app.place.trail[-1]
    assert (subject.kind, subject.labels, subject.metrics) == ("trunk", {"trunk": "sbc-fra-2"}, ("golive_media_mos",))


def test_a_group_whose_methods_cannot_be_compared_has_a_dash_and_the_reason() -> None:
    """No score, and below it why."""
    lab = lines()["lab"]
    assert lab.pairs["mos"].new.value is None
    text = "\n".join(plain(part) for part in about(lab, GROUP, 120, NOW, PLAIN))
    assert "no score: 2 methods of scoring, which cannot be compared" in text


def test_a_silent_old_trunk_is_stale_and_a_drained_old_side_does_not_hide_the_new_one() -> None:
    """A group that only the old platform has is as stale as that; where the new one speaks its state counts."""
    assert lines()["pstn-old-a"].state == "stale"
    answer = page("site", row("porto", "target"), row("porto", "legacy", stale=True, age=300.0))
    porto = lines(answer, "site")["porto"]
    assert porto.state == "unjudged"
    assert porto.age == 6.0
    assert not porto.pairs["mos"].old.fresh
    assert porto.worse == []


def test_trunks_that_calls_were_moved_away_from_do_not_stand_before_those_that_carry_them() -> None:
    """A drained old trunk is shown as stale, behind what is judged and OK; a new one that fell silent stands before it."""
    answer = page(
        "trunk",
        row("old", "legacy", stale=True, age=300.0),
        row("sbc-fra-1", "target"),
        row("silent", "target", stale=True, age=300.0),
    )
    order = [line.group for line in calls(MOMENT, "trunk", msgspec.json.decode(answer, type=RecentCalls))]
    assert order == ["silent", "sbc-fra-1", "old"]
    assert lines(answer)["old"].state == "stale"


def test_limits_of_rules_that_judge_by_another_label_are_marked_and_named() -> None:
    """By site no rule judges, yet a number past the limit of the trunks' rule is marked, and the rule is named."""
    snapshot = msgspec.structs.replace(
        MOMENT,
        rules=(rule("loss_target", "media_packet_loss_ratio", "trunk=sbc-1", "ok", 0.0, warn=0.005, breach=0.01),),
    )
    porto = lines(SITES, "site", snapshot)["porto"]
    assert porto.pairs["loss"].hard
    text = plain(about(porto, None, 120, NOW, PLAIN)[0])
    assert text == "past the limits of loss_target; no rule judges by site"


def test_a_limit_is_only_held_against_the_figure_that_its_rule_is_about() -> None:
    """The limit of a tenth percentile marks the tenth percentile, not the median."""
    bad = lines()["sbc-fra-2"]
    assert bad.pairs["mos"].hard
    assert bad.pairs["median"].past is None


def test_how_many_reports_there_are_is_neither_good_nor_bad() -> None:
    """Counts are compared by nobody."""
    porto = lines(SITES, "site")["porto"]
    assert porto.pairs["reports"].word == ""
    assert porto.pairs["mos"].word == "worse"


def test_the_table_is_called_by_its_grouping_and_splits_when_asked() -> None:
    """Files and filters know the column by the label's name."""
    names = [field.name for field in table("device", split=True).fields]
    assert table("device", split=True).name == "calls-by-device"
    assert names[:3] == ["state", "device", "direction"]
    assert "direction" not in [field.name for field in table("device", split=False).fields]


COUNTS = st.lists(st.tuples(*(st.integers(0, 9) for _ in range(4))), min_size=1, max_size=40)


@given(COUNTS, st.integers(30, 120), st.booleans())
@settings(max_examples=200, deadline=None)
def test_the_map_has_one_cell_a_minute_and_tells_silence_from_none(columns, width, ascii_only) -> None:
    """Any counts: a minute without reports is empty in every band, one with reports is not where they fell; lines fit."""
    glyphs = Glyphs(ascii=ascii_only)
    made = HeatRow(platform="target", bands=(4.3, 4.0, 3.6), step=60.0, cells=tuple(zip(*columns, strict=True)), p10=())
    drawn = heat(made, width, glyphs)
    assert len(drawn) == 5
    assert all(line_cells(part) <= width for part in drawn)
    room = max(4, width - 17)
    kept = columns[-room:]
    for band, part in enumerate(drawn[1:]):
        shades = part[1].text
        assert len(shades) == len(kept)
        for counts, shade in zip(kept, shades, strict=True):
            if sum(counts) == 0:
                assert shade == " "
            elif counts[band]:
                assert shade.strip()
                assert shade != "·"
    if ascii_only:
        assert all(part[1].text.isascii() for part in drawn[1:])


def test_the_share_of_the_newest_minute_stands_behind_each_band() -> None:
    """The last column in words: 22 of 41 reports below 3.6."""
    assert plain(heat(HEAT, 60, PLAIN)[4]).endswith("54% now")


def test_the_worst_reports_name_place_and_time_and_no_caller() -> None:
    """A line says when, how bad and where, without the label that the table is grouped by."""
    rows = (
        WorstCallRow(
            at=recorded.AT, mos=1.94, labels={"platform": "target", "trunk": "t", "site": "porto", "method": "g107"}
        ),
    )
    drawn = [plain(part) for part in worst(rows, 1, "trunk", 60, PLAIN, most=4)]
    assert drawn[1] == "02:00:00 1.9 new porto"
    assert "none below 3.6" in plain(worst((), 0, "trunk", 60, PLAIN, most=4)[0])


def test_blocks_stand_side_by_side_without_touching() -> None:
    """Two maps and a list: each begins in its own column, shorter ones leave room."""
    drawn = [plain(part) for part in beside([heat(HEAT, 47, PLAIN), worst((), 0, "trunk", 47, PLAIN, most=4)], 47)]
    assert len(drawn) == 5
    assert drawn[0].index("WORST REPORTS") == 49


async def test_hostile_group_names_reach_no_screen_as_anything_but_text() -> None:
    """Names that an answer brings are cleaned at the terminal as those of a snapshot are."""
    source = Recorded(MOMENT)
    evil = "a\x1b]0;owned\x07b[@click=app.leave]x[/]\u202e漢"
    source.answers["/api/v1/recent/calls/trunk?seconds=900"] = page("trunk", row(evil, "target"))
    app = terminal(source)
    async with app.run_test(size=(120, 40)) as pilot:
        seen = await shown(app, pilot, "2", "y", "slash", "=x", "enter")
    assert "\x1b" not in seen
    assert "\x1b" not in app.clipboard
    assert "[@click=app.leave]x[/]" in seen
