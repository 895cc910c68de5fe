"""Opinion scores over time as a map: a row a band, a column a minute, darker where more of that minute's calls fell."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from dashboards.terminal.drawing.phrases import clock
from dashboards.terminal.drawing.spans import Glyphs, Line, Span, fit
from monitor.serving.recent_rows import HeatRow, WorstCallRow

LABEL, SHARE = 8, 9
"""Cells of a band's name, and of its share of the newest minute."""
_TOP = 4.5
_SHADES, _PLAIN = "░▒▓█", ".:+#"
_ROLES = ("ok", "", "warn", "fail")
"""Of the bands, best first."""
_ABOUT = ("trunk", "site", "queue", "device", "codec", "direction")


def heat(row: HeatRow, width: int, glyphs: Glyphs) -> list[Line]:
    """A title, and a line a band; the newest columns where not all fit."""
    side = "old" if row.platform == "legacy" else "new"
    room = max(4, width - LABEL - SHARE)
    columns = [column[-room:] for column in row.cells]
    totals = [sum(cells) for cells in zip(*columns, strict=True)]
    title = f"MOS {side}, last {len(totals)} min, a column a minute"
    lines: list[Line] = [(Span(fit(title, width, glyphs), "head"),)]
    ceilings = (_TOP, *row.bands)
    for place, cells in enumerate(columns):
        floor = row.bands[place] if place < len(row.bands) else None
        name = f"< {ceilings[place]:.1f}" if floor is None else f"{floor:.1f}-{ceilings[place]:.1f}"
        shades = "".join(_shade(count, total, glyphs) for count, total in zip(cells, totals, strict=True))
        role = _ROLES[min(place, len(_ROLES) - 1)]
        lines.append(
            (
                Span(name.ljust(LABEL), "dim"),
                Span(shades, role),
                Span(_share(cells, totals).rjust(SHARE), role if place == len(columns) - 1 else "dim"),
            )
        )
    return lines


def _shade(count: int, total: int, glyphs: Glyphs) -> str:
    """Nothing heard is empty, none of what was heard is a dot; everything else by quarters."""
    if total == 0:
        return " "
    shades = _PLAIN if glyphs.ascii else _SHADES
    if count == 0:
        return " " if glyphs.ascii else "·"
    return shades[min(len(shades) - 1, count * len(shades) // total)]


def _share(cells: Sequence[int], totals: Sequence[int]) -> str:
    """Share of the newest minute in which anything was heard."""
    heard = next((place for place in range(len(totals) - 1, -1, -1) if totals[place]), None)
    return "-" if heard is None else f"{cells[heard] / totals[heard]:.0%} now"


def worst(rows: Sequence[WorstCallRow], below: int, by: str, width: int, glyphs: Glyphs, *, most: int) -> list[Line]:
    """A title, and a line a bad report: when, how bad, where."""
    if not rows:
        return [(Span(fit("WORST REPORTS: none below 3.6 in half an hour", width, glyphs), "head"),)]
    title = f"WORST OF {below} REPORTS BELOW 3.6, HALF AN HOUR"
    lines: list[Line] = [(Span(fit(title, width, glyphs), "head"),)]
    for row in rows[:most]:
        side = {"legacy": "old", "target": "new"}.get(row.labels.get("platform", ""), "")
        where = " ".join(row.labels[name] for name in _ABOUT if name in row.labels and name != by)
        lines.append(
            (
                Span(clock(row.at), "dim"),
                Span(f" {row.mos:.1f} ", "fail"),
                Span(fit(f"{side} {where}", max(0, width - 13), glyphs)),
            )
        )
    return lines


def beside(blocks: Sequence[Sequence[Line]], width: int, gap: int = 2) -> list[Line]:
    """Blocks of one width side by side, as their lines go down."""
    lines: list[Line] = []
    for parts in zip_longest(*blocks, fillvalue=()):
        out: list[Span] = []
        for part in parts[:-1]:
            cells = sum(len(span.text) for span in part)
            out += [*part, Span(" " * max(0, width - cells + gap))]
        lines.append((*out, *parts[-1]))
    return lines
