"""The step that a person does: it asks, and waits as long as it takes."""

from __future__ import annotations

from collections.abc import Iterator

from runbooks.context import Context
from runbooks.effect import Outcome
from runbooks.step import Step
from runbooks.template import fill


class Manual(Step, frozen=True, kw_only=True, tag="manual", tag_field="action"):
    """What to do, in words. Asking again after a restart changes nothing, so it is safe under every effect class."""

    instructions: str
    confirm: str = ""
    """A word, such as AGENTS, that the words of whoever says `done` must begin with; empty: none is asked for."""

    @property
    def asks(self) -> bool:
        """A person does it."""
        return True

    def request_text(self, context: Context) -> str:
        """The instructions, and the word to confirm them with."""
        text = fill(self.instructions, context.values)
        return f"{text} To confirm, begin your reason with {self.confirm}." if self.confirm else text

    def unconfirmed(self, reason: str) -> str:
        """That the word is missing, where one is asked for."""
        first = reason.split(maxsplit=1)[0].rstrip(".,:;") if reason.strip() else ""
        return "" if first == self.confirm or not self.confirm else f"the reason must begin with {self.confirm}"

    def templates(self) -> Iterator[str]:
        """The instructions, beside what every step has."""
        yield from Step.templates(self)
        yield self.instructions

    async def perform(self, context: Context) -> Outcome:
        """Wait for the answer; where there is a probe that says the opposite of `done`, it is not done."""
        await context.reach("step.after_send")
        answer, words = await context.answer()
        await context.reach("step.after_reply")
        if answer == "not_done":
            return Outcome(kind="failed", detail=words)
        if self.probe is not None:
            truth, seen = await self.probe.applied(context)
            if truth is False:
                return Outcome(kind="failed", detail=f"{words}, but {seen}")
            words = f"{words}; {seen}"
        return Outcome(kind="done", detail=words)
