"""What every step says, whatever its action.

Each action adds its own fields, `request_text(context)`: exactly what will be done, secrets masked; and
`perform(context)`: does it and says what is known of the outcome, never raising for what the other side does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from monitor.plan import Section
from monitor.template import fill
from monitor.units import Duration
from runbooks.context import Context
from runbooks.effect import Effect, Retry
from runbooks.mistake import Mistake
from runbooks.probe import Probe
from runbooks.request import Request
from runbooks.setting import Setting

Leg: TypeAlias = Literal["agents", "calls", "numbers"]
"""The parts of a move that must keep their order: a call that is moved before its agents finds nobody."""


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
    on_fail: Literal["pause", "continue"] = "pause"
    """What follows a failure: people are asked, or, for a step that changes nothing, the run goes on without it."""
    needs: tuple[str, ...] = ()
    """Earlier steps that must have been done, not skipped."""
    deadline: Duration | None = None
    """How long it may take in all: its retries, a crash in between and the wait for a person count. Then people decide."""
    moves: Leg | None = None
    """What changes its place by it. Calls and numbers may move only behind a step that proves that agents are there."""
    proves: Literal["agents"] | None = None
    """It is done only when agents are seen to be there: a look at live numbers, or a person held against a probe."""

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

    @property
    def tells(self) -> bool:
        """Whether it can be asked if it took effect."""
        return self.probe is not None

    @property
    def asking_takes(self) -> float:
        """Seconds that asking takes at most."""
        return self.probe.timeout if self.probe is not None else 0.0

    async def applied(self, context: Context) -> tuple[bool | None, str]:
        """Ask whether it took effect, None when that cannot be known; and what was seen."""
        if self.probe is None:
            return None, "there is no probe"
        return await self.probe.applied(context)

    def lacks(self, reason: str, context: Context) -> str:  # noqa: ARG002 - every step is asked the same way
        """What a person's word that it is done does not hold yet; empty when it may be taken."""
        return ""

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

    def hosts(self) -> Iterator[str]:
        """`host:port` of everything it speaks to other than by its HTTP requests."""
        yield from ()

    def deeds(self) -> Iterator[str]:
        """What it may do other than its HTTP requests, as it is written: for whoever reviews the runbook."""
        yield from ()

    def commands(self) -> Iterator[str]:
        """Every program that it may start, with its arguments as they are written."""
        yield from ()

    def programs(self) -> Iterator[str]:
        """The paths of these programs alone."""
        yield from ()

    def mistakes(self, setting: Setting) -> Iterator[Mistake]:  # noqa: ARG002 - every step is asked the same way
        """What cannot work and no type can say; paths start at the step. Pure."""
        yield from ()
