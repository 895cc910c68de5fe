"""Holds an expectation against a rig: empty when it is met, else what was found instead, and why, in words."""

from __future__ import annotations

import math
from functools import singledispatch

from monitor.daemon import board
from monitor.daemon.facts import scope_text
from monitor.judging.judge import Judge
from monitor.judging.pieces import finished
from monitor.judging.states import PENDING, PHASES, RECOVERING
from monitor.model import Flag, Labels, Standing
from monitor.scenarios import statements as say
from monitor.scenarios.rig import Rig, meant
from monitor.units import format_duration

_PHASES = ("warmup", "pending", "recovering")


@singledispatch
def found_instead(said: say.Expectation, rig: Rig) -> str:
    """Why the expectation is not met now, as the end of a sentence; empty when it is."""
    raise TypeError(f"{type(said).__name__} at {rig.elapsed:g} s cannot be held against anything")


def _place(rig: Rig, rule: str, labels: Labels) -> tuple[Judge, int | None]:
    """The group meant: that of these labels, or the worst one."""
    judge = rig.engine.judges[rule]
    if not labels:
        return judge, rig.engine.worst(rule)[1]
    wanted = set(labels)
    return judge, next((index for index, name in enumerate(judge.names) if wanted <= set(name)), None)


@found_instead.register
def _rule(said: say.RuleIs, rig: Rig) -> str:
    judge, index = _place(rig, said.rule, said.labels)
    if index is None:
        groups = ", ".join(scope_text(name) or "all" for name in judge.names[:5])
        return f"there is no such group; there is {groups}"
    if not judge.active:
        return f"it is not active in stage {rig.course.stage.name}"
    standing = Standing.UNKNOWN if said.rule in rig.engine.broken else judge.standing(index)
    phase = PHASES[int(judge.states.phase[index])]
    flags = Flag(int(judge.flags[index]))
    named = frozenset(flag.name.lower() for flag in Flag if flag in flags and flag.name and flag is not Flag.NONE)
    wrong = []
    if said.state and said.state != (phase if said.state in _PHASES else standing.word):
        wrong.append(f"is {standing.word}")
    truth = rig.engine.truth(said.rule).name.lower()
    if said.reads and said.reads != truth:
        wrong.append(f"reads {truth}")
    value = float(judge.value[index])
    if said.value is not None and not math.isclose(value, said.value, rel_tol=1e-6, abs_tol=1e-9):
        wrong.append(f"has the value {value:.6g}")
    if said.samples is not None and said.samples != int(judge.samples[index]):
        wrong.append(f"has {int(judge.samples[index])} samples")
    if said.flags is not None and said.flags != named:
        wrong.append(f"has the flags {' '.join(sorted(named)) or 'none'}")
    told = _story(rig, judge, index, phase)
    if not wrong and said.because and said.because not in told:
        wrong.append("has another reason")
    return f"it {' and '.join(wrong)} ({told})" if wrong else ""


def _story(rig: Rig, judge: Judge, index: int, phase: str) -> str:
    """Why a group stands as it does: value and limit, age and window, timers, flags."""
    if judge.rule.name in rig.engine.broken:
        return f"rule broken: {rig.engine.broken[judge.rule.name]}"
    rule, now = judge.rule, rig.now
    parts = [board.reason_of(judge, index, rule.title or rule.name, now)]
    timer = float(judge.states.timer[index])
    if judge.states.phase[index] == PENDING:
        parts.append(f"pending for {format_duration(timer)} of {format_duration(rule.hold)}")
    elif judge.states.phase[index] == RECOVERING:
        parts.append(f"recovering for {format_duration(timer)} of {format_duration(rule.clear_hold)}")
    else:
        parts.append(phase)
    newest = float(judge.newest[index])
    if math.isfinite(newest):
        parts.append(f"newest sample {format_duration(now - newest)} old")
    parts.append(f"{int(judge.samples[index])} samples in {format_duration(rule.window)}")
    return ", ".join(parts)


@found_instead.register
def _verdict(said: say.VerdictIs, rig: Rig) -> str:
    ruling = rig.ticker.ruling
    if ruling.verdict.word != said.word:
        return f"it is {ruling.verdict.word} ({ruling.reason})"
    return _other_reason(said.because, ruling.reason)


def _other_reason(wanted: str, reason: str) -> str:
    return "" if wanted in reason else f"its reason is another: {reason or 'none'}"


@found_instead.register
def _gate(said: say.GateIs, rig: Rig) -> str:
    row = next(judged.row for judged in rig.ticker.judged if judged.row.name == said.gate)
    if row.state != said.state:
        return f"it is {row.state} ({row.reason})"
    return _other_reason(said.because, row.reason)


@found_instead.register
def _signal(said: say.SignalIs, rig: Rig) -> str:
    value = rig.engine.signal(said.signal)
    if said.value is None:
        return "" if value is None else f"it is {value:.6g}"
    if value is None:
        return "it is unknown"
    return "" if math.isclose(value, said.value, rel_tol=1e-6, abs_tol=1e-9) else f"it is {value:.6g}"


@found_instead.register
def _alert(said: say.AlertIs, rig: Rig) -> str:
    wanted = [f"{name}={value}" for name, value in said.labels]
    rows = [
        row
        for row in finished(board.alerts(rig.engine, rig.now))
        if said.rule in ("", row.name) and all(pair in row.scope.split(" ") for pair in wanted)
    ]
    if said.there:
        others = ", ".join(sorted({row.name for row in finished(board.alerts(rig.engine, rig.now))}))
        return "" if rows else f"there is none{f'; alerts: {others}' if others else ''}"
    return f"there is one: {rows[0].summary}" if rows else ""


@found_instead.register
def _decision(said: say.DecisionIs, rig: Rig) -> str:
    row = rig.decision(said.trigger, said.labels)
    if row is None:
        return _no_decision(rig)
    if row.state != said.state:
        return f"it is {row.state} ({row.detail or row.reason})"
    if said.votes is not None and said.votes != len(row.votes):
        return f"it has {len(row.votes)} votes ({row.detail or row.reason})"
    if said.scopes is not None and said.scopes != len(row.scopes):
        return f"it is asked for in {', '.join(row.scopes) or 'no scope'}"
    return _other_reason(said.because, f"{row.reason}; {row.detail}" if row.detail else row.reason)


def _no_decision(rig: Rig) -> str:
    rows = rig.desk.decision_rows()
    if not rows:
        return "there is no decision at all"
    return f"there is none, only {', '.join(f'{row.trigger} ({row.scope}, {row.state})' for row in rows[:5])}"


@found_instead.register
def _count(said: say.Count, rig: Rig) -> str:
    found = meant(rig.desk.decision_rows(), said.trigger, said.labels)
    rows = [row for row in found if said.what == "decision" or row.run]
    if len(rows) == said.count:
        return ""
    told = ", ".join(
        f"{row.trigger} is {row.state} since {_since(rig, row.changed_at)} in {row.scope}" for row in rows[:5]
    )
    return f"there {'is' if len(rows) == 1 else 'are'} {len(rows)}{f': {told}' if told else ''}"


def _since(rig: Rig, at: float) -> str:
    return format_duration(at - rig.setting.scenario.start)


@found_instead.register
def _run(said: say.RunIs, rig: Rig) -> str:
    row = rig.decision(said.trigger, said.labels)
    if row is None or not row.run:
        return f"there is no run; {f'the decision is {row.state} ({row.detail or row.reason})' if row else _no_decision(rig)}"
    run = next((run for run in rig.desk.run_rows() if run.id == row.run), None)
    if run is None:
        return "the run is not in this process"
    if run.state != said.state:
        return f"it is {run.state}{f' ({run.detail})' if run.detail else ''}"
    return _other_reason(said.because, run.detail)


@found_instead.register
def _stage(said: say.StageIs, rig: Rig) -> str:
    stage = rig.course.stage.name
    return "" if stage == said.stage else f"it is {stage}"


@found_instead.register
def _refused(said: say.Refused, rig: Rig) -> str:
    count = rig.feeder.refused(said.source, said.reason)
    return "" if count == said.count else f"there {'was' if count == 1 else 'were'} {count}"


@found_instead.register
def _paged(said: say.Paged, rig: Rig) -> str:
    now = [page.summary for page in rig.pages if abs(page.at - rig.now) < 1e-6]  # noqa: PLR2004 - one instant
    if said.there:
        if any(said.words in summary for summary in now):
            return ""
        return f"there was {'another: ' + '; '.join(now) if now else 'none'}"
    hits = [summary for summary in now if said.words in summary]
    return f"there was one: {hits[0]}" if hits else ""
