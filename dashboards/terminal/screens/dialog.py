"""The dialog that every act passes: what is sent, the word to type, the reason."""

from __future__ import annotations

import math
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input

from dashboards.terminal.acts import Act
from dashboards.terminal.drawing.spans import Glyphs, Line, Span, fit
from dashboards.terminal.keys import DIALOG, bindings
from dashboards.terminal.questions import Question
from dashboards.terminal.screens.overlay import Overlay
from dashboards.terminal.view import View
from dashboards.terminal.widgets.fixed import Fixed
from dashboards.terminal.widgets.lines import LineView
from dashboards.terminal.widgets.painting import COMPONENTS

REASON = 300
"""Longest reason in characters."""
SHORT = 14
"""Lines below which the dialog has no frame and asks for no reason."""


class Dialog(Overlay[Act | None]):
    """Answers with the act to send, or None."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENTS)
    BINDINGS: ClassVar[list[BindingType]] = bindings(DIALOG)

    def __init__(self, question: Question, view: View, glyphs: Glyphs) -> None:
        super().__init__()
        self._question = question
        self._view = view
        self._glyphs = glyphs
        self._facts = LineView(glyphs, id="facts")
        self._ask = Fixed(glyphs)
        self._why = Fixed(glyphs, id="why")
        self._end = Fixed(glyphs)
        self._word = Input(placeholder="type it here", id="name", max_length=200, select_on_focus=False)
        self._reason = Input(placeholder="none", id="reason", max_length=REASON, select_on_focus=False)
        self._tried = ""
        self._kept: Act | None = None
        self._leaves_at = 0.0
        more = question.more
        self._label = Fixed(glyphs, id="more-label")
        self._more = Input(more.usual if more else "", id="more", max_length=40, select_on_focus=False)
        if question.reason_needed or more is not None:
            self.add_class("-needs")

    def compose(self) -> ComposeResult:
        """Facts, the word, the reason, what happens on enter."""
        self._facts.can_focus = False
        with Vertical(id="dialog") as box:
            box.border_title = self._question.title
            yield self._facts
            yield self._ask
            yield self._word
            if self._question.more is not None:
                yield self._label
                yield self._more
            yield self._why
            yield self._reason
            yield self._end

    def on_mount(self) -> None:
        """Ready to type."""
        self._word.focus()
        self.show(self._view)

    def on_resize(self) -> None:
        """The facts give way, so that the word and the answer are always in sight."""
        short = self.app.size.height < SHORT
        self.set_class(short, "-short")
        room = self.app.size.height - self._below(short=short)
        self._facts.styles.max_height = max(1, room)
        self._facts.display = room > 0

    def _below(self, *, short: bool) -> int:
        """Lines that the facts must leave to what stands below them."""
        further = self._question.more is not None
        if short:
            return 4 + self.has_class("-needs") + further
        return 11 + 2 * further

    def show(self, view: View) -> None:
        """Draw the facts of this moment; the countdown runs and a refusal appears while the dialog is open."""
        self._view = view
        question, glyphs = self._question, self._glyphs
        self._facts.show(lambda width: question.facts(view, width, glyphs))
        word = question.word
        self._ask.show(lambda width: (self._line(f"Type {word} to {question.title.lower()}:", "strong", width),))
        asked = f"{question.reason_label} ({'needed' if question.reason_needed else 'optional'}, tab):"
        self._why.show(lambda width: (self._line(asked, "dim", width),))
        if question.more is not None:
            label = f"{question.more.label} (tab):"
            self._label.show(lambda width: (self._line(label, "dim", width),))
        self._end.show(self._ending)
        if self._kept is not None:
            self._leave(self._kept)

    def _line(self, text: str, role: str, width: int) -> Line:
        return (Span(fit(text, width, self._glyphs), role),)

    def _ending(self, width: int) -> tuple[Line, ...]:
        refusal = self._question.refusal(self._view) or self._tried
        if self._kept is not None:
            left = max(0.0, self._leaves_at - self._view.now)
            words = f" sent in {math.ceil(left)} s: esc takes it back "
            return (self._line(words, "attention", width), self._line("esc takes it back", "dim", width))
        if refusal:
            return (self._line(f" {refusal} ", "alarm", width), self._line("esc close", "dim", width))
        below = self._facts.hidden_below
        more = f"{below} more lines above: pgdn" if below else ""
        return (self._line(more, "notice", width), self._line("enter sends it   esc cancels", "dim", width))

    def on_input_changed(self) -> None:
        """A new try."""
        self._tried = ""

    def on_input_submitted(self) -> None:
        """Send only what is allowed now and was named in full."""
        question, more = self._question, self._question.more
        if self._kept is not None or question.refusal(self._view):
            return
        typed, reason = self._more.value.strip(), self._reason.value.strip()
        if self._word.value.strip() != question.word:
            self._again(f"type exactly {question.word}", self._word)
        elif more is not None and (trouble := more.trouble(typed)):
            self._again(trouble, self._more)
        elif question.reason_needed and not reason:
            self._again(f"a {question.reason_label.lower()} is needed", self._reason)
        else:
            act = more.act(reason, typed) if more is not None else question.act(reason)
            if not question.wait:
                self.dismiss(act)
                return
            self._kept, self._leaves_at = act, self._view.now + question.wait
            for field in self.query(Input):
                field.disabled = True
            self.show(self._view)

    def _again(self, why: str, field: Input) -> None:
        """Not sent: say why and go to the field that it is about."""
        self._tried = f"not sent: {why}"
        self.show(self._view)
        field.focus()

    def _leave(self, act: Act) -> None:
        """Send what was kept once its time is over; what may not be sent any more is let go."""
        if self._question.refusal(self._view):
            self._kept = None
            for field in self.query(Input):
                field.disabled = False
            self._word.focus()
            self.show(self._view)
        elif self._view.now >= self._leaves_at:
            self._kept = None
            self.dismiss(act)

    def action_scroll(self, by: int) -> None:
        """Show further facts when they do not all fit."""
        self._facts.action_page(by)

    def action_cancel(self) -> None:
        """Close; nothing is sent."""
        self.dismiss(None)
