"""A channel's line on the board: whether people can be paged is read beside whether sources are heard."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.terminal.drawing.channels import way_line, ways
from dashboards.terminal.drawing.spans import Glyphs, plain
from dashboards.terminal.view import View
from monitor.serving.channel_rows import ChannelRow
from tests.dashboards.terminal.recorded import AT, FAILING

ROWS = (
    ChannelRow(name="pd", kind="apprise", state="ok", delivered=4, last_at=AT - 3),
    ChannelRow(
        name="chat",
        kind="slack",
        state="failing",
        delivered=2,
        waiting=3,
        since=AT - 125,
        error="the receiver answered 503",
        next_try=AT + 9,
        last_at=AT - 300,
    ),
    ChannelRow(
        name="lead", kind="webhook", state="broken", second=True, failed=2, since=AT - 60, error="refuses it: 401"
    ),
    ChannelRow(name="out", kind="heartbeat", state="ok", last_at=AT - 1),
)
PLAIN = Glyphs(ascii=True)


def lines(width: int, glyphs: Glyphs = PLAIN) -> list[str]:
    """The channels' lines."""
    snapshot = msgspec.structs.replace(FAILING, sources=(), channels=ROWS)
    view = View(snapshot=snapshot, now=AT)
    return [plain(way_line(way, view, width, glyphs)) for way in ways(snapshot)]


def test_each_says_in_text_alone_how_it_is() -> None:
    """Mark and word differ for ok, failing and broken; why, since when, how many wait, and when it is tried again."""
    pd, chat, lead, out = lines(110)
    assert "[ok]" in pd
    assert "apprise" in pd
    assert "4 sent" in pd
    assert "[wa]" in chat
    for words in ("for 2m05s", "the receiver answered 503", "3 wait", "next try in 00:09"):
        assert words in chat
    assert "[xx]" in lead
    assert "2 not delivered" in lead
    assert "heartbeat" in out


@settings(max_examples=60, deadline=None)
@given(width=st.integers(40, 240), wide=st.booleans())
def test_a_line_never_leaves_its_pane(width: int, wide: bool) -> None:
    """At any width of a pane, in both character sets, a line is exactly as wide as it may be."""
    snapshot = msgspec.structs.replace(FAILING, channels=ROWS)
    view = View(snapshot=snapshot, now=AT)
    for way in ways(snapshot):
        assert len(plain(way_line(way, view, width, Glyphs(ascii=not wide)))) <= width


def test_they_stand_below_the_sources() -> None:
    """What comes in first, then what goes out; a daemon of before knows no channels, and then there are none."""
    snapshot = msgspec.structs.replace(FAILING, channels=ROWS)
    assert ways(snapshot) == [*FAILING.sources, *ROWS]
    assert ways(FAILING) == list(FAILING.sources)


@pytest.mark.parametrize("gone", [True, False])
def test_a_daemon_that_is_gone_makes_none_look_fine(gone: bool) -> None:
    """While nobody hears of the daemon a channel's mark is greyed like everything else."""
    view = View(snapshot=FAILING, now=AT, behind=600.0 if gone else 0.0)
    roles = {span.role for span in way_line(ROWS[0], view, 100, PLAIN)}
    assert ("stale" in roles) is gone
