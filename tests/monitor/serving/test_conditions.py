"""What a scrape says about the cutover itself: verdict, gates, rules, decisions, collectors."""

from __future__ import annotations

import msgspec
import pytest

from monitor.serving.exposition.condition import CONDITIONS, DECISION_STATES, GATE_STATES, phase
from monitor.serving.exposition.lines import Style
from monitor.serving.snapshot import PointRow
from tests.monitor.serving.boards import NOW, board, decision
from tests.monitor.serving.pages import exposition, samples, text_of


def test_states_are_complete_and_exactly_one_is_set():
    """Verdict, phase, gates, rules and collectors have one series a state, of which exactly one is 1."""
    found = samples(text_of(exposition(snapshot=board())))
    one_hot: dict[tuple[str, tuple[tuple[str, str], ...]], list[float]] = {}
    names = {
        "golive_verdict": "verdict",
        "golive_cutover_phase": "phase",
        "golive_gate_state": "state",
        "golive_rule_state": "state",
        "golive_collector_state": "state",
    }
    for (name, labels), value in found.items():
        if name in names:
            rest = tuple(pair for pair in labels if pair[0] != names[name])
            one_hot.setdefault((name, rest), []).append(value)
    assert len(one_hot) == 1 + 1 + 4 + 3 + 2
    assert all(sum(values) == 1.0 and len(values) >= 4 for values in one_hot.values())
    assert found["golive_verdict", (("verdict", "no_go"),)] == 1.0


@pytest.mark.parametrize(
    ("state", "exported"),
    [
        ("ok", "go"),
        ("signed", "go"),
        ("warn", "conditional"),
        ("breach", "no_go"),
        ("insufficient", "pending"),
        ("unknown", "pending"),
        ("stale", "pending"),
        ("unsigned", "pending"),
        ("anything new", "pending"),
    ],
)
def test_only_a_good_gate_is_exported_as_go(state, exported):
    """A gate that is unknown, stale or unsigned is pending: never go."""
    base = board()
    snapshot = msgspec.structs.replace(base, gates=(msgspec.structs.replace(base.gates[0], state=state),))
    found = samples(text_of(exposition(snapshot=snapshot)))
    shown = [s for s in GATE_STATES if found["golive_gate_state", (("gate", "voice"), ("state", s))] == 1.0]
    assert shown == [exported]


@pytest.mark.parametrize(
    ("stage", "index", "decided", "expected"),
    [
        ("pilot", 2, "awaiting", "cutting_over"),
        ("legacy", 1, "awaiting", "ready"),
        ("legacy", 1, "rolled_back", "rolled_back"),
        ("full", 4, "awaiting", "live"),
        ("hypercare", 3, "awaiting", "hypercare"),
    ],
)
def test_stages_become_phases(stage, index, decided, expected):
    """A stage of any name falls into one of the seven phases."""
    base = board()
    cutover = msgspec.structs.replace(base.cutover, stage=stage, stage_index=index)
    assert phase(msgspec.structs.replace(base, cutover=cutover, decisions=(decision(decided),))) == expected


def test_a_rule_has_its_value_beside_its_limits():
    """Value and limits of a rule are on the page in one unit; an unknown value is absent, not zero."""
    found = samples(text_of(exposition(snapshot=board())))
    assert found["golive_rule_value", (("rule", "loss"), ("scope", "site=porto"))] == 0.118
    assert ("golive_rule_value", (("rule", "loss"), ("scope", "site=oslo"))) not in found
    assert found["golive_rule_limit", (("kind", "warn"), ("rule", "loss"))] == 0.005
    assert found["golive_rule_limit", (("kind", "breach"), ("rule", "loss"))] == 0.01
    assert ("golive_rule_limit", (("kind", "clear"), ("rule", "loss"))) not in found
    assert found["golive_rule_samples", (("rule", "loss"), ("scope", "site=oslo"))] == 40.0


def test_collectors_messages_and_losses_are_on_the_page():
    """What a collector heard, refused, missed and dropped adds up on the page."""
    found = samples(text_of(exposition(snapshot=board())))
    assert found["golive_collector_up", (("collector", "edge"), ("source", "mqtt"))] == 1.0
    assert found["golive_collector_up", (("collector", "crm"), ("source", "mqtt"))] == 0.0
    assert found["golive_collector_last_success_timestamp_seconds", (("collector", "edge"),)] == NOW - 0.5
    assert found["golive_ingest_messages_total", (("collector", "edge"), ("result", "accepted"))] == 95.0
    assert found["golive_ingest_messages_total", (("collector", "edge"), ("result", "duplicate"))] == 3.0
    assert found["golive_ingest_messages_total", (("collector", "edge"), ("result", "refused"))] == 2.0
    assert found["golive_ingest_gap_messages_total", (("collector", "edge"),)] == 1.0
    assert found["golive_dropped_samples_total", (("collector", "edge"), ("reason", "late"))] == 4.0
    assert ("golive_dropped_samples_total", (("collector", "edge"), ("reason", "malformed"))) not in found


def test_decisions_alerts_and_the_journal_are_on_the_page():
    """Open decisions, alerts, parked steps, the journal's head and the loop's lag can be alerted on."""
    found = samples(text_of(exposition(snapshot=board())))
    assert found["golive_decision_state", (("state", "awaiting"), ("trigger", "voice-bad"))] == 1.0
    assert found["golive_decision_state", (("state", "rolled_back"), ("trigger", "voice-bad"))] == 0.0
    assert found["golive_alerts_firing", (("severity", "critical"), ("tier", "customer"))] == 1.0
    assert found["golive_alerts_firing", (("severity", "critical"), ("tier", "agent"))] == 0.0
    assert found["golive_steps_parked", ()] == 1.0
    assert found["golive_journal_entries_total", ()] == 42.0
    assert found["golive_journal_head_timestamp_seconds", ()] == NOW - 98
    assert found["golive_event_loop_lag_seconds", ()] == 0.0007
    assert found["golive_tick_seconds", ()] == 0.004
    assert found["golive_tick_longest_piece_seconds", ()] == 0.0021
    assert found["golive_rollback_window_remaining_seconds", ()] == 1800.0


def test_how_long_a_rollback_takes_can_be_alerted_on_beside_the_time_that_is_left():
    """Both sides of the decide-by clock are on the page; without a time there is no line."""
    base = board()
    assert ("golive_rollback_seconds", ()) not in samples(text_of(exposition(snapshot=base)))
    cutover = msgspec.structs.replace(base.cutover, rollback_seconds=1320.0)
    found = samples(text_of(exposition(snapshot=msgspec.structs.replace(base, cutover=cutover))))
    assert found["golive_rollback_seconds", ()] == 1320.0


def test_many_rules_are_sliced_too():
    """A snapshot with thousands of rule groups is rendered in short pieces like the store."""
    base = board()
    rules = tuple(msgspec.structs.replace(base.rules[0], scope=f"site=s{index}") for index in range(3000))
    page = exposition(snapshot=msgspec.structs.replace(base, rules=rules))
    assert max(piece.count(b"\n") for piece in page.slices(Style.TEXT, NOW)) <= 1002


def test_points_of_no_return_are_state_sets() -> None:
    """A dashboard or a ruler sees that a rollback means something else from now on."""
    point = PointRow(name="did-port", state="passed", after="freeze")
    snapshot = msgspec.structs.replace(board(), points=(point,))
    found = samples(text_of(exposition(snapshot=snapshot)))
    name = "golive_point_of_no_return_state"
    rows = {dict(labels)["state"]: value for (found_name, labels), value in found.items() if found_name == name}
    assert rows == {"open": 0.0, "passed": 1.0, "unknown": 0.0}


def test_a_trigger_that_never_asked_is_on_the_page_with_noughts() -> None:
    """Its first decision is then an increase that an alert can see, and a dashboard has its row from the start."""
    quiet = msgspec.structs.replace(board(), decisions=(), triggers=("voice_rollback",))
    rows = {condition.name: condition for condition in CONDITIONS}["golive_decision_state"].rows(quiet, {})
    found = {dict(labels)["state"]: value for labels, value in rows if dict(labels)["trigger"] == "voice_rollback"}
    assert found == dict.fromkeys(DECISION_STATES, 0.0)
