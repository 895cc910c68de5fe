"""Channels on which people are paged, beside the sources: what comes in and what goes out in one place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from dashboards.terminal.drawing.board import source_line
from dashboards.terminal.drawing.marks import CHANNELS, mark, mark_width, shown
from dashboards.terminal.drawing.phrases import age, countdown, span
from dashboards.terminal.drawing.spans import Column, Glyphs, Line, Span, row
from dashboards.terminal.view import View
from monitor.serving.channel_rows import ChannelRow
from monitor.serving.snapshot import Snapshot, SourceRow

Way: TypeAlias = SourceRow | ChannelRow
_WIDE = 56


def ways(snapshot: Snapshot) -> Sequence[Way]:
    """Sources, then channels."""
    return [*snapshot.sources, *snapshot.channels]


def way_line(way: Way, view: View, width: int, glyphs: Glyphs) -> Line:
    """One source or channel."""
    if isinstance(way, ChannelRow):
        return channel_line(way, view, width, glyphs)
    return source_line(way, view, width, glyphs)


def channel_line(channel: ChannelRow, view: View, width: int, glyphs: Glyphs) -> Line:
    """One channel: what it delivered, what waits and what was given up; why it does not get through, when it does not."""
    state = mark(CHANNELS, channel.state)
    plan = [Column("", mark_width(glyphs)), Column("", 16 if width >= _WIDE else 12), Column("", 0)]
    plan.append(Column("", 6, right=True))
    pieces = [_role(channel)]
    if channel.error:
        lasts = "" if channel.since is None else f"for {span(view.now - channel.since)}: "
        pieces = [f"{lasts}{channel.error}"]
    elif channel.kind != "heartbeat":
        pieces += [f"{channel.delivered} sent"]
    pieces += [f"{channel.waiting} wait"] if channel.waiting else []
    pieces += [f"{channel.failed} not delivered"] if channel.failed else []
    pieces += [f"next try in {countdown(channel.next_try - view.now)}"] if channel.next_try is not None else []
    old = None if channel.last_at is None else max(view.now - channel.last_at, 0.0)
    cells = [
        shown(state._replace(role="stale") if view.gone else state, glyphs),
        Span(channel.name, "strong"),
        Span(f" {glyphs.dot} ".join(pieces), "warn" if channel.error or channel.failed or channel.waiting else ""),
        Span(age(old), "stale" if view.gone else "dim"),
    ]
    return row(plan, cells, width, glyphs)


def _role(channel: ChannelRow) -> str:
    """What it is for."""
    if channel.kind == "heartbeat":
        return "heartbeat"
    return f"{'second ' if channel.second else ''}{channel.kind.replace('_', ' ')}"
