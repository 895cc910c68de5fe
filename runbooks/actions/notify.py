"""The step that tells people, over golive's own channels: done when one of them took the message."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Literal

from monitor.redaction import masked
from monitor.template import fill
from monitor.text import clean
from monitor.units import Duration
from runbooks.context import Context
from runbooks.effect import Outcome
from runbooks.mistake import Mistake
from runbooks.outlets import Delivery, Note
from runbooks.setting import Setting, effects
from runbooks.step import Step

LONGEST = 1000


class Notify(Step, frozen=True, kw_only=True, tag="notify", tag_field="action"):
    """One message. Tried again it carries the same id, by which a receiver drops doubles: it may be `keyed`."""

    text: str
    """What people read."""
    severity: Literal["critical", "warning", "info"] = "info"
    channels: tuple[str, ...] = ()
    """Names under `notify` in golive.yaml; none: all of them."""
    timeout: Duration = 15.0

    def request_text(self, context: Context) -> str:
        """Who is told what."""
        return (
            f"tell {', '.join(self.channels) or 'every channel'} ({self.severity}): {fill(self.text, context.values)}"
        )

    def templates(self) -> Iterator[str]:
        """The message, beside what every step has."""
        yield from Step.templates(self)
        yield self.text

    def deeds(self) -> Iterator[str]:
        """The message."""
        yield f"tell {', '.join(self.channels) or 'every channel'}: {self.text}"

    def mistakes(self, setting: Setting) -> Iterator[Mistake]:  # noqa: ARG002 - every step is asked the same way
        """A message that says nothing, or too much; an effect class that it does not have."""
        yield from effects(self.effect, ("keyed", "once"), "a message that was read cannot be looked for")
        if not self.text.strip():
            yield Mistake(("text",), "says nothing", "write what people have to know")
        if len(self.text) > LONGEST:
            yield Mistake(("text",), f"is longer than {LONGEST} characters", "a page is read on a lock screen")

    async def perform(self, context: Context) -> Outcome:
        """Tell each channel once."""
        teller = context.outlets.teller
        names = self.channels or teller.channels
        if missing := sorted(set(names) - set(teller.channels)) or ([] if names else ["any"]):
            words = f"not sent: there is no channel {', '.join(missing)} under notify in golive.yaml"
            return Outcome(kind="failed", detail=clean(words), sent=False)
        note = Note(
            id=fill(self.key, context.values),
            severity=self.severity,
            text=clean(fill(self.text, context.values), LONGEST),
            subject=f"run/{context.values.get('run', '')}",
        )
        telling = asyncio.ensure_future(teller.tell(note, names))
        try:
            async with asyncio.timeout(self.timeout):
                await asyncio.sleep(0)
                await context.reach("step.after_send")
                told = await telling
        except TimeoutError:
            return Outcome(kind="unknown", detail=f"no channel answered within {self.timeout:g} s")
        finally:
            telling.cancel()
        await context.reach("step.after_reply")
        return judged(told)


def judged(told: tuple[Delivery, ...]) -> Outcome:
    """What the channels' answers come to. Pure."""
    took = [delivery.channel for delivery in told if delivery.kind == "accepted"]
    rest = "; ".join(f"{one.channel}: {clean(masked(one.detail), 120)}" for one in told if one.kind != "accepted")
    if took:
        return Outcome(kind="done", detail=f"taken by {', '.join(took)}" + (f"; not by {rest}" if rest else ""))
    kinds = {delivery.kind for delivery in told}
    words = f"no channel took it: {rest}"
    if "unknown" in kinds:
        return Outcome(kind="unknown", detail=words)
    return Outcome(kind="failed", detail=words, sent="refused" in kinds)
