"""Truth scope by scope: which of a trigger's scopes call, as columns over all scopes; Python looks at those that do.

A truth here is a pair of columns `(for, against)`, each 0 none, 1 perhaps, 2 for sure. TRUE is (2, 0), FALSE (0, 2). A
rule that is out of sight is (1, 1): it may be either, which a trigger may ask a person about. A rule that rests (its
queue is closed, its stage is another one) is (0, 0): unknown as well, but nobody lost sight of anything, so it never
asks. `not` turns a pair round, `and` and `or` are minima and maxima of columns; so neither kind of unknown, nor its
negation, ever makes anything true.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from monitor.judging.expressions import Expression, SignalValue
from monitor.judging.judge import Judge
from monitor.judging.rings import I8, Bools
from monitor.model import Labels, Level, Truth

Column: TypeAlias = npt.NDArray[np.int8]

ALL: Labels = ()
"""The scope of everything."""
_SURE, _PERHAPS, _NO = np.int8(2), np.int8(1), np.int8(0)


class Weights(NamedTuple):
    """What speaks for and against, one entry a scope."""

    yes: Column
    no: Column


class Calls(NamedTuple):
    """The scopes in which a trigger may have something to say at a tick."""

    true: tuple[Labels, ...] = ()
    lost: tuple[Labels, ...] = ()
    """Out of sight, where something was known before, and what is out of sight could by itself be the cause."""


class Keys:
    """The groups of one rule, put together by some of its labels; grows with the rule."""

    def __init__(self, judge: Judge, labels: tuple[str, ...], fixed: Mapping[str, str]) -> None:
        self.judge = judge
        self.labels = labels
        self.numbers: dict[Labels, int] = {}
        self.of_group: I8 = np.empty(0, np.int64)
        """The key of each group."""
        self._fixed = {label: fixed[label] for label in labels if label in fixed}
        self._turn = -1
        self._weights = Weights(np.empty(0, np.int8), np.empty(0, np.int8))

    @property
    def name(self) -> str:
        """The rule's name."""
        return self.judge.rule.name

    def grow(self) -> None:
        """Take in groups that appeared."""
        names = self.judge.names
        seen = len(self.of_group)
        unheard = names[0] == () and bool(set(self.labels) - set(self._fixed))
        if len(names) == seen or unheard:
            return
        added = np.empty(len(names) - seen, np.int64)
        whole = tuple(label for label, _ in names[0]) == self.labels
        for place, name in enumerate(names[seen:]):
            key = name if whole else self._key(name)
            added[place] = self.numbers.setdefault(key, len(self.numbers))
        self.of_group = np.concatenate([self.of_group, added])

    def _key(self, name: Labels) -> Labels:
        have = {**self._fixed, **dict(name)}
        return tuple((label, have.get(label, "")) for label in self.labels)

    def weights(self, turn: int, *, broken: bool) -> Weights:
        """What speaks for and against a breach, one entry a key. turn: changes whenever anything was judged."""
        if self._turn != turn:
            self.grow()
            self._turn, self._weights = turn, self._weigh(broken=broken)
        return self._weights

    def _weigh(self, *, broken: bool) -> Weights:
        judge, size = self.judge, len(self.numbers)
        if not judge.active or broken:
            spread = np.full(size, _PERHAPS if judge.active else _NO, np.int8)
            return Weights(spread, spread)
        bad = judge.measured & (judge.states.levels() == Level.BREACH)
        dark = ~(judge.measured | judge.resting)
        hit = self._some(bad, size)
        lost = self._some(dark, size)
        known = self._some(judge.measured, size) & ~lost & ~hit
        perhaps = np.where(lost & ~hit, _PERHAPS, _NO)
        return Weights(np.where(hit, _SURE, perhaps), np.where(known, _SURE, perhaps))

    def _some(self, groups: Bools, size: int) -> Bools:
        """Whether any group of a key is among these."""
        found = np.zeros(size, np.bool_)
        # A group that has just been found is in no column before it was judged.
        of_group = self.of_group[: len(groups)]
        found[of_group[groups[: len(of_group)]]] = True
        return found


class Field:
    """All scopes of one trigger, and each rule's key in each of them."""

    def __init__(self, by: tuple[str, ...], expression: Expression, atlas: Atlas) -> None:
        self.by = by
        self.expression = expression
        self.scopes: list[Labels] = [] if by else [ALL]
        self.known: Bools = np.zeros(len(self.scopes), np.bool_)
        """Scopes that were in sight at some tick since the stage began."""
        self._numbers = {scope: number for number, scope in enumerate(self.scopes)}
        self._keys = {name: atlas.keys(name, by) for name in sorted(expression.rules) if name in atlas.judges}
        self._places: dict[str, I8] = {name: np.empty(0, np.int64) for name in self._keys}
        self._taken = dict.fromkeys(self._keys, 0)
        self._atlas = atlas
        self._turn = -1
        self._calls = Calls()

    def calls(self, turn: int, signal: SignalValue) -> Calls:
        """Which scopes call at this tick; asked again within it, the same."""
        if self._turn != turn:
            self._turn, self._calls = turn, self._judge(signal)
        return self._calls

    def _judge(self, signal: SignalValue) -> Calls:
        self._grow()
        weights = self.expression.fold(_Columns(self), signal)
        true, perhaps = weights.yes == _SURE, weights.yes == _PERHAPS
        lost = perhaps & self.known
        self.known |= ~perhaps
        return Calls(self._names(true), self._names(lost))

    def _names(self, mask: Bools) -> tuple[Labels, ...]:
        return tuple(self.scopes[number] for number in np.flatnonzero(mask).tolist())

    def rule(self, name: str) -> Weights:
        """A rule's weights, one entry a scope; out of sight where it has no group for a scope."""
        keys = self._keys.get(name)
        if keys is None:
            spread = np.full(len(self.scopes), _PERHAPS, np.int8)
            return Weights(spread, spread)
        places = self._places[name]
        absent = _PERHAPS if keys.judge.active else _NO
        yes, no = (np.append(column, absent) for column in self._atlas.weights(keys))
        return Weights(yes[places], no[places])

    def _grow(self) -> None:
        for keys in self._keys.values():
            keys.grow()
            if self.by and keys.labels == self.by and len(keys.numbers) > self._taken[keys.name]:
                for scope in list(keys.numbers)[self._taken[keys.name] :]:
                    if self._numbers.setdefault(scope, len(self.scopes)) == len(self.scopes):
                        self.scopes.append(scope)
        if len(self.scopes) > len(self.known):
            self.known = np.append(self.known, np.zeros(len(self.scopes) - len(self.known), np.bool_))
        for name, keys in self._keys.items():
            if self._taken[name] != len(keys.numbers) or len(self._places[name]) != len(self.scopes):
                self._place(name, keys)

    def _place(self, name: str, keys: Keys) -> None:
        """Look up the key of each new scope; new keys of a rule with coarser groups may be about any scope."""
        old = self._places[name]
        if keys.labels == self.by:
            old = np.append(old, np.full(len(self.scopes) - len(old), -1, np.int64))
            for scope in list(keys.numbers)[self._taken[name] :]:
                old[self._numbers[scope]] = keys.numbers[scope]
            self._places[name] = old
        else:
            old = old if self._taken[name] == len(keys.numbers) else old[:0]
            wanted = self.scopes[len(old) :]
            found = (keys.numbers.get(project(scope, keys.labels), -1) for scope in wanted)
            self._places[name] = np.append(old, np.fromiter(found, np.int64, len(wanted)))
        self._taken[name] = len(keys.numbers)


class _Columns:
    """The algebra of weights."""

    def __init__(self, field: Field) -> None:
        self._field = field

    def rule(self, name: str) -> Weights:
        return self._field.rule(name)

    def signal(self, truth: Truth) -> Weights:
        size = len(self._field.scopes)
        return Weights(np.full(size, int(truth), np.int8), np.full(size, 2 - int(truth), np.int8))

    def negated(self, part: Weights) -> Weights:
        return Weights(part.no, part.yes)

    def at_least(self, least: int, parts: Sequence[Weights]) -> Weights:
        yes = np.sort(np.stack([part.yes for part in parts]), axis=0)
        no = np.sort(np.stack([part.no for part in parts]), axis=0)
        return Weights(yes[len(parts) - least], no[least - 1])


def project(scope: Labels, labels: tuple[str, ...]) -> Labels:
    """What a scope says of some of its labels, in their order."""
    have = dict(scope)
    return tuple((label, have[label]) for label in labels)


class Atlas:
    """Where every rule's groups lie in the scopes that triggers ask for; kept from tick to tick."""

    def __init__(
        self,
        judges: Mapping[str, Judge],
        broken: Mapping[str, str],
        by: Mapping[str, tuple[str, ...]],
        fixed: Mapping[str, Mapping[str, str]],
    ) -> None:
        """broken: rules that raised. by, fixed: by rule, the labels of its groups, and those that all its series share."""
        self.judges = judges
        self.turn = 0
        """Counts what changes truths: ticks and stages."""
        self._broken = broken
        self._by = by
        self._fixed = fixed
        self._keys: dict[tuple[str, tuple[str, ...]], Keys] = {}
        self._fields: dict[tuple[str, tuple[str, ...]], Field] = {}

    def turned(self, *, stage: bool = False) -> None:
        """Something was judged anew. stage: windows start afresh, so what was known is no more."""
        self.turn += 1
        if stage:
            for field in self._fields.values():
                field.known[:] = False

    def take(
        self, by: Mapping[str, tuple[str, ...]], fixed: Mapping[str, Mapping[str, str]], *, touched: frozenset[str]
    ) -> None:
        """Other rules are judged; `touched` are new, gone or begin afresh: what was known of those is no more."""
        self._by, self._fixed = by, fixed
        self._keys = {key: keys for key, keys in self._keys.items() if key[0] not in touched}
        self._fields = {key: field for key, field in self._fields.items() if not field.expression.rules & touched}
        self.turn += 1

    def shared(self, rule: str) -> Mapping[str, str]:
        """Labels that all series of a rule carry."""
        return self._fixed.get(rule, {})

    def keys(self, rule: str, by: tuple[str, ...]) -> Keys:
        """A rule's groups put together by those of these labels that it has."""
        judge = self.judges[rule]
        has = {*self._by[rule], *self._fixed[rule]}
        labels = tuple(label for label in by if label in has)
        found = self._keys.get((rule, labels))
        if found is None:
            found = self._keys[rule, labels] = Keys(judge, labels, self._fixed[rule])
        return found

    def weights(self, keys: Keys) -> Weights:
        """What speaks for and against, by key."""
        return keys.weights(self.turn, broken=keys.name in self._broken)

    def frozen(self) -> dict[Keys, Weights]:
        """All weights that are in use, as they are now."""
        return {keys: self.weights(keys) for keys in self._keys.values()}

    def truth(self, rule: str, scope: Labels, frozen: dict[Keys, Weights] | None = None) -> Truth:
        """Whether a rule is in breach in a scope on measured data; UNKNOWN when it cannot be known, or is not judged.

        frozen: weights of a tick, so that what is asked in the middle of the next one is still of that tick.
        """
        if rule not in self.judges:
            return Truth.UNKNOWN
        keys = self.keys(rule, tuple(label for label, _ in scope))
        weights = frozen.get(keys) if frozen is not None else None
        if weights is None:
            weights = self.weights(keys)
            if frozen is not None:
                frozen[keys] = weights
        number = keys.numbers.get(project(scope, keys.labels), len(weights.yes))
        if number >= len(weights.yes):
            return Truth.UNKNOWN
        if weights.yes[number] == _SURE:
            return Truth.TRUE
        return Truth.FALSE if weights.no[number] == _SURE else Truth.UNKNOWN

    def inside(self, rule: str, scopes: Sequence[Labels]) -> Bools:
        """Which of a rule's groups any of these scopes is about."""
        found = np.zeros(len(self.judges[rule].names), np.bool_)
        for labels in {tuple(label for label, _ in scope) for scope in scopes}:
            keys = self.keys(rule, labels)
            keys.grow()
            places = [project(scope, keys.labels) for scope in scopes if tuple(label for label, _ in scope) == labels]
            numbers = [keys.numbers[place] for place in dict.fromkeys(places) if place in keys.numbers]
            found[: len(keys.of_group)] |= np.isin(keys.of_group, numbers)
        return found

    def calls(self, expression: Expression, by: tuple[str, ...], signal: SignalValue) -> Calls:
        """The scopes in which an expression is true, or out of sight."""
        field = self._fields.get((expression.text, by))
        if field is None:
            field = self._fields[expression.text, by] = Field(by, expression, self)
        return field.calls(self.turn, signal)

    def judged(self, expression: Expression) -> bool:
        """Whether any of its rules is judged in this stage; one that names no rule always is."""
        rules = [self.judges[name] for name in expression.rules if name in self.judges]
        return not rules or any(judge.active for judge in rules)
