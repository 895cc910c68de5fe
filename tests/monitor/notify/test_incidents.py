"""What people are told of and when: once for what breaks together, again only when it matters, and always the end."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.notify.incidents import GONE, MOST_INCIDENTS, SETTLING, TOGETHER, Finding, Incident, Incidents, Pair

QUEUES = [f"queue=q{number:02d}" for number in range(20)]


class Ears:
    """Mutes and acknowledgements that are kept elsewhere."""

    def __init__(self) -> None:
        self.muted: set[Pair] = set()
        self.owners: dict[Pair, str] = {}

    def quiet(self, alert: str, scope: str) -> str:
        return "muted by anna" if (alert, scope) in self.muted else ""

    def owner(self, alert: str, scope: str) -> str:
        return self.owners.get((alert, scope), "")


class World:
    """Incidents with a clock; `bad` are the scopes of the alert `loss` that are bad now."""

    def __init__(self, within: float = 300.0) -> None:
        self.ears = Ears()
        self.incidents = Incidents("night", within, self.ears)
        self.now = 1000.0
        self.unsure: set[str] = set()
        self.gone: set[str] = set()
        self.resting: set[str] = set()

    def step(self, *bad: str, after: float = 1.0, severity: str = "critical", value: float = 1.0) -> list[str]:
        """What people are told, as `kind key`."""
        self.now += after
        found = {("loss", scope): Finding(severity, self.now, "Packet loss") for scope in bad}
        told = self.incidents.step(self.now, found, self._state, {"loss": (value, True)} if bad else {})
        return [f"{kind} {incident.key}" for kind, incident in told]

    def acknowledged(self, key: str, who: str = "anna") -> None:
        """Somebody has an incident: all its places are theirs."""
        places = self.incidents.open[key].places
        self.ears.owners.update({("loss", scope): who for scope in places})

    def _state(self, _alert: str, scope: str):
        if scope in self.resting:
            return "unjudged"
        return "unsure" if scope in self.unsure else "gone" if scope in self.gone else "good"


def test_twenty_queues_that_breach_together_make_one_page():
    """One page, although the queues come in over several seconds; one update says how many; one message ends it."""
    world = World()
    told = world.step(*QUEUES[:3])
    for count in range(4, 21):
        told += world.step(*QUEUES[:count], after=0.25)
    told += world.step(*QUEUES, after=SETTLING)
    assert told == ["opened night/loss/queue=q00", "grown night/loss/queue=q00"]
    assert world.step(*QUEUES[:7], after=60) == []
    assert world.step(after=60) == ["resolved night/loss/queue=q00"]


def test_nothing_is_said_again_while_nothing_changes():
    """An hour of the same breach is one page, once somebody has it."""
    world = World()
    assert world.step("queue=a") == ["opened night/loss/queue=a"]
    world.acknowledged("night/loss/queue=a")
    assert world.step("queue=a") == ["owned night/loss/queue=a"]
    assert [told for _ in range(3600) for told in world.step("queue=a")] == []


def test_a_place_that_breaks_later_or_after_an_acknowledgement_is_a_new_page():
    """An acknowledgement covers what was known when it was given; what breaks later has a key of its own."""
    world = World()
    world.step("queue=a")
    assert world.step("queue=a", "queue=b", after=TOGETHER + 5) == ["opened night/loss/queue=b"]
    taken = World()
    taken.step("queue=a")
    taken.acknowledged("night/loss/queue=a")
    assert "opened night/loss/queue=b" in taken.step("queue=a", "queue=b")


def test_what_nobody_acknowledges_is_escalated_once():
    """After the configured time the second channels are called, once; an acknowledgement in time stops it."""
    world = World(within=300)
    world.step("queue=a")
    assert world.step("queue=a", after=299) == []
    assert world.step("queue=a", after=1) == ["escalated night/loss/queue=a"]
    assert world.step("queue=a", after=3000) == []
    answered = World(within=300)
    answered.step("queue=a")
    answered.ears.owners["loss", "queue=a"] = "ben"
    assert answered.step("queue=a", after=100) == ["owned night/loss/queue=a"]
    assert answered.step("queue=a", after=3000) == []


def test_a_warning_is_not_escalated():
    """Nobody is woken a second time for what holds a cutover but hurts no caller."""
    world = World(within=300)
    world.step("queue=a", severity="warning")
    assert world.step("queue=a", severity="warning", after=1000) == []


def test_growing_worse_is_told_and_growing_milder_is_not():
    """A warning that becomes critical is told at once."""
    world = World()
    world.step("queue=a", severity="warning")
    assert world.step("queue=a") == ["louder night/loss/queue=a"]
    assert world.step("queue=a", severity="warning") == []


def test_when_the_one_who_has_it_lets_go_it_is_asked_for_anew():
    """An acknowledgement that expires, is taken back or times out is told, and the time to answer starts again."""
    world = World(within=300)
    key = "night/loss/queue=a"
    world.step("queue=a")
    world.acknowledged(key)
    world.step("queue=a")
    world.ears.owners.clear()
    assert world.step("queue=a", after=60) == [f"owned {key}"]
    assert world.incidents.open[key].owner == ""
    assert world.step("queue=a", after=299) == []
    assert world.step("queue=a", after=1) == [f"escalated {key}"]
    world.acknowledged(key)
    world.step("queue=a")
    world.acknowledged(key, "ben")
    assert world.step("queue=a") == [f"owned {key}"]
    assert world.incidents.open[key].owner == "ben"
    world.ears.owners.clear()
    assert world.step("queue=a") == [f"owned {key}"]


def test_who_was_told_is_told_the_end_even_when_it_was_muted_since():
    """A mute keeps updates away, never the message that it is over."""
    world = World()
    world.step("queue=a")
    world.ears.muted.add(("loss", "queue=a"))
    assert world.step("queue=a", after=1000) == []
    assert world.step() == ["resolved night/loss/queue=a"]


def test_what_begins_muted_is_told_when_the_mute_ends():
    """A mute that ends while it is still bad pages; one that outlives it never does."""
    world = World()
    world.ears.muted.add(("loss", "queue=a"))
    assert world.step("queue=a") == []
    world.ears.muted.clear()
    assert world.step("queue=a") == ["opened night/loss/queue=a"]
    silent = World()
    silent.ears.muted.add(("loss", "queue=a"))
    assert silent.step("queue=a") + silent.step() == []


def test_a_muted_queue_hides_no_other():
    """A queue that is not muted pages although a muted one of the same rule broke at the same moment."""
    world = World()
    world.ears.muted.add(("loss", "queue=a"))
    assert world.step("queue=a", "queue=b") == ["opened night/loss/queue=b"]


def test_it_is_over_only_when_it_is_measured_good():
    """Silence, a restart or a stage change is no recovery; a place that nobody hears of any more ends in the end."""
    world = World()
    world.step("queue=a")
    world.unsure.add("queue=a")
    assert world.step(after=100_000) == ["escalated night/loss/queue=a"]
    world.unsure.clear()
    assert world.step() == ["resolved night/loss/queue=a"]
    world.step("queue=b")
    world.gone.add("queue=b")
    world.acknowledged("night/loss/queue=b")
    assert world.step(after=100) == ["owned night/loss/queue=b"]
    assert world.step(after=GONE) == ["resolved night/loss/queue=b"]


def test_what_nobody_judges_any_more_ends_without_being_called_good():
    """A stage in which the rule rests ends its incidents, and they remember that nothing was seen to be good."""
    world = World()
    world.step("queue=a", "queue=b")
    (incident,) = world.incidents.open.values()
    world.resting.add("queue=a")
    assert world.step() == ["resolved night/loss/queue=a"]
    assert not incident.measured


def test_a_restart_neither_pages_again_nor_forgets_the_end():
    """What was open is known to the next daemon: no second page, and the end is told."""
    world = World()
    world.step("queue=a", "queue=b")
    kept = [msgspec.json.decode(msgspec.json.encode(one), type=Incident) for one in world.incidents.open.values()]
    after = World()
    after.incidents.recall(kept)
    after.unsure.update(("queue=a", "queue=b"))
    assert after.step() == []
    assert after.step("queue=a", "queue=b") == []
    after.unsure.clear()
    assert after.step() == ["resolved night/loss/queue=a"]


def test_the_peak_is_the_worst_value_that_was_seen():
    """The last message says how bad it was, not how it ended."""
    world = World()
    world.step("queue=a", value=2.0)
    world.step("queue=a", value=9.0)
    (incident,) = world.incidents.open.values()
    world.step("queue=a", value=3.0)
    assert incident.peak == 9.0


def test_there_is_a_bound_and_what_it_refuses_is_counted():
    """More incidents than anybody can read are refused, counted, and open when there is room again."""
    incidents = Incidents("night", 0.0)
    bad = {(f"rule{number}", ""): Finding("critical", 0.0, "x") for number in range(MOST_INCIDENTS + 5)}
    assert len(incidents.step(1.0, bad, lambda *_: "good", {})) == MOST_INCIDENTS
    assert incidents.refused == 5
    fewer = dict(list(bad.items())[10:])
    told = incidents.step(2.0, fewer, lambda *_: "good", {})
    assert sum(kind == "opened" for kind, _ in told) == 5


_SCOPES = ("queue=a", "queue=b", "queue=c", "queue=d")
_STEP = st.tuples(
    st.sets(st.sampled_from(_SCOPES)), st.sets(st.sampled_from(_SCOPES)), st.sampled_from([0.25, 5.0, 40.0, 400.0])
)


@settings(max_examples=300, deadline=None)
@given(steps=st.lists(_STEP, max_size=30), acks=st.sets(st.integers(0, 29)))
def test_every_story_has_one_beginning_and_one_end(steps, acks):
    """Whatever breaks, heals and is muted in whatever order: a key opens, may change, and ends once, in this order."""
    world = World()
    stories: dict[str, list[str]] = {}
    for number, (bad, muted, after) in enumerate(steps):
        world.ears.muted = {("loss", scope) for scope in muted}
        if number in acks and world.incidents.open:
            world.acknowledged(next(iter(world.incidents.open)))
        for line in world.step(*sorted(bad), after=after):
            kind, key = line.split(" ", 1)
            story = stories.setdefault(key, [])
            if kind == "opened":
                assert not story or story[-1] == "resolved"
            else:
                assert story
                assert story[-1] != "resolved"
            story.append(kind)
        placed = {scope for one in world.incidents.open.values() for scope in one.places}
        assert placed == set(bad)
        for one in world.incidents.open.values():
            unheard = all(scope in muted for scope in one.places)
            assert one.told is not None or unheard
    world.ears.muted = set()
    for line in world.step(after=1.0):
        kind, key = line.split(" ", 1)
        assert kind == "resolved"
        stories[key].append(kind)
    assert all(story[0] == "opened" and story[-1] == "resolved" for story in stories.values())


@settings(max_examples=100, deadline=None)
@given(steps=st.lists(_STEP, max_size=15))
def test_both_daemons_of_a_pair_use_the_same_keys(steps):
    """Two daemons that see the same say the same under the same keys, in whatever order they look at the queues."""
    one, other = World(), World()
    for bad, muted, after in steps:
        one.ears.muted = other.ears.muted = {("loss", scope) for scope in muted}
        assert one.step(*sorted(bad), after=after) == other.step(*sorted(bad, reverse=True), after=after)


@pytest.mark.parametrize("scope", ["", "queue=z", "x" * 5000])
def test_an_owner_of_something_else_owns_nothing_here(scope):
    """An acknowledgement of what is not open changes nothing."""
    world = World()
    world.step("queue=a")
    world.ears.owners["loss", scope] = "anna"
    assert world.step("queue=a") == []
    assert world.incidents.page_of(("loss", scope)) is None
