"""Screen 6: decisions that wait, the live run, and the keys that sign or steer it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import Vertical
from textual.widget import Widget

from dashboards.terminal import consents, questions
from dashboards.terminal.drawing.consent import unknown
from dashboards.terminal.drawing.runbook import describe
from dashboards.terminal.drawing.spans import Glyphs, Line, Span
from dashboards.terminal.drawing.work import LIVE, OPEN, Work, work_line, works
from dashboards.terminal.keys import RUNBOOKS, Key, bindings
from dashboards.terminal.questions import Question
from dashboards.terminal.screens.frame import Frame
from dashboards.terminal.subject import Subject, of_decision, of_run
from dashboards.terminal.view import View
from dashboards.terminal.widgets.lines import LineView, Rows
from dashboards.terminal.widgets.pane import Pane
from monitor.serving.snapshot import StepRow


class Runbooks(Frame):
    """A list of what is proposed, runs and has run; below it the chosen one in full."""

    KEYS: ClassVar[tuple[Key, ...]] = RUNBOOKS
    BINDINGS: ClassVar[list[BindingType]] = bindings(RUNBOOKS)

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self._list = Pane("RUNBOOKS", glyphs, id="work", pick=True)
        self._detail = Pane("DETAIL", glyphs, id="describe")
        self._works: list[Work] = []
        self._chosen = ""

    def body(self) -> Iterable[Widget]:
        """The list, and the chosen one."""
        yield Vertical(self._list, self._detail, classes="wide", id="runbooks-body")

    @property
    def work(self) -> Work | None:
        """The chosen one; the most urgent until a person chooses."""
        first = self._works[0] if self._works else None
        return next((work for work in self._works if work.id == self._chosen), first)

    @property
    def subject(self) -> Subject | None:
        """The chosen decision or run."""
        work = self.work
        if work is None:
            return None
        return of_decision(work.decision) if work.decision else of_run(work.run) if work.run else None

    def drawn_from(self) -> Sequence[StepRow]:
        """The steps of the chosen one."""
        work = self.work
        return () if work is None else work.run.steps if work.run else work.decision.steps if work.decision else ()

    def choose(self, name: str) -> None:
        """Put the cursor on the work of this id."""
        self._chosen = name

    def fill(self, view: View) -> None:
        """Draw list and detail."""
        self._works = works(view.snapshot) if view.snapshot else []
        chosen, glyphs = self.work, self.glyphs
        self._list.show(self._rows)
        if chosen is not None:
            self._list.lines.place(self._works.index(chosen))
        self._detail.show(lambda width: describe(chosen, view, width, glyphs))

    def _rows(self, width: int) -> Sequence[Line]:
        if not self._works:
            return [(Span("none yet", "dim"),)]
        return Rows(self._works, lambda work: work_line(work, self.now, width, self.glyphs))

    def on_line_view_moved(self, event: LineView.Moved) -> None:
        """Show the one that the cursor stands on."""
        if event.view is self._list.lines and event.index < len(self._works):
            self._chosen = self._works[event.index].id
            self.show(self.now)

    def own_keys(self) -> Iterable[tuple[str, str]]:
        """Only the keys that fit the state of the chosen one."""
        offered = offers(self.work)
        return [(key.shown, key.short) for key in RUNBOOKS if key.shown in offered]

    def _ask(self, question: Callable[[Work, View], Question | str]) -> None:
        work = self.work
        if work is None:
            self.say("no runbook here to act on")
            return
        self._chosen = work.id
        chosen = work
        self.post_message(self.Asked(lambda view: question(chosen, view)))

    def action_approve(self) -> None:
        """Open the dialog that signs."""
        self._ask(questions.approve)

    def action_reject(self) -> None:
        """Open the dialog that refuses."""
        self._ask(questions.reject)

    def action_pause(self) -> None:
        """Open the dialog that pauses, or lets go on."""
        self._ask(lambda work, view: questions.steer(work, view, "pause"))

    def action_abort(self) -> None:
        """Open the dialog that aborts."""
        self._ask(lambda work, view: questions.steer(work, view, "abort"))

    def action_attest(self) -> None:
        """Open the dialog that vouches for a condition."""
        self._ask(consents.attest)

    def action_takeover(self) -> None:
        """Open the dialog that takes the run over by hand."""
        self._ask(lambda work, view: questions.steer(work, view, "takeover"))

    def action_undo(self) -> None:
        """Open the dialog that takes a step back."""
        self._ask(consents.undo)

    def action_rearm(self) -> None:
        """Open the dialog that arms again."""
        self._ask(consents.rearm)

    def action_retry(self) -> None:
        """Open the dialog that tries a step again."""
        self._ask(lambda work, view: questions.mend(work, view, "retry"))

    def action_skip(self) -> None:
        """Open the dialog that leaves a step out."""
        self._ask(lambda work, view: questions.mend(work, view, "skip"))

    def action_resolve(self, outcome: str) -> None:
        """Open the dialog that says what a step did."""
        self._ask(lambda work, view: questions.resolve(work, view, outcome))


def offers(work: Work | None) -> frozenset[str]:
    """Keys that can do something with this decision or run."""
    if work is None:
        return frozenset()
    keys = set("AJ") if work.decision is not None and work.decision.state in OPEN else set()
    if work.run is not None and work.run.state in LIVE:
        keys |= set("PB")
        keys |= set() if work.run.by_hand or work.run.state == "verifying" else set("H")
        if work.run.state == "paused" and any(step.state in ("done", "failed") and step.undo for step in work.steps):
            keys.add("U")
        if any(step.state in ("failed", "parked", "undone") for step in work.run.steps):
            keys |= set("RK")
    if work.asks is not None:
        keys |= set("YN")
    if work.decision is not None and work.decision.state in consents.ASKS and unknown(work.decision):
        keys.add("T")
    if work.decision is not None and work.decision.state in consents.REARMS:
        keys.add("E")
    return frozenset(keys)
