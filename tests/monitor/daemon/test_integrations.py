"""The newest results of probes and collectors: every one kept in order, bounded, and nothing taken for good."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.catalogue.inventory import CATALOGUE
from monitor.daemon.integrations import EXPIRY, PHASE, POP, POPPED, REQUESTS, Integrations
from monitor.daemon.results import KEPT, SECONDS, UP
from monitor.intake.intake import Intake
from monitor.intake.source import Source
from monitor.intake.supervise import Condition, Supervisor
from monitor.judging.pieces import finished
from monitor.judging.store import Store
from monitor.model import Health
from monitor.plan import Gate
from monitor.serving.integration_rows import IntegrationRow
from monitor.text import clean
from tests.monitor.judging.rig import rule

START = 1_795_294_500.0
EVERY = 5.0
LABELS = {"integration": "crm", "platform": "target"}


class Probed:
    """One collector that probes, by hand and by clock."""

    def __init__(self, *rules, gates=()) -> None:
        self.now = START
        self.store = Store(CATALOGUE)
        self.intake = Intake(self.store)
        source = Source(name="systems", every=EVERY, max_age=12.0)
        self.supervisor = Supervisor([source], self.intake, lambda: self.now, lambda *_: None)  # type: ignore[list-item]
        self.door = self.intake.door("systems", 12.0)
        self.made = Integrations(self.store, self.intake, self.supervisor, [source], {"systems": "http"})
        self.made.judged_by(rules, (), gates)
        self.healthy()

    def healthy(self, state: Health = Health.OK) -> None:
        """The collector's condition."""
        self.supervisor.conditions["systems"] = Condition(state, self.now, clean("refused"), None)

    def put(self, metric: str, value: float, **labels: str) -> None:
        """One sample now."""
        handle = self.door.series(metric, tuple(sorted({**LABELS, **labels}.items())))
        self.door.emit([handle], [value], [self.now], self.now)

    def round(self, *, up: float = 1.0, seconds: float | None = 0.2) -> None:
        """One round of the transaction."""
        self.now += EVERY
        self.door.heard(1, self.now)
        self.put(UP, up)
        if seconds is not None:
            self.put(SECONDS, seconds, operation="lookup")
        self.look()

    def look(self) -> None:
        """A tick."""
        self.intake.flush()
        self.made.look(self.now)

    def row(self, kind: str = "probe") -> IntegrationRow:
        """The row of the probe or of the collector."""
        rows = finished(self.made.rows(self.now))
        return next(row for row in rows if (row.kind == "probe") is (kind == "probe"))


def slow_rule(**changes: Any):
    """A rule that warns at one second."""
    return rule(name="slow", metric=SECONDS, warn=1.0, breach=2.0, clear=0.5, **changes)


def test_each_round_is_one_mark_newest_last() -> None:
    """Good, slow and failed rounds stand in the strip in their order, and the state is the newest's."""
    here = Probed(slow_rule(match={"platform": "target"}), gates=(Gate(name="i", title="CRM", rules=("slow",)),))
    here.round()
    here.round(seconds=1.0)
    here.round(up=0.0, seconds=None)
    here.round(up=0.0, seconds=None)
    row = here.row()
    assert (row.results, row.state, row.failures, row.since) == (".wxx", "failed", 2, here.now - EVERY)
    assert (row.error_ratio, row.slow_from, row.gates, row.every) == (0.5, 1.0, ("CRM",), EVERY)
    assert (row.next_try, row.check, row.sources) == (here.now + EVERY, "lookup", ("systems",))


def test_without_a_rule_nothing_is_called_slow() -> None:
    """What is slow is for the configuration to say; a rule on another platform says nothing here."""
    here = Probed(slow_rule(match={"platform": "legacy"}))
    here.round(seconds=60.0)
    assert (here.row().results, here.row().slow_from) == (".", None)


def test_a_round_that_did_not_come_is_a_hollow_mark_and_then_stale_and_unknown() -> None:
    """Silence is never a good result: after one and a half intervals there is a mark for it, and the state follows."""
    here = Probed()
    here.round()
    for seconds, marks, state in (
        (7.0, ".", "ok"),
        (1.0, ".o", "unknown"),
        (5.0, ".oo", "stale"),
        (12.0, ".oooo", "unknown"),
    ):
        here.now += seconds
        here.look()
        here.look()
        assert here.row().results.startswith(marks), seconds
        assert here.row().state == state, seconds
    assert here.row().error_ratio == 0.0


def test_an_answer_that_says_nothing_is_a_hollow_mark() -> None:
    """A round of which the collector says that nobody can know is neither good nor bad."""
    here = Probed()
    here.round()
    here.now += EVERY
    handle = here.door.series(UP, tuple(sorted(LABELS.items())))
    here.door.blank(handle, "error", here.now, here.now)
    here.look()
    assert here.row().results == ".o"
    assert here.row().state == "unknown"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(".wx"), min_size=1, max_size=KEPT + 20))
def test_the_strip_is_the_newest_forty_results(marks) -> None:
    """Whatever came, the strip shows the newest results, and ratio and count of failures are those of the strip."""
    here = Probed(slow_rule())
    for mark in marks:
        here.round(up=0.0 if mark == "x" else 1.0, seconds=1.5 if mark == "w" else 0.1)
    kept = "".join(marks[-KEPT:])
    row = here.row()
    assert row.results == kept
    assert row.failures == len(kept) - len(kept.rstrip("x"))
    assert row.error_ratio == kept.count("x") / len(kept)
    assert row.state == {".": "ok", "w": "slow", "x": "failed"}[kept[-1]]


def test_the_row_tells_error_phases_certificate_and_screen_pop() -> None:
    """What a person asks next stands beside the strip: what failed, where the time went, when the certificate ends."""
    here = Probed()
    here.now += EVERY
    for phase, seconds in (("dns", 0.01), ("connect", 0.02), ("tls", 0.03), ("first_byte", 0.2), ("body", 0.04)):
        here.put(PHASE, seconds, operation="lookup", phase=phase)
    here.put(PHASE, 0.1, operation="record", phase="first_byte")
    here.put(REQUESTS, 5.0, operation="lookup", outcome="ok")
    here.put(REQUESTS, 1.0, operation="record", outcome="connect_timeout")
    here.put(EXPIRY, here.now + 88 * 86400, endpoint="crm.example")
    here.put(POP, 1.5)
    here.put(POPPED, 0.9)
    here.now -= EVERY
    here.round(up=0.0, seconds=None)
    row = here.row()
    assert row.error == "record: connect timeout"
    assert row.phases == pytest.approx({"dns": 0.01, "connect": 0.02, "tls": 0.03, "first_byte": 0.3, "body": 0.04})
    assert row.tls_expires_at == here.now + 88 * 86400
    assert (row.screen_pop, row.screen_pop_ratio) == (1.5, 0.9)


def test_times_say_nothing_below_five_results() -> None:
    """A percentile of four numbers is none."""
    here = Probed()
    for _ in range(4):
        here.round()
    assert here.row().p95 is None
    here.round(seconds=1.2)
    assert here.row().p95 == pytest.approx(1.0)
    assert here.row().seconds == pytest.approx(1.2)


def test_a_collector_has_a_strip_of_its_own() -> None:
    """Heard, heard with refusals, silent and broken intervals each have their mark."""
    here = Probed()
    here.look()
    for what in (".", "w", "o", "x"):
        here.now += EVERY
        if what in ".w":
            here.door.heard(1, here.now)
        if what == "w":
            here.door.refuse("malformed", b"{", here.now)
        if what == "x":
            here.healthy(Health.RETRYING)
        here.look()
    row = here.row("collector")
    assert (row.results, row.state, row.error, row.kind) == (".wox", "retrying", "refused", "http")


def test_a_collector_that_is_connected_and_hears_nothing_is_not_ok() -> None:
    """Three silent intervals in a row are stale, nothing at all since the start is unknown."""
    here = Probed()
    here.look()
    for _ in range(3):
        here.now += EVERY
        here.look()
    assert here.row("collector").state == "unknown"
    here.door.heard(1, here.now)
    for _ in range(4):
        here.now += EVERY
        here.look()
    assert here.row("collector").results == "ooo.ooo"
    assert here.row("collector").state == "stale"


def test_a_long_tick_makes_no_results_up() -> None:
    """After the process stood still for a minute there is one mark for it, not twelve invented ones at once."""
    here = Probed()
    here.look()
    here.now += 60.0
    here.look()
    assert len(here.row("collector").results) == 1
