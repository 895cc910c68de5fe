"""What is told of transitions, verdicts and decisions: everything a person needs, nothing that drowns it."""

from __future__ import annotations

from monitor.daemon.chronicle import transitions
from monitor.daemon.pages import Pages
from monitor.daemon.sparks import POINTS, Sparks
from monitor.judging.engine import Reading
from monitor.judging.judged import Transition
from monitor.judging.rules import Missing, Rule, Signal
from monitor.judging.verdict import Ruling
from monitor.model import Kind, Metric, Standing, Verdict
from monitor.notify.message import Message

METRIC = Metric(name="golive_media_packet_loss_ratio", kind=Kind.GAUGE, unit="ratio", help="Loss.", high=1.0)
RULE = Rule(
    name="loss",
    title="Packet loss",
    metric=METRIC.name,
    estimator="mean",
    window=5.0,
    operator=">=",
    breach=0.01,
    missing=Missing(no_data="hold", null="unknown", error="unknown", stale="unknown"),
)


def change(after: Standing, before: Standing = Standing.OK, trunk: str = "sbc-1", value: float = 0.02) -> Transition:
    """A transition of one trunk."""
    return Transition("loss", (("trunk", trunk),), before, after, 1000.0, value, 40)


def told(*changes: Transition) -> list[str]:
    """The lines of these changes."""
    return [line.what for line in transitions(changes, {"loss": RULE}, {METRIC.name: METRIC})]


def test_a_breach_is_told_with_value_limit_and_samples() -> None:
    """The line alone says how bad and on how much evidence."""
    assert told(change(Standing.BREACH)) == ["Packet loss trunk=sbc-1 2.0% >= 1.0% (40 samples)"]
    assert told(change(Standing.OK, Standing.BREACH, value=0.001)) == [
        "Packet loss trunk=sbc-1 0.1% is ok (40 samples)"
    ]


def test_every_change_says_value_limit_count_age_window_and_since_when() -> None:
    """Whoever reads one line knows how bad, on how much, how old, over how long, and what was before."""
    full = change(Standing.BREACH)._replace(limit=0.01, age=2.0, window=300.0, since=280.0)
    assert told(full) == ["Packet loss trunk=sbc-1 2.0% >= 1.0% (40 samples in 5m, newest 2s old; ok for 12m00s)"]
    unknown = full._replace(
        before=Standing.BREACH, after=Standing.UNKNOWN, why="stale: newest sample 41s old, limit 15s"
    )
    assert told(unknown) == [
        "Packet loss trunk=sbc-1 is unknown: stale: newest sample 41s old, limit 15s; breach for 12m00s"
    ]


def test_a_flapping_group_is_told_once() -> None:
    """The change at which it begins to flap has a line, those after it have none."""
    first = change(Standing.BREACH)._replace(flapping="begins")
    assert told(first) == [
        "Packet loss trunk=sbc-1 2.0% is flapping: more than 6 changes within an hour, further ones are not told"
    ]
    assert told(change(Standing.OK, Standing.BREACH)._replace(flapping="goes on")) == []


def test_silence_is_told_without_a_number() -> None:
    """An unknown value is not shown as if it were one."""
    assert told(change(Standing.UNKNOWN, value=float("nan"))) == ["Packet loss trunk=sbc-1 is unknown"]


def test_many_groups_that_change_alike_share_a_line() -> None:
    """Twenty trunks that breach together are one line, not twenty."""
    assert told(*(change(Standing.BREACH, trunk=f"sbc-{n}") for n in range(20))) == [
        "Packet loss: 20 groups are breach"
    ]


def test_warming_up_is_not_news() -> None:
    """Filling the first window is told by the verdict, not by every group."""
    assert told(change(Standing.OK, Standing.INSUFFICIENT), change(Standing.INSUFFICIENT, Standing.OK)) == []


def test_people_are_paged_for_no_go_and_unknown_and_told_when_it_is_over() -> None:
    """One page a turn for the worse, an all-clear only after a page, all under one key; HOLD pages nobody."""
    sent: list[Message] = []
    pages = Pages("night one", "PROD", sent.append)
    pages.verdict(Ruling(Verdict.GO, "all good", ""), 1.0)
    pages.verdict(Ruling(Verdict.HOLD, "loss 0.6%", "loss"), 2.0)
    pages.verdict(Ruling(Verdict.NO_GO, "Packet loss 2.0% >= 1.0%" + " x" * 100, "loss"), 3.0)
    pages.verdict(Ruling(Verdict.UNKNOWN, "never heard", "loss"), 4.0)
    pages.verdict(Ruling(Verdict.GO, "all good", ""), 5.0)
    pages.verdict(Ruling(Verdict.GO, "all good", ""), 6.0)
    assert [(m.state, m.severity) for m in sent] == [("NO-GO", "critical"), ("UNKNOWN", "critical"), ("GO", "info")]
    assert {m.dedupe_key for m in sent} == {"night one/verdict"}
    assert len({m.id for m in sent}) == 3
    assert sent[0].summary.startswith("CRIT PROD verdict NO-GO: Packet loss 2.0% >= 1.0%")
    assert all(len(m.summary) <= 140 for m in sent)


def test_a_sparkline_has_a_gap_where_the_signal_was_unknown() -> None:
    """One point a step, at most sixty, and silence is not drawn as zero."""
    signal = Signal(name="loss", metric=METRIC.name, match={"platform": "target"}, estimator="mean", window=10.0)
    sparks = Sparks([signal], {METRIC.name: METRIC})
    for second in range(200):
        value = None if second == 199 else second / 1000
        sparks.take({"loss": Reading(value, 1, float(second))}, float(second))
        sparks.take({"loss": Reading(0.9, 1, float(second))}, second + 0.5)
    (row,) = sparks.rows()
    assert (len(row.points), row.points[-1], row.points[-2]) == (POINTS, None, 0.198)
    assert (row.step, row.platform, row.unit, row.title) == (1.0, "target", "ratio", "loss")
