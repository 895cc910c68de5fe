"""A collector that is posted to: it has a token, and takes posts for as long as it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from collectors.push.bearer import Bearer
from monitor.intake.inlet import Inlet
from monitor.intake.postbox import POST_LIMIT, Receipt
from monitor.intake.probing import Check, ok, sentence
from monitor.intake.source import Misconfigured, Source
from monitor.secrets import SecretRef


class Desk(Protocol):
    """A running collector of this sort."""

    def admits(self, authorization: str) -> bool:
        """Whether a header bears the token."""
        ...

    async def take(self, body: bytes, received: float) -> Receipt:
        """Take a post."""
        ...


class Posted(Source, frozen=True, kw_only=True, dict=True):
    """Base of those kinds."""

    token: SecretRef
    """What senders put behind `Authorization: Bearer`. It opens this collector and nothing else."""

    @property
    def post_limit(self) -> int:
        """As most."""
        return POST_LIMIT

    @property
    def open(self) -> bool:
        """Whether it runs."""
        return self.desk is not None

    @property
    def desk(self) -> Desk | None:
        """What takes posts while it runs."""
        return self.__dict__.get("at_work")

    async def serve(self, inlet: Inlet, desk: Desk, words: str) -> None:
        """Take posts at this desk until cancelled. words: what the row says meanwhile."""
        self.__dict__["at_work"] = desk
        inlet.connected(words)
        try:
            await asyncio.Event().wait()
        finally:
            self.__dict__.pop("at_work", None)

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Whether a request bears the token."""
        return self.desk is not None and self.desk.admits(headers.get("Authorization", ""))

    async def try_token(self, base: Path, words: str) -> list[Check]:
        """Try the token for `golive doctor`; who posts is tried by posting. words: what will be taken with it."""
        try:
            await Bearer.read(self.token, base)
        except Misconfigured as error:
            return [sentence("token", error)]
        return [ok("token", f"can be read; {words} will be taken with it")]
