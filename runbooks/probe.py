"""A probe: asks the world whether a step took effect, without changing anything."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import msgspec

from monitor.deciding.judgement import all_of
from monitor.model import Truth
from monitor.outbound.http import RequestError
from monitor.plan import Section
from monitor.secrets import SecretRef
from monitor.units import Duration
from runbooks.auth.scheme import AnyAuth
from runbooks.context import Context
from runbooks.expect import Expect, mismatch
from runbooks.request import Request


class Probe(Section, frozen=True, kw_only=True):
    """Either a GET with an expectation, or an expression over signals and rules: exactly one of the two."""

    method: Literal["GET"] = "GET"
    url: str | None = None
    headers: dict[str, str | SecretRef] = {}
    auth: AnyAuth | None = None
    expect: Expect = Expect()
    signal: str | None = None
    """Such as `legacy_agents_ready >= 0.6`."""
    timeout: Duration = 10.0

    def __post_init__(self) -> None:
        if (self.url is None) == (self.signal is None):
            msg = "a probe asks a url or a signal, exactly one of them"
            raise ValueError(msg)

    @property
    def request(self) -> Request | None:
        """The request of a probe by HTTP."""
        if self.url is None:
            return None
        return Request(method=self.method, url=self.url, headers=self.headers, auth=self.auth)

    async def applied(self, context: Context) -> tuple[bool | None, str]:
        """Whether the step took effect, None when that cannot be known; and what was seen."""
        request = self.request
        if request is None:
            try:
                await asyncio.wait_for(context.facts.next(), self.timeout)
            except TimeoutError:
                return None, f"the probe saw no tick within {self.timeout:g} s"
            rows = context.facts.judge((self.signal or "",))
            truth = all_of(rows)
            seen = "; ".join(row.detail or row.state for row in rows)
            return {Truth.TRUE: True, Truth.FALSE: False}.get(truth), f"the probe says {seen}"
        try:
            answer = await request.ask(context, timeout=self.timeout)
        except RequestError as error:
            return None, f"the probe could not ask: {error}"
        if not self.expect.takes(answer.status):
            return None, f"the probe {mismatch(answer, self.expect, context.values)}"
        why = mismatch(answer, self.expect, context.values)
        if why and not _json(answer.body):
            return None, f"the probe {why}"
        return (not why), f"the probe {why}" if why else "the probe says it took effect"


def _json(body: bytes) -> Any:  # noqa: ANN401 - only whether it can be read matters
    try:
        return isinstance(msgspec.json.decode(body), dict | list)
    except msgspec.DecodeError:
        return False
