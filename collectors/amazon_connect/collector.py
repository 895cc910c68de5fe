"""Amazon Connect as the target platform: its queues, agents and contacts, asked within its quotas and told by its events."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from collectors.amazon_connect import cloudwatch
from collectors.amazon_connect.agents import NAMES, State
from collectors.amazon_connect.budget import Bucket, Kind, budget
from collectors.amazon_connect.inquiry import Question, Standing, keep_asking
from collectors.amazon_connect.mailbox import Mailbox, Tally
from collectors.amazon_connect.probe import probe
from collectors.amazon_connect.quality import Ended
from collectors.amazon_connect.questions import CloudWatch, Counts, Current, Past, Place, Quality, Staff, Users
from collectors.amazon_connect.queues import counted, lately
from collectors.amazon_connect.readings import LARGEST_BATCH, batches, tail
from collectors.amazon_connect.settings import Asked, Channel, Events, Instance, Limits, instance
from collectors.amazon_connect.wire import Wire, wire_of
from collectors.mqtt.reading import check_names
from monitor.intake.inlet import Inlet
from monitor.intake.postbox import POST_LIMIT, Receipt
from monitor.intake.probing import Check
from monitor.intake.source import Misconfigured, Source
from monitor.outbound.addresses import Forbidden, target_of
from monitor.outbound.aws import Credentials
from monitor.outbound.aws_service import service
from monitor.outbound.names import Names
from monitor.outbound.tls import Tls
from monitor.secrets import SecretError
from monitor.text import clean_label
from monitor.units import Duration

_SHORTEST = 16
"""Least characters of a key."""
_LONGEST_LEVEL, _MOST_LEVELS = 604_800, 20
_LONGEST_WINDOW = 35 * 86400.0


class AmazonConnect(Source, frozen=True, kw_only=True, tag="amazon_connect", tag_field="kind", dict=True):
    """One instance. What was counted outlives a restart of the collector: it lies beside the configuration."""

    instance: str
    """ARN of the instance; account and Region stand in it."""
    region: str = ""
    """Default: the one in the ARN."""
    endpoint_url: str = ""
    """Where Amazon Connect is asked; default: the Region's own endpoint."""
    cloudwatch_endpoint_url: str = ""
    """Where CloudWatch is asked; default: the Region's own endpoint."""
    tls: Tls | None = None
    """Whom to trust; default: the system's certificates."""
    credentials: Credentials | None = None
    """Default: what botocore finds (environment, shared files, the machine's role)."""
    labels: dict[str, str] = {}
    """Label -> value of all that is heard; say the platform here."""
    queues: dict[str, str]
    """Queue id (or ARN) there -> value of the label `queue` here. What is not named is not asked for."""
    channels: tuple[Channel, ...] = ("voice",)
    ask: tuple[Asked, ...] = ("current", "agents")
    """What is asked for every `every`; empty: nothing, events only."""
    window: Duration = 1800.0
    """history: how far it looks back."""
    service_levels: tuple[Duration, ...] = (20.0,)
    """history: thresholds, in whole seconds."""
    short_abandon: Duration = 5.0
    """Who gives up within this never meant to wait; counted apart."""
    statuses: dict[str, State] = {}
    """users: agent status (its name, or the id at the end of its ARN) -> state, for statuses that were renamed."""
    overall: bool = False
    """agents: also the oldest contact over all queues, as a series without the label queue."""
    quality_calls: int = 10
    """quality: contacts that are asked about in one turn, at most."""
    flows: dict[str, str] = {}
    """cloudwatch: name of a flow there -> value of the label `flow` here; errors of these are counted."""
    packet_loss: cloudwatch.Scale = "fraction"
    """cloudwatch: what ToInstancePacketLossRate is in this account, a fraction (0.02) or a percentage (2)."""
    limits: Limits = Limits()
    timeout: Duration = 10.0
    """How long one answer may take."""
    events: Events | None = None

    def __post_init__(self) -> None:
        check_names(self.labels)
        if faults := list(self._faults()):
            raise ValueError("; ".join(faults))

    def _faults(self) -> Iterator[str]:
        try:
            instance(self.instance)
        except ValueError as error:
            yield str(error)
        ids = [tail(queue) for queue in self.queues]
        if not all(ids) or len(set(ids)) != len(ids):
            yield "queues names a queue twice, or one without an id"
        if len({str(clean_label(name)) for name in self.queues.values()}) != len(ids) or not all(self.queues.values()):
            yield "queues gives two queues one name, or one none: their numbers would overwrite each other"
        if (not self.ask and self.events is None) or not self.queues or not self.channels:
            yield "neither ask nor events, or no queues, or no channels: nothing would be heard"
        yield from self._doubled()
        yield from self._out_of_bounds()
        try:
            for url in filter(None, (self.endpoint_url, self.cloudwatch_endpoint_url)):
                target_of(url)
        except Forbidden as error:
            yield str(error)

    def _out_of_bounds(self) -> Iterator[str]:
        if "quality" in self.ask and not ("users" in self.ask or self._takes("contacts")):
            yield "quality needs users in ask, or contact events: they tell which contacts are over"
        if "agents" in self.ask and len(self.queues) > LARGEST_BATCH:
            yield f"agents counts each agent once over at most {LARGEST_BATCH} queues; ask for users instead"
        levels = self.service_levels
        if len(levels) > _MOST_LEVELS or any(not 1 <= level <= _LONGEST_LEVEL or level % 1 for level in levels):
            yield f"service_levels are at most {_MOST_LEVELS} whole seconds from 1s to 7d"
        if self.short_abandon % 1 or self.short_abandon < 1:
            yield "short_abandon is in whole seconds, 1s at least"
        if not 1 <= self.window < _LONGEST_WINDOW or self.quality_calls < 1 or self.timeout <= 0:
            yield "window is from 1s to less than 35d, quality_calls at least 1, timeout above 0"

    def _doubled(self) -> Iterator[str]:
        if len(set(self.ask)) != len(self.ask):
            yield "ask names something twice"
        if len({*self.ask} & {"agents", "users"}) + self._takes("agents") > 1:
            yield "agents are counted twice: keep one of agents, users and agent events (events: {take: [contacts]})"
        if "counts" in self.ask and self._takes("contacts"):
            yield "contacts are counted twice: keep one of counts and contact events (events: {take: [agents]})"

    def _takes(self, what: str) -> bool:
        return self.events is not None and what in self.events.take

    @property
    def takes_samples(self) -> bool:
        """Posts to /api/v1/samples are never for it."""
        return False

    @property
    def post_limit(self) -> int:
        """Firehose's smallest buffer is 1 MiB of events, which is 1.4 MiB as it sends them."""
        return 4 * POST_LIMIT

    @property
    def plain(self) -> bool:
        """Whether events are taken over connections that others can read."""
        return self.events is not None and self.events.plain

    @property
    def open(self) -> bool:
        """Whether it runs, or has no door to open."""
        return self.events is None or self._mailbox is not None

    @property
    def _mailbox(self) -> Mailbox | None:
        return self.__dict__.get("mailbox")

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Whether a request bears the key."""
        return self._mailbox is not None and self._mailbox.admits(headers)

    async def take(self, body: bytes, headers: Mapping[str, str], received: float) -> Receipt:
        """Take events."""
        if self._mailbox is None:
            return Receipt(status=503, answer={"hint": "the collector has stopped"})
        return await self._mailbox.take(body, headers, received)

    async def probe(self, base: Path) -> list[Check]:
        """Try the source for `golive doctor`."""
        return await probe(self, base)

    async def run(self, inlet: Inlet) -> None:
        """Ask and listen until cancelled. What is not answered is data (blank: error), and shown at the collector's row.

        Raises:
            Misconfigured: botocore is missing, a secret cannot be used, or Amazon refuses everything that is asked.
        """
        state: _State | None = self.__dict__.get("state")
        if state is None or state.inlet is not inlet:
            state = self.__dict__["state"] = _State(self, inlet)
        names = Names()
        try:
            if self.events is not None:
                self.__dict__["mailbox"] = await state.mailbox(self.events)
            questions = await state.questions(names) if self.ask else []
            if not questions:
                inlet.connected(f"waits for events at /api/v1/collectors/{self.name}")
            await state.run(questions, self._mailbox)
        finally:
            self.__dict__.pop("mailbox", None)
            names.close()


class _State:
    """What outlives a restart: what was counted, and which contacts are over."""

    def __init__(self, config: AmazonConnect, inlet: Inlet) -> None:
        self._config = config
        self.inlet = inlet
        self._here: Instance = instance(config.instance)
        queues = {tail(queue): name for queue, name in config.queues.items()}
        lag = config.delay + config.every
        self._place = Place(config.instance, self._here.id, queues, config.channels, config.labels, inlet, lag)
        self._tally = Tally(queues, config.channels, config.short_abandon)
        self._ended = Ended()
        self._issues: Counter[tuple[str, str, str]] = Counter()
        self._begun = time.time()
        self._series = cloudwatch.series(self._here.id, config.flows, config.packet_loss)
        self._minutes = cloudwatch.Minutes(self._series, self._begun)

    async def mailbox(self, events: Events) -> Mailbox:
        """Open the mailbox; Misconfigured when its key cannot be read, or could be guessed."""
        try:
            key = (await asyncio.to_thread(events.key.read, self.inlet.base)).reveal()
        except SecretError as error:
            raise Misconfigured(f"events.key: {error}") from error
        if len(key) < _SHORTEST:
            msg = f"events.key: it is shorter than {_SHORTEST} characters and could be guessed; next: openssl rand -hex 32"
            raise Misconfigured(msg)
        asks = bool(self._config.ask)
        return Mailbox(
            key=key,
            rate=events.rate,
            instance=self._config.instance,
            tally=self._tally,
            inlet=self.inlet,
            labels=self._config.labels,
            ended=self._ended.add if "quality" in self._config.ask else _nobody,
            # Where something is asked as well, the row tells how that stands.
            connected=_silent if asks else self.inlet.connected,
            take=events.take,
        )

    async def questions(self, names: Names) -> list[Question]:
        """Everything that is asked; Misconfigured when it cannot be."""
        config = self._config
        region = config.region or self._here.region
        wire = await wire_of(config, region, self.inlet.base, names, self.inlet)
        watch = await asyncio.to_thread(service, "cloudwatch") if "cloudwatch" in config.ask else None
        made = [
            question for asked in config.ask if asked != "cloudwatch" for question in self._made(asked, wire, region)
        ]
        if watch is not None:
            there = wire._replace(service=watch, where=config.cloudwatch_endpoint_url or watch.endpoint(region))
            bucket = self._bucket("cloudwatch", region)
            made.append(CloudWatch(self._place, there, bucket, self._series, self._minutes))
        return made

    def _made(self, asked: Asked, wire: Wire, region: str) -> Iterator[Question]:
        config, place = self._config, self._place
        others, metrics = self._bucket("others", region), self._bucket("metrics", region)
        if asked == "agents":
            yield Staff(place, wire, metrics, overall=config.overall)
        elif asked == "users":
            ended = self._ended if "quality" in config.ask else None
            yield Users(place, wire, others, {**NAMES, **config.statuses}, ended)
        elif asked == "quality":
            yield Quality(place, wire, others, self._ended, self._issues, config.quality_calls)
        for ids in batches(list(place.queues)):
            if asked == "current":
                yield Current(place, wire, metrics, ids)
            elif asked == "history":
                yield Past(place, wire, others, ids, lately(config.service_levels), config.window)
            elif asked == "counts":
                yield Counts(place, wire, others, ids, counted(config.short_abandon), self._begun)

    def _bucket(self, kind: Kind, region: str) -> Bucket:
        return budget(self._here.account, region).join(kind, self._config.limits.rate(kind))

    async def run(self, questions: list[Question], mailbox: Mailbox | None) -> None:
        """Ask all of them, each at its own pace, and keep the mailbox, until cancelled."""
        standing = Standing(self.inlet, len(questions))
        try:
            async with asyncio.TaskGroup() as group:
                if mailbox is not None:
                    group.create_task(mailbox.settle())
                for question in questions:
                    group.create_task(keep_asking(question, self._config.every, self.inlet, standing))
        except* Exception as troubles:  # noqa: BLE001 - the first one says it; the supervisor shows it
            raise troubles.exceptions[0] from None


def _nobody(contact: str, now: float) -> None:
    """Nobody asks for the quality of contacts."""


def _silent(detail: str) -> None:
    """The row tells something else."""
