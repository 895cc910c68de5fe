"""U16: every message says in 140 characters where it is, what, how bad against which limit, since when; the body says the rest."""

from __future__ import annotations

import string
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.notify.fault import Fault, Scene
from monitor.notify.incidents import Incident, Kind
from monitor.notify.message import SUMMARY_LENGTH
from monitor.notify.wording import BODY_LENGTH, body, facts, incident_message, summary
from monitor.text import clean

KINDS: tuple[Kind, ...] = get_args(Kind)
NOW = 1_795_294_546.0
SCENE = Scene(
    now=NOW,
    environment="PROD",
    cutover="voice wave 3",
    stage="Canary",
    started_at=NOW - 6120,
    verdict="NO-GO",
    verdict_since=NOW - 60,
    waiting="voice-back-to-legacy waits for 1 approval",
    good=("MOS", "Login"),
    bad=("Service level",),
    sources=(("connect-api", 4.0), ("mqtt-new", 3.0), ("crm", None)),
)
FAULT = Fault(
    alert="abandonment_target",
    scope="queue=sales-en site=porto",
    title="Abandonment",
    severity="critical",
    since=NOW - 180,
    value=0.118,
    limit=0.08,
    operator=">=",
    unit="ratio",
    other=0.061,
    platform="target",
    samples=84,
    window=300.0,
    impact="31 waiting, oldest 4m40s",
)
SILENT = Fault(
    alert="no-data",
    scope="source=connect-api",
    title="no data from connect-api, Abandonment",
    severity="warning",
    since=NOW - 90,
    value=0.04,
    unit="ratio",
    why="silent for 1m30s",
    last_at=NOW - 90,
)


def incident(fault: Fault = FAULT, **more) -> Incident:
    """An open incident about a fault."""
    given: dict[str, Any] = {
        "key": f"voice wave 3/{fault.alert}/{fault.scope}",
        "alert": fault.alert,
        "scope": fault.scope,
        "title": fault.title,
        "places": {fault.scope: fault.since},
        "severity": fault.severity,
        "loudest": fault.severity,
        "opened": NOW - 170,
        "grown": NOW - 170,
        "told": NOW - 170,
        "peak": 0.142,
    }
    return Incident(**(given | more))


def test_the_line_for_the_lock_screen():
    """Severity, environment, where, what, value, limit, old platform, since when, impact, what waits, T+."""
    assert summary("opened", incident(), FAULT, SCENE) == (
        "CRIT PROD sales-en, porto Abandonment 11.8% (limit 8.0%, old 6.1%) for 3m00s, 31 waiting, oldest 4m40s. T+1:42"
    )


def test_the_lines_for_chat_and_mail():
    """What is NOT wrong, sources with their ages, the verdict, what waits, and the command to acknowledge."""
    assert body("opened", incident(), FAULT, SCENE).splitlines() == [
        "CRIT · PROD · voice wave 3 · Canary · abandonment_target",
        (
            "sales-en, porto Abandonment on the new platform 11.8% (limit 8.0%, old 6.1%) for 3m00s (84 samples in 5m); "
            "31 waiting, oldest 4m40s."
        ),
        "Seen by: connect-api (4s old), mqtt-new (3s old), crm (never heard)",
        "Also: Service level",
        "Not: MOS, Login",
        "Verdict NO-GO since 20:54:46 UTC · voice-back-to-legacy waits for 1 approval",
        "Ack: golive alert ack 'abandonment_target:queue=sales-en site=porto'",
        "20:55:46 UTC T+1:42",
    ]


def test_the_end_says_how_long_how_bad_and_who_had_it():
    """The closing message answers what the report will ask."""
    line = summary("resolved", incident(owner="anna"), FAULT, SCENE)
    assert line.startswith("OK PROD sales-en, porto Abandonment")
    assert "after 3m00s, peak 14.2%, anna had it" in line
    assert "nobody acknowledged" in summary("resolved", incident(), FAULT, SCENE)


def test_what_is_not_judged_any_more_is_not_called_good():
    """A rule that rests in the new stage ends its page without saying that the value is fine."""
    line = summary("resolved", incident(measured=False), FAULT, SCENE)
    assert line.startswith("ENDED PROD sales-en, porto Abandonment is no longer judged, last 11.8% (limit 8.0%")
    assert "is no longer judged, last: 11.8%" in body("resolved", incident(measured=False), FAULT, SCENE)


def test_no_data_names_source_last_good_value_and_time():
    """A page on silence says who is silent, since when, and what was known last."""
    line = summary("opened", incident(SILENT), SILENT, SCENE)
    assert "connect-api" in line
    assert "silent for 1m30s, last 4.0% at 20:54:16 UTC" in line


def test_many_places_are_counted_and_the_first_named():
    """Twenty queues are one line that says so, and the body names some of them."""
    places = {f"queue=q{number}": NOW for number in range(20)}
    many = incident(places=places, most=20)
    assert "and 19 more Abandonment" in summary("grown", many, FAULT, SCENE)
    assert "Where: q0, q1, q2, q3, q4, q5, q6, q7 and 12 more" in body("grown", many, FAULT, SCENE)


def test_links_are_the_configured_ones_with_their_places_filled_in():
    """Rule, scope and key are percent-encoded into configured addresses; nothing else becomes a link."""
    links = {"Grafana": "https://grafana.example/d/q?var-rule={rule}&var-scope={scope}"}
    made = incident_message("opened", incident(), FAULT, SCENE, 1, links)
    assert made.links["Grafana"].endswith("?var-rule=abandonment_target&var-scope=queue%3Dsales-en%20site%3Dporto")


@pytest.mark.parametrize("kind", KINDS)
def test_every_message_on_one_incident_has_its_key(kind):
    """cutover/alert/scope, whatever happened to it."""
    made = incident_message(kind, incident(), FAULT, SCENE, 1, {})
    assert made.dedupe_key == "voice wave 3/abandonment_target/queue=sales-en site=porto"
    assert made.status == ("resolved" if kind == "resolved" else "firing")


_NAMES = st.text(string.printable + "äß語\u202e\x1b<>&", min_size=1, max_size=200).map(clean)
_NUMBERS = st.floats(-1e12, 1e12, allow_nan=False)
_FAULTS = st.builds(
    Fault,
    alert=_NAMES,
    scope=st.dictionaries(st.sampled_from(["queue", "site", "trunk"]), _NAMES, max_size=3).map(
        lambda labels: " ".join(f"{name}={value}" for name, value in labels.items())
    ),
    title=_NAMES,
    severity=st.sampled_from(["critical", "warning"]),
    since=st.floats(0, NOW),
    value=st.none() | _NUMBERS,
    limit=_NUMBERS,
    unit=st.sampled_from(["ratio", "seconds", "score", "count"]),
    other=st.none() | _NUMBERS,
    platform=st.sampled_from(["", "target", "legacy"]),
    samples=st.integers(0, 10**9),
    window=st.floats(0, 86400),
    impact=_NAMES,
)


@settings(max_examples=300, deadline=None)
@given(
    fault=_FAULTS, kind=st.sampled_from(KINDS), name=_NAMES, owner=st.just("") | _NAMES, waiting=st.just("") | _NAMES
)
def test_message_lint_over_all_templates(fault, kind, name, owner, waiting):
    """Whatever the names and numbers are: 140 characters, one line, environment first, then place, value and limit."""
    scene = Scene(now=NOW, environment="PROD", cutover=name, waiting=waiting, started_at=NOW - 60, verdict="NO-GO")
    made = incident_message(kind, incident(fault, owner=owner), fault, scene, 1, {})
    assert len(made.summary) <= SUMMARY_LENGTH
    assert made.summary == clean(made.summary)
    assert made.summary.split()[1] == "PROD"
    assert made.summary.split()[0] in {"CRIT", "WARN", "INFO", "OK", "ENDED"}
    assert all(line == clean(line) for line in made.body.splitlines())
    assert len(made.body) <= BODY_LENGTH


_SHORT = st.text(string.ascii_letters, min_size=1, max_size=20)


@settings(max_examples=200, deadline=None)
@given(place=_SHORT, title=_SHORT, value=st.floats(0, 1), limit=st.floats(0.001, 1), kind=st.sampled_from(KINDS))
def test_names_of_ordinary_length_lose_nothing_that_matters(place, title, value, limit, kind):
    """Place, title, value, limit and duration are all in the line, and no number without its unit."""
    fault = Fault(
        alert="r",
        scope=f"queue={place}",
        title=title,
        severity="critical",
        since=NOW - 65,
        value=value,
        limit=limit,
        unit="ratio",
    )
    line = summary(kind, incident(fault, opened=NOW - 65), fault, SCENE)
    for word in (place, title, f"{value * 100:.1f}%", f"limit {limit * 100:.1f}%", "1m05s"):
        assert word in line
    assert facts(kind, incident(fault), fault, SCENE).startswith(f"{place} {title}")
