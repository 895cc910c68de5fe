"""An inhibition changes who is paged and nothing else: the same night with and without one, on the real parts."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.scenarios.parser import parse
from monitor.scenarios.play import play

WORLD = """\
config
    people:
      - {name: anna, role: approver, duties: [manager]}
    stages: [{name: only}]
    rules:
      - name: loss
        metric: golive_media_packet_loss_ratio
        by: [trunk]
        estimator: last
        window: 10s
        operator: ">"
        breach: 1%
        missing: {no_data: hold, null: insufficient, error: unknown, stale: unknown}
      - name: mos
        metric: golive_media_mos
        by: [trunk]
        estimator: last
        window: 10s
        operator: "<"
        breach: 3.6
        missing: {no_data: hold, null: insufficient, error: unknown, stale: unknown}
    gates: [{name: voice, rules: [mos, loss]}]
    triggers:
      - {name: rollback, when: mos, runbook: back, cooldown: 20s, approval: {duties: [manager], quorum: 1}}
INHIBIT
runbook back steps agents, route
scenario one
every 5s
    golive_media_packet_loss_ratio{trunk="east"}  LOSS
    golive_media_mos{trunk="east"}  MOS
    golive_media_mos{trunk="west"}  WEST
at 100s verdict GO
"""
INHIBIT = "    inhibit: [{source: loss, targets: [mos], equal: [trunk], affects: notify}]"


class Watcher:
    """Notes everything that a tick made: verdict, rules, decisions; and the journal and the pages in the end."""

    def __init__(self) -> None:
        self.ticks: list[Any] = []
        self.journal: list[Any] = []
        self.alerts: list[str] = []

    def look(self, rig: Any) -> None:
        engine = rig.engine
        judged = {
            name: (j.standings.tolist(), j.flags.tolist(), j.states.since.tolist(), j.value.tolist())
            for name, j in engine.judges.items()
        }
        rows = [(row.state, row.trigger, row.scopes, row.evidence, row.changed_at) for row in rig.desk.decision_rows()]
        self.ticks.append(repr((rig.ticker.ruling, judged, rows, [gate.row for gate in rig.ticker.judged])))
        self.journal = [(e.kind, e.who, e.what, e.state, e.at) for e in rig.journal.events_after(0, 10_000)]
        self.alerts = [f"{page.state} {page.alert}" for page in rig.pages if page.event == "alert"]


def night(loss: str, mos: str, west: str, *, inhibit: bool) -> Watcher:
    """One script on the real parts."""
    text = WORLD.replace("LOSS", loss).replace("MOS", mos).replace("WEST", west)
    (scenario,), findings = parse(text.replace("INHIBIT\n", f"{INHIBIT}\n" if inhibit else ""), "s")
    assert findings == ()
    watcher = Watcher()
    outcome = play(scenario, coverage=lambda _setting: watcher)  # type: ignore[arg-type, return-value]
    assert outcome.findings == ()
    return watcher


def values(good: str, bad: str) -> st.SearchStrategy[str]:
    """Stretches of good, bad and silence."""
    stretch = st.tuples(st.sampled_from([good, bad, bad, "_"]), st.integers(1, 8)).map(
        lambda pair: f"{pair[0]}x{pair[1]}"
    )
    return st.lists(stretch, min_size=2, max_size=6).map(" ".join)


@settings(max_examples=15, deadline=None)
@given(loss=values("0.001", "0.05"), mos=values("4.2", "3.0"), west=values("4.2", "3.0"))
def test_only_who_is_paged_differs(loss: str, mos: str, west: str) -> None:
    """Verdicts, gates, states, evidence, decisions and every line of the journal are the same at each tick."""
    plain, hushed = (night(loss, mos, west, inhibit=inhibit) for inhibit in (False, True))
    assert hushed.ticks == plain.ticks
    assert hushed.journal == plain.journal


def test_the_hushed_night_pages_once() -> None:
    """Loss and MOS of one trunk break together: two pages without the inhibition, one with it, and NO-GO in both."""
    plain, hushed = (night("0.001x3 0.05x17", "4.2x3 3.0x17", "4.2x20", inhibit=inhibit) for inhibit in (False, True))
    assert "NO_GO" in hushed.ticks[-1]
    assert (plain.alerts, hushed.alerts) == (["opened loss", "opened mos"], ["opened loss"])
