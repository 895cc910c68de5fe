"""Queues over a window: contacts that came, were answered and gave up, mean waits; and how one queue went."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import chain

import numpy as np

from monitor.daemon.facts import number_or_none
from monitor.daemon.grouping import Grouping
from monitor.daemon.trails import Follower, Step, gathered, known_since
from monitor.judging.queue_figures import ABANDONED, ANSWER_WAITS, ANSWERED, OFFERED, PLATFORMS, WAITING
from monitor.judging.rings import F8, I8
from monitor.serving.recent_rows import RecentPoints, RecentQueue, RecentQueueRow, RecentQueues

HANDLE = "golive_queue_handle_seconds"
METRICS = (OFFERED, ANSWERED, ABANDONED, WAITING, ANSWER_WAITS, HANDLE)
ROWS = 400
"""Queues times platforms in one answer."""
POINTS, POINT = 60, 15.0
"""Points of a line, and seconds between two."""

Followers = Mapping[str, Follower]


def _key(labels: dict[str, str]) -> tuple[str, str] | None:
    queue, platform = labels.get("queue"), labels.get("platform")
    return (queue, platform) if queue and platform and platform in PLATFORMS else None


async def table(followers: Followers, end: float, seconds: float) -> RecentQueues:
    """Every queue on each platform, as of the newest step."""
    groups = Grouping(_key)
    rows_of = {name: groups.of(follower.table) for name, follower in followers.items() if name in METRICS}
    names = groups.groups
    since = end - seconds
    begin = min(end, known_since(followers[name].counts for name in rows_of))
    # All steps are taken at one instant: what comes while the sums are made would unbalance them.
    counted = {name: [*followers[name].counts.steps(since)] for name in rows_of}
    summed = {name: [*followers[name].sums.steps(since)] for name in rows_of}
    changed = _change(followers, rows_of, len(names), since)

    async def rise(name: str) -> F8:
        if name not in rows_of:
            return np.full(len(names), np.nan)
        total = (await gathered(counted[name], rows_of[name], len(names)))[:, 0]
        return followed_only(total, rows_of[name], followers[name])

    async def mean(name: str) -> F8:
        if name not in rows_of:
            return np.full(len(names), np.nan)
        bins = await gathered(counted[name], rows_of[name], len(names), followers[name].bins)
        counts = bins.sum(axis=1)
        sums = (await gathered(summed[name], rows_of[name], len(names)))[:, 0]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(counts > 0, sums / counts, np.nan)

    columns = [await rise(OFFERED), await rise(ANSWERED), await rise(ABANDONED)]
    columns += [changed]
    columns += [await mean(ANSWER_WAITS), await mean(HANDLE)]
    numbers = [[number_or_none(float(value)) for value in column] for column in columns]
    made = [
        RecentQueueRow(
            queue=queue,
            platform=platform,
            offered=numbers[0][place],
            answered=numbers[1][place],
            abandoned=numbers[2][place],
            waiting_change=numbers[3][place],
            answer_seconds=numbers[4][place],
            handle_seconds=numbers[5][place],
        )
        for place, (queue, platform) in enumerate(names[:ROWS])
    ]
    return RecentQueues(
        at=end,
        asked=seconds,
        covered=max(0.0, min(seconds, end - begin)),
        rows=tuple(made),
        left_out=max(0, len(names) - ROWS),
    )


def followed_only(total: F8, group_of: I8, follower: Follower) -> F8:
    """Only for groups of which a series has been followed; what nobody followed has not risen by zero."""
    known = follower.known
    followed = group_of[: len(known)][known[: len(group_of)]]
    has = np.bincount(followed[followed >= 0], minlength=len(total)) > 0
    return np.where(has, total, np.nan)


def _change(followers: Followers, rows_of: Mapping[str, I8], groups: int, since: float) -> F8:
    """How many more wait than at the beginning; a series that came later counts from its first number on."""
    follower = followers.get(WAITING)
    if follower is None:
        return np.full(groups, np.nan)
    size = len(rows_of[WAITING])
    steps = [*follower.counts.steps(-math.inf)]
    before = _last([step for step in steps if step.end <= since + 1e-6], size)
    inside = [step for step in steps if step.end > since + 1e-6]
    first, now = _last(inside[::-1], size), _last(steps, size)
    start = np.where(np.isnan(before), first, before)
    change = np.nan_to_num(now - start)
    mine = rows_of[WAITING] >= 0
    total = np.bincount(rows_of[WAITING][mine], change[mine], groups).astype(np.float64)
    return followed_only(total, rows_of[WAITING], follower)


def _last(steps: list[Step], size: int) -> F8:
    """The last number of each row, NaN where there is none."""
    out = np.full(size, np.nan)
    for step in steps:
        keep = step.keys < size
        out[step.keys[keep]] = step.numbers[keep]
    return out


def course(followers: Followers, end: float, queue: str) -> RecentQueue:
    """Contacts waiting and arrivals a minute on both platforms, the newest quarter of an hour."""
    lines = chain(_waiting(followers, end, queue), _arrivals(followers, end, queue))
    return RecentQueue(at=end, lines=tuple(lines))


def _slots(step: Step, start: float) -> int:
    return math.ceil((step.end - start) / POINT - 1e-6) - 1


def _rows(follower: Follower, queue: str) -> dict[str, I8]:
    found: dict[str, list[int]] = {}
    for row, labels in enumerate(follower.table.labels):
        told = dict(labels)
        if told.get("queue") == queue and told.get("platform") in PLATFORMS:
            found.setdefault(told["platform"], []).append(row)
    return {platform: np.array(rows, np.int64) for platform, rows in sorted(found.items(), reverse=True)}


def _waiting(followers: Followers, end: float, queue: str) -> Iterator[RecentPoints]:
    follower, start = followers.get(WAITING), end - POINTS * POINT
    if follower is None:
        return
    for platform, rows in _rows(follower, queue).items():
        values: list[dict[int, float]] = [{} for _ in range(POINTS)]
        for step in follower.counts.steps(start):
            mine = np.isin(step.keys, rows)
            values[_slots(step, start)].update(zip(step.keys[mine].tolist(), step.numbers[mine].tolist(), strict=True))
        yield _line("in queue", platform, [sum(slot.values()) if slot else None for slot in values])


def _arrivals(followers: Followers, end: float, queue: str) -> Iterator[RecentPoints]:
    follower, start = followers.get(OFFERED), end - POINTS * POINT
    if follower is None:
        return
    for platform, rows in _rows(follower, queue).items():
        values: list[float | None] = [None] * POINTS
        for step in follower.counts.steps(start):
            slot = _slots(step, start)
            came = float(step.numbers[np.isin(step.keys, rows)].sum())
            values[slot] = (values[slot] or 0.0) + came * 60.0 / POINT
        yield _line("arrivals/min", platform, values)


def _line(name: str, platform: str, values: list[float | None]) -> RecentPoints:
    first = next((place for place, value in enumerate(values) if value is not None), len(values))
    return RecentPoints(name=name, platform=platform, step=POINT, points=tuple(values[first:]))
