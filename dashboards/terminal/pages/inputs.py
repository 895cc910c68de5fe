"""The series behind a number, as rows that lead to their samples."""

from __future__ import annotations

from collections.abc import Iterable

from dashboards.terminal.drawing.marks import QUALITIES, mark, mark_width, shown
from dashboards.terminal.drawing.phrases import age, clock
from dashboards.terminal.drawing.spans import Column, Span
from dashboards.terminal.pages.canvas import Canvas, Item, spelled
from dashboards.terminal.subject import Subject
from monitor.serving.detail_rows import InputRow, InputsPage
from monitor.units import format_value

_WIDE = 90


def of_series(row: InputRow) -> Subject:
    """A series, named in full."""
    return Subject(
        kind="series",
        key=f"{row.metric} {spelled(row.labels)}".rstrip(),
        title=f"{short(row.metric)} {spelled(row.labels)}".rstrip(),
        metrics=(row.metric,),
        labels=row.labels,
        source=row.sources[0] if len(row.sources) == 1 else "",
    )


def short(metric: str) -> str:
    """A metric without what all have in common."""
    return metric.removeprefix("golive_")


def value_words(value: float | None, unit: str) -> str:
    """A number as a person reads it; an instant as a time of day, with its date."""
    if unit != "timestamp" or value is None:
        return format_value(value, unit)
    return clock(value, date=True)


def series_items(canvas: Canvas, path: str, title: str = "SERIES BEHIND IT") -> list[Item]:
    """A heading and the series that the daemon names at this path; why there are none, otherwise."""
    answer = canvas.lookup.ask(path, InputsPage)
    page = answer.value
    if page is None:
        return [*canvas.title(title), *canvas.pending(answer)]
    if not page.series:
        return [*canvas.title(title), *canvas.note("none was ever heard")]
    more = canvas.note(f"and {page.left_out} more: filter by a label to see them") if page.left_out else []
    return [*canvas.title(title), *table(canvas, page.series), *more]


def table(canvas: Canvas, rows: Iterable[InputRow]) -> list[Item]:
    """One row a series: how fresh, which, value, age, by whom."""
    wide = canvas.width >= _WIDE
    columns = [Column("State", mark_width(canvas.glyphs, 6)), Column("Metric", 0), Column("Labels", 0)]
    columns += [Column("Value", 9, right=True), Column("Age", 6, right=True)]
    columns += [Column("Source", 20)] if wide else []

    def cells(row: InputRow) -> list[Span]:
        old = None if row.age is None else row.age + canvas.view.behind
        dark = row.quality != "fresh" or canvas.view.gone
        made = [
            shown(mark(QUALITIES, row.quality), canvas.glyphs),
            Span(short(row.metric)),
            Span(spelled(row.labels) or "-"),
            Span(value_words(row.value, row.unit), "stale" if dark else "strong"),
            Span(age(old), "stale" if dark else "dim"),
        ]
        return [*made, Span(", ".join(row.sources) or "computed", "key")] if wide else made

    return canvas.table(columns, ((cells(row), of_series(row)) for row in rows))
