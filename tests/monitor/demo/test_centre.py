from __future__ import annotations

from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.demo.centre import Centre, Report
from monitor.demo.faults import SCRIPTS, severity
from monitor.demo.geography import AGENTS, PLATFORMS, QUEUES, SITES, TRUNKS, Platform

START = 1_000_000.0


def lived(seed: int = 7, seconds: float = 20.0, target: float = 0.0, script: str = "") -> tuple[Centre, list[Report]]:
    """A centre after some seconds of one routing, and with a script of faults from the beginning."""
    centre = Centre(seed, START)
    move(centre, target)
    if script:
        centre.begin(script)
    return centre, run(centre, START, START + seconds)


def move(centre: Centre, target: float) -> None:
    for site in SITES:
        centre.staff(site, target=target)
    for queue in QUEUES:
        centre.route(queue, target)


def run(centre: Centre, begin: float, end: float, step: float = 0.25) -> list[Report]:
    reports: list[Report] = []
    now = begin
    while now < end:
        now += step
        reports += centre.step(now)
    return reports


def offered(centre: Centre, platform: Platform) -> int:
    return sum(line.offered for (where, _), line in centre.lines.items() if where == platform)


def abandoned(centre: Centre, platform: Platform) -> float:
    lines = [line for (where, _), line in centre.lines.items() if where == platform]
    return sum(line.abandoned for line in lines) / max(1, sum(line.offered for line in lines))


def test_one_seed_is_one_story() -> None:
    """Two centres with one seed and the same commands report the same calls to the last digit."""
    assert lived(seed=3, target=40)[1] == lived(seed=3, target=40)[1]
    assert lived(seed=3, target=40)[1] != lived(seed=4, target=40)[1]


def test_steps_do_not_matter() -> None:
    """The events of a time are the same whether it is lived in large steps or small ones."""
    coarse, fine = Centre(5, START), Centre(5, START)
    coarse_reports = run(coarse, START, START + 12, step=3.0)
    fine_reports = run(fine, START, START + 12, step=0.05)
    assert [r for r in coarse_reports if r.at <= START + 12] == [r for r in fine_reports if r.at <= START + 12]


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000),
    moves=st.lists(st.tuples(st.sampled_from(QUEUES), st.floats(0, 100)), max_size=12),
    rosters=st.lists(st.tuples(st.sampled_from(SITES), st.integers(0, 60), st.floats(0, 100)), max_size=6),
    script=st.sampled_from(sorted(SCRIPTS)),
)
def test_no_call_is_lost(
    seed: int, moves: list[tuple[str, float]], rosters: list[tuple[str, int, float]], script: str
) -> None:
    """Whatever is moved and whatever breaks: offered is answered plus abandoned plus queued, answered is handled plus talking."""
    centre = Centre(seed, START)
    centre.begin(script)
    now = START
    for step in range(max(len(moves), len(rosters), 4)):
        if step < len(moves):
            centre.route(*moves[step])
        if step < len(rosters):
            site, rostered, target = rosters[step]
            centre.staff(site, rostered=rostered, target=target)
        now += 1.5
        centre.step(now)
        for line in centre.lines.values():
            assert line.offered == line.answered + line.abandoned + line.queued
            assert line.answered == line.handled + line.talking
            assert line.ringing >= 0
            assert line.talking >= 0


def test_routing_really_moves_calls() -> None:
    """New calls follow the route, and the old platform gets none any more."""
    centre, _ = lived(target=0)
    assert offered(centre, "target") == 0
    assert offered(centre, "legacy") > 50
    move(centre, 100)
    before = offered(centre, "legacy")
    run(centre, START + 20, START + 30)
    assert offered(centre, "legacy") == before
    assert offered(centre, "target") > 30


def test_a_share_moves_that_share() -> None:
    """Half of the calls is about half of the calls."""
    centre, _ = lived(seconds=100, target=50)
    both = offered(centre, "legacy") + offered(centre, "target")
    assert 0.42 < offered(centre, "target") / both < 0.58


@pytest.mark.parametrize("target", [0.0, 50.0, 100.0])
def test_a_good_day_breaks_no_limit(target: float) -> None:
    """Without a fault neither platform loses packets or customers, at any routing."""
    centre, reports = lived(seconds=120, target=target)
    assert all(report.loss < 0.005 for report in reports)
    assert max(report.jitter for report in reports) < 0.03
    for platform in PLATFORMS:
        assert abandoned(centre, platform) < 0.03
    assert not any(centre.one_way.values())


def test_media_faults_strike_the_target_only_and_drive_customers_away() -> None:
    """A rollback's fault is seen in loss, jitter, one-way calls and abandonment of the target, never of the legacy."""
    centre, reports = lived(seconds=25, target=50, script="rollback")
    late = [report for report in reports if report.at > START + 4]
    bad = [report for report in late if report.platform == "target"]
    good = [report for report in late if report.platform == "legacy"]
    assert fmean(report.loss for report in bad) > 0.05
    assert fmean(report.jitter for report in bad) > 0.04
    assert fmean(report.loss for report in good) < 0.003
    assert abandoned(centre, "target") > 0.08 > abandoned(centre, "legacy")
    assert sum(centre.one_way[TRUNKS["target", site]] for site in SITES) > 3


def test_a_trunk_fault_stays_at_its_site() -> None:
    """trunk-loss breaks Porto's trunk and no other."""
    _, reports = lived(seconds=12, target=100, script="trunk-loss")
    late = [report for report in reports if report.at > START + 4]
    assert fmean(report.loss for report in late if report.site == "porto") > 0.05
    assert max(report.loss for report in late if report.site != "porto") < 0.005


def test_metrics_recover_when_the_routing_moves_back() -> None:
    """After a rollback the legacy platform serves everybody again although the target's fault goes on."""
    centre, _ = lived(seconds=15, target=100, script="rollback")
    move(centre, 0)
    reports = run(centre, START + 15, START + 45)
    assert abandoned(centre, "legacy") < 0.03
    before = offered(centre, "target")
    late = [report.platform for report in reports if report.at > START + 40]
    assert late.count("legacy") / len(late) > 0.9
    shares = [line.shares(centre.now) for (platform, _), line in centre.lines.items() if platform == "legacy"]
    assert fmean(share[2] for share in shares if share) > 0.9
    assert run(centre, START + 45, START + 50)
    assert offered(centre, "target") == before


def test_a_flood_is_five_times_the_calls_and_help_ends_it() -> None:
    """The flood overruns the rostered agents; with reinforcements and the ebb the queues empty."""
    calm = offered(lived(seconds=11, target=100)[0], "target")
    centre, _ = lived(seconds=11, target=100, script="queue-flood")
    assert 3.0 < offered(centre, "target") / calm < 6.0
    assert sum(line.queued for line in centre.lines.values()) > 50
    for site in SITES:
        centre.staff(site, rostered=60)
    run(centre, START + 11, START + 40)
    assert sum(line.queued for line in centre.lines.values()) < 10


def test_agents_are_split_and_kept() -> None:
    """Wherever they log in, the rostered agents are as many as before."""
    centre = Centre(1, START)
    for target in (0.0, 33.0, 50.0, 100.0):
        move(centre, target)
        for site in SITES:
            assert sum(line.agents for line in centre.lines.values() if line.site == site) == AGENTS


@given(elapsed=st.floats(0, 60), script=st.sampled_from(sorted(SCRIPTS)), site=st.sampled_from(("", *SITES)))
def test_severity_is_a_share(elapsed: float, script: str, site: str) -> None:
    """A fault's severity is never below 0 nor above 1, and never greater at one site than anywhere."""
    for trouble in ("media", "flood", "crm", "silence"):
        at_site = severity(SCRIPTS[script], trouble, elapsed, site)
        assert 0.0 <= at_site <= severity(SCRIPTS[script], trouble, elapsed) <= 1.0


def test_faults_that_end_are_over() -> None:
    """A script that heals leaves nothing behind."""
    for script in ("trunk-loss", "queue-flood", "crm-down"):
        assert any(severity(SCRIPTS[script], fault.trouble, 5.0) > 0 for fault in SCRIPTS[script])
        assert all(severity(SCRIPTS[script], fault.trouble, 30.0) == 0 for fault in SCRIPTS[script])
