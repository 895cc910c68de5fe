"""Business systems watched as an agent uses them: synthetic transactions over HTTP, each on a beat of its own."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import ssl
import time
from pathlib import Path

import msgspec

from collectors.http.asking import Result
from collectors.http.figures import Figures
from collectors.http.probe import probe
from collectors.http.requests import Transaction
from collectors.http.rounds import Keys, Round, play
from collectors.mqtt.reading import check_names
from monitor.intake.cadence import beat
from monitor.intake.inlet import Inlet
from monitor.intake.probing import Check
from monitor.intake.pulse import Pulse
from monitor.intake.source import Misconfigured, Source
from monitor.outbound.names import Names
from monitor.outbound.tls import Tls, TlsError
from monitor.secrets import SecretError, SecretRef
from monitor.text import clean
from monitor.units import Duration

SOUND, DOUBTFUL = 300, 100
"""Transactions under way at once: those that worked last time, and those that did not. They have places of their own, so
that targets which are dead never keep those that live from being asked."""

_SHOWN = 65536
"""Bytes of an answer that are worth handing over for people to look at."""


class Http(Source, frozen=True, kw_only=True, tag="http", tag_field="kind"):
    """Synthetic transactions against business systems."""

    labels: dict[str, str] = {}
    """Label -> value of all that is measured."""
    transactions: tuple[Transaction, ...]
    timeout: Duration = 8.0
    """How long a transaction may take, all its requests together."""
    tls: Tls | None = None
    """Whom to trust and what to show; default: the system's certificates."""

    def __post_init__(self) -> None:
        check_names(self.labels)
        if not self.transactions:
            msg = "transactions is empty: nothing would be asked"
            raise ValueError(msg)
        names = [transaction.integration for transaction in self.transactions]
        if doubled := {name for name in names if names.count(name) > 1}:
            msg = f"two transactions are for {min(doubled)}: their numbers would be one"
            raise ValueError(msg)

    def trial(self, seconds: float) -> Http:
        """The same, asking often enough to be heard several times in so many seconds."""
        return msgspec.structs.replace(self, every=min(self.every, max(seconds / 4, 0.5)))

    async def probe(self, base: Path) -> list[Check]:
        """Try the source for `golive doctor`."""
        return await probe(self, base)

    async def run(self, inlet: Inlet) -> None:
        """Ask until cancelled. What a target does wrong is data.

        Raises:
            Misconfigured: a certificate cannot be read.
        """
        try:
            # One context for all: reading the system's certificates takes tens of milliseconds.
            tls = await asyncio.to_thread((self.tls or Tls()).context, inlet.base)
        except TlsError as error:
            raise Misconfigured(f"tls: {error}") from error
        watch = _Watch(self, inlet, tls)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(watch.pulse.run())
                for transaction in self.transactions:
                    group.create_task(watch.keep(transaction))
        finally:
            watch.names.close()


class _Watch:
    """A running collector."""

    def __init__(self, config: Http, inlet: Inlet, tls: ssl.SSLContext) -> None:
        self._config = config
        self._inlet = inlet
        self._tls = tls
        self.pulse = Pulse()
        self.names = Names()
        self._sound = asyncio.Semaphore(SOUND)
        self._doubtful = asyncio.Semaphore(DOUBTFUL)
        self._troubles: dict[str, str] = {}

    async def keep(self, transaction: Transaction) -> None:
        """Do one transaction again and again, at its own place in the interval."""
        config = self._config
        keys, figures = Keys(transaction), Figures(transaction, config.labels, self._inlet)
        lane, first = self._sound, _place(transaction.integration) * config.every
        async for _ in beat(config.every, first=first):
            async with lane:
                worked = await self._once(transaction, keys, figures)
            lane = self._sound if worked else self._doubtful

    async def _once(self, transaction: Transaction, keys: Keys, figures: Figures) -> bool:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            if keys.any and keys.stale(begun):
                await asyncio.to_thread(keys.read, self._reveal, begun)
        except SecretError as error:
            figures.unknown(time.time())
            self._tell(transaction, clean(str(error), 200))
            return False
        timeout = transaction.timeout if transaction.timeout is not None else self._config.timeout
        once = secrets.token_hex(4)
        made = await play(transaction, keys, once=once, names=self.names, tls=self._tls, timeout=timeout)
        self._inlet.heard(len(made.results) + len(made.cleanup), time.time())
        figures.take(made, time.time(), steady=self.pulse.steady_since(begun))
        self._keep(made)
        failed = made.failed
        self._tell(transaction, f"{failed.operation}: {failed.words or failed.outcome}" if failed is not None else "")
        return failed is None

    def _keep(self, made: Round) -> None:
        """Hand the round's exchanges over for people to look at; what an answer gave for later requests is not shown."""
        every = (*made.results, *made.cleanup)
        hidden = tuple({value for result in every for value in result.taken.values()})
        for result in every:
            fault = "" if result.ok else result.words or result.outcome
            self._inlet.transcript(_answer(result), time.time(), sent=result.sent, fault=fault, hidden=hidden)

    def _reveal(self, reference: SecretRef) -> str:
        return reference.read(self._inlet.base).reveal()

    def _tell(self, transaction: Transaction, trouble: str) -> None:
        """Keep the collector's line on the screen true: how many are up, and what is wrong with one of the others."""
        before = dict(self._troubles)
        self._troubles[transaction.integration] = trouble
        if self._troubles == before:
            return
        wrong = {name: words for name, words in self._troubles.items() if words}
        line = f"{len(self._troubles) - len(wrong)} of {len(self._config.transactions)} as they should be"
        self._inlet.connected(line + "".join(f"; {name}: {words}" for name, words in list(wrong.items())[:1]))


def _answer(result: Result) -> bytes:
    """An answer as people would write it."""
    made = result.exchange
    if not made.status:
        return b""
    headers = "".join(f"{name}: {value}\n" for name, value in made.headers)
    return f"{made.status}\n{headers}\n".encode() + made.body[:_SHOWN]


def _place(name: str) -> float:
    """A place in the interval from 0 to 1, always the same for a name, so that not all ask at once."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) / 2**32
