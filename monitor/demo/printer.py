"""One line an event on standard output: a JSON object, or a sentence."""

from __future__ import annotations

import sys
import time
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from monitor.demo.receiver import Page
from monitor.serving.snapshot import EventRow
from monitor.text import clean, escaped_json


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What `golive demo --json` prints on each line."""

    at: float
    """Unix seconds."""
    event: str
    """Kind of a journal line; notify for a page; demo for where it listens; end for how it ended."""
    what: str
    seq: int | UnsetType = UNSET
    """Number of a journal line."""
    who: str | UnsetType = UNSET
    object: str | UnsetType = UNSET
    state: str | UnsetType = UNSET
    page: Page | UnsetType = UNSET
    """A page as its receiver got it."""
    scenario: str | UnsetType = UNSET
    url: str | UnsetType = UNSET
    port: int | UnsetType = UNSET
    seed: int | UnsetType = UNSET
    dir: str | UnsetType = UNSET
    """The state directory."""
    ok: bool | UnsetType = UNSET
    """Whether it ended as it should."""


class Printer:
    """Prints what happens, in the order in which it was told."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def say(self, event: str, words: str, **more: Any) -> None:  # noqa: ANN401 - JSON values
        """Something of the demo's own: where it listens, how it ended."""
        self._put(Event(at=time.time(), event=event, what=words, **more), f"{event}: {words}")

    def event(self, row: EventRow) -> None:
        """A line of the journal's public part."""
        told = Event(
            at=row.at, event=row.kind, what=row.what, seq=row.seq, who=row.who, object=row.object, state=row.state
        )
        self._put(told, f"{row.kind}: {row.who}: {row.what}")

    def page(self, page: Page) -> None:
        """The pager got something."""
        what = clean(str(page.get("summary") or page.get("what") or page.get("title") or "a page"))
        self._put(Event(at=time.time(), event="notify", what=what, page=page), f"page: {what}")

    def _put(self, told: Event, sentence: str) -> None:
        if self._as_json:
            line = escaped_json(msgspec.json.encode(told).decode())
        else:
            moment = time.strftime("%H:%M:%S", time.gmtime(told.at))
            line = f"{moment} {clean(sentence)}"
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
