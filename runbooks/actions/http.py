"""The step that sends one HTTP request and holds the answer against what is expected."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.units import Duration
from runbooks.auth.draft import TOKEN
from runbooks.context import Context
from runbooks.effect import Outcome
from runbooks.expect import Expect
from runbooks.mistake import Mistake
from runbooks.request import KEY_HEADER, Request, outcome
from runbooks.setting import Setting
from runbooks.step import Step


class Http(Step, frozen=True, kw_only=True, tag="http", tag_field="action"):
    """One request, one answer. A 200 with the wrong body is a failure; a 5xx leaves open what happened."""

    request: Request
    expect: Expect = Expect()
    timeout: Duration = 30.0
    key_header: str = KEY_HEADER
    """The header in which this target takes the idempotency key of a keyed step."""

    def request_text(self, context: Context) -> str:
        """The request line, headers and body."""
        key = self.key_for(context)
        return self.request.shown(context) + (f" ({self.key_header}: {key})" if key else "")

    def requests(self) -> Iterator[Request]:
        """The request itself, then those every step may have."""
        yield self.request
        yield from Step.requests(self)

    def templates(self) -> Iterator[str]:
        """What is expected, beside what every step has."""
        yield from Step.templates(self)
        yield from self.expect.templates()

    def mistakes(self, setting: Setting) -> Iterator[Mistake]:  # noqa: ARG002 - every step is asked the same way
        """A key that cannot be sent."""
        if not TOKEN.fullmatch(self.key_header):
            yield Mistake(("key_header",), f"{self.key_header!r} is not a header's name")

    async def perform(self, context: Context) -> Outcome:
        """Send it once; a second time only where a token had run out and a repetition is harmless."""
        return await outcome(
            self.request,
            self.expect,
            context,
            timeout=self.timeout,
            key=(self.key_header, self.key_for(context)),
            renew=self.effect in ("read", "keyed"),
        )
