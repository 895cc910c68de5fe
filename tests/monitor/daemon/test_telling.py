"""Decisions and verdicts as pages: reminders while people are waited for, one voice with the alerts, known after a restart."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.daemon.pager import Pager
from monitor.daemon.pages import Pages
from monitor.daemon.witness import Sight
from monitor.judging.verdict import Ruling
from monitor.model import Verdict
from monitor.notify.message import SUMMARY_LENGTH, Message
from monitor.serving.snapshot import DecisionRow, VoteRow
from monitor.text import clean
from tests.monitor.serving import boards


class Memory:
    """What outlives the process."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], bytes] = {}

    def keep(self, kind: str, name: str, value: object) -> None:
        self.held[kind, name] = msgspec.json.encode(value)

    def forget(self, kind: str, name: str) -> None:
        self.held.pop((kind, name), None)

    async def kept(self, kind: str) -> dict[str, bytes]:
        return {name: body for (held, name), body in self.held.items() if held == kind}


class Carrying(Pager):
    """A pager that has told of the alert behind each verdict, or not."""

    def __init__(self, *, told: bool) -> None:
        self.told = told

    def look(self, sight: Sight) -> None:
        del sight

    def scene(self, now: float) -> None:
        del now

    def carries(self, ruling: Ruling, rules: frozenset[str]) -> bool:
        del ruling
        return self.told and rules == frozenset({"loss"})


def decision(state: str = "awaiting", votes: int = 0) -> DecisionRow:
    """A decision that asks two people."""
    signed = tuple(VoteRow(person=f"p{number}", at=0.0, vote="approve") for number in range(votes))
    row = boards.decision(state)
    return msgspec.structs.replace(row, title="Voice back to legacy", votes=signed, deadline=8_000.0)


NO_GO = Ruling(Verdict.NO_GO, "Packet loss 2.0% >= 1.0%", "voice")
GO = Ruling(Verdict.GO, "all good", "")


def made(*, remind: float = 0.0, told: bool | None = None) -> tuple[Pages, list[Message]]:
    """Pages and what they sent."""
    sent: list[Message] = []
    pager = None if told is None else Carrying(told=told)
    gates = {"voice": frozenset({"loss"})}
    return Pages("night", "PROD", sent.append, pager=pager, gates=gates, remind=remind), sent


def looked(pages: Pages, rows: list[DecisionRow], start: int, stop: int) -> None:
    """A look each second."""
    for now in range(start, stop):
        pages.look(Sight(float(now), GO, 0.0, (), lambda: tuple(rows)))


def test_people_are_reminded_while_a_decision_waits_and_never_afterwards():
    """Every five minutes as long as it waits, to the second channels too, with what is missing; one key for all of it."""
    pages, sent = made(remind=300.0)
    pages.decision("awaiting", decision(), "asks for 2 approvals", 1000.0)
    looked(pages, [decision()], 1000, 1300)
    assert len(sent) == 1
    looked(pages, [decision(votes=1)], 1300, 1599)
    assert [message.summary for message in sent[1:]] == [
        "CRIT PROD Voice back to legacy: still waits for 1 approval, expires 02:13:20 UTC"
    ]
    assert sent[1].urgent
    looked(pages, [decision(votes=1)], 1599, 1601)
    assert len(sent) == 3
    pages.decision("rejected", decision("rejected"), "rejected by ben", 1950.0)
    looked(pages, [decision("rejected")], 1951, 4000)
    assert [message.status for message in sent] == ["firing", "firing", "firing", "resolved"]
    assert {message.dedupe_key for message in sent} == {"night/decision/d-1"}
    assert {message.loudest or message.severity for message in sent} == {"critical"}


def test_a_verdict_whose_alert_was_told_does_not_ring_twice():
    """The alert rings; the verdict it causes is a note as bad as before, and the all-clear reaches whoever was rung."""
    pages, sent = made(told=True)
    pages.verdict(NO_GO, 1.0)
    pages.verdict(GO, 2.0)
    assert [(m.severity, m.status, m.loudest) for m in sent] == [("info", "note", ""), ("info", "note", "critical")]
    assert sent[0].summary == "CRIT PROD verdict NO-GO: Packet loss 2.0% >= 1.0%"


def test_a_verdict_without_an_alert_rings():
    """What no alert has told of rings by itself, and its end is a resolve."""
    pages, sent = made(told=False)
    pages.verdict(NO_GO, 1.0)
    pages.verdict(GO, 2.0)
    assert [(m.severity, m.status) for m in sent] == [("critical", "firing"), ("info", "resolved")]


def test_a_page_goes_out_although_nothing_around_it_can_be_told(monkeypatch):
    """After a tick that failed nothing may be readable any more: UNKNOWN is paged all the same."""

    def fail(*_: object) -> None:
        raise RuntimeError("on fire")

    pages, sent = made(told=False)
    monkeypatch.setattr(Carrying, "scene", fail)
    pages.verdict(Ruling(Verdict.UNKNOWN, "a tick failed", ""), 1.0)
    assert sent[0].summary == "CRIT PROD verdict UNKNOWN: a tick failed"


def test_unknown_always_rings():
    """That nothing is known is told loudly whatever else was told."""
    pages, sent = made(told=True)
    pages.verdict(Ruling(Verdict.UNKNOWN, "never heard", "voice"), 1.0)
    assert sent[0].severity == "critical"


async def test_the_all_clear_comes_after_a_restart():
    """A daemon that starts after the page tells that it is over, once."""
    memory = Memory()
    before, _ = made()
    await before.recall(memory)
    before.verdict(NO_GO, 1.0)
    after, sent = made()
    await after.recall(memory)
    after.verdict(GO, 2.0)
    after.verdict(GO, 3.0)
    assert [(m.status, m.loudest) for m in sent] == [("resolved", "critical")]


_TEXT = st.text(max_size=300).map(clean)


def _speak(kind: str, words: str) -> Callable[[Pages], None]:
    row = msgspec.structs.replace(decision(), title=words)
    return {
        "verdict": lambda pages: pages.verdict(Ruling(Verdict.NO_GO, words, ""), 5.0),
        "decision": lambda pages: pages.decision("awaiting", row, words, 5.0),
    }[kind]


@pytest.mark.parametrize("kind", ["verdict", "decision"])
@given(words=_TEXT)
def test_message_lint_of_verdicts_and_decisions(kind, words):
    """Whatever is said: 140 characters, clean, severity and environment first, UTC in the body."""
    pages, sent = made()
    _speak(kind, words)(pages)
    (message,) = sent
    assert message.summary.startswith("CRIT PROD ")
    assert len(message.summary) <= SUMMARY_LENGTH
    assert message.summary == clean(message.summary)
    assert "UTC" in message.body.splitlines()[-1]
