"""What people do about alerts: on record before it holds, held again after a restart, and refused in words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.deciding.alert_desk import ACK_MOST, MUTE_MOST, AlertDesk, Place
from monitor.deciding.attention import WHOLE, Ack, Pair
from monitor.deciding.entry import Entry
from monitor.deciding.journal import Journal
from monitor.deciding.ledger import JournalError
from monitor.serving.acts import Actor, Refusal
from tests.monitor.deciding.world import ADA, ANNA, BEN, EVE, OLGA


class Places:
    """Two queues that were paged together, and one that is fine."""

    def __init__(self) -> None:
        self.there = {("loss", "queue=a"), ("loss", "queue=b")}

    def find(self, name: str) -> Place:
        alert, colon, scope = name.partition(":")
        if alert != "loss":
            raise Refusal(404, f"there is no alert {name!r}", "look at the list")
        pair = (alert, scope if colon else WHOLE)
        scopes = tuple(s for _, s in sorted(self.there)) if pair in self.there else (scope,)
        page = "night/loss/queue=a" if pair in self.there else f"night/{alert}/{scope}"
        return Place(id=name, alert=alert, scope=pair[1], page=page, scopes=scopes, firing=pair in self.there)

    def alive(self, pair: Pair) -> bool:
        return pair in self.there


class World:
    """A desk over a journal on disk, with a clock that a test turns."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.db"
        self.now = 1000.0
        self.places = Places()
        self.journal: Journal
        self.desk: AlertDesk

    async def start(self) -> None:
        self.journal = await Journal.open(self.path, clock=lambda: self.now, monotonic=lambda: self.now)
        self.desk = AlertDesk(self.journal, "night", lambda: self.now, lambda: self.now)
        self.desk.places = self.places
        await self.desk.start()

    async def restart(self, after: float = 0.0) -> None:
        await self.journal.close()
        self.now += after
        await self.start()

    def owners(self) -> list[str]:
        return [self.desk.owner("loss", f"queue={name}") for name in "abc"]

    def quiet(self) -> list[bool]:
        return [bool(self.desk.quiet("loss", f"queue={name}")) for name in "abc"]

    async def lines(self, kind: str) -> list[tuple[str, str, str]]:
        await self.journal.append("test", "nobody", "whatever was written before this is on disk")
        return [(entry.who, entry.state, entry.what) for entry in await self.journal.entries(kind=kind)]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A started one."""
    made = World(tmp_path)
    await made.start()
    yield made
    await made.journal.close()


async def test_who_takes_an_alert_has_all_that_was_paged_with_it(world) -> None:
    """One page, one owner; the answer and the journal say what it covers and for how long."""
    told = await world.desk.acknowledge(ANNA, "loss:queue=a", 600.0, "adding agents")
    assert told == "anna has loss:queue=a and 1 more of the same page for 10m: adding agents"
    assert world.owners() == ["anna", "anna", ""]
    assert await world.lines("ack") == [("anna", "acknowledged", told)]
    (line,) = await world.journal.entries(kind="ack")
    assert (line.object, line.public) == ("night/loss/queue=a", True)


async def test_what_is_not_on_record_does_not_hold(world, monkeypatch) -> None:
    """A disk that is full refuses the act, in words, and nothing is muted or taken."""

    def full(*_words: object, **_more: object) -> Entry:
        raise JournalError("no space left")

    monkeypatch.setattr(world.journal, "append", full)
    acts = (
        world.desk.acknowledge(ANNA, "loss:queue=a", None, ""),
        world.desk.mute(ANNA, "loss:queue=a", 600.0, "lab", whole=False),
        world.desk.note(ANNA, "loss:queue=a", "hello"),
    )
    for act in acts:
        with pytest.raises(Refusal, match="no space left") as refused:
            await act
        assert refused.value.status == 503
    assert world.owners() == ["", "", ""]
    assert world.quiet() == [False, False, False]


async def test_everything_holds_again_after_a_restart_for_the_rest_of_its_time(world) -> None:
    """Half of an acknowledgement and of a mute is left, and both end when they would have ended."""
    await world.desk.acknowledge(ANNA, "loss:queue=a", 600.0, "")
    await world.desk.mute(OLGA, "loss:queue=c", 600.0, "lab", whole=False)
    await world.restart(after=300.0)
    assert world.owners() == ["anna", "anna", ""]
    assert world.quiet() == [False, False, True]
    world.now += 301.0
    assert world.owners() == ["", "", ""]
    assert world.quiet() == [False, False, False]
    world.desk.settle()
    assert [state for _, state, _ in await world.lines("ack")] == ["acknowledged", "expired"]
    assert (await world.lines("mute"))[-1] == (
        "engine",
        "expired",
        "the mute of loss:queue=c by olga ends after 10m01s",
    )


async def test_what_ended_while_nobody_ran_is_said_by_the_next_daemon(world) -> None:
    """A mute that ran out during a restart does not hold and is on record as ended, once."""
    await world.desk.mute(OLGA, "loss:queue=c", 600.0, "lab", whole=False)
    await world.restart(after=700.0)
    assert world.quiet() == [False, False, False]
    await world.restart()
    assert [state for _, state, _ in await world.lines("mute")] == ["muted", "expired"]


async def test_what_was_let_go_or_told_again_stays_so_after_a_restart(world) -> None:
    """A release and an unmute are on record like what they end."""
    await world.desk.acknowledge(ANNA, "loss:queue=a", None, "")
    await world.desk.mute(ANNA, "loss", 600.0, "lab", whole=True)
    told = await world.desk.release(BEN, "loss:queue=b", "it is not mine either")
    assert told == "ben lets go of loss:queue=b, which anna had: it is not mine either"
    assert await world.desk.unmute(BEN, "loss", "", whole=True) == "ben ends the mute of all of loss by anna"
    await world.restart()
    assert world.owners() == ["", "", ""]
    assert world.quiet() == [False, False, False]


async def test_lines_of_an_older_daemon_are_understood(world) -> None:
    """An acknowledgement that was journalled with no more than its page's key still has an owner after the upgrade."""
    await world.journal.append("ack", "ben", "acknowledged", object="night/loss/queue=a", state="acknowledged")
    await world.restart()
    assert world.owners() == ["ben", "", ""]
    await world.journal.append("ack", "ben", "released", object="night/loss/queue=a", state="released")
    await world.restart()
    assert world.owners() == ["", "", ""]


async def test_an_acknowledgement_ends_with_its_alerts(world) -> None:
    """When the last of them is over it is on record, and what breaks again is asked for anew."""
    await world.desk.acknowledge(ANNA, "loss:queue=a", None, "")
    world.places.there.clear()
    world.desk.settle()
    assert world.owners() == ["", "", ""]
    assert [state for _, state, _ in await world.lines("ack")] == ["acknowledged", "over"]
    await world.restart()
    assert world.owners() == ["", "", ""]


async def test_an_acknowledgement_from_outside_is_the_same_one(world) -> None:
    """What PagerDuty says has no end of its own: it lasts as long as the alert, and anybody here can let go of it."""
    ack = Ack(
        page="night/loss/queue=a", alert="loss", scopes=("queue=a",), who="Anna Meier", via="pagerduty", since=1.0
    )
    await world.desk.take(ack, "Anna Meier acknowledged it")
    await world.restart(after=1e6)
    assert world.owners() == ["Anna Meier", "", ""]
    await world.desk.release(OLGA, "loss:queue=a", "")
    assert world.owners() == ["", "", ""]


@pytest.mark.parametrize(
    ("actor", "seconds", "status"),
    [
        (OLGA, MUTE_MOST["operator"], 0),
        (OLGA, MUTE_MOST["operator"] + 1, 400),
        (ANNA, MUTE_MOST["operator"] + 1, 0),
        (ANNA, MUTE_MOST["approver"], 0),
        (ANNA, MUTE_MOST["approver"] + 1, 400),
        (ADA, MUTE_MOST["admin"], 0),
        (OLGA, 59.0, 400),
        (OLGA, float("nan"), 400),
        (EVE, 600.0, 403),
    ],
)
async def test_how_long_each_role_may_mute(world, actor: Actor, seconds: float, status: int) -> None:
    """An operator an hour, a lead a shift, a viewer not at all; nobody for ever or for a moment."""
    if not status:
        await world.desk.mute(actor, "loss:queue=a", seconds, "lab", whole=False)
        assert world.quiet()[0]
        return
    with pytest.raises(Refusal) as refused:
        await world.desk.mute(actor, "loss:queue=a", seconds, "lab", whole=False)
    assert refused.value.status == status
    assert world.quiet() == [False, False, False]


async def test_acts_that_are_refused_say_why(world) -> None:
    """No reason, no such alert, nothing to take, nobody to let go, not muted, a rule without its place."""
    desk = world.desk
    refusals = {
        "a mute needs a reason": desk.mute(ANNA, "loss:queue=a", 600.0, "  ", whole=False),
        "there is no alert 'x'": desk.mute(ANNA, "x", 600.0, "lab", whole=False),
        "loss:queue=c is not firing": desk.acknowledge(ANNA, "loss:queue=c", None, ""),
        "from 1m to 4h, not 14401 s": desk.acknowledge(ANNA, "loss:queue=a", ACK_MOST + 1, ""),
        "nobody has loss:queue=a": desk.release(ANNA, "loss:queue=a", ""),
        "loss:queue=a is not muted by itself": desk.unmute(ANNA, "loss:queue=a", "", whole=False),
        "loss is judged place by place": desk.mute(ANNA, "loss", 600.0, "lab", whole=False),
        "eve has the role viewer": desk.acknowledge(EVE, "loss:queue=a", None, ""),
    }
    for words, act in refusals.items():
        with pytest.raises(Refusal, match=words.replace("(", r"\(")):
            await act
    assert await world.lines("ack") == await world.lines("mute") == []


async def test_where_the_rule_is_muted_a_scope_says_so(world) -> None:
    """Unmuting one place of a muted rule names what really is muted."""
    await world.desk.mute(ANNA, "loss", 600.0, "lab", whole=True)
    with pytest.raises(Refusal) as refused:
        await world.desk.unmute(ANNA, "loss:queue=a", "", whole=False)
    assert refused.value.hint == "the whole rule loss is: unmute that"


async def test_a_note_about_an_alert_is_on_the_timeline(world) -> None:
    """It names the alert, and hostile text in it is only text."""
    row = await world.desk.note(OLGA, "loss:queue=a", "bridge says \x1b[31mred")
    assert (row.kind, row.who, row.object) == ("note", "olga", "night/loss/queue=a")
    assert row.what == "loss:queue=a: bridge says \\x1b[31mred"


async def test_what_was_done_is_counted(world) -> None:
    """Given, released, expired and over are told apart."""
    await world.desk.acknowledge(ANNA, "loss:queue=a", 60.0, "")
    await world.desk.mute(ANNA, "loss:queue=c", 60.0, "lab", whole=False)
    world.now += 61.0
    world.desk.settle()
    assert world.desk.acks == {"given": 1, "released": 0, "expired": 1, "over": 0}
    assert world.desk.mutes == {"given": 1, "lifted": 0, "expired": 1}
