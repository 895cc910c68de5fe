"""What a row says of each kind of alert before who has it: a rule in one place, a silent source, a rule gone blind."""

from __future__ import annotations

import numpy as np

from monitor.daemon.board import reason_of
from monitor.daemon.facts import number_or_none
from monitor.daemon.witness import NO_DATA
from monitor.intake.intake import Intake
from monitor.judging.engine import Engine
from monitor.judging.judge import Judge
from monitor.model import Flag
from monitor.notify.incidents import Finding, Pair
from monitor.serving.alert_rows import AlertRow
from monitor.units import format_duration

_SHOWN = ("flapping", "stale", "unknown", "insufficient")
"""Flags of a rule that stand beside an alert."""
_BLIND = np.int16(Flag.BLIND)


def rule_row(judge: Judge, index: int, finding: Finding, now: float) -> AlertRow:
    """A rule in one place, measured or not."""
    flags = Flag(int(judge.flags[index]))
    names = tuple(flag.name.lower() for flag in Flag if flag in flags and flag.name)
    return AlertRow(
        id="",
        name="",
        scope="",
        state=judge.standing(index).word,
        value=number_or_none(float(judge.value[index])),
        limit=judge.rule.breach,
        operator=judge.rule.operator,
        unit=judge.unit,
        since=finding.since,
        summary=reason_of(judge, index, judge.rule.title or judge.rule.name, now),
        flags=tuple(name for name in names if name in _SHOWN),
    )


def silent_row(pair: Pair, finding: Finding, engine: Engine, intake: Intake, now: float) -> AlertRow:
    """A source that is silent, a rule of which nothing is known, or one that cannot be computed."""
    named = pair[1].partition("=")[2]
    door = intake.doors.get(named) if pair[0] == NO_DATA else None
    judge = engine.judges.get(named)
    why = judge.broken or judge.why(int(np.argmax((judge.flags & _BLIND) != 0))) if judge is not None else ""
    if door is not None:
        why = f"silent for {format_duration(max(now - door.newest, 0.0))}"
    return AlertRow(
        id="",
        name="",
        scope="",
        state="unknown",
        value=None,
        limit=door.stale_after if door is not None else None,
        operator=">" if door is not None else "",
        unit="seconds",
        since=finding.since,
        summary=f"{finding.title}: {why}" if why else finding.title,
    )
