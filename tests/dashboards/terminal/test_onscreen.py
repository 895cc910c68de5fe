"""A terminal whose window is closed leaves nothing behind."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from dashboards.terminal.drawing.footer import footer
from dashboards.terminal.drawing.spans import Glyphs
from dashboards.terminal.onscreen import on_screen
from dashboards.terminal.view import View

SCREENS = [(str(n), word) for n, word in enumerate(("Board", "Calls", "Queues", "Integr.", "Alerts(3)"), 1)]


async def test_the_thread_that_reads_keys_ends_even_when_the_program_breaks_off() -> None:
    """The window vanishes in the middle of leaving: what waits for keys is told to stop all the same."""
    ending = threading.Event()

    async def broken() -> None:
        raise OSError(5, "Input/output error")

    app = SimpleNamespace(
        run_async=broken, exit=lambda: None, return_code=None, _driver=SimpleNamespace(exit_event=ending)
    )
    with pytest.raises(OSError, match="Input/output"):
        await on_screen(app)  # type: ignore[arg-type]
    assert ending.is_set()


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (100, " f faults only  1 Board  2 Calls  3 Queues  4 Integr.  5 Alerts(3)  ? keys "),
        (60, " f faults only  1Boa 2Cal 3Que 4Int 5Ale3 ? keys "),
        (54, " f faults only  1Boa 2Cal 3Que 4Int 5Ale3 ?"),
        (48, " f 1Boa 2Cal 3Que 4Int 5Ale3 ? keys "),
        (24, " f 1 2 3 4 5 ?"),
        (20, " f 1 2 3 ?"),
    ],
)
def test_where_there_is_little_room_words_are_shortened_before_keys_are_left_out(width: int, words: str) -> None:
    """Every screen stays in the bottom line, with its count, down to a window in which not even the keys fit."""
    keys = [("f", "faults only"), *SCREENS, ("?", "keys")]
    line = "".join(span.text for span in footer(keys, View(), width, Glyphs()))
    assert line.rstrip().startswith(words.rstrip())
    assert len(line) == width
