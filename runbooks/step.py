"""What every step says, whatever its action.

Each action adds its own fields, `request_text(context)`: exactly what will be done, secrets masked; and
`perform(context)`: does it and says what is known of the outcome, never raising for what the other side does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from monitor.plan import Section
from monitor.units import Duration
from runbooks.context import Context
from runbooks.effect import Effect, Retry
from runbooks.probe import Probe
from runbooks.request import Request
from runbooks.template import fill


class Step(Section, frozen=True, kw_only=True):
    """One thing of a runbook."""

    name: str
    title: str = ""
    effect: Effect
    """Always stated: what may happen after a crash hangs on it."""
    owner: str = ""
    """The duty that answers for it."""
    takes: Duration = 0.0
    """How long it takes as a rule; their sum counts against the rollback budget."""
    retry: Retry = Retry()
    key: str = "{decision}/{step}"
    """Idempotency key of a keyed step."""
    probe: Probe | None = None
    """Tells whether the step took effect; a checked step must have one."""
    undo: Request | None = None
    """What takes it back; shown to the person who decides about a step, sent only when that person asks for it."""
    on_fail: Literal["pause"] = "pause"
    needs: tuple[str, ...] = ()
    """Earlier steps that must have been done, not skipped."""

    @property
    def shown_title(self) -> str:
        """What people call it."""
        return self.title or self.name.replace("-", " ")

    @property
    def action(self) -> str:
        """The word that chose this kind of step."""
        return str(self.__struct_config__.tag)

    @property
    def asks(self) -> bool:
        """Whether a person does it."""
        return False

    def key_for(self, context: Context) -> str:
        """The idempotency key to send; empty for a step that is not keyed."""
        if self.effect != "keyed":
            return ""
        again = f"/{context.generation + 1}" if context.generation else ""
        return fill(self.key, context.values) + again

    def requests(self) -> Iterator[Request]:
        """Every HTTP request it may send."""
        if self.probe is not None and self.probe.request is not None:
            yield self.probe.request
        if self.undo is not None:
            yield self.undo

    def templates(self) -> Iterator[str]:
        """Every text in it, other than requests, that is filled."""
        yield self.key

    def expressions(self) -> Iterator[str]:
        """Every expression in it."""
        if self.probe is not None and self.probe.signal is not None:
            yield self.probe.signal
