"""What the simulated edges, carrier and roster publish: call reports in their own JSON, and native samples. Pure.

What the legacy PBX says of its queues, agents and calls stands in `asterisk`, what the target says of its queues and agents
in `connect_answers`, and neither is said here as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from monitor.demo.calls import Line, Moment
from monitor.demo.centre import Centre, Report
from monitor.demo.geography import PLATFORMS, SITES, TRUNKS, Platform
from monitor.quality.codecs import G711_BARE
from monitor.quality.emodel import mos, mouth_to_ear, rating

NATIVE = "cc/native/{source}"
CALL = "cc/{platform}/{site}/{queue}/call"


class Message(NamedTuple):
    """One MQTT message, QoS 1."""

    topic: str
    payload: bytes


class Row(NamedTuple):
    """One native sample."""

    at: float
    metric: str
    labels: dict[str, str]
    value: float


_CARRIED = ("golive_calls_offered_total", {"platform": "carrier"})
_COUNTS = {
    "join": "golive_queue_contacts_offered_total",
    "answer": "golive_queue_contacts_answered_total",
    "abandon": "golive_queue_contacts_abandoned_total",
}
_SPANS = {
    "answer": "golive_queue_answer_seconds",
    "abandon": "golive_queue_abandon_seconds",
    "complete": "golive_queue_handle_seconds",
}


class Telemetry:
    """Turns the centre's state into messages, with a sequence number a source, so that gaps can be counted."""

    def __init__(self) -> None:
        self._sequence: Counter[str] = Counter()
        self._encode = msgspec.json.Encoder().encode

    def calls(self, reports: Iterable[Report]) -> list[Message]:
        """One message a report of the target's edge, in its own words: milliseconds and percent."""
        messages = []
        for report in reports:
            if report.platform != "target":
                continue
            edge = f"edge-{report.platform}"
            payload = {
                "ts": round(report.at, 3),
                "edge": edge,
                "seq": self._next(edge),
                "trunk": report.trunk,
                "jitter_ms": round(report.jitter * 1000, 3),
                "loss_pct": round(report.loss * 100, 4),
                "rtt_ms": round(report.round_trip * 1000, 2),
                "mos": round(_mos(report), 3),
            }
            topic = CALL.format(platform=report.platform, site=report.site, queue=report.queue)
            messages.append(Message(topic, self._encode(payload)))
        return messages

    def moments(self, moments: Iterable[Moment]) -> list[Message]:
        """What happened to calls, each with its own time: the carrier's calls, and those of the target's queues."""
        carried: list[Row] = []
        queued: list[Row] = []
        for moment in moments:
            if moment.kind == "join":
                carried.append(Row(moment.at, *_CARRIED, float(moment.call.number)))
            if moment.call.line.platform == "target":
                queued += _moment(moment)
        sources = (("carrier", carried), ("acd-target", queued))
        return [self._native(source, rows) for source, rows in sources if rows]

    def second(self, centre: Centre) -> list[Message]:
        """What every edge, roster and probe says once a second: one array a source."""
        messages = [self._edge(centre, platform) for platform in PLATFORMS]
        messages.append(self._queues(centre))
        messages.append(self._carrier(centre))
        messages.append(self._workforce(centre))
        messages.append(self._probes(centre))
        return messages

    def _next(self, source: str) -> int:
        self._sequence[source] += 1
        return self._sequence[source]

    def _native(self, source: str, rows: Iterable[Row]) -> Message:
        samples = [
            {
                "metric": row.metric,
                "value": row.value,
                "at": round(row.at, 3),
                "labels": row.labels,
                "source": source,
                "seq": self._next(source),
            }
            for row in rows
        ]
        return Message(NATIVE.format(source=source), self._encode(samples))

    def _edge(self, centre: Centre, platform: Platform) -> Message:
        rows: list[Row] = []
        for site in SITES:
            where = {"platform": platform, "site": site}
            talking = sum(
                line.talking for line in centre.lines.values() if (line.platform, line.site) == (platform, site)
            )
            trunk = TRUNKS[platform, site]
            one_way = {**where, "trunk": trunk}
            rows.append(Row(centre.now, "golive_calls_concurrent", where, talking))
            rows.append(Row(centre.now, "golive_media_one_way_calls_total", one_way, centre.one_way[trunk]))
        return self._native(f"media-{platform}", rows)

    def _queues(self, centre: Centre) -> Message:
        rows: list[Row] = []
        for line in centre.lines.values():
            if line.platform == "target":
                rows += _queue(line, centre.now)
        return self._native("acd-target", rows)

    def _carrier(self, centre: Centre) -> Message:
        return self._native("carrier", [Row(centre.now, *_CARRIED, float(centre.carried))])

    def _workforce(self, centre: Centre) -> Message:
        now = centre.now
        rows: list[Row] = []
        for site in SITES:
            where = {"site": site}
            present = sum(line.agents for line in centre.lines.values() if line.site == site)
            rows.append(Row(now, "golive_agents_planned", where, centre.rostered[site]))
            rows.append(Row(now, "golive_agent_login_success_ratio", where, 1.0))
            rows.append(Row(now, "golive_agents_ready_ratio", where, present / max(1, centre.rostered[site])))
        moved = sum(centre.routes.values()) / len(centre.routes) / 100.0
        rows.append(Row(now, "golive_routing_target_ratio", {}, round(moved, 4)))
        return self._native("workforce", rows)

    def _probes(self, centre: Centre) -> Message:
        rows = [
            Row(centre.now, "golive_link_up", {**where, "link": f"wan-{where['site']}", "role": "primary"}, 1.0)
            for where in ({"platform": platform, "site": site} for platform in PLATFORMS for site in SITES)
        ]
        return self._native("probes", rows)


def _where(line: Line) -> dict[str, str]:
    return {"platform": line.platform, "site": line.site, "queue": line.queue}


def _moment(moment: Moment) -> Iterator[Row]:
    """A count that rose and a time that somebody waited or talked."""
    where = _where(moment.call.line)
    if moment.kind in _COUNTS:
        told = {**where, "short": str(moment.short).lower()} if moment.kind == "abandon" else where
        yield Row(moment.at, _COUNTS[moment.kind], told, moment.total)
    if moment.kind in _SPANS:
        yield Row(moment.at, _SPANS[moment.kind], where, round(moment.seconds, 3))


def _queue(line: Line, now: float) -> Iterator[Row]:
    where = _where(line)
    yield Row(now, "golive_queue_contacts_offered_total", where, line.offered)
    yield Row(now, "golive_queue_contacts_answered_total", where, line.answered)
    lost = "golive_queue_contacts_abandoned_total"
    yield Row(now, lost, {**where, "short": "false"}, line.abandoned - line.short)
    yield Row(now, lost, {**where, "short": "true"}, line.short)


def _mos(report: Report) -> float:
    return mos(rating(mouth_to_ear(report.round_trip, report.jitter), report.loss, codec=G711_BARE))
