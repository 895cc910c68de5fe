"""Until when a rollback may be decided: what was measured can only bring that instant nearer, and a restart forgets nothing."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import Config
from monitor.daemon.rollback_clock import RollbackClock, longest, measured_rehearsals
from monitor.deciding.entry import Entry
from monitor.deciding.journal import Journal
from monitor.plan import Cutover, Window, decide_by
from monitor.serving.snapshot import RunRow
from runbooks.book import Book
from tests.monitor.deciding.world import trigger

END = 1_800_000_000.0
WINDOW = Window(start=END - 21600, end=END)
BACK = """\
name: back
title: Back
steps: [{name: tell, action: manual, effect: once, takes: 5m, instructions: Tell them.}]
verify: [legacy_share >= 0.95]
verify_hold: 1m
back_to: legacy
"""
PAUSE = BACK.replace("name: back", "name: pause").replace("back_to: legacy\n", "").replace("5m", "3h")
SHIPPED = Book.load(None)
seconds = st.floats(1, 1e5)


def cutover(**changes: object) -> Cutover:
    return msgspec.structs.replace(Cutover(name="retail", window=WINDOW, rollback_budget=600.0), **changes)


def book(tmp_path: Path) -> Book:
    folder = tmp_path / "runbooks"
    folder.mkdir(exist_ok=True)
    (folder / "back.yaml").write_text(BACK)
    (folder / "pause.yaml").write_text(PAUSE)
    return Book.load(folder)


def run(took: float, state: str = "done", runbook: str = "back") -> RunRow:
    return RunRow(
        id="run-1",
        decision="d1",
        runbook=runbook,
        title="",
        digest="",
        state=state,
        requester="",
        reason="",
        started_at=END - 9000,
        ended_at=END - 9000 + took,
        steps=(),
    )


async def write_run(journal: Journal, took: float, state: str = "done") -> None:
    data: dict[str, object] = {"decision": "d1", "runbook": "back", "digest": "x"}
    data |= {"state": state, "started_at": 1000.0, "ended_at": 1000.0 + took}
    await journal.append("run", "golive", "ends", object="run-1", state=state, data=data)


async def recalled(tmp_path: Path, journal: Journal, **changes: object) -> RollbackClock:
    triggers = (trigger("voice", runbook="back"), trigger("people", runbook="pause"))
    config = Config(schema=1, cutover=cutover(**changes), stages=(), triggers=triggers)
    return await RollbackClock.recall(config, await asyncio.to_thread(book, tmp_path), journal, tmp_path)


@pytest.fixture
async def journal(tmp_path: Path):
    opened = await Journal.open(tmp_path / "journal.db")
    yield opened
    await opened.close()


@given(stated=seconds, real=seconds, rehearsed=seconds)
def test_a_rehearsal_and_a_run_may_only_lengthen(stated: float, real: float, rehearsed: float) -> None:
    """Whatever was measured, the time is never shorter than what is stated, and the instant never later."""
    took = longest(stated, (), {}, {}).seconds
    assert took == stated
    backs = [runbook for runbook in (SHIPPED.get("voice-back-to-legacy"),) if runbook is not None]
    planned = longest(stated, backs, {}, {}).seconds
    after_run = longest(stated, backs, {backs[0].name: real}, {}).seconds
    after_both = longest(stated, backs, {backs[0].name: real}, {backs[0].name: rehearsed}).seconds
    assert stated <= planned <= after_run <= after_both == max(stated, backs[0].lasts, real, rehearsed)
    plan = cutover(rollback_budget=stated, decide_by=END - 5000.0)
    first, last = decide_by(plan, planned), decide_by(plan, after_both)
    assert first is not None
    assert last is not None
    assert last <= first <= END - 5000.0
    assert last + after_both <= END + 1e-3


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"decide_by": END - 3600}, END - 3600),
        ({"decide_by": END - 60}, END - 600),
        ({}, END - 600),
        ({"window": None, "decide_by": END - 60}, END - 60),
        ({"window": None}, None),
    ],
)
def test_the_instant_is_the_configured_one_or_what_the_window_leaves(
    changes: dict[str, object], expected: float | None
) -> None:
    """As configured, never later than the window's end minus a rollback; without either there is no instant."""
    assert decide_by(cutover(**changes), 600.0) == expected


async def test_only_runbooks_that_lead_back_count(tmp_path: Path, journal: Journal) -> None:
    """A pause of three hours that a trigger calls for is no rollback, and does not move the instant."""
    clock = await recalled(tmp_path, journal)
    assert clock.took() == (600.0, "the stated rollback_budget")
    short = await recalled(tmp_path, journal, rollback_budget=60.0)
    assert short.took() == (360.0, "what the steps of back take and its verification holds")


async def test_the_last_run_is_measured_and_survives_a_restart(tmp_path: Path, journal: Journal) -> None:
    """The newest verified run counts, from this process or from the journal; aborted ones prove nothing."""
    await write_run(journal, 9999.0)
    await write_run(journal, 1500.0)
    await write_run(journal, 8888.0, "aborted")
    clock = await recalled(tmp_path, journal)
    assert clock.took() == (1500.0, "the last run of back")
    assert clock.until() == END - 1500.0
    assert clock.took([run(2000.0), run(7777.0, "aborted"), run(9000.0, runbook="pause")]).seconds == 2000.0


async def test_a_real_rehearsal_lengthens_it_while_the_daemon_runs(tmp_path: Path, journal: Journal) -> None:
    """`golive runbook rehearse` beside a daemon: its time is taken up, one with its waits cut short is not."""
    clock = await recalled(tmp_path, journal, rollback_budget=0.01)
    path = tmp_path / "runbooks" / "back.yaml"
    path.write_text(BACK.replace("takes: 5m", "takes: 0s").replace("verify_hold: 1m", "verify_hold: 0s"))
    for fast, why in (("--fast", "the stated rollback_budget"), ("--json", "the longest rehearsal of back")):
        words = ("runbook", "rehearse", "back", "--yes", "--state-dir", str(tmp_path), fast)
        main = "from monitor.cli.main import main; main()"
        subprocess.run([sys.executable, "-c", main, *words], cwd=tmp_path, check=True, timeout=40, capture_output=True)
        await asyncio.to_thread(clock._book.reread)
        await clock.refresh()
        assert clock.took().why == why
    assert 0.01 < clock.took().seconds < 40


@given(
    times=st.lists(
        st.tuples(st.sampled_from(["d1", "d2"]), seconds, st.booleans(), st.sampled_from(["done", "aborted"])),
        max_size=8,
    )
)
def test_no_rehearsal_takes_back_what_another_has_lengthened(times: list[tuple[str, float, bool, str]]) -> None:
    """The longest that ended well and was not cut short counts, of the runbook as it is; each further one only adds."""
    lines: list[Entry] = []
    before: dict[tuple[str, str], float] = {}
    for number, (digest, took, timed, state) in enumerate(times, 1):
        data = {"runbook": "back", "digest": digest, "state": state, "seconds": took, "timed": timed}
        lines.append(
            Entry(
                seq=number,
                at=0.0,
                mono=0.0,
                kind="rehearsal",
                who="anna",
                via="rehearsal",
                what="",
                object="back",
                state=state,
                data=data,
                public=True,
                hash="",
            )
        )
        after = measured_rehearsals(lines)
        assert all(after[key] >= before[key] for key in before)
        before = after
    counted = [(digest, took) for digest, took, timed, state in times if timed and state == "done"]
    assert set(before.values()) == {
        max(took for known, took in counted if known == digest) for digest in {known for known, _ in counted}
    }


async def test_a_journal_of_rehearsals_that_cannot_be_read_lengthens_nothing(tmp_path: Path, journal: Journal) -> None:
    """Rubbish beside the journal is logged, and the clock goes on by what is stated."""
    (tmp_path / "rehearsals").mkdir()
    (tmp_path / "rehearsals" / "journal.db").write_text("rubbish" * 1000)
    clock = await recalled(tmp_path, journal)
    assert clock.took().why == "the stated rollback_budget"


async def test_the_moment_it_is_too_late_is_in_the_journal_once(tmp_path: Path, journal: Journal) -> None:
    """One line says when the last instant has passed and why it was then."""
    clock = await recalled(tmp_path, journal)
    for now in (END - 601, END - 600, END - 599, END + 1):
        clock.tell(now, ())
    await journal.append("note", "anna", "seen")
    (await recalled(tmp_path, journal)).tell(END + 2, ())
    await journal.append("note", "anna", "seen again")
    (line,) = await journal.entries(kind="clock")
    assert (line.state, line.at) == ("passed", END - 600)
    assert "one takes 10m00s (the stated rollback_budget)" in line.what
