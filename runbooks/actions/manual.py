"""The step that a person does: it asks, and waits as long as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from monitor.template import fill
from monitor.units import Duration, format_duration
from runbooks.context import Context
from runbooks.effect import Outcome
from runbooks.step import Step

_TYPE = "type:"
_LEAST = 3
"""Characters below which nothing was said."""

_TYPE = "type:"
_LEAST = 3
"""Characters below which nothing was said."""


class Manual(Step, frozen=True, kw_only=True, tag="manual", tag_field="action"):
    """What to do, in words. Asking again after a restart changes nothing, so it is safe under every effect class."""

    instructions: str
    confirm: str = ""
    """`type:WORD`: who says that it is done begins with this word, so that no key pressed by accident is an answer."""
    evidence: str = ""
    """What must be said with it, such as `ticket of the carrier`; it is kept in the journal."""

    def __post_init__(self) -> None:
        if self.confirm and (not self.confirm.startswith(_TYPE) or not self.confirm.removeprefix(_TYPE).strip()):
            msg = f"confirm is {self.confirm!r}; write type:WORD"
            raise ValueError(msg)

    def word(self, context: Context) -> str:
        """What is typed to confirm; empty where nothing is."""
        return fill(self.confirm.removeprefix(_TYPE), context.values).strip()

    expires_after: Duration = 1800.0
    """Without an answer for so long the step counts as failed and the run is paused; nobody's silence is a yes."""

    @property
    def asks(self) -> bool:
        """A person does it."""
        return True

    def request_text(self, context: Context) -> str:
        """The instructions, and what an answer must hold."""
        text = fill(self.instructions, context.values)
        if word := self.word(context):
            text += f" [to confirm, begin with: {word}]"
        return text + (f" [evidence: {fill(self.evidence, context.values)}]" if self.evidence else "")

    def lacks(self, reason: str, context: Context) -> str:
        """What an answer that it is done does not hold yet; empty when it may be taken."""
        word, said = self.word(context), reason.strip()
        if word and said != word and not said.startswith((f"{word} ", f"{word}:", f"{word},")):
            return f"to confirm, begin with the word {word}"
        if self.evidence and len(said.removeprefix(word).strip(" :,")) < _LEAST:
            return f"say with it: {fill(self.evidence, context.values)}"
        return ""

    def templates(self) -> Iterator[str]:
        """The instructions, beside what every step has."""
        yield from Step.templates(self)
        yield self.instructions
        yield self.confirm
        yield self.evidence

    async def perform(self, context: Context) -> Outcome:
        """Wait for the answer; where there is a probe that says the opposite of `done`, it is not done."""
        await context.reach("step.after_send")
        try:
            answer, words = await asyncio.wait_for(context.answer(), self.expires_after)
        except TimeoutError:
            return Outcome(kind="failed", detail=f"nobody answered within {format_duration(self.expires_after)}")
        await context.reach("step.after_reply")
        if answer == "not_done":
            return Outcome(kind="failed", detail=words)
        if self.probe is not None:
            truth, seen = await self.probe.applied(context)
            if truth is False:
                return Outcome(kind="failed", detail=f"{words}, but {seen}")
            words = f"{words}; {seen}"
        return Outcome(kind="done", detail=words)
