"""At most one line of a kind in ten seconds, and how many were left out: an error that repeats cannot flood a log."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

SPAN = 10.0
MOST_KINDS = 1000


class Repeats:
    """Remembers when each kind was last said. Times are seconds of one clock."""

    def __init__(self, span: float = SPAN) -> None:
        self._span = span
        self._kinds: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()

    def due(self, kind: Hashable, now: float) -> int | None:
        """None when it was said within the span, and is counted; else how many were left out since it was said."""
        said = self._kinds.get(kind)
        if said is not None and 0 <= now - said[0] < self._span:
            self._kinds[kind] = (said[0], said[1] + 1)
            return None
        self._kinds[kind] = (now, 0)
        self._kinds.move_to_end(kind)
        if len(self._kinds) > MOST_KINDS:
            self._kinds.popitem(last=False)
        return said[1] if said is not None else 0


def more(left_out: int) -> str:
    """What to add to a line when others were left out before it."""
    return f" ({left_out} more like it since the last line)" if left_out else ""
