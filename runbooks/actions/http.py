"""The step that sends one HTTP request and holds the answer against what is expected."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.units import Duration
from runbooks.context import Context
from runbooks.effect import Outcome
from runbooks.request import KEY_HEADER, Expect, Request, outcome
from runbooks.step import Step


class Http(Step, frozen=True, kw_only=True, tag="http", tag_field="action"):
    """One request, one answer. A 200 with the wrong body is a failure."""

    request: Request
    expect: Expect = Expect()
    timeout: Duration = 30.0

    def request_text(self, context: Context) -> str:
        """The request line, headers and body."""
        key = self.key_for(context)
        return self.request.shown(context) + (f" ({KEY_HEADER}: {key})" if key else "")

    def requests(self) -> Iterator[Request]:
        """The request itself, then those every step may have."""
        yield self.request
        yield from Step.requests(self)

    async def perform(self, context: Context) -> Outcome:
        """Send it once."""
        return await outcome(self.request, self.expect, context, timeout=self.timeout, key=self.key_for(context))
