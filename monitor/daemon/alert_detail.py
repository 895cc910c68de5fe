"""What the view of one alert needs beside its row: the rule in words, what led here, its neighbours, the triggers on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec
import numpy as np

from monitor.config import Config
from monitor.daemon.alert_board import AlertBoard
from monitor.daemon.assembly import independence_of
from monitor.daemon.facts import TickFacts, number_or_none, scope_text
from monitor.daemon.pager import Pager
from monitor.daemon.trail import Trail
from monitor.deciding.alert_desk import Place
from monitor.deciding.facts import Facts
from monitor.deciding.judgement import Armament, armaments, automatic_guard, independent
from monitor.intake.intake import Intake
from monitor.judging.engine import Engine
from monitor.judging.judge import Judge
from monitor.judging.scopes import ALL
from monitor.judging.scoping import all_scope_labels
from monitor.judging.wording import rule_sentence
from monitor.model import Labels, Metric, Standing, Truth
from monitor.serving.alert_rows import AlertDetail, GuardRow, NeighbourRow
from monitor.serving.snapshot import DecisionRow

MOST_NEIGHBOURS = 20
"""Rules of each kind that are listed."""
_SMALL = 200
"""Groups of a rule among which one that shares some labels is looked for; among more only the very same place is."""
_NOTHING = " When the source found nothing"
"""Where a rule's sentence begins to say what nothing means, which `golive check` is for."""
_FINE = (Standing.OK, Standing.WARN)
_OVER = frozenset({"rejected", "denied", "withdrawn", "recorded", "rolled_back", "partial", "ineffective"})


class AlertDetails:
    """Made when somebody asks; nothing of it is kept."""

    def __init__(
        self,
        config: Callable[[], Config],
        catalogue: Mapping[str, Metric],
        engine: Engine,
        intake: Intake,
        board: AlertBoard,
        pager: Pager,
        trail: Trail,
    ) -> None:
        """config: what is in force now."""
        self._config = config
        self._catalogue = catalogue
        self._engine = engine
        self._intake = intake
        self._board = board
        self._pager = pager
        self._trail = trail

    def of(self, name: str) -> AlertDetail:
        """An alert by its id or code. Refusal 404 when there is none."""
        place = self._board.find(name)
        judge = self._engine.judges.get(place.alert)
        if judge is None:
            return self._silent(place)
        index = self._pager.place(place.alert, place.scope)
        detail = AlertDetail(id=place.id, says=self._says(place.alert))
        if index is None:
            return detail
        neighbours = list(self._neighbours(place.alert, judge.names[index]))
        return msgspec.structs.replace(
            detail,
            windows=self._trail.of(place.alert, index),
            firing=_some(neighbours, {Standing.BREACH.word}),
            fine=_some(neighbours, {standing.word for standing in _FINE}),
            blind=_some(neighbours, {Standing.UNKNOWN.word, Standing.INSUFFICIENT.word}),
            guards=tuple(self._guards(place.alert, judge.names[index])),
        )

    def _silent(self, place: Place) -> AlertDetail:
        """A source or rule of which nothing is heard: the rules that are blind for it."""
        blind = [
            _neighbour(name, judge, int(np.argmax(judge.standings == Standing.UNKNOWN)))
            for name, judge in self._engine.judges.items()
            if judge.active and (judge.standings == Standing.UNKNOWN).any()
        ]
        label, _, named = place.scope.partition("=")
        says = self._says(named) if label == "rule" else f"the source {named} is silent; the rules it feeds are unknown"
        return AlertDetail(id=place.id, says=says, blind=tuple(blind[:MOST_NEIGHBOURS]))

    def _says(self, name: str) -> str:
        config = self._config()
        rule = next((rule for rule in config.rules if rule.name == name), None)
        if rule is None:
            return ""
        whole = rule_sentence(rule, self._catalogue, {signal.name: signal for signal in config.signals})
        return whole.partition(_NOTHING)[0].rstrip(".") + "."

    def _neighbours(self, alert: str, scope: Labels) -> Iterator[NeighbourRow]:
        """Other rules that are judged in the same place."""
        for name, judge in self._engine.judges.items():
            if name == alert or not judge.active:
                continue
            index = self._pager.place(name, scope_text(scope))
            if index is None and len(judge.names) <= _SMALL:
                index = next((n for n, labels in enumerate(judge.names) if _same_place(scope, labels)), None)
            if index is not None:
                yield _neighbour(name, judge, index)

    def _guards(self, alert: str, scope: Labels) -> Iterator[GuardRow]:
        config = self._config()
        labels = all_scope_labels(config.triggers, config.rules, config.signals)
        every = armaments(config.triggers, labels).values()
        mine = [armament for armament in every if alert in armament.when.rules]
        if not mine:
            return
        facts = TickFacts(self._engine, self._engine.stage, self._engine.at, independence_of(config, self._intake))
        decisions = self._pager.decisions()
        for armament in mine:
            yield guard(armament, facts, scope, config.cutover.default_mode, decisions)


def guard(
    armament: Armament, facts: Facts, scope: Labels, default_mode: str, decisions: Iterable[DecisionRow]
) -> GuardRow:
    """A trigger as it stands in the scope of an alert: whether it calls, and what it lacks to act by itself."""
    trigger, have = armament.trigger, dict(scope)
    within = tuple((label, have[label]) for label in armament.by) if set(armament.by) <= have.keys() else ALL
    truth = armament.truth(facts, within)
    mode = trigger.mode or default_mode
    decision = next(
        (row.id for row in decisions if trigger.name in row.trigger.split(", ") and row.state not in _OVER), ""
    )
    found = independent(armament, facts, within)
    if truth is Truth.TRUE:
        why = automatic_guard(truth, armament, facts, within)
        sources = why or f"{found} of {armament.independent} independent sources"
        asks = "acts by itself" if mode == "auto" and not why and not trigger.absolute else "a person decides"
        words = f"calls: {sources}; mode {mode}, {asks}"
    else:
        lacking = {rule: facts.rule(rule, within) for rule in sorted(armament.when.rules)}
        what = [f"{rule} is {'unknown' if t is Truth.UNKNOWN else 'not in breach'}" for rule, t in lacking.items()]
        needs = ", ".join(w for w, t in zip(what, lacking.values(), strict=True) if t is not Truth.TRUE)
        lead = "cannot be known" if truth is Truth.UNKNOWN else "does not call"
        words = f"{lead}: {needs}" if needs else lead
    return GuardRow(
        trigger=trigger.name,
        runbook=trigger.runbook,
        mode=mode,
        when=trigger.when,
        truth=truth.name.lower(),
        sources=found,
        sources_needed=armament.independent,
        decision=decision,
        words=words + (f"; decision {decision} is open" if decision else ""),
    )


def _same_place(scope: Labels, labels: Labels) -> bool:
    """Whether two groups share labels and differ in none of those."""
    have, other = dict(scope), dict(labels)
    shared = have.keys() & other.keys()
    return bool(shared) and all(have[label] == other[label] for label in shared)


def _neighbour(name: str, judge: Judge, index: int) -> NeighbourRow:
    return NeighbourRow(
        rule=name,
        title=judge.rule.title or name,
        state=judge.standing(index).word,
        value=number_or_none(float(judge.value[index])),
        unit=judge.unit,
    )


def _some(rows: Iterable[NeighbourRow], states: set[str]) -> tuple[NeighbourRow, ...]:
    return tuple(row for row in rows if row.state in states)[:MOST_NEIGHBOURS]
