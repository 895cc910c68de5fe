"""When each runbook was last rehearsed, in words: what has never been tried is the last thing to find out at night."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from monitor.deciding.ledger import show
from monitor.units import format_duration
from runbooks.rehearsal import FOLDER, MARK, Measured

_MOST = 100_000


class Rehearsed:
    """The rehearsals of one state directory; reads them once, from the disk."""

    def __init__(self, state_dir: Path) -> None:
        """Raises ValueError when the journal of rehearsals cannot be read."""
        path = state_dir / FOLDER / "journal.db"
        self._last: dict[str, tuple[float, Measured]] = {}
        for line in show(path, 0, _MOST) if path.is_file() else ():
            if line.kind == MARK.lower():
                self._last[line.object] = line.at, msgspec.convert(line.data, Measured)

    def words(self, runbook: str, digest: str) -> str:
        """`rehearsed 2026-03-06 22:14Z, done in 17m40s`, or that it was not, or not as it is now."""
        if runbook not in self._last:
            return "never rehearsed"
        at, measured = self._last[runbook]
        when = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%MZ")
        how = f"{measured.state} in {format_duration(measured.seconds)}"
        changed = "" if measured.digest == digest else ", before it was changed"
        return f"rehearsed {when}, {how}{changed}"
