"""The newest tick's facts, and a way to wait for the next: what verification and probes look at."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from monitor.deciding.facts import Facts
from monitor.deciding.judgement import all_of, checks
from monitor.model import Truth
from monitor.serving.snapshot import CheckRow


class FactsWatch:
    """One run's window on the world."""

    def __init__(self) -> None:
        self.facts: Facts | None = None
        self._changed = asyncio.Event()

    def publish(self, facts: Facts) -> None:
        """Take a tick's facts."""
        self.facts = facts
        self._changed.set()
        self._changed = asyncio.Event()

    async def next(self) -> Facts:
        """Wait for a tick that comes after this call."""
        changed = self._changed
        await changed.wait()
        if self.facts is None:
            raise RuntimeError("a tick without facts")
        return self.facts

    def judge(self, expressions: Sequence[str]) -> tuple[CheckRow, ...]:
        """The expressions as of the newest tick; all unknown before the first."""
        if self.facts is None:
            return tuple(CheckRow(what=text, state="unknown", detail="not judged yet") for text in expressions)
        return checks(expressions, self.facts)


class Held(NamedTuple):
    """What waiting for conditions came to."""

    held: bool
    rows: tuple[CheckRow, ...]
    after: float
    """Seconds of ticks that were looked at."""

    @property
    def lacking(self) -> str:
        """What is not true, in words."""
        return "; ".join(f"{row.what} is {row.state} ({row.detail})" for row in self.rows if row.state != "true")


async def hold(watch: FactsWatch, expressions: Sequence[str], seconds: float, within: float) -> Held:
    """Wait until all expressions have been true for `seconds` on end; give up after `within`.

    Measured on the ticks' own times. A tick at which one is false or unknown begins the hold anew.
    """
    facts = await watch.next()
    began, since = facts.at, None
    while True:
        rows = checks(expressions, facts)
        since = None if all_of(rows) is not Truth.TRUE else (facts.at if since is None else since)
        if since is not None and facts.at - since >= seconds:
            return Held(held=True, rows=rows, after=facts.at - began)
        if facts.at - began >= within:
            return Held(held=False, rows=rows, after=facts.at - began)
        facts = await watch.next()
