"""A second record of some lines of the journal: with it they count even while the journal cannot be written.

What the journal owes is written before anything else as soon as it can be written again, in the order of happening.
All of it blocks; it belongs on the journal's writer thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from monitor.deciding.entry import Entry, Line
from monitor.deciding.ledger import Ledger


class Witness(Protocol):
    """Keeps some lines elsewhere."""

    def covers(self, line: Line) -> bool:
        """Whether it keeps this line."""
        ...

    def write(self, line: Line, trouble: str) -> bool:
        """Put it on record. trouble: why the journal has not got it; then False makes the line fail."""
        ...

    def unjournalled(self) -> list[Line]:
        """Lines that the journal had not got when they were written, in order."""
        ...


class Debts:
    """A ledger with a witness beside it."""

    def __init__(self, ledger: Ledger, witness: Witness | None) -> None:
        self._ledger = ledger
        self._witness = witness
        self._owed: list[Line] = []
        if witness is not None:
            self._owed = [line for line in witness.unjournalled() if not self._has(line)]

    def _has(self, line: Line) -> bool:
        known = self._ledger.read(kind=line.kind, about=line.object)
        return any((entry.at, entry.mono, entry.what) == (line.at, line.mono, line.what) for entry in known)

    def append(self, lines: Sequence[Line]) -> list[Entry]:
        """Write lines, and before them what is owed; returns the entries of `lines`. JournalError when the disk fails."""
        entries = self._ledger.append([*self._owed, *lines])
        self._owed.clear()
        for line in lines:
            if self._witness is not None and self._witness.covers(line):
                self._witness.write(line, "" if self._ledger.durable else "it is kept in memory only")
        return entries[-len(lines) :]

    def settle(self) -> None:
        """Write what is owed; JournalError when the disk fails, then it is owed on."""
        if self._owed:
            self._ledger.append(list(self._owed))
            self._owed.clear()

    def keep(self, line: Line, trouble: str) -> Entry | None:
        """Have the witness keep a line that the journal did not take; None when nobody keeps it."""
        if self._witness is None or not self._witness.covers(line) or not self._witness.write(line, trouble):
            return None
        self._owed.append(line)
        return _unchained(line)

    def owed(self, kind: str | None, about: str | None) -> list[Entry]:
        """What the journal has not got yet, of one kind and one object where given."""
        return [
            _unchained(line)
            for line in self._owed
            if (kind is None or line.kind == kind) and (about is None or line.object == about)
        ]


def _unchained(line: Line) -> Entry:
    """A line that counts without a link of the chain; it sorts behind all that have one."""
    fields = {name: getattr(line, name) for name in Line.__struct_fields__}
    return Entry(**{**fields, "seq": 2**53}, hash="")
