"""What is read out line by line: worst first, nothing said twice, no verdict lost."""

from __future__ import annotations

import re

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from dashboards.terminal.plain import changes
from dashboards.terminal.readout import BAD, DAEMON, MOST, NOTE, OTHER, SOURCE, VERDICT, Change, Readout
from monitor.serving.snapshot import Snapshot
from tests.dashboards.terminal import recorded
from tests.dashboards.terminal.test_drawing import Tape, listen


def said(readout: Readout) -> list[str]:
    """Everything that waits, in the order in which it would be read out."""
    lines = []
    while (line := readout.next()) is not None:
        lines.append(line)
    return lines


def gate(name: str, word: str, rank: int = OTHER) -> Change:
    """A gate came to a state."""
    return Change(("gate", name), rank, f"gate {name} {word}", word)


def verdict(word: str) -> Change:
    """The verdict came to be this."""
    return Change(("verdict", ""), VERDICT, f"verdict {word}: because", word)


def test_the_worst_is_heard_first_however_late_it_came() -> None:
    """A verdict that changes while ten sources wait to be told is the next line."""
    readout = Readout()
    readout.add("02:00:00", [Change(("source", str(n)), SOURCE, f"source {n}") for n in range(10)])
    readout.add("02:00:01", [gate("loss", "BREACH", BAD), verdict("NO-GO")])
    assert said(readout)[:3] == [
        "02:00:01 verdict NO-GO: because",
        "02:00:01 gate loss BREACH",
        "02:00:00 source 0",
    ]


def test_what_changed_back_before_its_turn_still_says_that_it_happened() -> None:
    """A gate that was in breach for a moment is one line with both words, at the urgency of the breach."""
    readout = Readout()
    readout.add("02:00:00", [gate("other", "WARN", BAD), gate("loss", "BREACH", BAD)])
    readout.add("02:00:01", [gate("loss", "OK"), Change(("note", "1"), NOTE, "anna: look")])
    assert said(readout) == [
        "02:00:00 gate other WARN",
        "02:00:01 gate loss OK; before that BREACH",
        "02:00:01 anna: look",
    ]


def test_a_flood_leaves_out_what_matters_least_and_says_how_much() -> None:
    """Five hundred sources and one breach: the breach and the verdict stay, the count of the others is told."""
    readout = Readout()
    readout.add("t", [Change(("source", str(n)), SOURCE, f"source {n}") for n in range(500)])
    readout.add("t", [gate("loss", "BREACH", BAD), verdict("NO-GO"), Change(("daemon", ""), DAEMON, "daemon is back")])
    lines = said(readout)
    assert lines[:4] == [
        "t daemon is back",
        "t verdict NO-GO: because",
        f"{500 - MOST + 3} changes were not read out",
        "t gate loss BREACH",
    ]
    assert len(lines) == MOST + 1


WORDS = st.sampled_from(["GO", "HOLD", "NO-GO", "UNKNOWN"])
STEPS = st.lists(
    st.one_of(
        WORDS.map(verdict),
        st.tuples(st.integers(0, 99), st.sampled_from(["OK", "WARN", "BREACH"])).map(lambda g: gate(f"g{g[0]}", g[1])),
        st.none(),
    ),
    max_size=300,
)


@given(STEPS)
def test_no_verdict_is_ever_lost_and_the_queue_stays_short(steps) -> None:
    """Whatever comes, and however slowly it is read: every verdict is heard in order, or counted beside eight that are."""
    readout, heard, lines = Readout(), 0, []
    for step in steps:
        if step is None:
            line = readout.next()
            lines += [line] if line else []
        else:
            readout.add("t", [step])
        assert len(readout._lines) <= MOST
    lines += said(readout)
    for line in lines:
        if " verdict " in line:
            _, _, rest = line.partition("; before that ")
            more = re.search(r" and (\d+) more$", rest)
            heard += 1 + (rest.count(",") + 1 if rest else 0) + (int(more[1]) if more else 0)
    assert heard == sum(step is not None and step.rank == VERDICT for step in steps)
    last = [step.state for step in steps if step is not None and step.rank == VERDICT][-1:]
    final = [line for line in lines if " verdict " in line][-1:]
    assert not last or final[0].startswith(f"t verdict {last[0]}:")


def test_a_verdict_that_came_and_went_between_two_looks_is_told() -> None:
    """The journal's lines in the snapshot say that it was NO-GO for a moment, although both looks saw HOLD."""
    event = recorded.event
    later: Snapshot = msgspec.structs.replace(
        recorded.HEALTHY,
        events=(
            *recorded.HEALTHY.events,
            event(1400, 2, "verdict", "golive", "GO to NO-GO", "loss", "NO-GO"),
            event(1401, 1, "verdict", "golive", "NO-GO to GO", "loss", "GO"),
        ),
    )
    readout = Readout()
    readout.add("t", changes(recorded.HEALTHY, later))
    assert said(readout) == [f"t verdict GO: {recorded.HEALTHY.verdict.reason}; before that NO-GO"]
    assert list(changes(later, later)) == []


async def test_a_daemon_that_stands_still_is_told_once_and_heals() -> None:
    """When the same moment comes again and again, the listener hears that it is old; a new one takes it back."""
    later = msgspec.structs.replace(recorded.HEALTHY, at=recorded.AT + 60)
    more = [msgspec.structs.replace(recorded.HEALTHY, at=recorded.AT + 61 + n) for n in range(40)]
    heard = [line for _, line in await listen(Tape(*[recorded.HEALTHY] * 30, later, *more), 19)]
    assert sum("what was read is old: it answers, but its tick stands still" in line for line in heard) == 1
    assert sum("daemon is back" in line for line in heard) == 1
