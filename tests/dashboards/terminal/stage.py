"""A terminal on a recorded moment: no daemon, no clock, no sleep; and what its screen says as text."""

from __future__ import annotations

import msgspec
from textual import events

from dashboards.terminal.acts import Act, Refused, Unreachable
from dashboards.terminal.app import Terminal
from dashboards.terminal.chronicle import NEWEST
from dashboards.terminal.chronicle import path as journal
from dashboards.terminal.drawing.spans import Glyphs
from dashboards.terminal.keymap import USUAL, Keymap
from dashboards.terminal.view import Person
from monitor.serving.snapshot import EventRow, Snapshot
from monitor.serving.timeline_rows import TimelinePage, TimelineRow
from tests.dashboards.terminal.moments import ANSWERS

ANNA = Person(name="anna", role="approver", duties=("cutover-manager",))


def newest_lines(snapshot: Snapshot) -> dict[str, bytes]:
    """The newest page of the journal by its path, which has no lines but those that the snapshot tells.

    Nothing where a text holds half a surrogate pair: no JSON can carry one.
    """
    names = EventRow.__struct_fields__
    lines = [
        TimelineRow(
            **{name: getattr(row, name) for name in names}, previous=f"{row.seq - 1:064x}", hash=f"{row.seq:064x}"
        )
        for row in snapshot.events
    ]
    try:
        return {journal(NEWEST): msgspec.json.encode(TimelinePage(lines=tuple(lines), more=False))}
    except UnicodeEncodeError:
        return {}


class Recorded:
    """A SnapshotSource that answers what it was given, and keeps what was asked of it."""

    def __init__(self, snapshot: Snapshot | None, person: Person | None = ANNA) -> None:
        self.now = snapshot
        self.person = person
        self.acts: list[Act] = []
        self.refuses = ""
        self.answers: dict[str, bytes] = {**ANSWERS, **(newest_lines(snapshot) if snapshot else {})}
        """Bodies of GETs by path, as far as a test needs them."""
        self.asked: list[str] = []

    async def snapshot(self) -> Snapshot:
        """The moment, or nobody there."""
        if self.now is None:
            raise Unreachable("connection refused")
        return self.now

    async def me(self) -> Person | None:
        """Who sits here."""
        return self.person

    async def read(self, path: str) -> bytes:
        """What a test put there for this path."""
        self.asked.append(path)
        if self.now is None:
            raise Unreachable("connection refused")
        if path not in self.answers:
            raise Refused(f"nothing is at {path}")
        return self.answers[path]

    async def act(self, act: Act) -> None:
        """Keep it."""
        if self.refuses:
            raise Refused(self.refuses)
        self.acts.append(act)


class Clock:
    """Monotonic seconds that move when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def terminal(
    source: Recorded,
    *,
    operator: bool = False,
    ascii_only: bool = False,
    mono: bool = False,
    clock: Clock | None = None,
    keymap: Keymap = USUAL,
) -> Terminal:
    """A terminal that polls only when a test tells it to; `ascii_only` also takes the colours away."""
    return Terminal(
        source,
        operator=operator,
        glyphs=Glyphs(ascii=ascii_only),
        mono=mono or ascii_only,
        clock=clock or Clock(),
        period=None,
        keymap=keymap,
    )


def text(app: Terminal) -> str:
    """The screen as lines of text. The one place that looks into Textual's compositor."""
    width, height = app.size
    strips = app.screen._compositor.render_strips(app.size)
    lines = [strip.text.rstrip() for strip in strips]
    assert len(lines) == height
    assert all(strip.cell_length <= width for strip in strips)
    return "\n".join(lines) + "\n"


async def shown(app: Terminal, pilot, *keys: str) -> str:
    """The screen after a poll and these keys; `=word` types a word into the field that has the focus."""
    await app.poll()
    await pilot.pause()
    for key in keys:
        if key.startswith("="):
            for char in key[1:]:
                app.post_message(events.Key(char, char))
            await pilot.pause()
        else:
            await pilot.press(key)
    await pilot.pause()
    await app.poll()
    await pilot.pause()
    return text(app)
