"""The cutover as it was planned: stages, gates, waves, sites, people and clocks, in the words of golive.yaml."""

from __future__ import annotations

from typing import Literal

import msgspec

from monitor.units import Duration, Moment, Number


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything that golive.yaml can hold: frozen, named fields, unknown keys refused."""


class Window(Section, frozen=True, kw_only=True):
    """When the work may happen."""

    start: Moment
    end: Moment


class Cutover(Section, frozen=True, kw_only=True):
    """What is moved, how, and by when."""

    name: str
    environment: str = "PROD"
    """Shown on every screen and in every message; people type it nowhere, they read it everywhere."""
    timezone: str = "UTC"
    """IANA name, such as Europe/Lisbon: by its clock recorded weeks are compared, weekday and quarter hour."""
    holidays: tuple[str, ...] = ()
    """Days, as 2026-12-25, that are left out of recorded weeks since nobody called as on other days."""
    incident_days: tuple[str, ...] = ()
    """Days that are left out of recorded weeks since legacy was not itself."""
    strategy: Literal["parallel", "phased", "big_bang"] = "phased"
    window: Window | None = None
    default_mode: Literal["observe", "advise", "approve", "auto"] = "approve"
    rollback_budget: Duration = 1800.0
    """How long a rollback may take, from approval to verified."""
    decide_by: Moment | None = None
    """The last instant at which a rollback may still be decided."""
    undo_window: Duration = 5.0
    """Between a person's start of a run and its first step: an abort in it leaves nothing done. Auto mode has none."""


def decide_by(cutover: Cutover, seconds: float) -> float | None:
    """The last instant at which a rollback of so many seconds may be decided, unix seconds.

    As configured, or earlier, so that it still ends inside the window; None where neither is configured.
    """
    by_window = cutover.window.end - seconds if cutover.window is not None else None
    return min((moment for moment in (cutover.decide_by, by_window) if moment is not None), default=None)


class Site(Section, frozen=True, kw_only=True):
    """A place where agents sit."""

    name: str
    title: str = ""
    agents: int = 0
    line_bits_per_second: Number | None = None


class Wave(Section, frozen=True, kw_only=True):
    """A group of agents or queues that moves together."""

    name: str
    sites: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    agents: int = 0


class StageGate(Section, frozen=True, kw_only=True):
    """What must hold before a stage may be left forward, and who says so."""

    needs: tuple[str, ...] = ()
    """Names of gates that must be GO."""
    go: Literal["approve", "auto"] = "approve"
    quorum: int = 1


class Stage(Section, frozen=True, kw_only=True):
    """A step of the cutover; the order in the file is the order of the cutover."""

    name: str
    title: str = ""
    share: Number | None = None
    """Percent of traffic on the target platform in this stage, 0 to 100."""
    min_dwell: Duration = 0.0
    gate: StageGate = StageGate()


class Gate(Section, frozen=True, kw_only=True):
    """A go/no-go question: judged by rules, or signed by a role."""

    name: str
    title: str = ""
    rules: tuple[str, ...] = ()
    """Rules that answer it; empty for a gate that a person signs."""
    signed_by: str = ""
    """The duty whose holder signs it; empty for a gate that rules judge."""
    required: bool = True
    """A gate that is not required is shown but does not enter the verdict."""
    active_in: tuple[str, ...] = ()
    """Stages in which it counts; empty: all."""


PAST = "past_point_of_no_return"
"""The name under which a pre-flight asks whether a point that freezes is passed in the decision's scope."""


class PointOfNoReturn(Section, frozen=True, kw_only=True):
    """An event after which a rollback means something else."""

    name: str
    signal: str
    when: str
    """Operator and number that the signal is compared with; true once is passed for good, until a person speaks."""
    after: Literal["freeze", "warn"] = "freeze"
    """freeze: no runbook begins in its scope any more. warn: it is shown, and signatures from before it are void."""
    scope: tuple[str, ...] = ()
    """`name:value` or `name:pattern*`; any of them. Empty: everything. What cannot be told apart is concerned."""
