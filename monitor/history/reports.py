"""Weeks from before golive ran, out of the reports of a PBX: a CSV file into slots, or every row that is wrong. Pure."""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from monitor.documents.finding import Finding, Place, bounded, listed, quoted, whole
from monitor.history.archive import Origin, Slot
from monitor.history.calendar import Calendar
from monitor.history.figures import Figure
from monitor.judging.baseline import SLOT
from monitor.model import Labels, Metric
from monitor.text import clean_label
from monitor.units import parse_number, spell_duration

MOST_ROWS = 500_000
"""Rows of one file: some hundred groups over the weeks that are kept."""
THIN, OLD = "too thin", "too old"
_START = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(?::\d{2})?(?:[Zz]|[+-]\d{2}:\d{2})?", re.ASCII)
_COUNT = re.compile(r"\d{1,15}", re.ASCII)
_YEARS = (2000, 2199)
_DELIMITERS = (",", ";", "\t")
_COLUMNS = ("start", "value", "samples")
_EXAMPLE = "write such as 2026-02-21 09:15, or with its offset 2026-02-21T09:15:00+01:00"


class Form(NamedTuple):
    """What a file is read by."""

    figure: Figure
    calendar: Calendar
    low: float
    high: float
    step: float
    """Seconds of a row: a quarter hour, or two or four of them."""
    now: float
    oldest: float
    """Unix seconds before which nothing is kept."""


@dataclass(slots=True)
class Report:
    """What a file held."""

    slots: list[Slot] = field(default_factory=list)
    findings: tuple[Finding, ...] = ()
    """Every row that is wrong; with one of them nothing is imported."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Sound rows that make no slots, by reason."""
    ignored: tuple[str, ...] = ()
    """Columns that nobody asked for."""
    rows: int = 0


def bounds(figure: Figure, metric: Metric) -> tuple[float, float]:
    """Least and greatest value that the figure can have."""
    estimator = figure.rule.estimator
    if estimator == "wilson":
        return 0.0, 1.0
    return (0.0, math.inf) if estimator in ("ratio", "rate", "increase") else (metric.low, metric.high)


def read(text: str, file: str, form: Form) -> Report:
    """Read a whole file; any text gives a report."""
    text = text.removeprefix("\ufeff")
    first = text[: text.find("\n")] if "\n" in text else text
    if not first.strip():
        return Report(findings=(whole(file, "has no header", f"begin with: {','.join(header_of(form.figure))}"),))
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=first.count), strict=True)
    try:
        header = [name.strip().lower() for name in next(rows)]
    except csv.Error as error:
        return Report(findings=(Place(file, 1, 1).finding(str(error), "write plain CSV"),))
    wrong = _header(header, Place(file, 1, 1), form.figure)
    if wrong:
        return Report(findings=tuple(wrong))
    return _Rows(file, header, form).read(rows)


def header_of(figure: Figure) -> tuple[str, ...]:
    """The columns that a file needs."""
    return (*_COLUMNS, *figure.by)


def _header(header: Sequence[str], place: Place, figure: Figure) -> list[Finding]:
    needed = header_of(figure)
    found = [
        place.finding(f"there is no column {quoted(name)}", f"the columns are {listed(needed)}")
        for name in needed
        if name.lower() not in header
    ]
    twice = [name for name, count in Counter(header).items() if count > 1 and name in needed]
    return found + [place.finding(f"the column {quoted(name)} stands twice", "keep one of them") for name in twice]


class _WrongError(ValueError):
    """A row that cannot be taken."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what, self.hint = what, hint


class _Rows:
    """Row by row; one that is wrong is noted and the next one is read."""

    def __init__(self, file: str, header: Sequence[str], form: Form) -> None:
        self.file = file
        self.form = form
        self.at = {name: number for number, name in enumerate(header)}
        self.width = len(header)
        needed = {name.lower() for name in header_of(form.figure)}
        self.report = Report(ignored=tuple(name for name in header if name and name not in needed))
        self.lines: dict[tuple[Labels, int], int] = {}
        self.findings: list[Finding] = []

    def read(self, rows: Iterator[list[str]]) -> Report:
        """Read all rows."""
        number = 1
        while True:
            try:
                cells = next(rows, None)
                number = rows.line_num  # type: ignore[attr-defined] # csv.reader has it
                if cells is None:
                    break
                if any(cell.strip() for cell in cells):
                    self._row(cells, number)
            except csv.Error as error:
                number = rows.line_num  # type: ignore[attr-defined] # the same
                self._wrong(number, str(error), "write plain CSV: quotes in pairs, one row a line")
            except _WrongError as error:
                self._wrong(number, error.what, error.hint)
            if self.report.rows > MOST_ROWS:
                self._wrong(number, f"more than {MOST_ROWS:,} rows", "split the file; imports add up")
                break
        if not self.report.rows and not self.findings:
            self._wrong(1, "there are no rows below the header", "write one for each quarter hour and group")
        self.report.findings = bounded(self.findings)
        return self.report

    def _wrong(self, line: int, what: str, hint: str) -> None:
        self.findings.append(Place(self.file, line, 1).finding(what, hint))

    def _row(self, cells: Sequence[str], line: int) -> None:
        self.report.rows += 1
        if len(cells) != self.width:
            raise _WrongError(
                f"the row has {len(cells)} cells, the header {self.width}",
                "put text with the delimiter in quotes; decimals have a point",
            )
        start = self._start(cells[self.at["start"]].strip())
        value = self._value(cells[self.at["value"]].strip())
        samples = cells[self.at["samples"]].strip()
        if not _COUNT.fullmatch(samples):
            raise _WrongError(
                f"samples {quoted(samples)} is no count", "write how many contacts it is made of, such as 42"
            )
        scope = self._scope(cells)
        self._slots(line, scope, start, value, int(samples))

    def _start(self, text: str) -> int:
        """When the row begins, unix seconds."""
        if not _START.fullmatch(text):
            raise _WrongError(f"start {quoted(text)} is no time", _EXAMPLE)
        try:
            stated = datetime.fromisoformat(text.upper())
        except ValueError as error:
            raise _WrongError(f"start {quoted(text)} is no time: {error}", _EXAMPLE) from error
        if not _YEARS[0] <= stated.year <= _YEARS[1]:
            raise _WrongError(f"start {quoted(text)} is in no year that a report is about", _EXAMPLE)
        calendar, minutes = self.form.calendar, round(self.form.step / 60)
        if stated.tzinfo is not None:
            start = int(stated.timestamp())
            wall = calendar.local(start)
        else:
            start, wall = self._instant(text, stated), stated
        if wall.minute % minutes or stated.second or start % int(SLOT):
            raise _WrongError(
                f"start {quoted(text)} is not the beginning of {spell_duration(self.form.step)}",
                "rows begin on the grid of --interval",
            )
        return start

    def _instant(self, text: str, wall: datetime) -> int:
        """The instant of a time without an offset, by the clock of the cutover."""
        instants = self.form.calendar.instants(wall)
        place = self.form.calendar.timezone
        if not instants:
            what = f"start {quoted(text)} never was in {place}: the clock was set forward over it"
            raise _WrongError(what, "write the time with its offset, or leave the row out")
        if len(instants) > 1:
            hours = listed(self.form.calendar.local(start).isoformat() for start in instants)
            raise _WrongError(
                f"start {quoted(text)} was twice in {place}, when the clock was set back", f"write which: {hours}"
            )
        return instants[0]

    def _value(self, text: str) -> float:
        try:
            value = parse_number(text)
        except ValueError as error:
            hint = "leave the row out where there was no number; decimals have a point"
            raise _WrongError(f"value {error}", hint) from error
        low, high = self.form.low, self.form.high
        if not low <= value <= high:
            raise _WrongError(
                f"value {quoted(text)} cannot be: {self.form.figure.text} lies between {low:g} and {high:g}",
                "values are in base units: seconds, shares from 0 to 1 or with a % sign",
            )
        return value

    def _scope(self, cells: Sequence[str]) -> Labels:
        pairs = []
        for name in self.form.figure.by:
            text = cells[self.at[name.lower()]].strip()
            if not text:
                raise _WrongError(
                    f"the column {quoted(name)} is empty", "write the group's name as its series carry it"
                )
            pairs.append((name, str(clean_label(text))))
        return tuple(sorted(pairs))

    def _slots(self, line: int, scope: Labels, start: int, value: float, samples: int) -> None:
        form, report = self.form, self.report
        if start + form.step > form.now:
            raise _WrongError("the row is not over yet", "import what is past; golive records the rest itself")
        first = self.lines.setdefault((scope, start), line)
        if first != line:
            shown = ", ".join(f"{name}={text}" for name, text in scope)
            raise _WrongError(
                f"this time{f' of {shown}' if shown else ''} stands in line {first} already", "keep one of them"
            )
        parts = round(form.step / SLOT)
        if start < form.oldest:
            report.left_out[OLD] += 1
        elif samples // parts < form.figure.least:
            report.left_out[THIN] += 1
        else:
            share = value / parts if form.figure.rule.estimator == "increase" else value
            for part in range(parts):
                begun = start + part * int(SLOT)
                report.slots.append(
                    Slot(form.figure.name, form.figure.text, scope, begun, share, samples // parts, Origin.IMPORTED)
                )
