"""Asterisk as the legacy platform: its queues, its agents and what its callers hear, through the Manager Interface."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec

from collectors.ami import media
from collectors.ami.framing import Framing, Message
from collectors.ami.members import STATES, counted
from collectors.ami.numbers import number
from collectors.ami.probe import probe
from collectors.ami.queues import Queues, Reading
from collectors.ami.session import AmiError, Session
from collectors.mqtt.reading import check_names, fitting, pairs
from monitor.intake.cadence import beat
from monitor.intake.inlet import Inlet
from monitor.intake.probing import Check
from monitor.intake.source import Misconfigured, Source
from monitor.model import Labels
from monitor.outbound.tls import Tls, TlsError
from monitor.secrets import SecretError, SecretRef
from monitor.units import Duration

_PLAIN_PORT, _TLS_PORT = 5038, 5039
AGENTS = "golive_agents"


class Ami(Source, frozen=True, kw_only=True, tag="ami", tag_field="kind", dict=True):
    """One Asterisk. Its counts outlive a lost session: they lie beside the configuration."""

    host: str
    port: int | None = None
    """Default 5038, with `tls` 5039."""
    tls: Tls | None = None
    username: str
    secret: SecretRef
    """Sent as a challenge's answer, never itself. manager.conf: read = agent,call,reporting; write is not needed."""
    labels: dict[str, str] = {}
    """Label -> value of all that is heard; say the platform here."""
    queues: dict[str, str] = {}
    """Name of a queue there -> value of the label `queue` here. Empty: all queues under their own names."""
    trunks: tuple[str, ...] = ()
    """Endpoints that are trunks: their names become the label `trunk`. All others are people's telephones and stay
    without."""
    clock_rate: int = 8000
    """Ticks a second of the RTP clock: 8000 for G.711, G.722 and G.729, 48000 for Opus. RTCP events do not say."""
    short_abandon: Duration = 5.0
    """Who gives up within this never meant to wait; counted apart."""
    timeout: Duration = 5.0
    """How long a connection or an answer may take."""

    def __post_init__(self) -> None:
        check_names(self.labels)
        if "\r" in self.username or "\n" in self.username:
            msg = "username holds a line break"
            raise ValueError(msg)
        if self.clock_rate <= 0:
            msg = "clock_rate must be above 0"
            raise ValueError(msg)

    @property
    def real_port(self) -> int:
        """The port to connect to."""
        return self.port or (_PLAIN_PORT if self.tls is None else _TLS_PORT)

    def trial(self, seconds: float) -> Ami:
        """The same, asking often enough to be heard several times in so many seconds."""
        return msgspec.structs.replace(self, every=min(self.every, max(seconds / 4, 0.5)))

    async def probe(self, base: Path) -> list[Check]:
        """Try the source for `golive doctor`."""
        return await probe(self, base)

    async def run(self, inlet: Inlet) -> None:
        """Listen and ask until cancelled.

        Raises:
            AmiError: the PBX cannot be reached, or the session ended; says why.
            Misconfigured: a secret or certificate cannot be used, or the login is refused.
        """
        state: _State | None = self.__dict__.get("state")
        if state is None or state.inlet is not inlet:
            state = self.__dict__["state"] = _State(self, inlet)
        try:
            secret = (await asyncio.to_thread(self.secret.read, inlet.base)).reveal()
            tls = await asyncio.to_thread(self.tls.context, inlet.base) if self.tls is not None else None
        except (SecretError, TlsError) as error:
            raise Misconfigured(str(error)) from error
        port = self.port or (_PLAIN_PORT if self.tls is None else _TLS_PORT)
        session = Session(self.host, port, tls, patience=self.timeout, on_event=state.event, on_piece=state.piece)
        try:
            async with session, asyncio.TaskGroup() as group:
                await session.login(self.username, secret)
                inlet.connected(session.release)
                group.create_task(session.lost())
                group.create_task(self._poll(session, state))
        except* (AmiError, Misconfigured) as errors:
            state.lost()
            raise errors.exceptions[0] from None

    async def _poll(self, session: Session, state: _State) -> None:
        first = True
        async for _ in beat(self.every):
            summary = await session.ask("QueueSummary")
            status = await session.ask("QueueStatus")
            state.answered(summary, status, first=first)
            first = False


class _State:
    """What outlives a session: counts, series, and how many lines were refused."""

    def __init__(self, config: Ami, inlet: Inlet) -> None:
        self._config = config
        self.inlet = inlet
        self._queues = Queues(config.short_abandon)
        self._handles: dict[tuple[str, Labels], int] = {}
        self._refused = 0
        self._asked = -math.inf
        """When the counts were last handed over whole; unix seconds."""

    def event(self, message: Message) -> None:
        """Take an event."""
        received = time.time()
        self.inlet.heard(1, received)
        at = number(message, "timestamp") or received
        if media.is_rtcp(message):
            trunk = media.trunk(message, self._config.trunks)
            for figure in media.figures(message, self._config.clock_rate):
                labels = {"trunk": trunk, "direction": figure.direction, "method": figure.method, "leg": "end_to_end"}
                self._emit(figure.metric, labels, figure.value, at, received)
        else:
            # A PBX whose clock is behind ours tells of what is newer than its last answer with an older time: as samples in
            # that order, counts would seem to have fallen.
            self._tell(self._queues.event(message), max(at, self._asked), received)

    def answered(self, summary: Iterable[Message], status: Iterable[Message], *, first: bool) -> None:
        """Take the answers to a round of questions."""
        received = time.time()
        self.inlet.heard(2, received)
        entries: dict[str, list[Message]] = {}
        params, members = [], []
        for item in status:
            match item.get("event", "").lower():
                case "queueentry":
                    entries.setdefault(item.get("queue", ""), []).append(item)
                case "queuemember" if self._label(item.get("queue", "")):
                    members.append(item)
                case "queueparams":
                    params.append(item)
        for item in params:
            self._queues.status(item, entries.get(item.get("queue", ""), ()), first=first)
        for item in summary:
            self._tell(self._queues.summary(item), received, received)
        self._tell(self._queues.counts(), received, received)
        self._asked = received
        doing = counted(members, received)
        for state in STATES:
            self._emit(AGENTS, {"state": state}, float(doing[state]), received, received)

    def lost(self) -> None:
        """The session ended: whatever it told us cannot be asked for now."""
        now = time.time()
        for handle in self._handles.values():
            self.inlet.blank(handle, "error", now, now)

    def piece(self, framing: Framing, piece: bytes) -> None:
        """Keep what came for people to look at, and count the lines of it that could not be read."""
        self.inlet.transcript(piece, time.time())
        if framing.malformed:
            self.inlet.refuse("malformed", framing.example, time.time(), framing.malformed)
            framing.malformed = 0

    def _label(self, queue: str) -> str:
        return self._config.queues.get(queue, "") if self._config.queues else queue

    def _tell(self, readings: Iterable[Reading], at: float, received: float) -> None:
        for reading in readings:
            queue = self._label(reading.queue)
            if queue:
                self._emit(reading.metric, {"queue": queue, "short": reading.short}, reading.value, at, received)

    def _emit(self, metric: str, labels: dict[str, str], value: float, at: float, received: float) -> None:
        series = pairs(fitting(metric, {**self._config.labels, **labels}))
        handle = self._handles.get((metric, series))
        if handle is None:
            handle = self.inlet.series(metric, series)
            if handle < 0:
                return
            self._handles[metric, series] = handle
        self.inlet.emit([handle], [value], [at], received)
