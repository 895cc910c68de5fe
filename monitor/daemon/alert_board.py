"""Every alert as a row, bounded and worst first, with who has it, who is not told, and what was sent."""

from __future__ import annotations

import hashlib
import heapq
import math
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

import msgspec
import numpy as np

from monitor.config import Config
from monitor.daemon.alert_kinds import rule_row, silent_row
from monitor.daemon.pager import Pager
from monitor.daemon.witness import BROKEN, NO_DATA
from monitor.deciding.alert_desk import AlertDesk, Place
from monitor.deciding.attention import WHOLE, Attention
from monitor.intake.intake import Intake
from monitor.judging.engine import Engine
from monitor.judging.expressions import ExpressionError, parse
from monitor.judging.pieces import Pieces
from monitor.judging.triggers import Trigger
from monitor.model import Flag, Standing
from monitor.notify.incidents import Finding, Incident, Pair
from monitor.notify.sent import Sent
from monitor.serving.acts import Refusal
from monitor.serving.alert_rows import AlertRow, AlertsRow, MuteRow
from monitor.text import clean

MOST_ALERTS = 100
"""Rows; how many more there are is told."""
MOST_MUTES = 100
ROWS = 25
"""Rows made between two yields."""
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that is taken for a number."""
_DAY = 86400.0
_BLIND = np.int16(Flag.BLIND)


class _Story(msgspec.Struct):
    """What is remembered of an alert while it is listed."""

    mark: tuple[object, ...] = ()
    changed: float = 0.0
    peak: float | None = None


class AlertBoard:
    """Implements `monitor.deciding.alert_desk.Places`. `now` is unix seconds."""

    def __init__(
        self,
        config: Callable[[], Config],
        engine: Engine,
        intake: Intake,
        pager: Pager,
        desk: AlertDesk,
        sent: Sent,
    ) -> None:
        """config: what is in force now. sent: what the channels were told."""
        self._config = config
        self._cutover = config().cutover.name
        self._engine = engine
        self._intake = intake
        self._pager = pager
        self._attention: Attention = desk.attention
        self._sent = sent
        self._runbooks: dict[str, str] = {}
        self._read: Config | None = None
        """The configuration that they were read from."""
        self._stories: dict[Pair, _Story] = {}
        self._blind: dict[Pair, Finding] = {}
        """Rules that are blind with no silent source to stand for them, as of the newest rows."""
        self._codes: dict[str, Pair] = {}
        self._left_out = 0
        self._closed = 0
        self._day = 0
        desk.places = self

    def rows(self, now: float) -> Pieces[tuple[AlertRow, ...]]:
        """All that people should know of; made in pieces, between which others may run."""
        if self._config() is not self._read:
            self._read = self._config()
            self._runbooks = runbooks_of(self._read.triggers)
        self._blind = self._unexplained(now)
        bad = {**self._blind, **self._pager.bad}
        yield
        chosen = heapq.nsmallest(MOST_ALERTS, bad.items(), key=_rank)
        yield
        made = []
        for pair, finding in chosen:
            made.append(self._row(pair, finding, now))
            if len(made) % ROWS == 0:
                yield
        self._left_out = max(self._total(bad) - len(made), 0)
        self._forget({pair for pair, _ in chosen}, bad, now)
        self._codes = {row.code: pair for row, (pair, _) in zip(made, chosen, strict=True)}
        return tuple(made)

    def beside(self) -> AlertsRow:
        """What there is beside the listed alerts."""
        mutes = tuple(
            MuteRow(
                alert=mute.alert,
                scope=mute.scope,
                by=mute.who,
                reason=mute.reason,
                since=mute.since,
                until=mute.until,
            )
            for mute in self._attention.mutes[:MOST_MUTES]
        )
        return AlertsRow(mutes=mutes, left_out=self._left_out, closed=self._closed)

    def marks(self, alert: str, scope: str) -> tuple[str, ...]:
        """Whether somebody has it, and whether nobody is told of it: acked, muted, inhibited."""
        muted = self._attention.mute(alert, scope) is not None
        held = {
            "acked": self._attention.ack(alert, scope) is not None,
            "muted": muted,
            "inhibited": not muted and (alert, scope) in self._pager.bad and bool(self._quiet(alert, scope)),
        }
        return tuple(flag for flag, holds in held.items() if holds)

    def _quiet(self, alert: str, scope: str) -> str:
        """Why nobody is told of it; empty: people are told."""
        return self._pager.incidents.hearing.quiet(alert, scope)

    def page(self, key: str) -> Incident | None:
        """What a page of this dedupe key is about; None when nothing of that key is open."""
        return self._pager.incidents.open.get(key)

    def alive(self, pair: Pair) -> bool:
        """Whether an alert is there, or is not known to be over."""
        there = pair in self._pager.bad or pair in self._blind
        return there or self._pager.incidents.page_of(pair) is not None

    def find(self, name: str) -> Place:
        """An alert by its id or its code, firing or not; a rule by its name."""
        pair = self._codes.get(name.upper()) or self._named(name)
        if pair is None:
            known = ", ".join([*self._codes][:5]) or "none fires now"
            raise Refusal(404, f"there is no alert {clean(name, 80)!r}", f"golive alert list shows them: {known}")
        return self._place(pair)

    def _named(self, name: str) -> Pair | None:
        alert, colon, scope = name.partition(":")
        judge = self._engine.judges.get(alert)
        if judge is not None:
            if not colon:
                return (alert, "") if judge.names == [()] else (alert, WHOLE)
            return (alert, scope) if self._pager.place(alert, scope) or self.alive((alert, scope)) else None
        label, _, value = scope.partition("=")
        known = self._intake.doors if label == "source" else self._engine.judges if label == "rule" else {}
        return (alert, scope) if alert in (NO_DATA, BROKEN) and value in known else None

    def _place(self, pair: Pair) -> Place:
        alert, scope = pair
        page = self._pager.incidents.page_of(pair)
        return Place(
            id=_id(pair) if scope != WHOLE else alert,
            alert=alert,
            scope=scope,
            page=page.key if page is not None else self._key(pair),
            scopes=tuple(page.places) if page is not None else (scope,),
            firing=self.alive(pair),
        )

    def _key(self, pair: Pair) -> str:
        return f"{self._cutover}/{pair[0]}/{pair[1]}"

    def _unexplained(self, now: float) -> dict[Pair, Finding]:
        """Rules that are blind although every source that feeds them speaks: no silent source stands for them."""
        found = {}
        for name, judge in self._engine.judges.items():
            if not judge.active or not (judge.flags & _BLIND).any():
                continue
            mask = judge.reader.owners()
            feeding = [door for door in self._intake.doors.values() if mask >> door.number & 1]
            if not any(math.isfinite(door.newest) and now - door.newest > door.stale_after for door in feeding):
                longest = float(judge.unknown_for.max()) if len(judge.unknown_for) else 0.0
                title = f"no data for {judge.rule.title or name}"
                found[NO_DATA, f"rule={name}"] = Finding("warning", now - longest, title)
        return found

    def _total(self, bad: Mapping[Pair, Finding]) -> int:
        """How many there are, those beyond a rule's bound too."""
        judges = self._engine.judges
        active = (judge for judge in judges.values() if judge.active)
        return sum(int((judge.standings == Standing.BREACH).sum()) for judge in active) + sum(
            alert not in judges for alert, _ in bad
        )

    def _forget(self, listed: set[Pair], bad: Mapping[Pair, Finding], now: float) -> None:
        """Drop what is over, and count it."""
        if int(now // _DAY) != self._day:
            self._day, self._closed = int(now // _DAY), 0
        for pair in self._stories.keys() - listed:
            self._closed += pair not in bad
            del self._stories[pair]

    def _row(self, pair: Pair, finding: Finding, now: float) -> AlertRow:
        alert, scope = pair
        judge = self._engine.judges.get(alert)
        index = self._pager.place(alert, scope)
        ack, mute = self._attention.ack(*pair), self._attention.mute(*pair)
        page = self._pager.incidents.page_of(pair)
        quiet = self._quiet(*pair)
        story = self._stories.setdefault(pair, _Story(changed=finding.since))
        base = rule_row(judge, index, finding, now) if judge is not None and index is not None else None
        row = base or silent_row(pair, finding, self._engine, self._intake, now)
        mark = (row.state, ack, mute, bool(quiet))
        if story.mark and story.mark != mark:
            story.changed = now
        story.mark = mark
        if row.value is not None:
            worse = max if row.operator in (">", ">=") else min
            story.peak = row.value if story.peak is None else worse(story.peak, row.value)
        return msgspec.structs.replace(
            row,
            id=_id(pair),
            name=alert,
            scope=scope,
            code=code_of(self._key(pair)),
            key=self._key(pair),
            page=page.key if page is not None and page.told is not None else "",
            together=len(page.places) if page is not None else 1,
            title=finding.title,
            severity=finding.severity,
            peak=story.peak,
            changed=story.changed,
            flags=(*self.marks(alert, scope), *row.flags),
            quiet=quiet,
            acked_by=ack.who if ack is not None else "",
            acked_at=ack.since if ack is not None else None,
            acked_until=ack.until if ack is not None else None,
            ack_reason=ack.reason if ack is not None else "",
            muted_by=mute.who if mute is not None else "",
            muted_at=mute.since if mute is not None else None,
            muted_until=mute.until if mute is not None else None,
            mute_reason=mute.reason if mute is not None else "",
            muted_whole=mute is not None and mute.scope == WHOLE,
            runbook=self._runbooks.get(alert, ""),
            sent=self._sent.rows(page.key) if page is not None else (),
        )


def runbooks_of(triggers: Iterable[Trigger]) -> dict[str, str]:
    """By rule, the runbook that the first trigger on it asks for."""
    found: dict[str, str] = {}
    for trigger in triggers:
        try:
            rules = parse(trigger.when).rules
        except ExpressionError:
            continue
        for rule in rules:
            found.setdefault(rule, trigger.runbook)
    return found


@lru_cache(maxsize=4096)
def code_of(key: str) -> str:
    """Six letters and digits that stand for an alert's key: always the same ones."""
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big")
    return "".join(_LETTERS[number >> 5 * place & 31] for place in range(6))


def _id(pair: Pair) -> str:
    return f"{pair[0]}:{pair[1]}" if pair[1] else pair[0]


def _rank(item: tuple[Pair, Finding]) -> tuple[bool, float, Pair]:
    pair, finding = item
    return finding.severity != "critical", finding.since, pair
