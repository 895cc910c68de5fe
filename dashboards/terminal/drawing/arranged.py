"""Words about how a table is arranged, so that rows or columns that are out of sight are never silently so."""

from __future__ import annotations

from dashboards.terminal.arrangement import Arrangement
from dashboards.terminal.drawing.spans import Glyphs, Line, Span, clip, visible


def told(title: str, total: int, shown: int, chosen: Arrangement, glyphs: Glyphs) -> str:
    """What the frame of a table says."""
    parts = [title, *_parts(total, shown, chosen)]
    return visible(f" {glyphs.dot} ".join(parts), glyphs)


def notes(total: int, shown: int, chosen: Arrangement, width: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """The same on a line of its own, for tables without a frame; none when nothing is arranged."""
    parts = _parts(total, shown, chosen)
    if not parts:
        return ()
    return (clip((Span(visible(f" {glyphs.dot} ".join(parts), glyphs), "notice"),), width, glyphs),)


def _parts(total: int, shown: int, chosen: Arrangement) -> list[str]:
    parts = [f"{shown} of {total} shown"] if shown != total else []
    parts += [f"filter: {chosen.query.text}"] if chosen.query.text else []
    parts += ["faults only"] if chosen.faults else []
    parts += [f"by {chosen.sort}{', turned round' if chosen.back else ''}"] if chosen.sort else []
    parts += [chosen.sides] if chosen.sides != "both" else []
    parts += [f"{len(chosen.hidden)} columns off"] if chosen.hidden else []
    return [*parts, "wide"] if chosen.wide else parts
