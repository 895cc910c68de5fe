"""Samples posted to golive's own HTTP port in its native JSON, by whatever can speak HTTP and knows the token."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from collectors.mqtt.native import Native
from collectors.mqtt.reading import check_names
from collectors.push.allowance import Allowance
from collectors.push.bearer import Bearer
from collectors.push.posted import Posted
from collectors.push.tally import Tally
from monitor.intake.inlet import Inlet
from monitor.intake.postbox import POST_LIMIT, Receipt
from monitor.intake.probing import Check
from monitor.text import clean

_SAVED = 10.0
"""Seconds of its rate that a quiet sender saves up."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a post's samples."""

    taken: int
    repeated: int
    """Heard before: same source, same running number."""
    refused: dict[str, int]
    """Reason -> samples. One that lies outside its metric's range is counted at the source's row instead."""
    hint: str = ""


class Push(Posted, frozen=True, kw_only=True, tag="push", tag_field="kind", dict=True):
    """A token, and what may be posted with it."""

    labels: dict[str, str] = {}
    """Label -> value, given to samples that do not say it themselves."""
    fixed: dict[str, str] = {}
    """Label -> value that every sample has; one that says otherwise is refused as foreign."""
    rate: int = 2000
    """Samples a second taken on average; beyond it a post is answered 429 with the seconds to wait."""
    plain: bool = False
    """Whether posts are taken over connections that others can read: not loopback, and without TLS."""

    def __post_init__(self) -> None:
        check_names([*self.labels, *self.fixed])
        if self.rate < 1:
            msg = "rate is below one sample a second: nothing would be taken"
            raise ValueError(msg)
        if both := sorted(set(self.labels) & set(self.fixed)):
            msg = f"{', '.join(both)} stands in labels and in fixed"
            raise ValueError(msg)

    @property
    def takes_samples(self) -> bool:
        """Posts to /api/v1/samples may be for it."""
        return True

    async def probe(self, base: Path) -> list[Check]:
        """Try the token for `golive doctor`; who posts is tried by posting."""
        return await self.try_token(base, f"posts to /api/v1/samples, at most {self.rate} samples/s,")

    async def run(self, inlet: Inlet) -> None:
        """Take posts until cancelled.

        Raises:
            Misconfigured: the token cannot be read, or could be guessed.
        """
        bearer = await Bearer.read(self.token, inlet.base)
        words = f"waits for posts to /api/v1/samples, at most {self.rate} samples/s"
        await self.serve(inlet, _Desk(self, inlet, bearer), words)

    async def take(self, body: bytes, _headers: Mapping[str, str], received: float) -> Receipt:
        """Take the samples of a post."""
        if self.desk is None:
            return Receipt(status=503, answer=Taken(taken=0, repeated=0, refused={}, hint="the collector has stopped"))
        return await self.desk.take(body, received)


class _Desk:
    """A running collector: its token's digest, its reader, its allowance."""

    def __init__(self, config: Push, inlet: Inlet, bearer: Bearer) -> None:
        self.admits = bearer.admits
        self._tally = Tally(inlet)
        native = Native(labels=config.labels)
        self._reader = native.reader(self._tally, config.name, config.every, fixed=config.fixed, limit=POST_LIMIT)
        self._allowance = Allowance(config.rate, _SAVED, time.monotonic())

    async def take(self, body: bytes, received: float) -> Receipt:
        wait = self._allowance.wait(time.monotonic())
        if wait:
            hint = "over the collector's rate; send it again after Retry-After seconds"
            return Receipt(status=429, answer=Taken(taken=0, repeated=0, refused={}, hint=hint), retry_after=wait)
        tally = self._tally
        tally.begin()
        tally.heard(1, received)
        tally.transcript(body, received)
        self._reader.read([("", body)], received)
        taken, repeated, refused = tally.taken, tally.repeated, dict(tally.refused)
        self._allowance.charge(max(taken + repeated + sum(refused.values()), 1))
        try:
            await tally.commit()
        except Exception as error:  # noqa: BLE001 - whatever the disk says, the sender must keep what it sent
            hint = f"not kept, send it again: {clean(str(error))}"
            return Receipt(status=503, answer=Taken(taken=0, repeated=repeated, refused=refused, hint=hint))
        sound = taken or repeated or not refused
        hint = "" if sound else 'a sample is {"metric", "value", "at", "labels"}; at is in unix seconds'
        answer = Taken(taken=taken, repeated=repeated, refused=refused, hint=hint)
        return Receipt(status=200 if sound else 422, answer=answer)
