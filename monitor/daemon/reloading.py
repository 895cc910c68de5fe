"""Reload: what lies on disk is checked as `golive check` does, then taken over whole, or refused whole with its place.

What runs stays in force until everything was looked at; the swap itself happens between two ticks, in one piece.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from prometheus_client.core import GaugeMetricFamily, Metric

from monitor.config import Config
from monitor.config_file import LoadedConfig
from monitor.daemon.assembly import judged_elsewhere
from monitor.daemon.changes import Differences, differences
from monitor.daemon.course import Course
from monitor.daemon.messenger import Messenger
from monitor.daemon.switchboard import Switchboard
from monitor.daemon.ticker import Ticker
from monitor.deciding.decision import OPEN
from monitor.deciding.desk import Desk
from monitor.deciding.journal import Journal
from monitor.deciding.ledger import JournalError
from monitor.judging.engine import Engine
from monitor.serving.acts import Actor, Refusal
from monitor.serving.exposition.own import OwnMetrics
from monitor.serving.reload_rows import ReloadRow
from monitor.serving.web.listener import Listener
from monitor.text import clean

log = logging.getLogger("golive.daemon")

MOST_FINDINGS = 5
"""Findings that an answer spells out; `golive check` lists them all."""
_OPEN = frozenset(state.value for state in OPEN)


class Parts(Protocol):
    """What the daemon is made of, as far as it can be changed while it runs."""

    config: Config
    digest: str
    engine: Engine
    course: Course
    ticker: Ticker
    desk: Desk
    switchboard: Switchboard
    messenger: Messenger
    journal: Journal
    listener: Listener
    own: OwnMetrics
    clock: Callable[[], float]
    up: asyncio.Event


class _New(NamedTuple):
    loaded: LoadedConfig
    config: Config
    """As read."""
    running: Config
    """The same with the rules that rulers judge turned to what those say."""


class Reloading:
    """One reload at a time."""

    def __init__(self, parts: Parts, loaded: LoadedConfig, again: Callable[[], LoadedConfig]) -> None:
        """loaded: what runs. again: reads it anew, with what the command line says; may block on the disk."""
        if loaded.value is None:
            raise ValueError("what runs has no findings")
        self._parts = parts
        self._again = again
        self._config = loaded.value
        self._file = clean(loaded.positions.place.file, 200)
        self._turn = asyncio.Lock()
        self.successful = True
        self.at = parts.clock()
        """When what runs was read, or found to be what lies on disk."""
        self.trouble = ""
        """Why the last reload was refused; empty when it was not."""
        parts.own.also.append(self._metrics)

    async def asked(self, actor: Actor, reason: str) -> ReloadRow:
        """Reload as a named person asks for it. Refused: 403 without the role, 409 with the reason in words."""
        if actor.role != "admin":
            what = f"{actor.name} has the role {actor.role} and may not reload the configuration"
            raise Refusal(403, what, "ask one of: admin")
        return await self.reload(actor.name, actor.via, reason)

    async def reload(self, who: str, via: str, reason: str = "") -> ReloadRow:
        """Read, check and take over. Refusal with 409 and every problem in words when what runs stays in force."""
        await self._parts.up.wait()
        async with self._turn:
            try:
                row = await self._reload(who, via, reason)
            except Refusal as refusal:
                self.successful, self.trouble = False, refusal.what
                self._parts.journal.append("reload", who, refusal.what, state="refused", via=via)
                log.error("%s; next: %s", refusal.what, refusal.hint)  # noqa: TRY400 - an answer, not a fault
                raise
            self.successful, self.trouble, self.at = True, "", row.at
            return row

    async def _reload(self, who: str, via: str, reason: str) -> ReloadRow:
        part, before = self._parts, self._parts.digest
        new = await self._read()
        found = self._differences(new)
        if new.loaded.digest == before or not found.taken:
            # What differs is written differently only, or nothing does.
            part.digest = new.loaded.digest
            return ReloadRow(at=part.clock(), digest=new.loaded.digest, before=before)
        words = "; ".join(found.taken)
        why = f" ({clean(reason, 200)})" if reason else ""
        what = f"configuration {before[:12]} → {new.loaded.digest[:12]}: {words}{why}"
        data = {"before": before, "after": new.loaded.digest, "changed": list(found.taken)}
        try:
            await part.journal.append("reload", who, what, state="taken", via=via, data=dict(data))
        except JournalError as error:
            raise self._refusal(f"cannot be noted in the journal: {error}", (), "free the disk, then reload") from error
        async with part.ticker.turn:
            found = self._differences(new)  # a decision may have opened while the journal was written
            touched = self._take(new, judging=found.judging)
        fresh = tuple(sorted(touched))
        warm = f"; these rules warm up or are gone: {', '.join(fresh)}" if fresh else ""
        log.warning("%s is taken over, as %s asked by %s: %s%s", self._file, who, via, words, warm)
        return ReloadRow(at=part.clock(), digest=new.loaded.digest, before=before, changed=found.taken, fresh=fresh)

    async def _read(self) -> _New:
        loaded = await asyncio.to_thread(self._again)
        if loaded.value is None:
            lines = [clean(str(finding), 2000) for finding in loaded.findings]
            raise self._refusal("is invalid", lines, "mend it, see golive check, then reload")
        return _New(loaded, loaded.value, judged_elsewhere(loaded.value, loaded.catalogue))

    def _differences(self, new: _New) -> Differences:
        """What is different; raises a refusal when some of it cannot be taken over."""
        rows = self._parts.desk.decision_rows()
        busy = next((f"decision {row.id} is {row.state}" for row in rows if row.state in _OPEN), "")
        found = differences(self._config, new.config, new.loaded.positions, busy)
        if found.refused:
            lines = [clean(str(finding), 2000) for finding in found.refused]
            raise self._refusal("is valid and differs from what runs", lines, "restart golive, or take the change back")
        return found

    def _refusal(self, how: str, lines: Sequence[str], hint: str) -> Refusal:
        more = len(lines) - MOST_FINDINGS
        said = "; also ".join(lines[:MOST_FINDINGS]) + (f"; and {more} more" if more > 0 else "")
        what = f"{self._file} {how}; what runs stays in force" + (f": {said}" if said else "")
        return Refusal(409, what, hint)

    def _take(self, new: _New, *, judging: bool) -> frozenset[str]:
        """The swap, between two ticks and without a pause; what can fail comes first, before anything has changed."""
        part, config = self._parts, new.running
        try:
            touched = part.engine.take(config.rules, part.clock())
        except Exception as error:
            log.exception("a reload failed; what runs stays in force")
            raise self._refusal(f"made golive fail, {type(error).__name__}", (), "report it with the log") from error
        self._config, part.config, part.digest = new.config, config, new.loaded.digest
        if judging:
            part.desk.office.config_digest = new.loaded.digest
        part.ticker.gates = config.gates
        part.course.gates = {gate.name: gate for gate in config.gates}
        part.switchboard.take(config, touched)
        part.messenger.take(config.notify)
        part.listener.take(config.web)
        return touched

    def _metrics(self) -> Iterable[Metric]:
        good = GaugeMetricFamily(
            "golive_config_last_reload_successful",
            "Whether the last reload of the configuration was taken over: 0 when what lies on disk is not what runs.",
            value=float(self.successful),
        )
        at = GaugeMetricFamily(
            "golive_config_last_reload_success_timestamp_seconds",
            "When the configuration was last read and taken over.",
            value=math.floor(self.at * 1000) / 1000,
        )
        return good, at
