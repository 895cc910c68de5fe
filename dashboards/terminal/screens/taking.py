"""What a person takes away from a table: rows to the clipboard, the whole of it into a file."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from dashboards.terminal import export
from dashboards.terminal.drawing.header import header
from dashboards.terminal.drawing.spans import plain, visible
from dashboards.terminal.drawing.table import headings, line, spelled

if TYPE_CHECKING:
    from dashboards.terminal.screens.table import TableScreen

T = TypeVar("T")


def copy(screen: TableScreen[T]) -> str:
    """Rows as lines of words to the terminal's clipboard (OSC 52); returns what to say."""
    taken = screen.listing.taken
    fields = screen.listing.arrangement.fields(screen.listing.table)
    lines = [spelled(fields, row, screen.now, screen.glyphs) for row in taken]
    if not lines:
        return "no row here to copy"
    screen.app.copy_to_clipboard("\n".join(lines))
    return f"copied: {lines[0]}" if len(lines) == 1 else f"{len(lines)} rows copied"


def drawn(screen: TableScreen[T], rows: Sequence[T]) -> str:
    """These rows as they are drawn, under the header and their titles."""
    listing, glyphs, view = screen.listing, screen.glyphs, screen.now
    width = screen.grid.lines.size.width
    plan, chosen = screen.plan(width), listing.arrangement
    table = [*headings(plan, chosen.sort, back=chosen.back, glyphs=glyphs)]
    table += [line(plan, row, view, glyphs) for row in rows]
    words = [*map(plain, header(view, width, glyphs)), screen.told(), *map(plain, table), ""]
    return "\n".join(visible(word, glyphs) for word in words)


def content(screen: TableScreen[T], kind: str) -> str:
    """What a file of this kind says; marked rows alone where there are any."""
    listing, view = screen.listing, screen.now
    rows = listing.taken if listing.marks else listing.shown
    fields = listing.arrangement.fields(listing.table)
    if kind == "csv":
        return export.as_csv(fields, rows)
    if kind == "json" and view.snapshot is not None:
        return export.as_json(listing.table.name, listing.arrangement.query.text, view.snapshot, fields, rows)
    if kind == "svg":
        return export.self_contained(screen.app.export_screenshot(title="golive watch"))
    return drawn(screen, rows)


async def save(screen: TableScreen[T], kind: str) -> str:
    """Write a file into the folder that the terminal was started in; returns what to say."""
    try:
        folder = await asyncio.to_thread(Path.cwd)
        name, text = screen.listing.table.name, content(screen, kind)
        path = await asyncio.to_thread(export.write, folder, name, kind, text, time.time())
    except OSError as error:
        return f"nothing was written: {error.strerror or error}; start golive watch in a folder that you may write to"
    return f"written, for your eyes only (0600): {path}"
