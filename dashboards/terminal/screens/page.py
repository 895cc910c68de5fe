"""What a person takes away from a screen that is no table: its rows, its text or its picture."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dashboards.terminal import export as files
from dashboards.terminal.drawing.crumbs import crumbs
from dashboards.terminal.drawing.header import header
from dashboards.terminal.drawing.spans import plain, visible
from dashboards.terminal.query import Value
from dashboards.terminal.screens.choice import Choice, Option
from dashboards.terminal.widgets.pane import Pane

if TYPE_CHECKING:
    from dashboards.terminal.screens.frame import Frame

KINDS = {
    "csv": "CSV: the rows with numbers in base units",
    "json": "JSON: the same with cutover and time",
    "svg": "SVG: a picture of this screen",
    "txt": "text: all lines of each pane, those out of sight too",
}


def text(frame: Frame) -> str:
    """Header, the way here, and every line of each pane, cleaned as on the screen."""
    width, glyphs = frame.app.size.width, frame.glyphs
    words = [plain(line) for line in header(frame.now, width, glyphs)]
    words += [plain(crumbs(way, width, glyphs))] if (way := frame.crumbs()) else []
    for pane in frame.query(Pane):
        if pane.size.height:
            words += ["", str(pane.border_title), *(plain(line) for line in pane.lines.rows)]
    return "\n".join(visible(word, glyphs) for word in [*words, ""])


def records(frame: Frame) -> list[dict[str, Value]]:
    """What a file of rows says: the rows that the screen draws from, or where it has none the lines of its panes."""
    if rows := files.records_of(frame.drawn_from()):
        return rows
    return [
        {"pane": visible(str(pane.border_title), frame.glyphs), "line": visible(plain(line).rstrip(), frame.glyphs)}
        for pane in frame.query(Pane)
        if pane.size.height
        for line in pane.lines.rows
    ]


def content(frame: Frame, kind: str) -> str:
    """What a file of this kind says."""
    if kind == "svg":
        return files.self_contained(frame.app.export_screenshot(title="golive watch"))
    snapshot = frame.now.snapshot
    if kind == "txt" or snapshot is None:
        return text(frame)
    rows = records(frame)
    return (
        files.csv_of(list(rows[0]) if rows else [], rows)
        if kind == "csv"
        else files.json_of("screen", "", snapshot, rows)
    )


def export(frame: Frame) -> None:
    """Ask for the kind of file, then write it."""
    options = [Option(kind, words, kind[0]) for kind, words in KINDS.items()]

    async def write(kind: str) -> None:
        frame.say(await _save(frame, kind))

    def chosen(kinds: tuple[str, ...] | None) -> None:
        if kinds:
            frame.call_after_refresh(lambda: frame.run_worker(write(kinds[0])))

    frame.app.push_screen(Choice("EXPORT", options, frame.glyphs), chosen)


async def _save(frame: Frame, kind: str) -> str:
    made = content(frame, kind)
    try:
        folder = await asyncio.to_thread(Path.cwd)
        path = await asyncio.to_thread(files.write, folder, "screen", kind, made, time.time())
    except OSError as error:
        return f"nothing was written: {error.strerror or error}; start golive watch in a folder that you may write to"
    return f"written, for your eyes only (0600): {path}"
