"""What the simulated platforms publish: call reports in their own JSON, and native samples. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from monitor.demo.calls import Line
from monitor.demo.centre import Centre, Report
from monitor.demo.geography import PACE, PLATFORMS, SITES, TRUNKS, Platform
from monitor.quality.codecs import G711_BARE
from monitor.quality.emodel import mos, mouth_to_ear, rating

NATIVE = "cc/native/{source}"
CALL = "cc/{platform}/{site}/{queue}/call"


class Message(NamedTuple):
    """One MQTT message, QoS 1."""

    topic: str
    payload: bytes


class Telemetry:
    """Turns the centre's state into messages, with a sequence number a source, so that gaps can be counted."""

    def __init__(self) -> None:
        self._sequence: Counter[str] = Counter()
        self._encode = msgspec.json.Encoder().encode

    def calls(self, reports: Iterable[Report]) -> list[Message]:
        """One message a report, in the edges' own words: milliseconds and percent."""
        messages = []
        for report in reports:
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

    def second(self, centre: Centre) -> list[Message]:
        """What every platform and probe says once a second: one array a source."""
        messages = [self._edge(centre, platform) for platform in PLATFORMS]
        messages += [self._queues(centre, platform) for platform in PLATFORMS]
        messages.append(self._carrier(centre))
        messages.append(self._workforce(centre))
        messages.append(self._probes(centre))
        return messages

    def _next(self, source: str) -> int:
        self._sequence[source] += 1
        return self._sequence[source]

    def _native(self, source: str, at: float, rows: Iterable[tuple[str, float, dict[str, str]]]) -> Message:
        samples = [
            {
                "metric": metric,
                "value": value,
                "at": round(at, 3),
                "labels": labels,
                "source": source,
                "seq": self._next(source),
            }
            for metric, value, labels in rows
        ]
        return Message(NATIVE.format(source=source), self._encode(samples))

    def _edge(self, centre: Centre, platform: Platform) -> Message:
        rows: list[tuple[str, float, dict[str, str]]] = []
        for site in SITES:
            where = {"platform": platform, "site": site}
            talking = sum(
                line.talking for line in centre.lines.values() if (line.platform, line.site) == (platform, site)
            )
            rows.append(("golive_calls_concurrent", talking, where))
            trunk = TRUNKS[platform, site]
            rows.append(("golive_media_one_way_calls_total", centre.one_way[trunk], {**where, "trunk": trunk}))
        return self._native(f"media-{platform}", centre.now, rows)

    def _queues(self, centre: Centre, platform: Platform) -> Message:
        rows: list[tuple[str, float, dict[str, str]]] = []
        for line in centre.lines.values():
            if line.platform == platform:
                rows += _queue(line, centre.now)
        return self._native(f"acd-{platform}", centre.now, rows)

    def _carrier(self, centre: Centre) -> Message:
        offered = ("golive_calls_offered_total", float(centre.carried), {"platform": "carrier"})
        return self._native("carrier", centre.now, [offered])

    def _workforce(self, centre: Centre) -> Message:
        rows: list[tuple[str, float, dict[str, str]]] = []
        for site in SITES:
            rows.append(("golive_agents_planned", centre.rostered[site], {"site": site}))
            for platform in PLATFORMS:
                lines = [line for line in centre.lines.values() if (line.platform, line.site) == (platform, site)]
                where = {"platform": platform, "site": site}
                rows.append(("golive_agents", sum(line.free for line in lines), {**where, "state": "available"}))
                rows.append(("golive_agents", sum(line.busy for line in lines), {**where, "state": "on_contact"}))
            rows.append(("golive_agent_login_success_ratio", 1.0, {"site": site}))
            present = sum(line.agents for line in centre.lines.values() if line.site == site)
            rows.append(("golive_agents_ready_ratio", present / max(1, centre.rostered[site]), {"site": site}))
        moved = sum(centre.routes.values()) / len(centre.routes) / 100.0
        rows.append(("golive_routing_target_ratio", round(moved, 4), {}))
        return self._native("workforce", centre.now, rows)

    def _probes(self, centre: Centre) -> Message:
        rows: list[tuple[str, float, dict[str, str]]] = [
            ("golive_link_up", 1.0, {"platform": platform, "site": site, "link": f"wan-{site}", "role": "primary"})
            for platform in PLATFORMS
            for site in SITES
        ]
        return self._native("probes", centre.now, rows)


def _queue(line: Line, now: float) -> list[tuple[str, float, dict[str, str]]]:
    where = {"platform": line.platform, "site": line.site, "queue": line.queue}
    rows: list[tuple[str, float, dict[str, str]]] = [
        ("golive_queue_contacts_offered_total", line.offered, where),
        ("golive_queue_contacts_answered_total", line.answered, where),
        ("golive_queue_contacts_abandoned_total", line.abandoned, {**where, "short": "false"}),
        ("golive_queue_contacts_waiting", line.queued, where),
        ("golive_queue_oldest_contact_age_seconds", round(line.oldest(now), 3), where),
    ]
    shares = line.shares(now)
    # A queue that no call left has no ratio; a made-up zero would look like good service.
    if shares is not None:
        _, lost, quick = shares
        level = {**where, "definition": "answered_in_time_of_offered", "threshold_seconds": f"{PACE.in_time:g}"}
        rows.append(("golive_queue_abandonment_ratio", round(lost, 4), where))
        rows.append(("golive_queue_service_level_ratio", round(quick, 4), level))
    talks, waits = line.drain()
    rows += [("golive_queue_handle_seconds", round(seconds, 3), where) for seconds in talks]
    rows += [("golive_queue_answer_seconds", round(seconds, 3), where) for seconds in waits]
    return rows


def _mos(report: Report) -> float:
    return mos(rating(mouth_to_ear(report.round_trip, report.jitter), report.loss, codec=G711_BARE))
