"""Requests in, samples and responses out: what a report means for the inlet. No socket here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal, NamedTuple

from collectors.sip_quality.agent import answer
from collectors.sip_quality.figures import JITTER, KINDS, SOURCE, codec_label, figures, is_empty
from collectors.sip_quality.message import CUT_SHORT, Message, parse_datagram
from collectors.sip_quality.places import Places, Rule
from collectors.sip_quality.repeats import Repeats
from collectors.sip_quality.reply import Peer, respond, way_back
from collectors.sip_quality.report import Alert, Report, Section, parse
from collectors.sip_quality.sources import Admission, Sources
from collectors.sip_quality.stream import Fault
from monitor.catalogue.inventory import CATALOGUE, label_names
from monitor.intake.inlet import Inlet
from monitor.model import Labels

BODY_LIMIT = 32 * 1024
ALERTS = "golive_media_quality_alerts_total"
_BUNDLES = 5_000
_UNBOUND = -1
_EXAMPLE = 512
"""Bytes of a message that are kept for inspection."""


class _Count:
    """Alerts of one series so far."""

    __slots__ = ("handle", "value")

    def __init__(self, handle: int) -> None:
        self.handle = handle
        self.value = 0


class Manner(NamedTuple):
    """How a collector reads, as it is configured."""

    labels: Mapping[str, str]
    rules: tuple[Rule, ...]
    clock: Literal["device", "receipt"]


class Station:
    """All that one collector knows, whatever line a message came over."""

    def __init__(self, manner: Manner, sources: Sources, inlet: Inlet, started: float) -> None:
        """started: unix seconds; alerts are counted from there."""
        self.sources = sources
        self._inlet = inlet
        self._timed = manner.clock == "device"
        self._places = Places(manner.labels, manner.rules)
        self._repeats = Repeats()
        self._key = os.urandom(16)
        self._started = started
        self._bundles: dict[tuple[Labels, str, str], list[int]] = {}
        self._counts: dict[tuple[Labels, Alert], _Count] = {}
        self._handles: list[int] = []
        self._values: list[float] = []
        self._times: list[float] = []
        self._turned_away: dict[str, tuple[int, bytes]] = {}
        self._heard = 0
        self._newest: tuple[bytes, bytes] | None = None

    def datagram(self, raw: bytes, peer: Peer, now: float, received: float) -> tuple[bytes, Peer] | None:
        """Read a datagram; the response and where it goes. now: monotonic seconds; received: unix seconds.

        What an unknown address sent is not read, and neither is what comes too fast: a device that gets no answer
        sends its report again a little later.
        """
        self._heard += 1
        admission = self.sources.admit(peer.host, now)
        if admission is not Admission.WELCOME:
            count, example = self._turned_away.get(admission.value, (0, raw))
            self._turned_away[admission.value] = (count + 1, example)
            return None
        message, fault = parse_datagram(raw)
        if message is None:
            if raw.strip(b"\r\n\0"):  # else a keep-alive
                self.refuse("malformed", raw, received)
            return None
        if fault:
            response = self.fault(Fault(message, 400, fault), peer, received)
            if fault == CUT_SHORT:
                self._salvage(message, peer, received)
        else:
            response = self._request(message, peer, received)
        return (response, way_back(message, peer)) if response else None

    def message(self, message: Message, peer: Peer, received: float) -> bytes:
        """Read a message of a stream; the response, or nothing."""
        self._heard += 1
        return self._request(message, peer, received)

    def fault(self, fault: Fault, peer: Peer, received: float) -> bytes:
        """Count a message that could not be framed; the response, where its head says whom to answer."""
        message = fault.message
        raw = fault.words.encode() if message is None else _shown(message)
        self.refuse("too_large" if fault.status in (413, 513) else "malformed", raw, received)
        if message is None or not message.method or message.method == "ACK":
            return b""
        return respond(message, peer, self._key, fault.status, fault.words)

    def refuse(self, reason: str, raw: bytes, received: float, count: int = 1) -> None:
        """Count what could not be used."""
        self._inlet.refuse(reason, raw[:_EXAMPLE], received, count)

    def flush(self, received: float) -> bool:
        """Hand over what came since the last time; whether there were samples."""
        if self._heard:
            self._inlet.heard(self._heard, received)
            self._heard = 0
        if self._newest is not None:
            body, response = self._newest
            self._inlet.transcript(body, received, sent=response)
            self._newest = None
        for reason, (count, example) in self._turned_away.items():
            self.refuse(reason, example, received, count)
        self._turned_away.clear()
        if not self._handles:
            return False
        self._inlet.emit(self._handles, self._values, self._times, received)
        self._handles, self._values, self._times = [], [], []
        return True

    def _request(self, message: Message, peer: Peer, received: float) -> bytes:
        if not message.method:
            self.refuse("wrong_type", _shown(message), received)
            return b""
        said = answer(message, BODY_LIMIT, self._key)
        if said.status == 0:
            return b""
        if said.report is not None:
            report = parse(said.report)
            if report is None:
                said = said._replace(status=400, words="Not A Quality Report", headers=(), refusal="malformed")
            else:
                self._report(report, message, peer, received)
        if said.refusal:
            self.refuse(said.refusal, message.body or _shown(message), received)
        response = respond(message, peer, self._key, said.status, said.words, said.headers)
        self._newest = message.body, response
        return response

    def _salvage(self, message: Message, peer: Peer, received: float) -> None:
        """Keep the whole lines of a report that was cut; the last one may hold half a number."""
        body = answer(message, BODY_LIMIT, self._key).report
        report = parse(body[: body.rfind(b"\n") + 1]) if body else None
        if report is not None:
            self._report(report, message, peer, received)

    def _report(self, report: Report, message: Message, peer: Peer, received: float) -> None:
        if not self._repeats.note(report, f"{message.first('call-id')} {message.first('cseq')}"):
            self.refuse("duplicate", message.body, received)
            return
        for text in report.bad:
            self.refuse("bad_field", text.encode("utf-8", "replace"), received)
        place = self._places.find(peer.host, message, report)
        if report.alert is not None:
            self._alarm(report.alert, place, received)
        heard, sent = report.heard, report.sent
        if report.alert is None and not any(section is not None and section.stated for section in (heard, sent)):
            self.refuse("nothing_measured", message.body, received)
        for direction, section, other in (("heard", heard, sent), ("sent", sent, heard)):
            if section is None or not section.stated:
                continue
            if is_empty(report, section):
                self.refuse("nothing_measured", message.body, received)
                continue
            at = section.stop if section.stop is not None else other.stop if other is not None else None
            if self._timed and at is None:
                self.refuse("no_time", message.body, received)
                return
            self._emit(direction, section, other, place, at if at is not None and self._timed else received)

    def _emit(self, direction: str, section: Section, other: Section | None, place: Labels, at: float) -> None:
        codec = codec_label(section, other)
        bundle = self._bundles.get((place, direction, codec))
        if bundle is None:
            if len(self._bundles) >= _BUNDLES:
                self._bundles.clear()
            bundle = self._bundles[place, direction, codec] = [_UNBOUND] * len(KINDS)
        for number, value in figures(section, other):
            handle = bundle[number]
            if handle < 0:
                kind = KINDS[number]
                own = (("direction", direction), *kind.labels)
                handle = bundle[number] = self._bind(
                    kind.metric, place, (*own, ("codec", codec)) if kind.metric == JITTER else own
                )
            self._handles.append(handle)
            self._values.append(value)
            self._times.append(at)

    def _alarm(self, alert: Alert, place: Labels, received: float) -> None:
        """Count an alert, by our clock: a device's clock cannot undo that it rang now."""
        count = self._counts.get((place, alert))
        if count is None:
            own = (("type", alert.type), ("severity", alert.severity), ("direction", alert.direction))
            count = self._counts[place, alert] = _Count(self._bind(ALERTS, place, own))
            # The count stood at nought until now: an increase is seen with the first alert.
            self._counted(count, max(self._started, received - 1.0))
        count.value += 1
        self._counted(count, received)

    def _counted(self, count: _Count, at: float) -> None:
        self._handles.append(count.handle)
        self._values.append(float(count.value))
        self._times.append(at)

    def _bind(self, metric: str, place: Labels, own: tuple[tuple[str, str], ...]) -> int:
        """A handle for a series; of the place's labels those that the metric carries."""
        allowed = label_names(CATALOGUE[metric])
        labels = {**dict(place), **dict(own), "source": SOURCE}
        return self._inlet.series(metric, tuple(sorted(pair for pair in labels.items() if pair[0] in allowed)))


def _shown(message: Message) -> bytes:
    """A message without a body, for inspection."""
    start = f"{message.method} {message.uri} SIP/{message.version}" if message.method else "a response"
    return f"{start} | {message.first('event')} | {message.first('user-agent')}".encode("latin-1", "replace")
