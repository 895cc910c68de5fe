"""A ruler that scales out judges rules of golive; its Alertmanager tells what it found, over golive's own HTTP port."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import msgspec

from collectors.push.allowance import Allowance
from collectors.push.bearer import Bearer
from collectors.push.posted import Posted
from collectors.ruler.webhook import Malformed, Refused, Said, read
from monitor.intake.inlet import Inlet
from monitor.intake.postbox import Receipt
from monitor.intake.probing import Check
from monitor.text import clean

_SAVED = 10.0
"""Seconds of its rate that a quiet ruler saves up."""
_TURN = 100
"""Alerts that are read at a stretch: about a millisecond."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message's alerts."""

    taken: int
    repeated: int
    """Estimates that were heard before, or are older than one that was: repeated, replayed or overtaken."""
    unread: int
    """Alerts that are over, and those that are not for golive."""
    refused: dict[str, int]
    hint: str = ""


class Ruler(Posted, frozen=True, kw_only=True, tag="ruler", tag_field="kind", dict=True):
    """A token, and the rules of which it may speak."""

    rules: tuple[str, ...]
    """Names of the rules that are judged there; golive judges the others itself."""
    rate: int = 2000
    """Alerts a second taken on average; beyond it a message is answered 429, and Alertmanager sends it again."""
    plain: bool = False
    """Whether messages are taken over connections that others can read: not loopback, and without TLS."""

    def __post_init__(self) -> None:
        if not self.rules:
            msg = "rules is empty: nothing would be judged there"
            raise ValueError(msg)
        if len(set(self.rules)) < len(self.rules):
            msg = "a rule is named twice in rules"
            raise ValueError(msg)
        if self.rate < 1:
            msg = "rate is below one alert a second: nothing would be taken"
            raise ValueError(msg)

    @property
    def takes_samples(self) -> bool:
        """Posts to /api/v1/samples are never for it."""
        return False

    @property
    def takes_alerts(self) -> bool:
        """Posts to /api/v1/alertmanager may be for it."""
        return True

    @property
    def judged_within(self) -> float:
        """Seconds after which what was last heard of a rule is no longer known to hold."""
        return self.stale_after

    async def probe(self, base: Path) -> list[Check]:
        """Try the token for `golive doctor`; the ruler is tried by its messages."""
        return await self.try_token(base, f"Alertmanager's messages about {len(self.rules)} rules")

    async def run(self, inlet: Inlet) -> None:
        """Take messages until cancelled.

        Raises:
            Misconfigured: the token cannot be read, or could be guessed.
        """
        bearer = await Bearer.read(self.token, inlet.base)
        words = f"waits for Alertmanager at /api/v1/alertmanager, {len(self.rules)} rules are judged there"
        await self.serve(inlet, _Desk(self, inlet, bearer), words)

    async def take(self, body: bytes, _headers: Mapping[str, str], received: float) -> Receipt:
        """Take the alerts of a message."""
        if self.desk is None:
            hint = "the collector has stopped"
            return Receipt(status=503, answer=Heard(taken=0, repeated=0, unread=0, refused={}, hint=hint))
        return await self.desk.take(body, received)


class _Desk:
    """A running collector: its token's digest, its allowance, the newest time of each series."""

    def __init__(self, config: Ruler, inlet: Inlet, bearer: Bearer) -> None:
        self.admits = bearer.admits
        self._inlet = inlet
        self._rules = frozenset(config.rules)
        self._allowance = Allowance(config.rate, _SAVED, time.monotonic())
        self._newest: dict[int, float] = {}

    async def take(self, body: bytes, received: float) -> Receipt:
        wait = self._allowance.wait(time.monotonic())
        if wait:
            hint = "over the collector's rate; send it again after Retry-After seconds"
            answer = Heard(taken=0, repeated=0, unread=0, refused={}, hint=hint)
            return Receipt(status=429, answer=answer, retry_after=wait)
        inlet = self._inlet
        inlet.heard(1, received)
        inlet.transcript(body, received)
        try:
            found = await self._read(body, received)
        except Malformed as error:
            self._allowance.charge(1)
            inlet.refuse("malformed", body, received)
            answer = Heard(taken=0, repeated=0, unread=0, refused={"malformed": 1}, hint=clean(str(error)))
            return Receipt(status=422, answer=answer)
        self._allowance.charge(max(len(found), 1))
        refused = Counter(item.reason for item in found if isinstance(item, Refused))
        for reason, count in refused.items():
            inlet.refuse(reason, body, received, count)
        said = [item for item in found if isinstance(item, Said)]
        taken, repeated, unbound = self._emit(said, received)
        if unbound:
            refused["series_cap"] += unbound
        unread = sum(item is None for item in found)
        try:
            await inlet.commit()
        except Exception as error:  # noqa: BLE001 - whatever the disk says, the sender must keep what it sent
            hint = f"not kept, send it again: {clean(str(error))}"
            answer = Heard(taken=0, repeated=repeated, unread=unread, refused=dict(refused), hint=hint)
            return Receipt(status=503, answer=answer)
        sound = taken or repeated or unread or not refused
        hint = "" if sound else "golive reads alerts of `golive rules export --judge-there`, of the rules it names"
        answer = Heard(taken=taken, repeated=repeated, unread=unread, refused=dict(refused), hint=hint)
        return Receipt(status=200 if sound else 422, answer=answer)

    async def _read(self, body: bytes, received: float) -> list[Said | Refused | None]:
        """Every alert of a message; others have their turn meanwhile, since a message may hold thousands."""
        found: list[Said | Refused | None] = []
        for item in read(body, self._rules, received):
            found.append(item)
            if len(found) % _TURN == 0:
                await asyncio.sleep(0)
        return found

    def _emit(self, said: list[Said], received: float) -> tuple[int, int, int]:
        """Hand over what is newer than what is known; the numbers taken, repeated and without a place."""
        handles: list[int] = []
        values: list[float] = []
        times: list[float] = []
        repeated = unbound = 0
        for item in sorted(said, key=lambda item: item.at):
            handle = self._inlet.series(item.metric, item.labels)
            if handle < 0:
                unbound += 1
            elif item.at <= self._newest.get(handle, -1.0):
                repeated += 1
            else:
                self._newest[handle] = item.at
                handles.append(handle)
                values.append(item.value)
                times.append(item.at)
        self._inlet.emit(handles, values, times, received)
        return len(handles), repeated, unbound
