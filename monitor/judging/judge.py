"""One rule at work: its groups, its numbers at the newest instant, and its state over time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monitor.judging import states
from monitor.judging.rings import F8, I8, bucket_of
from monitor.judging.rules import Rule
from monitor.judging.states import Bools, Evidence, States
from monitor.judging.table import BLANK_ERROR, BLANK_NULL, Table
from monitor.judging.windows import Groups, Windows, group, keep, keep_closed
from monitor.model import Flag, Labels, Level, Standing, standing

LONGEST_STEP = 2.0
"""Seconds that timers move on at most from one tick to the next, so that a stopped process does not age a hold."""

_COMPARE: dict[str, Callable[[F8, float], Bools]] = {
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
}
_OPPOSITE = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}
_NOTHING = {"hold": Flag.NONE, "ok": Flag.NONE, "insufficient": Flag.INSUFFICIENT, "unknown": Flag.UNKNOWN}


class Transition(NamedTuple):
    """One group of one rule changed its standing."""

    rule: str
    scope: Labels
    before: Standing
    after: Standing
    at: float
    value: float
    samples: int


class Judge:
    """State of one rule. Groups are found as series appear; before the first one there is a group that nobody heard."""

    def __init__(self, rule: Rule, table: Table, *, patience: float) -> None:
        self.rule = rule
        self.table = table
        self.patience = patience
        """Seconds of silence after which a rule whose series were never heard is UNKNOWN."""
        limits = tuple(x for x in (rule.warn, rule.breach, rule.clear) if x is not None)
        self.need, self.n = rule.m_of_n
        self.bucket = rule.bucket or rule.window
        self.span = keep(table, rule.estimator, rule.window, limits)
        self.part = keep_closed(table, rule.estimator, self.bucket, self.n, limits) if self.n > 1 else None
        self.active = True
        self.armed_at = -math.inf
        self.groups = Groups(np.empty(0, np.int64), np.empty(0, np.int64), [], -1)
        self.names: list[Labels] = [()]
        self.states = States()
        self.value: F8 = np.full(1, np.nan)
        self.samples: I8 = np.zeros(1, np.int64)
        self.newest: F8 = np.full(1, -np.inf)
        """Time of each group's newest sample."""
        self.flags: npt.NDArray[np.int16] = np.zeros(1, np.int16)
        self.measured: Bools = np.zeros(1, np.bool_)
        self.blanked: Bools = np.zeros(1, np.bool_)
        self.unknown_for: F8 = np.zeros(1)
        self.history: npt.NDArray[np.int8] = np.zeros((1, self.n), np.int8)
        """Newest closed buckets, oldest first: 0 nothing, 1 good, 2 bad, 3 between."""
        self.closed = -1
        self.states.grow(1, 0.0, states.WARMUP)
        self.standings: npt.NDArray[np.int8] = np.full(1, Standing.INSUFFICIENT, np.int8)
        self.at = -math.inf

    def arm(self, now: float, *, active: bool) -> None:
        """Start afresh: windows count from here, so that what came before judges nothing."""
        self.active = active
        self.armed_at = now
        self.states.restart(now)
        self.unknown_for[:] = 0.0
        self.history[:] = 0
        self.closed = bucket_of(now, self.bucket)
        self.standings[:] = Standing.INSUFFICIENT
        self.at = now

    def judge(self, windows: Windows, now: float) -> list[Transition]:
        """Judge all groups at `now` (unix seconds); returns what changed."""
        self._find_groups(now)
        elapsed = min(max(now - self.at, 0.0), LONGEST_STEP)
        self.at = now
        if len(self.groups.names):
            estimates = windows.estimate(self.table, self.groups, self.rule.estimator, self.span, now)
            self.value, self.samples = estimates.value, estimates.samples
            self.newest = np.maximum.reduceat(self.table.latest_at[self.groups.rows], self.groups.starts)
        warm = self.span.start(now) >= self.armed_at
        flags = self._nothing(now)
        if not warm:
            flags |= np.int16(Flag.INSUFFICIENT)
        unmeasured = np.int16(Flag.UNKNOWN | Flag.STALE | Flag.INSUFFICIENT)
        self.measured = ((flags & unmeasured) == 0) & (self.samples > 0) & ~np.isnan(self.value) & ~self.blanked
        if warm:
            self.states.step(self._evidence(windows, now), elapsed, self.rule.hold, self.rule.clear_hold)
        blind = (flags & np.int16(Flag.UNKNOWN | Flag.STALE)) != 0
        self.unknown_for = np.where(blind, self.unknown_for + elapsed, 0.0)
        flags[self.unknown_for > self.rule.blind_after] |= np.int16(Flag.BLIND)
        self.flags = flags
        return self._changes(now)

    def _find_groups(self, now: float) -> None:
        if self.groups.generation == self.table.generation:
            return
        self.groups = group(self.table, self.rule.match, self.rule.by, self.groups.names)
        size = len(self.groups.names)
        if not size:
            return
        self.names = list(self.groups.names)
        self.states.grow(size, now, states.WARMUP)
        for name, fill in (("flags", 0), ("unknown_for", 0), ("standings", Standing.INSUFFICIENT)):
            column = getattr(self, name)
            setattr(self, name, np.concatenate([column, np.full(size - len(column), fill, column.dtype)]))
        self.history = np.concatenate([self.history, np.zeros((size - len(self.history), self.n), np.int8)])

    def _nothing(self, now: float) -> npt.NDArray[np.int16]:
        """Flags for each kind of nothing, per group."""
        flags = np.zeros(len(self.value), np.int16)
        policy = self.rule.missing
        if not len(self.groups.names):
            silent = now - self.armed_at > self.patience
            flags[:] = Flag.UNKNOWN if silent else Flag.INSUFFICIENT
            return flags
        limit = np.minimum.reduceat(self.table.stale_after[self.groups.rows], self.groups.starts)
        age = now - self.newest
        flags[age > limit] |= np.int16(Flag.STALE)
        flags[age > 2 * limit] |= np.int16(Flag.UNKNOWN)
        fresh = age <= limit
        flags[fresh & (self.samples == 0)] |= np.int16(_NOTHING[policy.no_data])
        flags[fresh & (self.samples > 0) & (self.samples < self.rule.min_count)] |= np.int16(Flag.INSUFFICIENT)
        self._apply_blanks(flags)
        return flags

    def _apply_blanks(self, flags: npt.NDArray[np.int16]) -> None:
        """A source that answered null or error after its newest sample: the rule's policy for that says what it means."""
        table, rows = self.table, self.groups.rows
        self.blanked = np.zeros(len(self.value), np.bool_)
        if not table.has_blanks:
            return
        blank = np.where(table.blank_at[rows] > table.latest_at[rows], table.blank[rows], 0)
        if blank.any():
            worst = np.maximum.reduceat(blank, self.groups.starts)
            self.blanked = worst > 0
            flags[worst == BLANK_NULL] |= np.int16(_NOTHING[self.rule.missing.null])
            flags[worst == BLANK_ERROR] |= np.int16(Flag.UNKNOWN)

    def _sides(self, value: F8) -> tuple[Bools, Bools, Bools]:
        rule = self.rule
        bad = _COMPARE[rule.operator](value, rule.breach)
        warn = bad if rule.warn is None else _COMPARE[rule.operator](value, rule.warn)
        good = _COMPARE[_OPPOSITE[rule.operator]](value, rule.breach if rule.clear is None else rule.clear)
        return bad, warn, good

    def _evidence(self, windows: Windows, now: float) -> Evidence:
        bad, warn, good = self._sides(self.value)
        if self.part is None or not len(self.groups.names):
            return Evidence(self.measured, bad, warn, good)
        newest = bucket_of(now, self.bucket)
        for number in range(max(self.closed, newest - self.n), newest):
            closed = windows.estimate(
                self.table, self.groups, self.rule.estimator, self.part, (number + 1) * self.bucket
            )
            part_bad, _, part_good = self._sides(closed.value)
            mark = np.where(closed.samples == 0, 0, np.where(part_bad, 2, np.where(part_good, 1, 3)))
            self.history = np.concatenate([self.history[:, 1:], mark[:, None].astype(np.int8)], axis=1)
        self.closed = newest
        enough_bad = (self.history == 2).sum(axis=1) >= self.need  # noqa: PLR2004 - the mark for bad
        enough_good = (self.history == 1).sum(axis=1) >= self.need
        return Evidence(self.measured, enough_bad, warn, enough_good & ~enough_bad)

    def _changes(self, now: float) -> list[Transition]:
        levels = self.states.levels()
        unknown = (self.flags & np.int16(Flag.UNKNOWN | Flag.STALE | Flag.BLIND)) != 0
        insufficient = (self.flags & np.int16(Flag.INSUFFICIENT)) != 0
        after = np.where(
            levels == Level.BREACH,
            Standing.BREACH,
            np.where(unknown, Standing.UNKNOWN, np.where(insufficient, Standing.INSUFFICIENT, levels)),
        ).astype(np.int8)
        changed = np.flatnonzero(after != self.standings)
        made = [
            Transition(
                self.rule.name,
                self.names[i],
                Standing(int(self.standings[i])),
                Standing(int(after[i])),
                now,
                float(self.value[i]),
                int(self.samples[i]),
            )
            for i in changed.tolist()
        ]
        self.states.since[changed] = now
        self.standings = after
        return made

    def level(self, index: int) -> Level:
        """The measured level of a group."""
        return Level(int(self.states.levels()[index]))

    def standing(self, index: int) -> Standing:
        """Level and flags of a group in one word."""
        return standing(self.level(index), Flag(int(self.flags[index])))
