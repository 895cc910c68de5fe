"""Call quality over a window, by trunk, site, codec or device on both platforms; and how one group went minute by minute.

A percentile is of all reports of a group together, from the histograms that are exported as well: exact to the bin, between
its ends a straight line. Scores of different methods are not comparable: where a group has several, the E-model that golive
computes itself (g107) counts; without it there is no score, and the row says why.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import numpy as np

from monitor.daemon.facts import number_or_none
from monitor.daemon.grouping import Grouping
from monitor.daemon.recent_queues import followed_only
from monitor.daemon.trails import MINUTE, Follower, gathered, known_since
from monitor.daemon.worst_calls import BAD, WorstCalls
from monitor.judging.queue_figures import PLATFORMS
from monitor.judging.rings import F8, I8, first_bucket
from monitor.judging.store import Store
from monitor.judging.table import Table
from monitor.model import Metric
from monitor.serving.recent_rows import HeatRow, RecentCalls, RecentCallsRow, RecentGroup, WorstCallRow

MOS = "golive_media_mos"
JITTER = "golive_media_jitter_seconds"
ROUND_TRIP = "golive_media_round_trip_seconds"
ONE_WAY = "golive_media_one_way_calls_total"
EXPECTED, LOST = "golive_media_packets_expected_total", "golive_media_packets_lost_total"
LOSS = "golive_media_packet_loss_ratio"
METRICS = (MOS, JITTER, ROUND_TRIP, ONE_WAY, EXPECTED, LOST)
BY = ("trunk", "site", "device", "codec", "queue", "source")
"""Labels that calls can be grouped by, where they exist."""
ROWS = 400
"""Rows of one answer, the worst first."""
BANDS = (4.3, 4.0, 3.6)
"""Lower ends of the bands of the heat map; a fourth is below them."""
COLUMNS = 30
"""Minutes of the heat map."""
WORST = 12
"""Bad reports of one answer."""
_OURS = "g107"

Followers = Mapping[str, Follower]


class Group(NamedTuple):
    """What makes a row."""

    value: str
    platform: str
    direction: str


def _key(by: str, labels: dict[str, str], *, split: bool) -> Group | None:
    value, platform = labels.get(by), labels.get("platform")
    if not value or not platform or platform not in PLATFORMS:
        return None
    return Group(value, platform, labels.get("direction", "") if split else "")


def quantile(counts: F8, q: float, metric: Metric) -> F8:
    """The q-quantile of each row of counts by the metric's bins, NaN where there are none."""
    bounds = np.asarray(metric.bounds, np.float64)
    low = np.concatenate([[metric.low if math.isfinite(metric.low) else bounds[0]], bounds])
    high = np.concatenate([bounds, [metric.high if math.isfinite(metric.high) else bounds[-1]]])
    running = np.cumsum(counts, axis=1)
    total = running[:, -1]
    rank = q * total
    place = np.minimum((running < rank[:, None]).sum(axis=1), len(high) - 1)
    rows = np.arange(len(counts))
    inside = counts[rows, place]
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(inside > 0, (rank - (running[rows, place] - inside)) / inside, 1.0)
    return np.where(total > 0, low[place] + (high[place] - low[place]) * part, np.nan)


async def table(
    store: Store, followers: Followers, by: str, end: float, seconds: float, now: float, *, split: bool
) -> RecentCalls:
    """Every group on each platform; gives the loop back between metrics."""
    groups = Grouping(partial(_key, by, split=split))
    since = end - seconds
    rows_of = {name: groups.of(follower.table) for name, follower in followers.items() if name in METRICS}
    loss_rows = groups.of(store.tables[LOSS]) if LOSS in store.tables else np.zeros(0, np.int64)
    names = groups.groups
    reports, p10, p50, why = await _scores(followers.get(MOS), by, names, since, split=split)
    jitter = await _percentile(followers.get(JITTER), rows_of, names, since, 0.95)
    trip = await _percentile(followers.get(ROUND_TRIP), rows_of, names, since, 0.5)
    loss, loss_covered = await _loss(store, followers, rows_of, loss_rows, len(names), since, end)
    one_way = await _rises(followers.get(ONE_WAY), rows_of, len(names), since)
    heard = _heard(store, groups, len(names), now)
    begin = min(end, known_since(followers[name].counts for name in rows_of))
    made = [
        RecentCallsRow(
            group=name.value,
            platform=name.platform,
            direction=name.direction,
            reports=int(reports[place]),
            mos_p10=number_or_none(float(p10[place])),
            mos_p50=number_or_none(float(p50[place])),
            loss=number_or_none(float(loss[place])),
            jitter_p95=number_or_none(float(jitter[place])),
            round_trip_p50=number_or_none(float(trip[place])),
            one_way=number_or_none(float(one_way[place])),
            age=number_or_none(float(heard[0][place])),
            stale=bool(heard[1][place]),
            why=why[place],
        )
        for place, name in enumerate(names)
    ]
    made.sort(key=lambda row: (math.inf if row.mos_p10 is None else row.mos_p10, row.group))
    return RecentCalls(
        at=end,
        asked=seconds,
        covered=max(0.0, min(seconds, end - begin)),
        by=by,
        groupings=groupings(store),
        rows=tuple(made[:ROWS]),
        left_out=max(0, len(made) - ROWS),
        loss_covered=loss_covered,
    )


def groupings(store: Store) -> tuple[str, ...]:
    """Labels of BY that some series of call quality has."""
    tables = [store.tables[name] for name in (MOS, JITTER, LOSS) if name in store.tables]
    found = {name for table in tables for labels in table.labels for name, _ in labels}
    return tuple(name for name in BY if name in found)


async def _scores(
    follower: Follower | None, by: str, names: list[Group], since: float, *, split: bool
) -> tuple[F8, F8, F8, list[str]]:
    """Reports, p10, median and why there is none, by group; only of one method each."""
    size = len(names)
    nothing = np.full(size, np.nan)
    if follower is None:
        return np.zeros(size), nothing, nothing, [""] * size

    def with_method(labels: dict[str, str]) -> tuple[Group, str] | None:
        group = _key(by, labels, split=split)
        return None if group is None else (group, labels.get("method", ""))

    methods = Grouping(with_method)
    group_of = methods.of(follower.table)
    counts = await gathered(follower.counts.steps(since), group_of, len(methods.groups), follower.bins)
    heard = counts.sum(axis=1)
    place: dict[Group, dict[str, int]] = {}
    for number, (group, method) in enumerate(methods.groups):
        if heard[number] > 0:
            place.setdefault(group, {})[method] = number
    chosen, why = np.full(size, -1), [""] * size
    for number, name in enumerate(names):
        own = place.get(name, {})
        if _OURS in own or len(own) == 1:
            chosen[number] = own.get(_OURS, next(iter(own.values())))
        elif own:
            why[number] = f"{len(own)} methods of scoring, which cannot be compared"
    picked = np.where(chosen[:, None] >= 0, counts[chosen], 0.0) if len(counts) else np.zeros((size, follower.bins))
    metric = follower.table.metric
    return picked.sum(axis=1), quantile(picked, 0.1, metric), quantile(picked, 0.5, metric), why


async def _percentile(
    follower: Follower | None, rows_of: Mapping[str, I8], names: list[Group], since: float, q: float
) -> F8:
    if follower is None:
        return np.full(len(names), np.nan)
    metric = follower.table.metric
    counts = await gathered(follower.counts.steps(since), rows_of[metric.name], len(names), follower.bins)
    return quantile(counts, q, metric)


async def _rises(follower: Follower | None, rows_of: Mapping[str, I8], size: int, since: float) -> F8:
    if follower is None:
        return np.full(size, np.nan)
    group_of = rows_of[follower.table.metric.name]
    total = (await gathered(follower.counts.steps(since), group_of, size))[:, 0]
    return followed_only(total, group_of, follower)


async def _loss(
    store: Store, followers: Followers, rows_of: Mapping[str, I8], group_of: I8, size: int, since: float, end: float
) -> tuple[F8, float]:
    """Lost of expected packets where both are counted; else the mean of what was reported, as far as a rule keeps it."""
    expected = await _rises(followers.get(EXPECTED), rows_of, size, since)
    lost = await _rises(followers.get(LOST), rows_of, size, since)
    with np.errstate(invalid="ignore", divide="ignore"):
        counted = np.where(expected > 0, lost / expected, np.nan)
    table = store.tables.get(LOSS)
    means, covered = _means(table, group_of, size, since, end) if table is not None else (np.full(size, np.nan), 0.0)
    return np.where(np.isnan(counted), means, counted), covered


def _means(table: Table, group_of: I8, size: int, since: float, end: float) -> tuple[F8, float]:
    rings = [ring for ring in table.rings.values() if ring.total.size]
    if not rings or not size:
        return np.full(size, np.nan), 0.0
    longest = max(rings, key=lambda ring: ring.width * ring.count)
    span = min(end - since, longest.width * (longest.count - 1))
    slots = longest.slots(first_bucket(end, span, longest.width), longest.head)
    mine = group_of >= 0
    known = len(group_of)
    total = np.bincount(group_of[mine], longest.total[slots, :known].sum(axis=0)[mine], size)
    count = np.bincount(group_of[mine], longest.filled[slots, :known].sum(axis=0)[mine], size)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count > 0, total / count, np.nan), span


def _heard(store: Store, groups: Grouping[Group], size: int, now: float) -> tuple[F8, F8]:
    """Age of the newest number of each group, and whether that is stale by its source's measure."""
    newest, limit = np.full(size, -np.inf), np.full(size, np.inf)
    for name in (MOS, JITTER, LOSS):
        table = store.tables.get(name)
        if table is None:
            continue
        group_of = groups.of(table)
        mine = (group_of >= 0) & (group_of < size)
        np.maximum.at(newest, group_of[mine], table.latest_at[: len(group_of)][mine])
        np.minimum.at(limit, group_of[mine], table.stale_after[: len(group_of)][mine])
    age = now - newest
    return np.maximum(age, 0.0), np.asarray(age > limit, np.float64)


def course(store: Store, followers: Followers, worst: WorstCalls, by: str, value: str, end: float) -> RecentGroup:
    """How one group went minute by minute, and its worst reports; without a label: all calls."""
    follower, table = followers.get(MOS), store.tables.get(MOS)
    if follower is None or table is None:
        return RecentGroup(at=end)
    labels = [dict(pairs) for pairs in table.labels]
    mine = [row for row, told in enumerate(labels) if not by or told.get(by) == value]
    heat = [
        _heat(follower, platform, np.array(rows, np.int64), end)
        for platform in sorted(PLATFORMS, reverse=True)
        if (rows := [row for row in mine if labels[row].get("platform") == platform])
    ]
    chosen = set(mine)
    scores = [score for score in worst.worst(end) if score.row in chosen and score.value < BAD]
    told = tuple(WorstCallRow(at=score.at, mos=score.value, labels=labels[score.row]) for score in scores[:WORST])
    return RecentGroup(at=end, heat=tuple(heat), worst=told, below=len(scores))


def _heat(follower: Follower, platform: str, rows: I8, end: float) -> HeatRow:
    last = math.ceil(end / MINUTE)
    start = (last - COLUMNS) * MINUTE
    bins = follower.bins
    counts = np.zeros((COLUMNS, bins))
    mine = np.zeros(follower.table.size, np.bool_)
    mine[rows] = True
    for step in follower.counts.steps(start):
        column = math.ceil(step.end / MINUTE - 1e-9) - 1 - (last - COLUMNS)
        keep = mine[step.keys // bins]
        counts[max(column, 0)] += np.bincount(step.keys[keep] % bins, step.numbers[keep], bins)
    upper = np.append(follower.table.bounds, np.inf)
    cells, ceiling = [], np.inf
    for floor in (*BANDS, -np.inf):
        band = (upper > floor + 1e-9) & (upper <= ceiling + 1e-9)
        cells.append(tuple(int(number) for number in counts[:, band].sum(axis=1)))
        ceiling = floor
    p10 = quantile(counts, 0.1, follower.table.metric)
    return HeatRow(
        platform=platform,
        bands=BANDS,
        step=MINUTE,
        cells=tuple(cells),
        p10=tuple(number_or_none(float(value)) for value in p10),
    )
