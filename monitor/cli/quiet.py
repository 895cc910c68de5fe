"""A log that an error cannot flood: of lines that say the same of the same thing, one in ten seconds, with a count."""

from __future__ import annotations

import logging

from monitor.intake.repeats import Repeats, more


class Quiet(logging.Filter):
    """Lets a line through unless its like was let through within ten seconds; the next one says how many there were.

    Alike are lines of one logger and level with one template and the same first value: what is said of one collector
    does not silence what is said of another.
    """

    def __init__(self) -> None:
        super().__init__()
        self._repeats = Repeats()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write it."""
        first = record.args[0] if isinstance(record.args, tuple) and record.args else ""
        kind = (record.name, record.levelno, str(record.msg), str(first)[:100])
        left_out = self._repeats.due(kind, record.created)
        if left_out is None:
            return False
        if left_out:
            record.msg, record.args = record.getMessage() + more(left_out), None
        return True
