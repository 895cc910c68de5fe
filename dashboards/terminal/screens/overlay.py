"""What lies over a screen and answers once: dialogs, choices, help, texts to read."""

from __future__ import annotations

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

T = TypeVar("T")


class Overlay(ModalScreen[T]):
    """Closes once: a second key that was typed before the first one closed it must not close what lies below."""

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Close with an answer, unless it is closed already."""
        return super().dismiss(result) if self.is_current else AwaitComplete()
