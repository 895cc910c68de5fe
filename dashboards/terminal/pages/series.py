"""One series: its newest samples as they came, each leading to its raw message, and the buckets that rules read."""

from __future__ import annotations

from dashboards.terminal import paths
from dashboards.terminal.drawing.marks import QUALITIES, mark, shown
from dashboards.terminal.drawing.phrases import age, clock, span
from dashboards.terminal.drawing.spans import Column, Span
from dashboards.terminal.pages.canvas import Canvas, Item, spelled
from dashboards.terminal.pages.inputs import value_words
from dashboards.terminal.subject import Subject
from monitor.serving.detail_rows import InputRow, SampleRow, SamplesPage

_BUCKETS = 30


def series_page(subject: Subject, canvas: Canvas) -> list[Item]:
    """What the daemon has of it, newest first."""
    metric = subject.metrics[0] if subject.metrics else ""
    answer = canvas.lookup.ask(paths.samples(metric, subject.labels), SamplesPage)
    page = answer.value
    if page is None:
        return [*canvas.fact("series", subject.title, "strong"), *canvas.pending(answer)]
    row = page.series
    items = canvas.fact("metric", row.metric, "strong")
    items += canvas.fact("labels", spelled(row.labels) or "none")
    items += canvas.fact("source", ", ".join(row.sources) or "computed by golive from other series", "key")
    items += _newest(row, canvas)
    items += canvas.title("SAMPLES AS THEY CAME, newest first: enter shows the raw message")
    items += _samples(page, canvas)
    items += _reach(page, canvas)
    return [*items, *_buckets(page, canvas)]


def _newest(row: InputRow, canvas: Canvas) -> list[Item]:
    state = mark(QUALITIES, row.quality)
    old = None if row.at is None else canvas.view.now - row.at
    stale = f", stale from {span(row.stale_after)} on" if row.stale_after is not None else ""
    words = f"{shown(state, canvas.glyphs).text} {value_words(row.value, row.unit)}, {age(old)} old{stale}"
    return canvas.fact("newest", words, state.role)


def _samples(page: SamplesPage, canvas: Canvas) -> list[Item]:
    if not page.samples:
        return canvas.note("none is kept as it came")
    columns = [Column("Time", 12), Column("Age", 6, right=True), Column("Received", 9, right=True)]
    columns += [Column("Value", 10, right=True), Column("Quality", 0), Column("Source", 0)]
    return canvas.table(columns, ((_cells(row, page, canvas), of_sample(row, page.series)) for row in page.samples))


def _cells(row: SampleRow, page: SamplesPage, canvas: Canvas) -> list[Span]:
    late = row.received - row.at
    return [
        Span(clock(row.at, parts=True)),
        Span(age(canvas.view.now - row.at), "dim"),
        Span(f"{late:+.1f}s" if abs(late) < 100 else f"{'+' if late > 0 else '-'}{span(abs(late))}", "dim"),  # noqa: PLR2004 - three digits
        Span(value_words(row.value, page.series.unit), "stale" if row.refused else "strong"),
        Span(f"refused: {row.refused.replace('_', ' ')}" if row.refused else "taken", "warn" if row.refused else "ok"),
        Span(row.source, "key"),
    ]


def of_sample(row: SampleRow, series: InputRow) -> Subject:
    """A sample, by the message that brought it."""
    return Subject(
        kind="sample",
        key=f"{series.metric} {spelled(series.labels)} {row.received!r} {row.at!r}",
        title=clock(row.at, parts=True),
        metrics=(series.metric,),
        labels=series.labels,
        source=row.source,
        at=row.received,
    )


def _reach(page: SamplesPage, canvas: Canvas) -> list[Item]:
    if page.reach is None:
        words = "all samples since golive began are here or in the buckets below"
    else:
        words = f"complete from {clock(page.reach)} UTC on; what came before was let go"
    return canvas.note(words + ("; every sample is on disk as well" if page.recorded else ""))


def _buckets(page: SamplesPage, canvas: Canvas) -> list[Item]:
    if not page.buckets:
        return []
    unit = page.series.unit
    columns = [Column("From", 9), Column("Samples", 7, right=True), Column("Mean", 9, right=True)]
    columns += [Column("Least", 9, right=True), Column("Greatest", 9, right=True), Column("Last", 9, right=True)]
    rows = (
        (
            [
                Span(clock(row.begins)),
                Span(str(row.samples)),
                *(Span(value_words(value, unit)) for value in (row.mean, row.least, row.greatest, row.last)),
            ],
            None,
        )
        for row in page.buckets[:_BUCKETS]
    )
    title = f"AS RULES READ IT: BUCKETS OF {span(page.width)}, newest first; - is not kept, no rule asks for it"
    return [*canvas.title(title), *canvas.table(columns, rows)]
