"""Symptoms of a fault that people know of: hushed while it lasts, told when it is over, and never one fault too many."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.notify.incidents import Finding, Incidents, Pair
from monitor.notify.inhibition import Hushed, Inhibition, Inhibitions

LINE = Inhibition(source="line", targets=("loss", "mos"), equal=("site",))
LOSS = Inhibition(source="loss", targets=("mos", "jitter"), equal=("site", "trunk"))


def labels(alert: str, scope: str) -> Mapping[str, str] | None:
    """A scope taken apart; `gone` is a place that nobody knows."""
    del alert
    return None if scope == "gone" else dict(part.split("=") for part in scope.split(" ") if part)


class World:
    """Incidents behind inhibitions, a second a step."""

    def __init__(self, *rules: Inhibition) -> None:
        self.inhibitions = Inhibitions(rules, labels)
        self.incidents = Incidents("night", 0.0, Hushed(None, self.inhibitions))
        self.now = 1000.0
        self.unsure: set[Pair] = set()

    def step(self, *bad: Pair, warnings: frozenset[str] = frozenset(), after: float = 1.0) -> list[str]:
        """What people are told, as `kind alert scope`."""
        self.now += after
        found = {pair: Finding("warning" if pair[0] in warnings else "critical", self.now, pair[0]) for pair in bad}
        known = [(one.alert, scope) for one in self.incidents.open.values() for scope in one.places]
        self.inhibitions.look(found, known, self._state)
        told = self.incidents.step(self.now, found, self._state, {})
        return [f"{kind} {incident.alert} {incident.scope}" for kind, incident in told]

    def _state(self, alert: str, scope: str):
        return "unsure" if (alert, scope) in self.unsure else "good"


A, B = "site=porto trunk=a", "site=porto trunk=b"


def test_a_symptom_does_not_ring_beside_its_cause_and_rings_when_the_cause_is_over():
    """Loss and MOS break in one tick: one page. Loss is good again and MOS is not: that is another fault, and it rings."""
    world = World(LOSS)
    assert world.step(("loss", A), ("mos", A)) == ["opened loss site=porto trunk=a"]
    assert world.inhibitions.why("mos", A) == "follows loss site=porto trunk=a"
    assert world.step(("loss", A), ("mos", A), after=600) == []
    assert world.step(("mos", A)) == ["resolved loss site=porto trunk=a", "opened mos site=porto trunk=a"]
    assert world.step() == ["resolved mos site=porto trunk=a"]


def test_a_symptom_that_ends_with_its_cause_was_never_told():
    """Nobody was told of it, so nobody is told of its end."""
    world = World(LOSS)
    world.step(("loss", A), ("mos", A))
    assert world.step() == ["resolved loss site=porto trunk=a"]


def test_the_end_of_what_was_told_is_told_although_a_cause_came_later():
    """MOS rang, then loss broke as well: MOS is said no louder, and its end is delivered all the same."""
    world = World(LOSS)
    assert world.step(("mos", A)) == ["opened mos site=porto trunk=a"]
    assert world.step(("mos", A), ("loss", A)) == ["opened loss site=porto trunk=a"]
    assert world.step(("loss", A)) == ["resolved mos site=porto trunk=a"]


def test_only_the_same_place_is_hushed():
    """Another trunk is another fault; a label that is missing on one side, or a place that nobody knows, hushes nothing."""
    world = World(LOSS)
    assert world.step(("loss", A), ("mos", B), ("mos", "site=porto"), ("mos", "gone")) == [
        "opened loss site=porto trunk=a",
        "opened mos gone",
    ]
    assert world.incidents.open["night/mos/gone"].places.keys() == {"gone", "site=porto", B}


def test_a_cause_whose_source_died_still_hushes():
    """Nothing says that it is over: people know of it, and its symptoms do not ring for the silence."""
    world = World(LOSS)
    world.step(("loss", A), ("mos", A))
    world.unsure = {("loss", A)}
    assert world.step(("mos", A)) == []
    world.unsure.clear()
    assert world.step(("mos", A)) == ["resolved loss site=porto trunk=a", "opened mos site=porto trunk=a"]


def test_a_quiet_cause_does_not_hush_a_loud_symptom():
    """A channel that takes only critical messages would hear of neither."""
    world = World(LOSS)
    told = world.step(("loss", A), ("mos", A), warnings=frozenset({"loss"}))
    assert told == ["opened loss site=porto trunk=a", "opened mos site=porto trunk=a"]
    assert World(LOSS).step(("loss", A), ("mos", A), warnings=frozenset({"mos"})) == ["opened loss site=porto trunk=a"]


def test_a_chain_rings_once():
    """The line takes loss, loss takes MOS: one page for the line; what is left when it is back rings for itself."""
    world = World(LINE, LOSS)
    assert world.step(("line", "site=porto"), ("loss", A), ("mos", A)) == ["opened line site=porto"]
    assert world.step(("loss", A), ("mos", A)) == ["resolved line site=porto", "opened loss site=porto trunk=a"]


def test_without_equal_labels_it_is_everywhere():
    """`equal: []` is written on purpose: a cause anywhere hushes its symptoms everywhere."""
    world = World(Inhibition(source="line", targets=("mos",), equal=()))
    assert world.step(("line", "site=porto"), ("mos", "site=lisbon trunk=c")) == ["opened line site=porto"]


PAIRS = [("line", "site=porto"), ("line", "site=lisbon")] + [
    (alert, f"site={site} trunk={trunk}")
    for alert in ("loss", "mos", "jitter")
    for site, trunk in (("porto", "a"), ("porto", "b"), ("lisbon", "c"))
]


@settings(max_examples=200, deadline=None)
@given(steps=st.lists(st.sets(st.sampled_from(PAIRS)), min_size=1, max_size=20))
def test_nobody_is_left_without_a_word(steps: list[set[Pair]]):
    """Whatever breaks and heals: at each step everything bad was told, or follows from something that was; what was told
    is told the end of, once, and never otherwise."""
    world, open_now = World(LINE, LOSS), set()
    for bad in [*steps, set()]:
        for words in world.step(*sorted(bad)):
            kind, _, key = words.partition(" ")
            if kind == "opened":
                assert key not in open_now
                open_now.add(key)
            elif kind == "resolved":
                open_now.remove(key)
        known = {
            (one.alert, scope) for one in world.incidents.open.values() if one.told is not None for scope in one.places
        }
        for pair in bad:
            here, links = pair, 0
            while here not in known and links < 3:
                cause = world.inhibitions.why(*here).removeprefix("follows ").partition(" ")
                assert cause[0], f"{here} is bad, and nobody was told of it or of a cause"
                here, links = (cause[0], cause[2]), links + 1
            assert here in known
    assert open_now == set()
