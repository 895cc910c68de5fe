"""What stands beside an alert about its messages: each channel with what became of the newest one, bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.notify.outcome import Outcome
from monitor.notify.sent import MOST_SUBJECTS, Sent

GOOD = Outcome(delivered=True, again=False, wait=0.0, detail="taken")
LATER = Outcome(delivered=False, again=True, wait=0.0, detail="503")
NEVER = Outcome(delivered=False, again=False, wait=0.0, detail="404")


def told(sent: Sent, key: str = "k") -> list[tuple[str, str, int]]:
    """Channel, state and failures."""
    return [(row.channel, row.state, row.failed) for row in sent.rows(key)]


def test_a_message_is_followed_from_the_queue_to_its_end():
    """Waiting, tried twice in vain, taken: failures count up and are forgotten once it got through."""
    sent = Sent()
    sent.queued("k", "pd")
    assert told(sent) == [("pd", "waiting", 0)]
    sent.tried("k", "pd", LATER, 1.0)
    sent.tried("k", "pd", LATER, 2.0)
    assert told(sent) == [("pd", "trying", 2)]
    sent.queued("k", "pd")
    assert told(sent) == [("pd", "trying", 2)]
    sent.tried("k", "pd", GOOD, 3.0)
    assert told(sent) == [("pd", "ok", 0)]
    assert sent.rows("k")[0].at == 3.0


def test_what_is_refused_or_given_up_stays_failed():
    """A receiver that refuses, and a queue that has no room, are never shown as delivered."""
    sent = Sent()
    sent.queued("k", "pd")
    sent.tried("k", "pd", NEVER, 1.0)
    sent.given_up("k", "pd")
    sent.given_up("k", "slack")
    assert told(sent) == [("pd", "failed", 1), ("slack", "failed", 1)]


def test_what_the_last_daemon_told_is_not_told_to_be_waiting():
    """After a restart a channel that was told is told; what still waits is said first and stays."""
    sent = Sent()
    sent.queued("k", "pd")
    sent.recalled("k", ("pd", "slack"))
    assert told(sent) == [("pd", "waiting", 0), ("slack", "told", 0)]


@given(
    steps=st.lists(st.tuples(st.integers(0, 2 * MOST_SUBJECTS), st.sampled_from([GOOD, LATER, NEVER])), max_size=200)
)
def test_no_more_subjects_than_the_bound_are_kept(steps):
    """What is forgotten is counted; the subject that was touched last is always there."""
    sent = Sent()
    for number in range(MOST_SUBJECTS):
        sent.queued(f"old {number}", "pd")
    for number, outcome in steps:
        sent.tried(f"k{number}", "pd", outcome, 1.0)
        assert told(sent, f"k{number}")
    assert sent.forgotten == len({number for number, _ in steps})
