"""One rule at work: its groups, its numbers at the newest instant, and its state over time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from monitor.judging import nothing
from monitor.judging.buckets import Buckets
from monitor.judging.hours import is_open
from monitor.judging.judged import Judged, Transition
from monitor.judging.limits import Sides, sides
from monitor.judging.rings import F8, Bools, bucket_of, every, some
from monitor.judging.states import Evidence
from monitor.judging.telling import measure, transitions, why
from monitor.judging.windows import Estimates, Windows
from monitor.model import Flag, Level, Standing

LONGEST_STEP = 2.0
"""Seconds that timers move on at most from one tick to the next, so that a stopped process does not age a hold."""
MOST_TRANSITIONS = 500
"""Transitions that one tick hands on; the others are counted."""
_DARK = np.int16(Flag.UNKNOWN | Flag.STALE)
_LOST = np.int16(Flag.UNKNOWN | Flag.STALE | Flag.BLIND)
_A_TICK = 0.25
_THIN = np.int16(Flag.INSUFFICIENT)
_FLAPPING = np.int16(Flag.FLAPPING)
_BREACH, _UNKNOWN, _INSUFFICIENT = np.int8(Standing.BREACH), np.int8(Standing.UNKNOWN), np.int8(Standing.INSUFFICIENT)
_BROKEN = np.int8(Level.BREACH)


class Judge(Judged):
    """State of one rule. Groups are found as series appear; before the first one there is a group that nobody heard."""

    def arm(self, now: float, *, active: bool, windows: Windows | None = None) -> None:
        """Start afresh: windows count from here, so that what came before judges nothing."""
        self.active = active
        self.armed_at = now
        self.states.restart(now)
        self.unknown_for[:] = 0.0
        if self.buckets is not None:
            # The bucket that is running began before: its votes are about what was there then.
            self.buckets.restart(bucket_of(now + self.rule.warmup - _A_TICK, self.bucket) + 1)
        self.standings[:] = Standing.INSUFFICIENT
        self.measured = np.zeros(len(self.names), np.bool_)
        self.at = now
        if self.comparison is not None and windows is not None and active:
            self.find_groups(now)
            self.comparison.source.arm(windows, now, self.names)

    def rewind(self, now: float) -> None:
        """The clock was set back to `now`: nothing that is remembered lies ahead of it."""
        self.armed_at, self.at = min(self.armed_at, now), now
        np.minimum(self.states.since, now, out=self.states.since)
        if self.buckets is not None:
            self.buckets.closed = min(self.buckets.closed, bucket_of(now, self.bucket))

    def judge(self, windows: Windows, now: float, room: int = MOST_TRANSITIONS) -> list[Transition]:
        """Judge all groups at `now` (unix seconds); returns what changed, at most `room` transitions of it."""
        self.broken = ""
        self.find_groups(now)
        elapsed = min(max(now - self.at, 0.0), LONGEST_STEP)
        self.at = now
        end = now - self.delay
        self.open = is_open(self.rule.hours, now)
        judged = self._estimate(windows, now, end)
        warm = self.reader.start(end) >= self.armed_at + self.rule.warmup
        if warm and self._sound(judged):
            flags, self.measured, self.resting = self.no_flags, self.all, self.none
        else:
            flags = self._nothing(windows, now, judged, warm=warm)
        if warm:
            evidence = self._evidence(windows, end, judged)
            if evidence.measured is not self.measured:
                flags = self._unsure(flags, evidence.measured)
            self.states.step(evidence, elapsed, self.rule.hold, self.rule.clear_hold)
            if not self.states.calm:
                flags = nothing.never_measured(self.rule, self.states, flags)
        self.flags = self._since_dark(flags, elapsed)
        return self._changes(now, room)

    def _estimate(self, windows: Windows, now: float, end: float) -> Estimates | None:
        if not len(self.reader.groups.starts):
            return None
        made = self.reader.estimate(windows, end)
        self.quality = self.reader.quality(windows, now)
        self.measure, self.samples, self.newest = made.value, made.samples, self.quality.newest
        if self.comparison is not None:
            made = self.comparison.apply(made, windows, end, self.names)
        self.value = made.value
        self.bounds = None if made.low is None or made.high is None else (made.low, made.high)
        return made

    def _sound(self, judged: Estimates | None) -> bool:
        """Whether every group was measured, fresh and from enough samples: then there is no flag to set."""
        quality = self.quality
        return (
            judged is not None
            and quality is not None
            and judged.whole
            and quality.stale is None
            and quality.blank is None
            and self.open
            and self.excluding is None
            and not some(self.samples < self.rule.min_count)
        )

    def _nothing(self, windows: Windows, now: float, judged: Estimates | None, *, warm: bool) -> npt.NDArray[np.int16]:
        """Flags for each kind of nothing, and with them what is measured and what rests."""
        if judged is None or self.quality is None:
            flags = nothing.unheard(len(self.names), silent=now - self.armed_at > self.patience)
            self.measured = np.zeros(len(self.names), np.bool_)
        else:
            flags, self.measured = nothing.flags(self.rule, self.quality, self.samples, judged.heard, self.comparison)
        if not warm:
            flags |= _THIN
            self.measured = np.zeros(len(self.names), np.bool_)
        resting = np.full(len(self.names), not self.open)
        if self.excluding is not None and judged is not None:
            resting |= self.excluding.mask(windows, now, self.names)
        if some(resting):
            flags[resting] = np.int16(Flag.RESTING | Flag.INSUFFICIENT)
            self.measured = self.measured & ~resting
        self.resting = resting
        return flags

    def _evidence(self, windows: Windows, end: float, judged: Estimates | None) -> Evidence:
        if judged is None:
            return Evidence(self.none, self.none, self.none, self.none, self.none, whole=False)
        now = self._sides(judged, self.measure)
        whole = self.measured is self.all
        if self.buckets is None:
            return Evidence(self.measured, now.bad, now.warn, now.good, ~now.good, whole)
        self._close(self.buckets, windows, end)
        count = self.buckets.count()
        if not every(count.sure):
            return Evidence(self.measured & count.sure, count.bad, now.warn, count.good, count.fallen, whole=False)
        return Evidence(self.measured, count.bad, now.warn, count.good, count.fallen, whole)

    def _sides(self, judged: Estimates, measure: F8) -> Sides:
        floor = self.comparison.baseline.floor if self.comparison is not None else None
        return sides(self.rule, judged, measure, floor)

    def _close(self, buckets: Buckets, windows: Windows, end: float) -> None:
        """Mark every bucket that closed since the last tick."""
        newest = bucket_of(end, self.bucket)
        for number in buckets.unjudged(newest):
            at = (number + 1) * self.bucket
            made = self.reader.bucket(windows, at)
            judged = made if self.comparison is None else self.comparison.apply(made, windows, end, self.names)
            buckets.push(nothing.marks(self.rule, made, judged, self._sides(judged, made.value)))
        buckets.closed = newest

    def _unsure(self, flags: npt.NDArray[np.int16], measured: Bools) -> npt.NDArray[np.int16]:
        """Groups whose buckets decide nothing for their gaps: the rule's policy for finding nothing says what it means."""
        flag = nothing.NOTHING[self.rule.missing.no_data]
        flags = np.where(self.measured & ~measured, flags | np.int16(flag), flags).astype(np.int16)
        self.measured = measured
        return flags

    def _since_dark(self, flags: npt.NDArray[np.int16], elapsed: float) -> npt.NDArray[np.int16]:
        """Set BLIND where nothing was known for too long."""
        if flags is self.no_flags:
            if self.dark:
                self.unknown_for[:] = 0.0
                self.dark = False
            return flags
        dark = (flags & _DARK) != 0
        self.dark = some(dark)
        self.unknown_for = np.where(dark, self.unknown_for + elapsed, 0.0)
        if self.dark:
            flags[self.unknown_for > self.rule.blind_after] |= np.int16(Flag.BLIND)
        return flags

    def _after(self) -> npt.NDArray[np.int8]:
        """The standing of each group, from level and flags."""
        if self.flags is self.no_flags and self.states.calm:
            return self.states.warn.view(np.int8)
        levels = self.states.levels()
        if self.flags is self.no_flags:
            levels[levels == _BROKEN] = _BREACH
            return levels
        after = np.where((self.flags & _THIN) != 0, _INSUFFICIENT, levels)
        after[(self.flags & _LOST) != 0] = _UNKNOWN
        after[levels == _BROKEN] = _BREACH
        shown = nothing.shown_as_breach(self.rule, self.quality, self.control)
        if shown is not None:
            after[shown & ~self.resting] = _BREACH
        return after

    def _changes(self, now: float, room: int) -> list[Transition]:
        before, after = self.standings, self._after()
        self.left_out = 0
        moved = before != after
        if not some(moved):
            self._flapping(now)
            return []
        changed = np.flatnonzero(moved)
        crossed = changed[(before[changed] == _BREACH) | (after[changed] == _BREACH)]
        if len(crossed):
            self.flaps.note(crossed, len(self.names), now)
        self._flapping(now)
        since = self.states.since[changed].copy()
        self.standings = after.copy() if after.base is not None else after
        self.states.since[changed] = now
        self.left_out = max(len(changed) - room, 0)
        return transitions(self, list(zip(changed[:room].tolist(), since.tolist(), strict=False)), before)

    def _flapping(self, now: float) -> None:
        mask = self.flaps.mask(len(self.names), now)
        self.flapped, self.flapping = self.flapping, mask
        if mask is not None:
            self.flags = np.where(mask, self.flags | _FLAPPING, self.flags).astype(np.int16)

    def why(self, index: int) -> str:
        """Why nothing is known of a group, in one clause; empty when it was measured."""
        return why(self, index)

    def measured_how(self, index: int) -> str:
        """How a value came about where the number alone does not say: bounds, baseline. Empty otherwise."""
        return measure(self, index)

    def fail(self, error: str, now: float, room: int = MOST_TRANSITIONS) -> list[Transition]:
        """The rule raised: nothing of it is known until it works again."""
        self.broken, self.at = error, now
        self.flags = np.full(len(self.names), Flag.UNKNOWN, np.int16)
        self.measured = np.zeros(len(self.names), np.bool_)
        return self._changes(now, room)
