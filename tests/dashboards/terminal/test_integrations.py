"""Screen 4: what is probed and who collects, told from text alone."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from dashboards.terminal.drawing.integrations import PHASES, bar, ends, strip, worst_first
from dashboards.terminal.drawing.marks import INTEGRATIONS
from dashboards.terminal.drawing.spans import Glyphs
from dashboards.terminal.view import View
from monitor.serving.integration_rows import IntegrationRow
from tests.dashboards.terminal.recorded import AT
from tests.dashboards.terminal.recorded_integrations import INTEGRATIONS as ROWS
from tests.dashboards.terminal.recorded_integrations import WITH_INTEGRATIONS, probe
from tests.dashboards.terminal.stage import Recorded, shown, terminal

LETTERS = dict(PHASES)


async def test_the_worst_stands_first_with_its_strip_and_what_is_wrong() -> None:
    """At 120 columns a reader sees which integration just broke, since when, and why, without a key."""
    app = terminal(Recorded(WITH_INTEGRATIONS))
    async with app.run_test(size=(120, 30)) as pilot:
        seen = await shown(app, pilot, "4")
    rows = [line for line in seen.splitlines() if "│   " in line]
    assert re.search(r"✕ FAILED +payment target.* \.{24}x{16} .* 40.0% 2m00s +in 3s", rows[1])
    assert "login: dns" in seen
    assert "16 failed in a row" in seen
    assert "depends on collector systems-target · gates Integrations" in seen


async def test_faults_only_leaves_what_is_not_ok() -> None:
    """`f` hides what works, and the title says that something is hidden."""
    app = terminal(Recorded(WITH_INTEGRATIONS))
    async with app.run_test(size=(120, 30)) as pilot:
        seen = await shown(app, pilot, "4", "f")
    assert "ticketing" not in seen
    assert "payment" in seen


def test_every_state_has_a_word_and_the_worst_comes_first() -> None:
    """Rows are ordered by how bad they are, probes before collectors of like state."""
    order = worst_first(ROWS)
    ranks = [INTEGRATIONS[row.state].rank for row in order]
    assert ranks == sorted(ranks, reverse=True)
    assert [row.name for row in order][:2] == ["payment", "kb"]


@given(st.text(alphabet=".wxo", max_size=60), st.booleans())
def test_the_strip_is_always_forty_cells_and_keeps_the_newest(results, ascii_only) -> None:
    """However many results there are, the strip ends with the newest and its width stands still."""
    text = strip(probe("x", "ok", results), Glyphs(ascii=ascii_only))
    assert len(text) == 40
    hollow = "o" if ascii_only else "◌"
    assert text.strip() == results[-40:].replace("o", hollow)


@given(
    st.dictionaries(st.sampled_from([name for name, _ in PHASES]), st.floats(0, 1e6), max_size=5), st.integers(0, 80)
)
def test_the_bar_fills_its_width_and_leaves_no_phase_out(phases, width) -> None:
    """Each phase that took time has at least one cell, in the order in which they happen; none means no bar."""
    drawn = bar(phases, width)
    known = [letter for name, letter in PHASES if phases.get(name, 0) > 0]
    if not known or width < len(known):
        assert drawn == ""
        return
    assert len(drawn) == width
    assert list(dict.fromkeys(drawn)) == known


def test_the_longest_phase_has_the_longest_piece() -> None:
    """What took most of the time takes most of the bar."""
    drawn = bar({"dns": 0.02, "connect": 0.04, "tls": 0.09, "first_byte": 1.85, "body": 0.1}, 60)
    assert drawn.count("f") > 40
    assert drawn.startswith("dc")


def test_a_certificate_tells_when_it_ends_or_that_it_did() -> None:
    """Days left, or the word for none."""
    view = View(now=AT)
    assert ends(probe("x", "ok", "", tls_expires_at=AT + 88 * 86400), view).endswith("left")
    assert ends(probe("x", "ok", "", tls_expires_at=AT - 1), view).endswith("expired")
    assert ends(probe("x", "ok", ""), view) == ""


def test_a_row_of_an_older_daemon_has_defaults_for_what_it_lacks() -> None:
    """A terminal reads a row that tells little, and says nothing that is not known."""
    row = IntegrationRow(key="k", name="n", kind="probe", sources=(), check="", state="ok", since=AT)
    assert (row.p95, row.error_ratio, row.results, row.gates) == (None, None, "", ())
