"""What the simulated telephones write, read by the collector's own parts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.sip_quality.message import head_end, parse_head
from collectors.sip_quality.report import parse
from monitor.demo.calls import Call, Line, Moment
from monitor.demo.centre import Centre
from monitor.demo.faults import SCRIPTS
from monitor.demo.geography import QUEUES, SITES
from monitor.demo.vq_report import DEVICES, body, publish, user_agent

START = 1_000_000.0


def ended(seed: int, target: float, script: str, seconds: float = 20.0) -> list[Moment]:
    """The calls of some seconds that are over."""
    centre = Centre(seed, START)
    for site in SITES:
        centre.staff(site, target=target)
    for queue in QUEUES:
        centre.route(queue, target)
    centre.begin(script)
    centre.step(START + seconds)
    return [moment for moment in centre.happened() if moment.kind == "complete"]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), target=st.sampled_from([0.0, 50.0, 100.0]), script=st.sampled_from(sorted(SCRIPTS)))
def test_a_report_says_what_the_simulation_measured(seed: int, target: float, script: str) -> None:
    """Loss, jitter, delay and times of every call that was measured stand in its report, and in no other report."""
    moments = ended(seed, target, script)
    assert len(moments) > 10
    calls = set()
    for moment in moments:
        audio, text = moment.call.audio, body(moment)
        if not audio.reports:
            assert text == ""
            continue
        report = parse(text.encode())
        assert report is not None
        assert not report.bad
        heard = report.heard
        assert heard is not None
        assert heard.values["NLR"] == pytest.approx(audio.loss / audio.reports, abs=1e-5)
        assert heard.values["IAJ"] == pytest.approx(audio.jitter / audio.reports, abs=1e-5)
        assert heard.values["RTD"] == pytest.approx(audio.round_trip / audio.reports, abs=1e-4)
        assert 1.0 <= heard.values["MOSCQ"] <= heard.values["MOSLQ"] <= 4.5
        assert heard.start == pytest.approx(moment.call.answered, abs=0.001)
        assert heard.stop == pytest.approx(moment.at, abs=0.001)
        assert (report.sent is None) == moment.call.one_way
        assert report.local_group == f"{moment.call.line.platform}/{moment.call.line.site}"
        calls.add(report.call)
    assert len(calls) == sum(moment.call.audio.reports > 0 for moment in moments)


def test_a_call_that_was_over_at_once_is_not_reported() -> None:
    """A telephone that measured nothing says nothing, rather than a perfect call."""
    call = Call(Line("legacy", "porto", "sales-en"), "pstn-porto", START, answered=START + 1, number=4)
    assert body(Moment("complete", START + 1.5, call, 1, 0.5)) == ""


def test_every_make_of_telephone_takes_calls() -> None:
    """Both platforms have their own makes of telephone, and calls reach all of them."""
    for target, platform in ((0.0, "legacy"), (100.0, "target")):
        seen = {user_agent(moment) for moment in ended(7, target, "calm") if moment.call.line.platform == platform}
        assert seen == set(DEVICES[platform])  # type: ignore[index] # one of the two


@given(report=st.text(max_size=200), number=st.integers(1, 10**9))
def test_a_request_is_framed_whatever_it_carries(report: str, number: int) -> None:
    """Headers end where they should and Content-Length counts bytes."""
    raw = publish(report, DEVICES["target"][0], number, "127.0.0.1", 5070)
    end, start = head_end(raw)
    message = parse_head(raw[:end])
    assert message is not None
    assert message.method == "PUBLISH"
    assert message.first("event") == "vq-rtcpxr"
    assert message.first("user-agent") == DEVICES["target"][0]
    assert raw[start:] == report.encode()
    assert int(message.first("content-length")) == len(report.encode())
