"""The dialog that every act passes: what is sent, the word to type, the reason."""

from __future__ import annotations

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

    def compose(self) -> ComposeResult:
        """Facts, the word, the reason, what happens on enter."""
        self._facts.can_focus = False
        with Vertical(id="dialog") as box:
            box.border_title = self._question.title
            yield self._facts
            yield self._ask
            yield self._word
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
        self._facts.styles.max_height = max(1, self.app.size.height - (4 if short else 11))

    def show(self, view: View) -> None:
        """Draw the facts of this moment; the countdown runs and a refusal appears while the dialog is open."""
        self._view = view
        question, glyphs = self._question, self._glyphs
        self._facts.show(lambda width: question.facts(view, width, glyphs))
        word = question.word
        self._ask.show(lambda width: (self._line(f"Type {word} to {question.title.lower()}:", "strong", width),))
        asked = "Reason (needed, tab):" if question.reason_needed else "Reason (optional, tab):"
        self._why.show(lambda width: (self._line(asked, "dim", width),))
        self._end.show(self._ending)

    def _line(self, text: str, role: str, width: int) -> Line:
        return (Span(fit(text, width, self._glyphs), role),)

    def _ending(self, width: int) -> tuple[Line, ...]:
        refusal = self._question.refusal(self._view) or self._tried
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
        if self._question.refusal(self._view):
            return
        if self._word.value.strip() != self._question.word:
            self._tried = f"not sent: type exactly {self._question.word}"
            self.show(self._view)
            return
        if self._question.reason_needed and not self._reason.value.strip():
            self._tried = "not sent: a reason is needed"
            self.show(self._view)
            self._reason.focus()
            return
        self.dismiss(self._question.act(self._reason.value.strip()))

    def action_scroll(self, by: int) -> None:
        """Show further facts when they do not all fit."""
        self._facts.action_page(by)

    def action_cancel(self) -> None:
        """Close; nothing is sent."""
        self.dismiss(None)
