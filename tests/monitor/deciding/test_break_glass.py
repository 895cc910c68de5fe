"""One approver alone: straight to pre-flight, loud, on record twice, and possible when the journal cannot be written."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from monitor.deciding.breakglass import FILE, RESERVE, BreakGlassLog, Spoken
from monitor.deciding.entry import Line
from monitor.deciding.journal import Journal
from monitor.deciding.ledger import verify
from monitor.deciding.locking import ATTEMPTS
from monitor.plan import PointOfNoReturn
from monitor.serving.acts import Actor, Refusal
from monitor.serving.snapshot import DecisionRow
from tests.monitor.deciding.world import ADA, ANNA, BEN, CARL, EVE, OLGA, World, asked

CONFIRM = "voice-back PROD"


async def house(path: Path, **desk: Any) -> World:
    """A world with a second record beside its journal."""
    world = World(path / "journal.db", **desk)
    world.second = BreakGlassLog(path)
    await world.start()
    await world.measure(legacy_up=1.0)
    return world


async def alone(world: World, actor: Actor = ANNA, confirm: str = CONFIRM, **fields: Any) -> DecisionRow:
    given: dict[str, Any] = {"reason": "nobody else answers", "key": "", "parameters": {}, **fields}
    return await world.desk.counter.break_glass(
        actor, "voice-back", given["parameters"], given["reason"], confirm, given["key"]
    )


def spoken(path: Path) -> list[Spoken]:
    return [msgspec.json.decode(raw, type=Spoken) for raw in (path / FILE).read_bytes().rstrip(b"\0").splitlines()]


async def test_an_approver_alone_starts_it_and_everybody_hears(tmp_path: Path) -> None:
    """No second signature, no wait; its mark is on the decision, the order, the journal, the second record and the pages."""
    world = await house(tmp_path)
    row = await alone(world)
    assert (row.state, row.mode, row.requester, [vote.person for vote in row.votes]) == (
        "preflight",
        "break_glass",
        "anna",
        ["anna"],
    )
    await world.tick()
    assert world.row().state == "executing"
    assert world.executor.handles[0].order.mode == "break_glass"
    assert world.events[0] == (
        "break_glass",
        row.id,
        "anna BREAKS THE GLASS for voice-back, alone: nobody else answers",
    )
    assert any("BREAKS THE GLASS" in event.what for event in world.journal.events_after(0, 100))
    lines = spoken(tmp_path)
    assert [(found.line.object, found.line.state, found.trouble) for found in lines] == [
        (row.id, "preflight", ""),
        (row.id, "executing", ""),
    ]
    await world.stop()


async def test_preflight_still_holds(tmp_path: Path) -> None:
    """Alone is no reason to send calls to a platform that is down: false freezes, unknown waits for another's word."""
    world = await house(tmp_path)
    await world.measure(legacy_up=0.0)
    await alone(world)
    await world.tick()
    assert world.row().state == "frozen"
    await world.measure(legacy_up=None)
    row = await alone(world)
    await world.tick()
    assert world.executor.handles == []
    with pytest.raises(Refusal) as refused:
        await world.desk.counter.attest(ANNA, row.id, "legacy_up >= 1", row.digest, "I looked")
    assert refused.value.status == 403
    await world.desk.counter.attest(BEN, row.id, "legacy_up >= 1", row.digest, "I looked")
    await world.tick()
    assert len(world.executor.handles) == 1
    await world.stop()


async def test_a_point_of_no_return_still_freezes(tmp_path: Path) -> None:
    """Nobody alone sends calls back to numbers that are gone."""
    world = World(tmp_path / "journal.db")
    world.points = (PointOfNoReturn(name="did-port", signal="port_state", when=">= 2"),)
    await world.start()
    await world.measure(legacy_up=1.0, port_state=2.0)
    await alone(world)
    await world.tick()
    assert (world.row().state, world.executor.handles) == ("frozen", [])
    await world.stop()


@pytest.mark.parametrize("actor", [EVE, OLGA, ADA], ids=lambda actor: actor.role)
async def test_only_an_approver_may(tmp_path: Path, actor: Actor) -> None:
    """Viewer, operator and admin are refused; nothing is opened."""
    world = await house(tmp_path)
    with pytest.raises(Refusal) as refused:
        await alone(world, actor)
    assert refused.value.status == 403
    assert world.rows() == ()
    await world.stop()


async def test_a_reason_and_the_typed_words_are_needed_and_five_wrong_ones_lock(tmp_path: Path) -> None:
    """Without a reason or with another environment nothing starts; the fifth wrong word locks and pages, also later."""
    world = await house(tmp_path)
    with pytest.raises(Refusal) as refused:
        await alone(world, reason="  ")
    assert refused.value.status == 400
    for attempt in range(ATTEMPTS):
        with pytest.raises(Refusal) as refused:
            await alone(world, confirm=("voice-back", "PROD", "voice-back TEST", "yes", "")[attempt])
        assert refused.value.status == 409
    world = await world.again()
    await world.tick()
    with pytest.raises(Refusal) as refused:
        await alone(world)
    assert (refused.value.status, "locked" in refused.value.what) == (403, True)
    assert world.rows() == ()
    assert [kind for kind, _, _ in world.events] == ["locked"]
    await alone(world, CARL)
    await world.stop()


async def test_it_takes_the_place_of_what_people_are_still_asked(tmp_path: Path) -> None:
    """The request that nobody signs is withdrawn for it; a run that is under way is not begun a second time."""
    world = await house(tmp_path)
    await asked(world)
    first = world.row()
    glass = await alone(world)
    await world.tick()
    states = {row.id: row.state for row in world.rows()}
    assert states == {first.id: "withdrawn", glass.id: "executing"}
    again = await alone(world, CARL)
    assert (again.id, again.answer) == (glass.id, "started by anna 1s ago")
    assert len(world.executor.handles) == 1
    await world.stop()


async def test_it_lapses_when_it_could_not_begin_in_time(tmp_path: Path) -> None:
    """A word given alone does not lie in wait: after ten minutes of unknown pre-flight it is withdrawn, not executed."""
    world = await house(tmp_path)
    await world.measure(legacy_up=None)
    await alone(world)
    await world.tick(601.0)
    await world.measure(legacy_up=1.0)
    assert (world.row().state, world.executor.handles) == ("withdrawn", [])
    await world.stop()


async def test_each_has_an_id_of_its_own(tmp_path: Path) -> None:
    """Idempotency keys hang on it: a second break-glass must never be taken for the first by a target."""
    world = await house(tmp_path)
    ids = set()
    for _ in range(3):
        row = await alone(world)
        ids.add(row.id)
        await world.desk.reject(ANNA, row.id, "trial")
    assert len(ids) == 3
    await world.stop()


class Full:
    """A disk that is full when it is told to be."""

    def __init__(self, world: World, monkeypatch: Any) -> None:
        self.full = True
        real = world.journal._ledger.append

        def append(lines: list[Line]) -> Any:
            if self.full:
                raise OSError("no space left on device")
            return real(lines)

        monkeypatch.setattr(world.journal._ledger, "append", append)


async def test_without_a_journal_only_broken_glass_acts(tmp_path: Path, monkeypatch: Any) -> None:
    """With a full disk signatures and requests are refused, and one approver can still bring the calls home."""
    world = await house(tmp_path)
    await asked(world)
    Full(world, monkeypatch)
    with pytest.raises(Refusal) as refused:
        await world.sign(BEN)
    assert refused.value.status == 503
    with pytest.raises(Refusal):
        await world.desk.request_run(BEN, "voice-back", {"queue": "x"}, "why")
    row = await alone(world, parameters={"queue": "sales"})
    await world.tick()
    assert {found.id: found.state for found in world.rows()}[row.id] == "executing"
    assert [(found.line.state, "no space left" in found.trouble) for found in spoken(tmp_path)] == [
        ("preflight", True),
        ("executing", True),
    ]
    await world.stop()


async def test_what_the_journal_missed_it_gets_in_order_when_it_can(tmp_path: Path, monkeypatch: Any) -> None:
    """When space is there again, the missed lines come before the next one, once, and the chain verifies."""
    world = await house(tmp_path)
    disk = Full(world, monkeypatch)
    row = await alone(world)
    await world.tick()
    disk.full = False
    world.executor.handles[0].report("done", "verified")
    await world.settled()
    states = [entry.state for entry in await world.journal.entries(kind="decision", object=row.id)]
    assert states == ["preflight", "executing", "rolled_back", "rolled_back"]
    world = await world.again()
    assert [entry.state for entry in await world.journal.entries(kind="decision", object=row.id)] == states
    await world.stop()
    assert (await asyncio.to_thread(verify, tmp_path / "journal.db")).ok


async def test_a_restart_finds_the_run_that_only_the_second_record_knows(tmp_path: Path, monkeypatch: Any) -> None:
    """Stopped in the middle without a journal: the next start takes it up, and asks when it was long ago."""
    world = await house(tmp_path)
    Full(world, monkeypatch)
    row = await alone(world)
    await world.tick()
    monkeypatch.undo()
    world.now += 500
    world = await world.again()
    assert (world.row().id, world.row().state) == (row.id, "executing")
    assert "was interrupted" in world.executor.handles[0].hold
    assert [entry.state for entry in await world.journal.entries(kind="decision")] == ["preflight", "executing"]
    await world.stop()


async def test_with_a_damaged_journal_it_is_the_only_way(tmp_path: Path) -> None:
    """Runbooks are disabled, and the person who knows what was sent before can still act, on the second record."""
    world = await house(tmp_path, disabled="the journal is damaged")
    with pytest.raises(Refusal) as refused:
        await world.desk.request_run(ANNA, "voice-back", {}, "why")
    assert refused.value.status == 503
    await alone(world)
    await world.tick()
    assert world.row().state == "executing"
    await world.stop()


async def test_lines_kept_in_memory_alone_are_owed_to_the_next_journal(tmp_path: Path) -> None:
    """A journal in memory, as beside a damaged one, is no record: the second one says so."""
    second = BreakGlassLog(tmp_path)
    second.cover("d1")
    journal = await Journal.open(None, witness=second)
    await journal.append("decision", "anna", "begins", object="d1", state="executing")
    await journal.append("decision", "anna", "another", object="d2", state="executing")
    await journal.close()
    assert [(found.line.object, found.trouble) for found in spoken(tmp_path)] == [("d1", "it is kept in memory only")]
    again = await Journal.open(tmp_path / "journal.db", witness=BreakGlassLog(tmp_path))
    assert [entry.what for entry in await again.entries()] == ["begins"]
    await again.close()
    third = await Journal.open(tmp_path / "journal.db", witness=BreakGlassLog(tmp_path))
    assert [entry.what for entry in await third.entries()] == ["begins"]
    await third.close()


def test_the_second_record_has_its_space_in_advance_and_closes_a_torn_line(tmp_path: Path) -> None:
    """Lines go into space that the file holds already, and half a line of a crash spoils neither itself nor the next."""
    log = BreakGlassLog(tmp_path)
    log.prepare()
    size = (tmp_path / FILE).stat().st_size
    assert size == RESERVE
    fields: dict[str, Any] = {"seq": 0, "at": 1.0, "mono": 1.0, "kind": "run", "who": "g", "via": ""}
    rest: dict[str, Any] = {"object": "run-d1", "state": "running", "data": {}, "public": True}
    assert log.write(Line(**fields, **rest, what="one"), "full")
    with (tmp_path / FILE).open("r+b") as file:
        file.seek(len((tmp_path / FILE).read_bytes().rstrip(b"\0")))
        file.write(b'{"line": {"seq"')
    assert log.write(Line(**fields, **rest, what="two"), "full")
    assert [found.what for found in log.unjournalled()] == ["one", "two"]
    assert (tmp_path / FILE).stat().st_size == size
    log.prepare()
    assert (tmp_path / FILE).stat().st_size == size
    assert log.write(Line(**fields, **rest, what="x" * size), "full")
    assert [len(found.what) for found in log.unjournalled()] == [3, 3, size]


async def test_covers_the_run_and_its_steps_and_nothing_else(tmp_path: Path) -> None:
    """Lines of the decision, its run and its steps; not those of another decision with a longer id."""
    log = BreakGlassLog(tmp_path)
    log.cover("abc")
    fields: dict[str, Any] = {"seq": 0, "at": 1.0, "mono": 1.0, "kind": "x", "who": "", "via": "", "what": ""}
    rest: dict[str, Any] = {"state": "", "data": {}, "public": True}
    for name, covered in (("abc", True), ("run-abc", True), ("run-abc/agents", True), ("abcd", False), ("", False)):
        assert log.covers(Line(**fields, **rest, object=name)) is covered


async def test_ten_at_once_start_one_run(tmp_path: Path) -> None:
    """Two people in one moment, and a held Enter: one run, the others hear who started it."""
    world = await house(tmp_path)
    rows = await asyncio.gather(*(alone(world, actor, key=f"k{n}") for n in range(5) for actor in (ANNA, CARL)))
    await world.tick()
    assert len({row.id for row in rows}) == 1
    assert sum(row.answer == "" for row in rows) == 1
    assert len(world.executor.handles) == 1
    assert world.row().state == "executing"
    await world.stop()
