"""Points of no return: judged each tick, latched once passed, put into words for the decisions that they concern."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

import msgspec

from monitor.deciding.entry import Entry
from monitor.deciding.facts import Facts
from monitor.deciding.journal import Journal
from monitor.judging.expressions import parse
from monitor.model import Truth
from monitor.plan import PAST, PointOfNoReturn
from monitor.serving.acts import Actor, Refusal
from monitor.serving.snapshot import CheckRow, PointRow
from monitor.text import clean

GOLIVE = "golive"
EVERYWHERE = frozenset({"", "all", "*"})
"""Words of a scope or a parameter that leave nothing out."""
_PAIR = re.compile(r"([\w.-]+)\s*[:=]\s*([^\s,]+)")
_WILD = re.compile(r"[*?\[]")
_TRUTHS = {"open": Truth.FALSE, "passed": Truth.TRUE, "unknown": Truth.UNKNOWN}

PointState: TypeAlias = Literal["open", "passed", "unknown"]
OnPoint: TypeAlias = Callable[[PointRow, str], None]
"""A point has passed, or a person spoke about it: the point, and a sentence."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of a point; its newest line in the journal holds all of it."""

    passed: bool = False
    overruled: bool = False
    """A person said that it is not passed although its signal says so; holds until the signal has been on the other side."""
    at: float = 0.0
    by: str = ""
    reason: str = ""


def judged(standing: Standing, truth: Truth, at: float) -> tuple[PointState, Standing]:
    """A point's state at a tick. Once passed it stays passed, whatever its signal says later; unknown is unknown."""
    if standing.passed:
        return "passed", standing
    if truth is Truth.UNKNOWN:
        return "unknown", standing
    if truth is Truth.FALSE:
        fresh = msgspec.structs.replace(standing, overruled=False) if standing.overruled else standing
        return "open", fresh
    if standing.overruled:
        return "open", standing
    return "passed", Standing(passed=True, at=at, by=GOLIVE, reason="its signal says so")


def concerns(scope: Iterable[str], decision: str, parameters: Mapping[str, str]) -> bool:
    """Whether a point's scope and what a decision works on overlap. What cannot be told apart overlaps.

    decision: `all`, or `name:value` and `name=value` pairs. A parameter of the same name narrows it as well.
    """
    worked: defaultdict[str, set[str]] = defaultdict(set)
    for name, value in parameters.items():
        worked[name].add(value)
    pairs = _PAIR.findall(decision)
    for name in {name for name, _ in pairs}:
        worked[name] = {value for other, value in pairs if other == name}
    entries = list(scope)
    if not entries:
        return True
    for entry in entries:
        pair = _PAIR.fullmatch(entry)
        values = worked.get(pair[1]) if pair else None
        if pair is None or not values or any(_overlap(pair[2], value) for value in values):
            return True
    return False


def _overlap(pattern: str, value: str) -> bool:
    if value in EVERYWHERE or fnmatchcase(value, pattern):
        return True
    if not _WILD.search(value):
        return False
    one, other = _WILD.split(pattern, maxsplit=1)[0], _WILD.split(value, maxsplit=1)[0]
    return one.startswith(other) or other.startswith(one)


@dataclass(frozen=True, slots=True)
class Reading:
    """The points that concern one decision, at one tick."""

    rows: tuple[PointRow, ...] = ()

    @property
    def past(self) -> Truth:
        """What `past_point_of_no_return` says in a pre-flight: over the points that freeze."""
        return max((_TRUTHS[row.state] for row in self.rows if row.after == "freeze"), default=Truth.FALSE)

    @property
    def checks(self) -> tuple[CheckRow, ...]:
        """A condition for each point that freezes: that it is not passed."""
        return tuple(
            CheckRow(what=f"not past {row.name}", state=Truth(2 - _TRUTHS[row.state]).name.lower(), detail=row.detail)
            for row in self.rows
            if row.after == "freeze"
        )

    @property
    def material(self) -> tuple[tuple[str, str], ...]:
        """Names and states of those that only warn; those that freeze are conditions of the pre-flight."""
        return tuple((row.name, row.state) for row in self.rows if row.after == "warn")


class Points:
    """All points of a cutover. `recall` them, then `judge` once a tick."""

    def __init__(
        self,
        points: Iterable[PointOfNoReturn],
        journal: Journal,
        clock: Callable[[], float],
        on_point: OnPoint = lambda _row, _words: None,
    ) -> None:
        self._points = {point.name: (point, parse(f"{point.signal} {point.when}")) for point in points}
        self._journal = journal
        self._clock = clock
        self._on_point = on_point
        self._standing = {name: Standing() for name in self._points}
        self._saved = dict(self._standing)
        self._saving: dict[str, asyncio.Future[Entry]] = {}
        self._states: dict[str, PointState] = dict.fromkeys(self._points, "unknown")
        self._details = dict.fromkeys(self._points, "not judged yet")

    async def recall(self) -> None:
        """Take up what the journal says: a point that was passed before a restart is passed."""
        for entry in await self._journal.entries(kind="point"):
            if entry.object in self._standing:
                self._standing[entry.object] = self._saved[entry.object] = msgspec.convert(entry.data, Standing)
        for name, standing in self._standing.items():
            self._states[name] = "passed" if standing.passed else "unknown"

    def judge(self, facts: Facts) -> None:
        """Look at all signals once. A passing counts at once and is journalled; a failed write is tried again."""
        for name, (point, expression) in self._points.items():
            truth = expression.evaluate(lambda _: Truth.UNKNOWN, facts.signal)
            before = self._standing[name]
            self._states[name], standing = judged(before, truth, facts.at)
            value = facts.signal(point.signal)
            shown = "unknown" if value is None else f"{value:.4g}"
            self._details[name] = f"{point.signal} is {shown}, passed when {point.when}"
            self._standing[name] = standing
            if standing.passed and not before.passed:
                self._on_point(self._row(name), f"point of no return {name} is passed: {self._details[name]}")
            self._save(name)

    def _save(self, name: str) -> None:
        standing, writing = self._standing[name], self._saving.get(name)
        if standing == self._saved[name] or (writing is not None and not writing.done()):
            return
        words = "is passed" if standing.passed else "may pass again: its signal stands on the other side"
        future = self._append(name, standing, GOLIVE, words, "")

        def written(done: asyncio.Future[Entry]) -> None:
            if not done.cancelled() and done.exception() is None:
                self._saved[name] = standing

        future.add_done_callback(written)
        self._saving[name] = future

    def _append(self, name: str, standing: Standing, who: str, words: str, via: str) -> asyncio.Future[Entry]:
        return self._journal.append(
            "point",
            who,
            f"point of no return {name} {words}",
            object=name,
            state="passed" if standing.passed else "open",
            via=via,
            data=msgspec.to_builtins(standing),
            at=self._clock(),
        )

    async def declare(self, actor: Actor, name: str, *, passed: bool, reason: str) -> PointRow:
        """A named person says that a point is passed, or that it is not; on disk before it counts.

        Refused: 403 for a role that may not, 404 unknown point, 400 without a reason, 409 when it is so already.
        """
        allowed = ("operator", "approver") if passed else ("approver",)
        if actor.role not in allowed:
            raise Refusal(403, f"{actor.name} has the role {actor.role}; this needs {' or '.join(allowed)}", "ask one")
        if name not in self._points:
            raise Refusal(404, f"there is no point of no return {clean(name, 40)!r}", "see `golive status`")
        if not reason.strip():
            raise Refusal(400, "no reason given", "say how you know")
        before = self._standing[name]
        if before.passed == passed:
            words = "is passed already" if passed else "is not passed"
            raise Refusal(409, f"point {name} {words}", f"said by {before.by}" if before.by else "")
        standing = Standing(
            passed=passed, overruled=not passed, at=self._clock(), by=actor.name, reason=clean(reason, 200)
        )
        words = f"{'is passed' if passed else 'is not passed'}, says {actor.name}: {standing.reason}"
        await self._append(name, standing, actor.name, words, actor.via)
        self._standing[name] = self._saved[name] = standing
        self._states[name] = "passed" if passed else "open"
        row = self._row(name)
        self._on_point(row, f"point of no return {name} {words}")
        return row

    def _row(self, name: str) -> PointRow:
        point, _ = self._points[name]
        standing, state = self._standing[name], self._states[name]
        said = (
            f"{standing.by}: {standing.reason}; " if standing.by and (state == "passed" or standing.overruled) else ""
        )
        return PointRow(
            name=name,
            state=state,
            after=point.after,
            scope=point.scope,
            since=standing.at if state == "passed" else None,
            by=standing.by if standing.passed or standing.overruled else "",
            detail=f"{said}{self._details[name]}",
        )

    def rows(self) -> tuple[PointRow, ...]:
        """All of them, in the order of the configuration."""
        return tuple(self._row(name) for name in self._points)

    def reading(self, scope: str, parameters: Mapping[str, str]) -> Reading:
        """Those that concern a decision of this scope with these parameters."""
        rows = (
            self._row(name) for name, (point, _) in self._points.items() if concerns(point.scope, scope, parameters)
        )
        return Reading(tuple(rows))

    def over(self, targets: Sequence[Mapping[str, str]]) -> Reading:
        """Those that concern what is moved: any of the targets, or, where none is known, everything.

        Where something was bad says nothing of what is moved: a queue in breach may send every number back.
        """
        concerned = {row.name for target in targets or ({},) for row in self.reading("all", target).rows}
        return Reading(tuple(row for row in self.rows() if row.name in concerned))


__all__ = ["PAST", "Points", "Reading", "Standing", "concerns", "judged"]
