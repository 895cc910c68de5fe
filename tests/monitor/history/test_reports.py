"""Reports of the old platform: every sound row a slot, every wrong row named by its line, and nothing in between."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.history.archive import Origin
from monitor.history.calendar import Calendar
from monitor.history.figures import figures
from monitor.history.reports import OLD, THIN, Form, Report, bounds, read
from monitor.judging.rules import Rule
from tests.monitor.history.world import wait
from tests.monitor.judging.rig import ALL, GAUGE, SHARE

NOW = datetime(2026, 12, 5, tzinfo=UTC).timestamp()
OLDEST = NOW - 8 * 7 * 86_400
HEAD = "start,queue,value,samples\n"


def report(text: str, rule: Rule | None = None, step: float = 900.0, place: str = "Europe/Lisbon") -> Report:
    figure = figures([rule or wait(min_count=5)], [SHARE])[0]
    low, high = bounds(figure, ALL if figure.rule.estimator == "increase" else GAUGE)
    return read(text, "r.csv", Form(figure, Calendar(place), low, high, step, NOW, OLDEST))


def said(text: str, **more: object) -> list[str]:
    made = report(text, **more)  # type: ignore[arg-type] # a test's words
    assert made.findings, "nothing was found wrong"
    return [str(finding) for finding in made.findings]


def test_a_row_is_a_slot() -> None:
    """Local time becomes an instant, a value with its unit a number, the columns of `by` the group."""
    made = report(HEAD + "2026-11-28 09:15,sales,90ms,42\n2026-11-28T09:30:00+01:00,support,12.5,7\n")
    assert made.findings == ()
    assert [(s.scope[0][1], s.start, s.value, s.samples, s.origin) for s in made.slots] == [
        ("sales", datetime(2026, 11, 28, 9, 15, tzinfo=UTC).timestamp(), 0.09, 42, Origin.IMPORTED),
        ("support", datetime(2026, 11, 28, 8, 30, tzinfo=UTC).timestamp(), 12.5, 7, Origin.IMPORTED),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_spreadsheets_write_is_read(delimiter: str) -> None:
    """A byte order mark, any usual delimiter, quotes, empty lines, further columns, any order, any line ends."""
    lines = (
        ["\ufeffAgent Group", "SAMPLES", "value", "start", "queue"],
        ['"a"', "9", "3", '"2026-11-28 09:15"', "sales"],
    )
    made = report("\r\n".join(delimiter.join(line) for line in lines) + "\r\n\r\n")
    assert made.findings == ()
    assert (made.rows, len(made.slots), made.ignored) == (1, 1, ("agent group",))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("28.11.2026 09:15,sales,3,9", "start '28.11.2026 09:15' is no time; write such as 2026-02-21 09:15"),
        ("2026-02-30 09:15,sales,3,9", "start '2026-02-30 09:15' is no time: day is out of range for month"),
        ("2026-11-28 09:07,sales,3,9", "start '2026-11-28 09:07' is not the beginning of 15m"),
        ("2026-11-28 09:15:30,sales,3,9", "is not the beginning of 15m"),
        ("0001-01-01 09:15,sales,3,9", "is in no year that a report is about"),
        (
            "2026-10-25 01:15,sales,3,9",
            "was twice in Europe/Lisbon, when the clock was set back; write which: 2026-10-25T",
        ),
        ("2026-03-29 01:15,sales,3,9", "never was in Europe/Lisbon: the clock was set forward over it"),
        ("2026-11-28 09:15,sales,,9", "value '' is not a finite number"),
        ("2026-11-28 09:15,sales,nan,9", "value 'nan' is not a finite number"),
        ("2026-11-28 09:15,sales,-1,9", "value '-1' cannot be: mean of golive_x_seconds"),
        ("2026-11-28 09:15,sales,1001,9", "lies between 0 and 1000; values are in base units"),
        ("2026-11-28 09:15,sales,3,-9", "samples '-9' is no count"),
        ("2026-11-28 09:15,sales,3,9.5", "samples '9.5' is no count"),
        ("2026-11-28 09:15,,3,9", "the column 'queue' is empty"),
        ("2026-11-28 09:15,sales,3,5,9", "the row has 5 cells, the header 4; put text with the delimiter in quotes"),
        ("2026-12-05 00:00,sales,3,9", "the row is not over yet"),
        ('2026-11-28 09:15,"sales,3,9', "write plain CSV"),
    ],
)
def test_a_wrong_row_is_named_with_its_line(row: str, words: str) -> None:
    """file:line, what, and what to do; the rows around it are sound."""
    found = said(HEAD + "2026-11-28 08:00,sales,3,9\n" + row + "\n")
    assert len(found) == 1
    assert found[0].startswith("r.csv:3:1: ")
    assert words in found[0]


def test_every_wrong_row_is_named_at_once() -> None:
    """Not one at a time, import after import."""
    found = said(
        HEAD + "x,sales,3,9\n2026-11-28 09:15,sales,3,9\n2026-11-28 09:30,sales,y,9\n2026-11-28 09:15,sales,4,9\n"
    )
    assert [line.split(":")[1] for line in found] == ["2", "4", "5"]
    assert "this time of queue=sales stands in line 3 already; keep one of them" in found[2]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "r.csv: has no header; begin with: start,value,samples,queue"),
        ("\n\n", "r.csv: has no header"),
        (
            "start,value,samples\n",
            "r.csv:1:1: there is no column 'queue'; the columns are start, value, samples or queue",
        ),
        ("start,value,value,samples,queue\n", "the column 'value' stands twice"),
        (HEAD, "there are no rows below the header"),
    ],
)
def test_a_file_that_is_no_report_is_told(text: str, words: str) -> None:
    """What is missing, and what a report begins with."""
    assert any(words in line for line in said(text))


def test_thin_and_old_rows_make_no_slots_and_are_counted() -> None:
    """Three calls at three in the morning are no mistake, and no baseline either."""
    made = report(HEAD + "2026-11-28 03:00,sales,3,4\n2026-11-28 03:15,sales,3,5\n2025-11-28 03:15,sales,3,50\n")
    assert made.findings == ()
    assert (len(made.slots), dict(made.left_out)) == (1, {THIN: 1, OLD: 1})


def test_longer_rows_are_parted_into_quarter_hours() -> None:
    """Of an hour each quarter has the same mean, a quarter of the samples, and a quarter of an increase."""
    mean = report(HEAD + "2026-11-28 09:00,sales,8,42\n", step=3600.0)
    assert [(s.start % 3600, s.value, s.samples) for s in mean.slots] == [(q * 900, 8.0, 10) for q in range(4)]
    many = wait(metric=ALL.name, estimator="increase", min_count=10)
    grown = report(HEAD + "2026-11-28 09:30,sales,90,42\n", many, step=1800.0)
    assert [(s.value, s.samples) for s in grown.slots] == [(45.0, 21), (45.0, 21)]
    assert "is not the beginning of 30m" in said(HEAD + "2026-11-28 09:15,sales,8,42\n", step=1800.0)[0]


def test_a_share_may_be_written_in_percent_and_is_never_more_than_all() -> None:
    """8 % is 0.08; 140 % of contacts abandoned is a mistake of the report."""
    share = wait(metric="", signal="share", estimator="wilson")
    assert report(HEAD + "2026-11-28 09:00,sales,8%,42\n", share).slots[0].value == 0.08
    assert "lies between 0 and 1" in said(HEAD + "2026-11-28 09:00,sales,140%,42\n", rule=share)[0]


CELL = st.sampled_from(
    ["2026-11-28 09:15", "2026-10-25 01:15", "sales", "3", "9", '"', "é", "\x00", "\u2028", "", "1e999"]
)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60) | st.lists(st.lists(CELL, max_size=5).map(",".join), max_size=8).map("\n".join))
def test_any_text_is_slots_or_located_findings(body: str) -> None:
    """Whatever a file holds, it is read to its end: each row is a slot, left out, or found wrong on a line that is there."""
    made = report(HEAD + body)
    assert bool(made.findings) or len(made.slots) + made.left_out.total() == made.rows
    assert all(0 <= finding.line <= body.count("\n") + body.count("\r") + 2 for finding in made.findings)
    assert report(HEAD + body).slots == made.slots
