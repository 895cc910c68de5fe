"""A change of a decision, worked out before it is journalled: pure functions make it, the decision's owner applies it."""

from __future__ import annotations

from typing import NamedTuple

from monitor.deciding.decision import Decision


class Change(NamedTuple):
    """What a decision becomes, who made it so, and the sentence that the journal keeps."""

    decision: Decision
    who: str
    words: str
    via: str = ""
    kind: str = ""
    """What kind of notification it is; empty: the new state."""
