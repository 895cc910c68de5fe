"""Integrations: the strip of results, the bar of phases, the table's fields, what is said below one row. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dashboards.terminal.drawing.marks import INTEGRATIONS, mark, mark_width, shown
from dashboards.terminal.drawing.phrases import clock, countdown, span
from dashboards.terminal.drawing.spans import Glyphs, Line, Span, clip, join, wrap
from dashboards.terminal.drawing.table import Field, Table
from dashboards.terminal.query import Value
from dashboards.terminal.view import View
from monitor.serving.integration_rows import FAILED, NOTHING, SLOW, IntegrationRow
from monitor.units import format_duration, format_value

RESULTS = 40
PHASES = (("dns", "d"), ("connect", "c"), ("tls", "t"), ("first_byte", "f"), ("body", "b"))
"""Phases in the order in which they happen, each with the letter that it has in the bar."""
_DAY = 86400.0
_SOON = 14 * _DAY
"""A certificate that ends sooner is a warning."""
_LABEL = 11


def title(row: IntegrationRow) -> str:
    """What it is called: of a probe with its platform, as both platforms have one of the same name."""
    return f"{row.name} {row.labels.get('platform', '')}".rstrip()


def state_of(row: IntegrationRow, view: View) -> str:
    """Its state; while the daemon is gone nothing that is shown is the present."""
    return "stale" if view.gone else row.state


def strip(row: IntegrationRow, glyphs: Glyphs) -> str:
    """The newest results, newest last, right-aligned: `.` good, `w` slow, `x` failed, hollow: nobody can say."""
    hollow = "o" if glyphs.ascii else "◌"
    return row.results[-RESULTS:].replace(NOTHING, hollow).rjust(RESULTS)


def _strip_span(row: IntegrationRow, view: View, glyphs: Glyphs) -> Span:
    newest = row.results[-1:]
    role = {FAILED: "fail", SLOW: "warn", NOTHING: "stale"}.get(newest, "")
    return Span(strip(row, glyphs), "stale" if view.gone else role)


def bar(phases: Mapping[str, float], width: int) -> str:
    """Where the time of a round went, one letter a phase, each at least one cell of the whole; empty without any."""
    known = [(letter, phases[name]) for name, letter in PHASES if phases.get(name, 0.0) > 0]
    total = sum(seconds for _, seconds in known)
    if not known or total <= 0 or width < len(known):
        return ""
    rest = width - len(known)
    cells = [1 + int(rest * seconds / total) for _, seconds in known]
    cells[max(range(len(known)), key=lambda i: known[i][1])] += width - sum(cells)
    return "".join(letter * count for (letter, _), count in zip(known, cells, strict=True))


def phase_words(phases: Mapping[str, float]) -> str:
    """Each phase with its time, in their order."""
    return ", ".join(
        f"{letter} {name.replace('_', ' ')} {format_value(phases[name], 'seconds')}"
        for name, letter in PHASES
        if name in phases
    )


def _text(
    name: str, title: str, width: int, read: Callable[[IntegrationRow], str], rank: int, role: str = ""
) -> Field[IntegrationRow]:
    return Field(name, title, read, lambda row, _v, _g: Span(read(row) or "-", role), width, rank=rank, worded=True)


def _left(at: float | None, view: View) -> str:
    if at is None:
        return "-"
    left = at - view.now
    return f"in {span(left)}" if left >= 1 else "now"


def _expiry(row: IntegrationRow, view: View, _glyphs: Glyphs) -> Span:
    if row.tls_expires_at is None:
        return Span("-", "dim")
    left = row.tls_expires_at - view.now
    if left <= 0:
        return Span("expired", "fail")
    return Span(f"{int(left / _DAY)}d" if left >= _DAY else span(left), "warn" if left < _SOON else "dim")


def _number(value: float | None, unit: str, role: str = "") -> Span:
    return Span(format_value(value, unit), role if value is not None else "dim")


def _state(row: IntegrationRow, view: View, glyphs: Glyphs) -> Span:
    return shown(mark(INTEGRATIONS, state_of(row, view)), glyphs)


def _rank(row: IntegrationRow) -> Value:
    return float(mark(INTEGRATIONS, row.state).rank)


def _error(row: IntegrationRow, _view: View, _glyphs: Glyphs) -> Span:
    return _number(row.error_ratio, "ratio", "warn" if row.error_ratio else "")


def _slowest(row: IntegrationRow, _view: View, _glyphs: Glyphs) -> Span:
    return _number(row.p95, "seconds")


def _since(row: IntegrationRow, view: View, _glyphs: Glyphs) -> Span:
    return Span(span(view.now - row.since))


def _pop(row: IntegrationRow, _view: View, _glyphs: Glyphs) -> Span:
    return _number(row.screen_pop, "seconds")


FIELDS: tuple[Field[IntegrationRow], ...] = (
    Field("state", "State", lambda row: row.state, _state, mark_width, falling=True, worded=True),
    _text("name", "Name", 0, title, 0, "strong"),
    _text("kind", "Kind", 6, lambda row: row.kind, 7, "dim"),
    _text("check", "Check", 16, lambda row: row.check, 8, "dim"),
    Field("results", f"Last {RESULTS} results, newest right", lambda row: row.results, _strip_span, RESULTS, rank=3),
    Field("p95", "p95", lambda row: row.p95, _slowest, 6, right=True, falling=True, rank=4, unit="seconds"),
    Field("err", "Err", lambda row: row.error_ratio, _error, 6, right=True, falling=True, rank=1, unit="ratio"),
    Field("for", "For", lambda row: row.since, _since, 5, right=True, rank=2, unit="timestamp"),
    Field(
        "next",
        "Next",
        lambda row: row.next_try,
        lambda row, view, _: Span(_left(row.next_try, view), "dim"),
        8,
        right=True,
        rank=5,
        unit="timestamp",
    ),
    Field("tls", "TLS", lambda row: row.tls_expires_at, _expiry, 7, right=True, rank=6, unit="timestamp"),
    Field("pop", "Pop", lambda row: row.screen_pop, _pop, 6, right=True, falling=True, rank=8, unit="seconds"),
    _text("source", "Source", 16, lambda row: ", ".join(row.sources), 9)._replace(wide=True),
    _text("gates", "Gates", 20, lambda row: ", ".join(row.gates), 9)._replace(wide=True),
)
TABLE: Table[IntegrationRow] = Table(
    "integrations", FIELDS, key=lambda row: row.key, faulty=lambda row: row.state != "ok"
)


def worst_first(rows: tuple[IntegrationRow, ...]) -> list[IntegrationRow]:
    """Worst state first; of like ones what is probed before who collects, then by name."""
    return sorted(
        rows,
        key=lambda row: (-mark(INTEGRATIONS, row.state).rank, row.kind != "probe", row.name, row.key),
    )


def counted(rows: tuple[IntegrationRow, ...], glyphs: Glyphs) -> str:
    """`INTEGRATIONS 12  x1 w2 ok9`, worst first."""
    states = sorted({row.state for row in rows}, key=lambda state: -mark(INTEGRATIONS, state).rank)
    pieces = []
    for state in states:
        entry = mark(INTEGRATIONS, state)
        count = sum(row.state == state for row in rows)
        pieces.append(f"{entry.code if glyphs.ascii else entry.shape}{count}")
    return f"INTEGRATIONS {len(rows)}  {' '.join(pieces)}".rstrip()


def below(row: IntegrationRow, view: View, width: int, glyphs: Glyphs) -> list[Line]:
    """What is said of the one under the cursor: what is wrong, what was tried, where the time goes, whom it hurts."""
    lines: list[Line] = []
    if row.error:
        lines += wrap(f"{row.error}{_retry(row, view)}", width, glyphs, "fail" if row.state != "ok" else "")
    facts = [
        f"{row.failures} failed in a row" if row.failures else "",
        f"circuit {row.circuit.replace('_', ' ')}" if row.circuit else "",
        f"newest result {clock(row.at)} UTC" if row.at is not None else "no result yet",
        f"screen pop {format_value(row.screen_pop, 'seconds')}, {format_value(row.screen_pop_ratio, 'ratio')} opened"
        if row.screen_pop_ratio is not None
        else "",
    ]
    lines.append(clip(join([(Span(fact),) for fact in facts], glyphs), width, glyphs))
    lines += phase_lines(row, width, glyphs)
    needs = f"depends on {', '.join(row.depends_on)}" if row.depends_on else ""
    gates = f"gates {', '.join(row.gates)}" if row.gates else "no gate reads it"
    if row.kind != "probe":
        gates = ""
    words = f" {glyphs.dot} ".join(text for text in (needs, gates) if text)
    return [*lines, *(wrap(words, width, glyphs) if words else [])]


def _retry(row: IntegrationRow, view: View) -> str:
    if row.next_try is None or row.kind == "probe":
        return ""
    return f"; next try in {countdown(row.next_try - view.now)}"


def phase_lines(row: IntegrationRow, width: int, glyphs: Glyphs) -> list[Line]:
    """The bar of phases and what it means; none without phases."""
    drawn = bar(row.phases, max(0, min(width - _LABEL, 60)))
    if not drawn:
        return []
    total = format_value(sum(row.phases.values()), "seconds")
    lines: list[Line] = [
        clip((Span(f"{total} ".ljust(_LABEL)[: max(_LABEL, len(total) + 1)]), Span(drawn, "spark")), width, glyphs)
    ]
    slow = f"; slow from {format_value(row.slow_from, 'seconds')} an operation" if row.slow_from is not None else ""
    return [*lines, *wrap(f"{phase_words(row.phases)}{slow}", width, glyphs, "dim")]


def ends(row: IntegrationRow, view: View) -> str:
    """When its first certificate expires, in words."""
    if row.tls_expires_at is None:
        return ""
    left = row.tls_expires_at - view.now
    words = f"{format_duration(left)} left" if left > 0 else "expired"
    return f"{clock(row.tls_expires_at, date=True)} UTC, {words}"
