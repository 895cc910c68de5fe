"""`golive replay`: a record of snapshots on the same screens, without a daemon."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from dashboards.terminal.drawing.spans import Glyphs
from dashboards.terminal.onscreen import on_screen
from dashboards.terminal.replay import Replay
from monitor.cli.status import plain_glyphs
from monitor.instants import moment
from monitor.serving.past.archive import ArchiveError

USAGE = 2


def replay(
    file: Path,
    /,
    *,
    at: str = "",
    ascii_only: Annotated[bool, Parameter(name="--ascii", negative="")] = False,
) -> int:
    """Look at a record of snapshots, from this machine or another: every screen, at any moment of it.

    Examples: `golive replay state/past.db`; `golive replay night.past --at 02:14`. `,` and `.` go ten seconds back and
    forth, `{` and `}` to the notable moment before and after, `:past 02:14` to a time. Nothing can be sent.

    Parameters
    ----------
    file:
        past.db of a state directory, a copy of it, or what `golive watch --record FILE` wrote.
    at:
        Begin there instead of at the end: 02:14, or 2026-11-29 02:14 (UTC).
    ascii_only:
        ASCII characters only; chosen by itself where the locale is not UTF-8.
    """
    try:
        source = Replay(file)
    except ArchiveError as error:
        sys.stderr.write(f"error: {error}; next: name the past.db of a state directory, or what watch --record wrote\n")
        return USAGE
    try:
        start = moment(at, source.last) if at else None
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        source.close()
        return USAGE
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        sys.stderr.write("error: replay needs a terminal to draw on; next: run it in one\n")
        source.close()
        return USAGE
    glyphs = Glyphs(ascii=True) if ascii_only else plain_glyphs()
    try:
        return asyncio.run(_shown(source, glyphs, start))
    finally:
        source.close()


async def _shown(source: Replay, glyphs: Glyphs, start: float | None) -> int:
    from dashboards.terminal.app import Terminal  # Textual loads here and nowhere else in the command line

    app = Terminal(source, glyphs=glyphs, mono="NO_COLOR" in os.environ)
    app.begins_at = start
    return await on_screen(app)
