"""Which rules, triggers and gates a set of scenarios has never put to the test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from monitor.config import Config
from monitor.judging.states import OK
from monitor.model import Level
from monitor.scenarios.rig import Rig


@dataclass(slots=True)
class Coverage:
    """What was seen of one configuration, over all its scenarios."""

    name: str
    """The file that the configuration stands in."""
    rules: dict[str, None] = field(default_factory=dict)
    triggers: dict[str, None] = field(default_factory=dict)
    gates: dict[str, None] = field(default_factory=dict)
    measured: set[str] = field(default_factory=set)
    left_ok: set[str] = field(default_factory=set)
    breached: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    states: dict[str, set[str]] = field(default_factory=dict)

    def knows(self, config: Config) -> None:
        """Take note of what there is to be exercised."""
        for kind in ("rules", "triggers", "gates"):
            getattr(self, kind).update(dict.fromkeys(entry.name for entry in getattr(config, kind)))

    def look(self, rig: Rig) -> None:
        """Take note of one tick."""
        for name, judge in rig.engine.judges.items():
            if not judge.active:
                continue
            if judge.measured.any():
                self.measured.add(name)
            levels = judge.states.levels()
            if (levels != Level.OK).any() or (judge.states.phase > OK).any():
                self.left_ok.add(name)
            if (levels == Level.BREACH).any():
                self.breached.add(name)
        for gate in rig.ticker.judged:
            if gate.row.active:
                self.states.setdefault(gate.row.name, set()).add(gate.row.state)
        for row in rig.desk.decision_rows():
            self.asked.update(row.trigger.split(", "))

    def lines(self) -> Iterator[str]:
        """What was never exercised, and how much was."""
        for rule in self.rules:
            if rule not in self.measured:
                yield f"{self.name}: rule {rule} was never measured"
            elif rule not in self.left_ok:
                yield f"{self.name}: rule {rule} never left OK"
            elif rule not in self.breached:
                yield f"{self.name}: rule {rule} was never in BREACH"
        for trigger in self.triggers:
            if trigger not in self.asked:
                yield f"{self.name}: trigger {trigger} never had an edge"
        for gate in self.gates:
            if len(self.states.get(gate, ())) <= 1:
                only = next(iter(self.states.get(gate, ())), "active")
                word = f"was never anything but {only}" if gate in self.states else "was never active"
                yield f"{self.name}: gate {gate} {word}"
        moved = sum(len(self.states.get(gate, ())) > 1 for gate in self.gates)
        yield (
            f"{self.name}: {len(self.breached & set(self.rules))} of {len(self.rules)} rules were in BREACH, "
            f"{len(self.asked & set(self.triggers))} of {len(self.triggers)} triggers had an edge, "
            f"{moved} of {len(self.gates)} gates changed"
        )
