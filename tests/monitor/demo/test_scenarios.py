from __future__ import annotations

import msgspec
import pytest

from monitor.demo.faults import SCRIPTS
from monitor.demo.scenarios import DEFAULT, SCENARIOS, Referee, Ruling
from monitor.serving.condition_rows import SelfRow
from monitor.serving.snapshot import CutoverRow, DecisionRow, EventRow, GateRow, Snapshot, VerdictRow

START = 1_000_000.0


def board(
    at: float, verdict: str, *, stage: str = "full", broken: str = "", decision: str = "", number: str = "d1"
) -> Snapshot:
    cutover = CutoverRow(
        name="x",
        environment="DEMO",
        strategy="phased",
        stage=stage,
        stage_title="",
        stage_index=1,
        stage_count=3,
        stage_since=START,
        started_at=START,
        decide_by=None,
    )
    decisions: tuple[DecisionRow, ...] = ()
    if decision:
        decisions = (
            DecisionRow(
                id=number,
                trigger="t",
                scope="all",
                runbook="r",
                title="",
                state=decision,
                mode="approve",
                opened_at=START,
                changed_at=START,
                requester="engine",
                reason="",
                quorum=2,
                duties=(),
                votes=(),
                deadline=None,
                digest="",
                nonce="",
                parameters={},
                evidence=(),
                preflight=(),
                steps=(),
            ),
        )
    gates = (
        (GateRow(name=broken, title="", kind="judged", state="breach", required=True, active=True),) if broken else ()
    )
    return Snapshot(
        at=START + at,
        cutover=cutover,
        verdict=VerdictRow(verdict=verdict, reason="", gate="", since=START, oldest_age=None, oldest_source=""),
        gates=gates,
        decisions=decisions,
        monitor=SelfRow(
            version="",
            started_at=START,
            tick=1,
            tick_seconds=0.0,
            loop_lag=0.0,
            series=0,
            quarantined=0,
            journal_seq=0,
            journal_hash="",
        ),
    )


def judged(name: str, *boards: Snapshot, begin: bool = True) -> Ruling | None:
    referee = Referee(name, START)
    if begin:
        referee.begin()
    ruling = None
    for snapshot in boards:
        ruling = referee.look(snapshot)
        if ruling:
            break
    return ruling


def test_every_scenario_has_its_script() -> None:
    """What can be asked for can be played, and the default is the rollback."""
    assert set(SCENARIOS) == set(SCRIPTS)
    assert DEFAULT == "rollback"


def test_rollback_ends_when_the_legacy_stage_stands_at_go() -> None:
    """ROLLED_BACK alone is not the end: the verdict of the legacy stage must stand again."""
    bad = board(20, "NO-GO", broken="mos", decision="awaiting")
    done = board(30, "NO-GO", decision="rolled_back")
    waits = board(31, "HOLD", stage="legacy", decision="rolled_back")
    assert judged("rollback", bad, done, waits) is None
    end = judged("rollback", bad, done, waits, board(36, "GO", stage="legacy", decision="rolled_back"))
    assert end
    assert end.ok
    assert "ROLLED_BACK" in end.why


@pytest.mark.parametrize("state", ["partial", "ineffective", "frozen", "rejected", "withdrawn"])
def test_a_rollback_that_ends_otherwise_has_failed(state: str) -> None:
    """Any other end of the decision is said at once."""
    end = judged("rollback", board(20, "NO-GO", broken="mos", decision=state))
    assert end
    assert not end.ok
    assert state in end.why


@pytest.mark.parametrize("name", ["calm", "queue-flood", "crm-down", "blind"])
def test_a_proposal_where_none_is_due_has_failed(name: str) -> None:
    """These scenarios never propose anything."""
    end = judged(name, board(20, "NO-GO", decision="awaiting"), begin=False)
    assert end
    assert not end.ok
    assert "must not propose" in end.why


def test_calm_lasts_its_time_at_go() -> None:
    """calm ends after its time with GO, and fails when the verdict turns bad; HOLD while windows fill is no fault."""
    assert judged("calm", board(20, "GO"), board(30, "HOLD")) is None
    end = judged("calm", board(20, "GO"), board(50, "GO"))
    assert end
    assert end.ok
    worse = judged("calm", board(20, "GO"), board(30, "NO-GO"))
    assert worse
    assert not worse.ok


def test_blind_needs_unknown_and_a_page() -> None:
    """blind is over only when the pager was called, and never executes."""
    referee = Referee("blind", START)
    referee.begin()
    assert referee.look(board(60, "UNKNOWN")) is None
    referee.paged()
    end = referee.look(board(61, "UNKNOWN"))
    assert end
    assert end.ok


def test_trunk_loss_ends_withdrawn_and_is_never_executed() -> None:
    """The proposal is withdrawn when its cause is gone; an execution would be a failure."""
    bad = board(20, "NO-GO", broken="packet-loss", decision="awaiting")
    end = judged("trunk-loss", bad, board(40, "GO", decision="withdrawn"))
    assert end
    assert end.ok
    wrong = judged("trunk-loss", bad, board(25, "NO-GO", decision="executing"))
    assert wrong
    assert not wrong.ok


def test_a_verdict_between_two_looks_counts() -> None:
    """A breach so short that only the journal saw it still counts as reached."""
    referee = Referee("crm-down", START)
    referee.begin()
    referee.hear(EventRow(seq=1, at=START, kind="verdict", who="engine", what="", object="", state="NO-GO"))
    assert "breach" in referee.too_late(board(1, "GO")).why
    referee.look(board(2, "GO", broken="integrations"))
    end = referee.look(board(3, "GO"))
    assert end
    assert end.ok


def test_what_came_before_the_trouble_is_not_judged() -> None:
    """A NO-GO while the cutover is still being set up neither counts nor ends anything."""
    assert judged("crm-down", board(2, "NO-GO", broken="integrations"), board(3, "GO"), begin=False) is None


def test_too_late_says_what_is_missing() -> None:
    """The one sentence names the first thing that did not happen."""
    referee = Referee("rollback", START)
    referee.begin()
    ruling = referee.too_late(board(120, "GO"))
    assert not ruling.ok
    assert "NO-GO" in ruling.why
    assert "no snapshot" in referee.too_late(None).why
    assert msgspec.json.encode(ruling)
