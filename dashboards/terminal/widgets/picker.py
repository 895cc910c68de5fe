"""Keeps the cursor of a list on the thing that a person chose, however the rows around it move."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.terminal.subject import Subject
from dashboards.terminal.widgets.lines import LineView


class Picker:
    """What each line of a list is about, and which of them is chosen; until a person chooses, the first."""

    def __init__(self, lines: LineView) -> None:
        self.lines = lines
        self._subjects: Sequence[Subject | None] = ()
        self._chosen: tuple[str, str] | None = None

    def keep(self, subjects: Sequence[Subject | None]) -> None:
        """The list was drawn with these; the cursor follows the chosen one."""
        self._subjects = subjects
        now = self.subject
        if self._chosen is None:
            if now is None and self.lines.cursor == 0:
                self.lines.place(next((i for i, subject in enumerate(subjects) if subject), 0))
            return
        if now is not None and now.place == self._chosen:
            return
        found = next((i for i, subject in enumerate(subjects) if subject and subject.place == self._chosen), None)
        if found is not None:
            self.lines.place(found)

    def moved(self) -> None:
        """A person moved the cursor."""
        self._chosen = self.subject.place if self.subject is not None else None

    @property
    def subject(self) -> Subject | None:
        """What the line under the cursor is about."""
        cursor = self.lines.cursor
        return self._subjects[cursor] if cursor < len(self._subjects) else None
