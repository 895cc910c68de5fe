"""Acknowledgements and mutes: what holds, until when, and that each ends by itself on whichever clock comes first."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.deciding.attention import MOST_MUTES, WHOLE, Ack, Attention, FullError, Mute, Pair

AT = 1000.0


class World:
    """Two clocks that a test turns, each for itself."""

    def __init__(self) -> None:
        self.wall = AT
        self.mono = 50.0
        self.attention = Attention(lambda: self.wall, lambda: self.mono)

    def ack(self, *scopes: str, lasts: float | None = 600.0, who: str = "anna") -> Ack:
        until = None if lasts is None else self.wall + lasts
        names = scopes or ("queue=a",)
        ack = Ack(page="n/loss/x", alert="loss", scopes=names, who=who, since=self.wall, until=until)
        self.attention.take(ack)
        return ack

    def mute(self, scope: str = "queue=a", lasts: float = 600.0, who: str = "anna") -> Mute:
        mute = Mute(alert="loss", scope=scope, who=who, reason="lab", since=self.wall, until=self.wall + lasts)
        self.attention.hush(mute)
        return mute

    def turn(self, wall: float, mono: float | None = None) -> None:
        self.wall += wall
        self.mono += wall if mono is None else mono

    def ended(self, alive: bool = True) -> list[tuple[object, str]]:  # noqa: FBT002 - whether all alerts are there
        return [(ended.what, ended.why) for ended in self.attention.settle(lambda _pair: alive)]


def test_an_acknowledgement_covers_what_was_known_and_nothing_else():
    """Two queues are anna's; a third that breaks later is nobody's."""
    world = World()
    world.ack("queue=a", "queue=b")
    owners = [world.attention.owner("loss", f"queue={name}") for name in "abc"]
    assert owners == ["anna", "anna", ""]
    assert world.attention.owner("mos", "queue=a") == ""


def test_a_mute_of_a_rule_covers_every_scope_and_one_of_a_scope_only_that():
    """What nobody hears of says who muted it, for how long and why."""
    world = World()
    world.mute()
    assert world.attention.quiet("loss", "queue=a") == "muted by anna for 10m00s more: lab"
    assert world.attention.quiet("loss", "queue=b") == ""
    world.mute(WHOLE, who="ben")
    assert world.attention.quiet("loss", "queue=b") == "muted by ben for 10m00s more: lab"
    assert world.attention.quiet("mos", "queue=a") == ""


@pytest.mark.parametrize(("wall", "mono"), [(600.0, 0.0), (0.0, 600.0), (-5000.0, 600.0), (600.0, 600.0)])
def test_each_ends_on_whichever_clock_comes_first(wall, mono):
    """Neither a wall clock that is set back nor a machine that slept prolongs a mute or an acknowledgement."""
    world = World()
    ack, mute = world.ack(), world.mute()
    assert world.ended() == []
    world.turn(wall, mono)
    assert world.attention.owner("loss", "queue=a") == ""
    assert world.attention.quiet("loss", "queue=a") == ""
    assert world.attention.mutes == ()
    assert world.attention.acks == ()
    assert world.ended() == [(ack, "expired"), (mute, "expired")]
    assert world.ended() == []


def test_a_clock_that_was_set_back_before_a_restart_prolongs_nothing():
    """Recalled with a wall clock an hour behind, an acknowledgement lasts its own ten minutes and not seventy."""
    world = World()
    world.turn(-3600.0, 0.0)
    world.attention.take(Ack(page="p", alert="loss", scopes=("queue=a",), who="anna", since=AT, until=AT + 600))
    world.turn(601.0)
    assert world.attention.owner("loss", "queue=a") == ""


def test_an_acknowledgement_ends_with_its_last_alert_and_is_told_once():
    """While one of its alerts is there it holds for that one; what comes back later is nobody's."""
    world = World()
    ack = world.ack("queue=a", "queue=b", lasts=None)
    left: set[Pair] = {("loss", "queue=b")}
    assert list(world.attention.settle(left.__contains__)) == []
    assert world.attention.owner("loss", "queue=a") == ""
    assert world.attention.owner("loss", "queue=b") == "anna"
    assert world.ended(alive=False) == [(ack, "over")]
    assert world.attention.acks == ()


def test_a_mute_outlives_its_alert():
    """A mute is about a place, not about one occurrence: it stays until its end."""
    world = World()
    world.mute()
    assert world.ended(alive=False) == []
    assert world.attention.quiet("loss", "queue=a")


def test_a_second_acknowledgement_takes_over():
    """Whoever took it last has it; the first one is not told as ended by itself."""
    world = World()
    world.ack()
    world.ack(who="ben")
    assert world.attention.owner("loss", "queue=a") == "ben"
    assert len(world.attention.acks) == 1
    assert world.ended() == []


def test_there_is_a_bound_and_what_it_refuses_is_counted():
    """The five hundred and first mute is refused, not the first one forgotten."""
    world = World()
    for number in range(MOST_MUTES):
        world.mute(f"queue={number}")
    with pytest.raises(FullError):
        world.attention.room("mute")
    world.attention.room("ack", 5000)
    with pytest.raises(FullError):
        world.attention.room("ack", 5001)
    assert world.attention.refused == {"mute": 1, "ack": 1}


_STEP = st.tuples(
    st.sampled_from(["ack", "mute", "whole", "let go", "speak", "turn"]),
    st.sampled_from(["queue=a", "queue=b"]),
    st.floats(-500, 500),
    st.floats(0, 500),
)


@given(steps=st.lists(_STEP, max_size=40))
def test_nothing_ever_holds_longer_than_it_was_given_for(steps):
    """Whatever is taken, muted and let go while clocks jump: after its own span on the monotonic clock it is over."""
    world = World()
    ends = {"ack queue=a": 0.0, "ack queue=b": 0.0, "mute queue=a": 0.0, "mute queue=b": 0.0, "mute *": 0.0}
    for act, scope, wall, mono in steps:
        lasts = abs(wall)
        acts: dict[str, Callable[[], object]] = {
            "ack": lambda scope=scope, lasts=lasts: world.ack(scope, lasts=lasts),  # type: ignore[misc]
            "mute": lambda scope=scope, lasts=lasts: world.mute(scope, lasts=lasts),  # type: ignore[misc]
            "whole": lambda lasts=lasts: world.mute(WHOLE, lasts=lasts),  # type: ignore[misc]
            "let go": lambda scope=scope: world.attention.let_go("loss", (scope,)),  # type: ignore[misc]
            "speak": lambda scope=scope: world.attention.speak("loss", scope),  # type: ignore[misc]
            "turn": lambda wall=wall, mono=mono: world.turn(wall, mono),  # type: ignore[misc]
        }
        acts[act]()
        mine = {"ack": f"ack {scope}", "mute": f"mute {scope}", "whole": "mute *"}.get(act)
        if mine is not None:
            ends[mine] = world.mono + lasts
        for name in ("queue=a", "queue=b"):
            assert not world.attention.owner("loss", name) or world.mono < ends[f"ack {name}"]
            muted = max(ends[f"mute {name}"], ends["mute *"])
            assert not world.attention.quiet("loss", name) or world.mono < muted
