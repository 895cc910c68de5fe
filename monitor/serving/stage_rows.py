"""Rows about the stages of the cutover: where it stands, and what moving it on takes."""

from __future__ import annotations

from monitor.serving.row import Row


class StageRow(Row, frozen=True, kw_only=True):
    """One stage, in the order of the plan."""

    name: str
    title: str
    place: str
    """past, present, next or later."""
    share: float | None = None
    """Percent of traffic on the target platform."""
    held: str = ""
    """Why a person holds the present stage; empty when nobody does."""
    quorum: int = 1
    """For the next one: how many people must agree to go there."""
    votes: tuple[str, ...] = ()
    """For the next one: who has agreed already."""
    blocked: str = ""
    """For the next one: what stands against going there now; empty when nothing does."""
