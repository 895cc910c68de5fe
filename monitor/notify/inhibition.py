"""Symptoms of a fault that people know of already do not ring as well: what follows from what, decided once a tick. Pure.

Only who is told changes. A symptom is judged, shown and counted as ever, and rings as soon as its cause is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from monitor.notify.incidents import Everybody, Finding, Hearing, Pair, State
from monitor.notify.message import SEVERITIES
from monitor.plan import Section


class Inhibition(Section, frozen=True, kw_only=True):
    """While `source` is in breach, breaches of `targets` in the same place are told to nobody."""

    source: str
    """The rule that is the cause."""
    targets: tuple[str, ...]
    """Rules that are its symptoms."""
    equal: tuple[str, ...]
    """Labels that must have the same values on both sides; written even when empty, which means everywhere at once."""
    affects: Literal["notify"] = "notify"
    """Only who is told; verdict, triggers and journal never."""


Where = Callable[[str, str], Mapping[str, str] | None]
"""The labels of an alert's place, those that all its series share among them; None for a place that is not known."""


class Inhibitions:
    """What is hushed now. `look` once a tick; then `why` answers for any place."""

    def __init__(self, rules: Iterable[Inhibition], where: Where) -> None:
        self._rules = tuple(rules)
        self._where = where
        self.sources = frozenset(rule.source for rule in self._rules)
        """Rules that are a cause of others."""
        self._hushing: list[tuple[Inhibition, dict[tuple[str, ...], Pair]]] = []
        self._loud: dict[str, int] = {}
        """How loud each alert was when it was last bad."""

    def look(self, bad: Mapping[Pair, Finding], known: Iterable[Pair], state: Callable[[str, str], State]) -> None:
        """Take in a tick. bad: what is in breach. known: places of open incidents, of causes at least. state: how one that is not bad stands."""
        if not self._rules:
            return
        for (alert, _), finding in bad.items():
            self._loud[alert] = SEVERITIES.index(finding.severity)
        causes: dict[str, list[Pair]] = {}
        for pair in dict.fromkeys((*bad, *known)):
            # What is not bad any more hushes on only where its end was not seen.
            if pair[0] in self.sources and (pair in bad or state(*pair) in ("unsure", "gone")):
                causes.setdefault(pair[0], []).append(pair)
        self._hushing = [
            (rule, places)
            for rule in self._rules
            if (places := {key: pair for pair in causes.get(rule.source, ()) if (key := self._key(rule, pair))})
        ]

    def why(self, alert: str, scope: str) -> str:
        """What a place follows from, such as `follows media_loss site=porto`; empty where it is told.

        A cause that is told less loudly than its symptom hushes nothing: who hears only of the loud would hear of
        neither.
        """
        for rule, places in self._hushing:
            if alert not in rule.targets or self._loud.get(rule.source, 0) < self._loud.get(alert, len(SEVERITIES)):
                continue
            key = self._key(rule, (alert, scope))
            if key and (cause := places.get(key)) is not None:
                return f"follows {' '.join(part for part in cause if part)}"
        return ""

    def _key(self, rule: Inhibition, pair: Pair) -> tuple[str, ...]:
        """The values that must be equal, after the word `at` so that no labels are a key too; empty: one is missing."""
        labels = self._where(*pair)
        if labels is None or any(not labels.get(name) for name in rule.equal):
            return ()
        return ("at", *(labels[name] for name in rule.equal))


class Hushed:
    """A `Hearing` that also keeps quiet what is inhibited."""

    def __init__(self, hearing: Hearing | None, inhibitions: Inhibitions) -> None:
        self._hearing: Hearing = hearing or Everybody()
        self._inhibitions = inhibitions

    def quiet(self, alert: str, scope: str) -> str:
        """Why nobody is told of this now; empty: people are told."""
        return self._hearing.quiet(alert, scope) or self._inhibitions.why(alert, scope)

    def owner(self, alert: str, scope: str) -> str:
        """Who acknowledged it."""
        return self._hearing.owner(alert, scope)
