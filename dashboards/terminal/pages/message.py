"""Raw messages of a collector, redacted: the one that brought a sample, those around an instant, or all that are kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from dashboards.terminal import paths
from dashboards.terminal.drawing.phrases import clock, span
from dashboards.terminal.drawing.spans import Column, Span, wrap
from dashboards.terminal.lookup import ONCE
from dashboards.terminal.pages.canvas import Canvas, Item, spelled
from dashboards.terminal.pages.inputs import short
from dashboards.terminal.subject import Subject
from monitor.intake.transcripts import Exchange, Kept

SAME = 0.5
"""Seconds between receipt of a sample and the note of its exchange within which one may have brought the other."""
_INSTANT = 1e-6
"""Seconds by which one instant may differ after its way through JSON."""
_LINES = 400
"""Lines of a message that are drawn."""


class Found(NamedTuple):
    """An exchange, and how surely it is the one."""

    exchange: Exchange
    exact: bool


def all_of(kept: Kept) -> list[Exchange]:
    """Every exchange that is kept, oldest first, none twice."""
    return sorted({(e.at, e.sent, e.got): e for e in (*kept.recent, *kept.failures)}.values(), key=lambda e: e.at)


def brought_by(exchanges: Sequence[Exchange], received: float, words: Collection[str] = ()) -> Found | None:
    """The exchange that brought a sample received then: of that very instant, else the nearest before it.

    Of several in a second a collector keeps one, so one that is noted within `SAME` after may stand for it as well. Of
    those that are equally near in time, one that names more of `words` (the sample's labels) comes first.
    None: every one that is kept is younger.
    """

    def likeness(exchange: Exchange) -> int:
        return sum(word in exchange.got or word in exchange.sent for word in words)

    exact = [e for e in exchanges if abs(e.at - received) < _INSTANT]
    if exact:
        return Found(max(exact, key=likeness), exact=True)
    near = [e for e in exchanges if abs(e.at - received) <= SAME]
    if near:
        return Found(max(near, key=lambda e: (likeness(e), -abs(e.at - received))), exact=False)
    before = [e for e in exchanges if e.at < received]
    return Found(before[-1], exact=False) if before else None


def sample_page(subject: Subject, canvas: Canvas) -> list[Item]:
    """The raw message behind one sample."""
    received = subject.at if subject.at is not None else canvas.view.now
    metric = short(subject.metrics[0]) if subject.metrics else ""
    items = canvas.fact("sample", f"{metric} {spelled(subject.labels)} of {subject.title} UTC", "strong")
    items += canvas.fact("received", f"{clock(received, parts=True)} UTC by {subject.source or 'nobody'}")
    if not subject.source:
        return [*items, *canvas.note("golive computed it from other series: go down to those")]
    answer = canvas.lookup.ask(paths.transcripts(subject.source), Kept, ONCE)
    if answer.value is None:
        return [*items, *_not_shown(canvas, answer.why, subject.source)]
    exchanges = all_of(answer.value)
    found = brought_by(exchanges, received, subject.labels.values())
    if found is None:
        oldest = f"; the oldest kept is of {clock(exchanges[0].at)} UTC" if exchanges else ""
        words = f"the message that brought it is no longer kept{oldest}. Newer samples of this series still have theirs"
        return [*items, *canvas.note(words, "notice"), *_rows(exchanges, subject.source, canvas)]
    away = span(abs(received - found.exchange.at)) if abs(received - found.exchange.at) >= 1 else "less than 1s"
    side = "before" if found.exchange.at < received else "after"
    sure = "this message brought it" if found.exact else f"the nearest message that is kept, {away} {side} it"
    return [*items, *canvas.fact("raw", sure, "ok" if found.exact else "notice"), *_whole(found.exchange, canvas)]


def message_page(subject: Subject, canvas: Canvas) -> list[Item]:
    """One exchange in full, or the list of all, around an instant where one is told."""
    answer = canvas.lookup.ask(paths.transcripts(subject.source), Kept, ONCE)
    kept = answer.value
    if kept is None:
        return _not_shown(canvas, answer.why, subject.source)
    exchanges = all_of(kept)
    one = next((e for e in exchanges if _key(subject.source, e) == subject.key), None)
    if one is not None:
        return [*canvas.fact("source", subject.source, "key"), *_whole(one, canvas)]
    items = canvas.fact("source", subject.source, "key")
    items += canvas.fact(
        "exchanges", f"{kept.seen:,} since golive began, {kept.failed:,} failed, {len(exchanges)} kept"
    )
    if subject.at is None:
        return [*items, *_rows(exchanges[::-1], subject.source, canvas)]
    after = [e for e in exchanges if e.at >= subject.at]
    before = [e for e in exchanges if e.at < subject.at]
    items += canvas.title(f"AFTER {clock(subject.at, parts=True)} UTC")
    items += _rows(after[::-1], subject.source, canvas) or canvas.note("none is kept")
    items += canvas.title("BEFORE IT")
    return [*items, *(_rows(before[::-1], subject.source, canvas) or canvas.note("none is kept any more"))]


def _key(source: str, exchange: Exchange) -> str:
    return f"{source} {exchange.at!r} {exchange.got_bytes}"


def _rows(exchanges: Sequence[Exchange], source: str, canvas: Canvas) -> list[Item]:
    columns = [Column("Time", 12), Column("Bytes", 8, right=True), Column("Fault", 0), Column("What came", 0)]
    return canvas.table(
        columns,
        (
            (
                [
                    Span(clock(e.at, parts=True)),
                    Span(f"{e.got_bytes:,}", "dim"),
                    Span(e.fault or "-", "fail" if e.fault else "dim"),
                    Span(e.got.partition("\n")[0]),
                ],
                Subject(kind="message", key=_key(source, e), title=clock(e.at, parts=True), source=source, at=e.at),
            )
            for e in exchanges
        ),
    )


def _whole(exchange: Exchange, canvas: Canvas) -> list[Item]:
    items = canvas.fact("noted", f"{clock(exchange.at, parts=True)} UTC, {exchange.got_bytes:,} bytes, secrets masked")
    items += canvas.fact("fault", exchange.fault, "fail")
    if exchange.sent:
        items += [*canvas.title("SENT"), *_text(exchange.sent, canvas)]
    items += [*canvas.title("CAME"), *(_text(exchange.got, canvas) or canvas.note("nothing"))]
    return items


def _text(text: str, canvas: Canvas) -> list[Item]:
    lines = [line for part in text.split("\n") for line in wrap(part, canvas.width, canvas.glyphs)]
    while lines and not any(span.text.strip() for span in lines[-1]):
        lines.pop()
    more = (
        canvas.note(f"and {len(lines) - _LINES} lines more: golive collector transcript") if len(lines) > _LINES else []
    )
    return [*(Item(line) for line in lines[:_LINES]), *more]


def _not_shown(canvas: Canvas, why: str, source: str) -> list[Item]:
    """One line: that it is not shown, why, and what to do."""
    if not why:
        return canvas.note("loading")
    if canvas.view.person is None:
        words = f"raw messages of {source} are for named people: start with --token-file FILE, or set GOLIVE_TOKEN"
        return canvas.note(words, "notice")
    return canvas.note(f"raw messages of {source} are not shown: {why}", "notice")
