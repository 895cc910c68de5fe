"""What reports mean for the inlet: once each, both ends, nothing of nothing, no person in a label, any bytes survived."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.sip_quality.reply import Peer
from collectors.sip_quality.report import parse, parse_time
from collectors.sip_quality.station import Station
from monitor.catalogue.inventory import CATALOGUE
from tests.collectors.sip_quality.hostile import CORPUS, SOUND, broken
from tests.collectors.sip_quality.telephone import publish, session
from tests.collectors.sip_quality.test_cases import PEER, RECEIVED, station
from tests.rig.inlet import RecordingInlet

LOSS = "golive_media_packet_loss_ratio"
ALERTS = "golive_media_quality_alerts_total"
_REASONS = {
    *("malformed", "too_large", "wrong_type", "foreign", "no_time", "bad_field", "nothing_measured", "duplicate"),
    *("rate_cap", "unknown_metric"),
}


def take(made: Station, *raw: bytes, peer: Peer = PEER, now: float = 0.0) -> list[bytes]:
    """The responses to datagrams that come one after the other."""
    responses = [made.datagram(one, peer, now, RECEIVED) for one in raw]
    made.flush(RECEIVED)
    return [response[0] if response else b"" for response in responses]


def alert(number: int, severity: str = "Critical") -> bytes:
    """An alert report of a call of its own."""
    body = session(f"call-{number}@test", RECEIVED).replace(
        b"VQSessionReport: CallTerm", b"VQAlertReport: Type=NLR Severity=" + severity.encode() + b" Dir=local"
    )
    return publish(body, number)  # fmt: skip


def test_a_repeated_report_counts_once_and_is_answered_again():
    """A retransmission, and the same report in a new request, give the samples of one."""
    made, inlet = station()
    body = session("call@test", RECEIVED)
    responses = take(made, publish(body, 1), publish(body, 1), publish(body, 2))
    assert [response[:11] for response in responses] == [b"SIP/2.0 200"] * 3
    assert responses[0] == responses[1]
    assert len(inlet.of(LOSS)) == 2
    assert dict(inlet.refused) == {"duplicate": 2}


def test_both_ends_of_a_call_count():
    """Reports of two devices on one call, with equal times, are two measurements."""
    made, inlet = station()
    body = session("call@test", RECEIVED)
    take(made, publish(body, 1), publish(body.replace(b"LocalID: <sip:agent1000", b"LocalID: <sip:caller"), 2))
    assert len(inlet.of(LOSS, direction="heard")) == 2
    assert dict(inlet.refused) == {}


def test_later_reports_of_a_call_count():
    """An interval report every few seconds is a new one each time, and so is the session report at the end."""
    made, inlet = station()
    bodies = [session("call@test", RECEIVED + number).replace(b"VQSessionReport: CallTerm", b"VQIntervalReport") for number in range(3)]  # fmt: skip
    take(made, *(publish(body, number) for number, body in enumerate(bodies)))
    take(made, publish(session("call@test", RECEIVED + 2), 9))
    assert [round(sample.at - RECEIVED, 3) for sample in inlet.of(LOSS, direction="heard")] == [0, 1, 2, 2]
    assert dict(inlet.refused) == {}


def test_reports_without_a_call_or_times_are_told_apart_by_their_request():
    """A device that says neither is not silenced after its first report."""
    made, inlet = station("clock: receipt\n")
    take(made, *(publish(b"VQSessionReport\r\nPacketLoss: NLR=1.0\r\n", number) for number in (1, 2, 2)))
    assert len(inlet.of(LOSS)) == 2
    assert dict(inlet.refused) == {"duplicate": 1}


def test_a_report_that_says_nothing_of_what_was_heard_is_counted():
    """A session report without figures is answered and counted as one in which nothing was measured."""
    made, inlet = station()
    [response] = take(
        made, publish(b"VQSessionReport: CallTerm\r\nCallID: x\r\nLocalMetrics:\r\nSessionDesc: PD=PCMU\r\n", 1)
    )
    assert response.startswith(b"SIP/2.0 200")
    assert (inlet.samples, dict(inlet.refused)) == ([], {"nothing_measured": 1})


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [
        ("SOWD=150 RTD=100 ESD=60", 0.150),
        ("OWD=30 RTD=100 ESD=60", 0.090),
        ("RTD=100 ESD=60", 0.110),
        ("RTD=100 ESD=0 JBN=40", 0.110),
        ("RTD=100 ESD=0 JBN=0 IAJ=5", 0.080),
        ("RTD=100", None),
        ("RTD=0 ESD=60", None),
        ("OWD=29999 ESD=29999", None),
    ],
)
def test_the_delay_from_mouth_to_ear_is_the_best_that_was_reported(delay, seconds):
    """What was measured comes before what is added up, and a nought is no delay."""
    buffer = next((part for part in delay.split() if part.startswith("JBN")), "JBN=0")
    body = f"VQSessionReport\r\nSessionDesc: PD=PCMU FD=20 FPP=1\r\nJitterBuffer: {buffer}\r\nDelay: {delay}\r\nPacketLoss: NLR=1.0\r\n"
    made, inlet = station("clock: receipt\n")
    take(made, publish(body.encode(), 1))
    found = [sample.value for sample in inlet.of("golive_media_one_way_delay_seconds")]
    assert found == ([] if seconds is None else [pytest.approx(seconds)])
    assert bool(inlet.of("golive_media_mos", method="g107")) is (seconds is not None)


def test_alerts_are_counted_from_nought():
    """The first alert is an increase already, times never fall, and severities are counted apart."""
    made, inlet = station()
    take(made, alert(1), alert(2), alert(2))
    made.datagram(alert(3), PEER, 0.0, RECEIVED + 5)
    made.datagram(alert(4, "Clear"), PEER, 0.0, RECEIVED + 5)
    made.flush(RECEIVED + 5)
    critical = inlet.of(ALERTS, severity="critical", type="nlr", direction="heard")
    assert [(sample.value, sample.at - RECEIVED) for sample in critical] == [(0, -1), (1, 0), (2, 0), (3, 5)]
    assert [sample.value for sample in inlet.of(ALERTS, severity="clear")] == [0, 1]


def test_unknown_senders_are_counted_and_not_read():
    """What comes from outside the allowed networks is never parsed, however it looks, and gets no answer."""
    made, inlet = station()
    stranger = Peer("203.0.113.7", 5060)
    assert take(made, SOUND, b"garbage", *CORPUS[:5], peer=stranger) == [b""] * 7
    assert dict(inlet.refused) == {"foreign": 7}
    assert inlet.samples == []
    assert inlet.messages == 7


def test_a_sender_has_a_second_of_messages_and_then_its_rate():
    """Beyond the rate nothing is read or answered, counted by reason; a second later it is heard again."""
    made, inlet = station("rate: 10\n")
    many = [publish(session(f"call-{number}@test", RECEIVED), number) for number in range(25)]
    assert sum(bool(response) for response in take(made, *many)) == 10
    assert dict(inlet.refused) == {"rate_cap": 15}
    other = Peer("192.0.2.11", 5060)
    assert take(made, many[0], peer=other)[0].startswith(b"SIP/2.0 200")
    assert sum(bool(response) for response in take(made, *many, now=0.5)) == 5
    assert sum(bool(response) for response in take(made, *many, now=900.0)) == 10


@pytest.mark.parametrize(
    "text", ["0", "", "2026-11-21", "20261121T090002Z", "2026-11-21T09:00:02", "2026-13-01T00:00:00Z", "9" * 40]
)
def test_what_is_no_time_is_none(text):
    """Only a date with a time and an offset says when; a zero is no time in 1970."""
    assert parse_time(text) is None


def test_times_with_fractions_and_offsets():
    """Fractions of a second and offsets from UTC are read."""
    assert parse_time("2026-11-21T09:00:02.5Z") == parse_time("2026-11-21t10:00:02.500+01:00")
    assert parse_time("1970-01-01T00:00:10Z") == 10.0


@pytest.mark.parametrize("lines", [b"", b"MOSLQ=4.2", b"\r\n" * 50, b"CallID: x", b"GET / HTTP/1.1\r\nHost: x"])
def test_what_is_no_report_is_none(lines):
    """A body that says neither its kind nor anything measured of a call is refused as no report."""
    assert parse(lines) is None


def sound_values(inlet: RecordingInlet) -> None:
    """Every sample is finite, in its metric's range, and of a metric that there is."""
    for sample in inlet.samples:
        metric = CATALOGUE[sample.metric]
        assert math.isfinite(sample.value)
        assert metric.low <= sample.value <= metric.high, sample
        assert math.isfinite(sample.at)
        assert all(value and value.isprintable() and len(value) <= 128 for _, value in sample.labels)


@settings(max_examples=400, deadline=None)
@given(st.lists(broken, max_size=4))
def test_any_bytes_are_read_or_refused(raw):
    """Whatever comes, nothing is raised, values are in range or absent, and the sound report after it is read."""
    made, inlet = station("rate: 100000\n")
    take(made, *raw)
    before = len(inlet.samples)
    [response] = take(made, publish(session("last@test", RECEIVED), 77))
    assert response.startswith(b"SIP/2.0 200")
    assert len(inlet.samples) > before
    sound_values(inlet)
    assert set(inlet.refused) <= _REASONS
    assert inlet.messages == len(raw) + 1


@pytest.mark.parametrize("raw", CORPUS, ids=range(len(CORPUS)))
def test_the_corpus_is_survived_in_time(raw):
    """Each piece of the hostile corpus is judged in a few milliseconds, and what follows is read."""
    made, inlet = station()
    begun = time.thread_time()
    take(made, raw)
    assert time.thread_time() - begun < 0.05
    take(made, publish(session("last@test", RECEIVED), 77))
    assert inlet.of(LOSS)
    sound_values(inlet)
    assert set(inlet.refused) <= _REASONS


_NAMES = st.sampled_from(["NLR", "JDR", "BLD", "RTD", "ESD", "OWD", "SOWD", "IAJ", "RLQ", "RCQ", "MOSLQ", "MOSCQ"])
_LINE = {"NLR": "PacketLoss", "JDR": "PacketLoss", "BLD": "BurstGapLoss", "RLQ": "QualityEst", "RCQ": "QualityEst"}
_LINE |= {"MOSLQ": "QualityEst", "MOSCQ": "QualityEst"}
_NUMBERS = st.one_of(
    st.integers(-(10**9), 10**9).map(str),
    st.floats().map(str),
    st.floats(0, 130).map(lambda value: f"{value:.2f}"),
    st.sampled_from(["127", "12.7", "0", "0.0", "65535", "1e5", "NaN", "inf", "4,2", "", "+4.2", "\u0664"]),
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(_NAMES, _NUMBERS))
def test_every_number_is_in_range_or_absent(fields):
    """Whatever a device writes into whatever field, no impossible number becomes a sample, and 127 never a MOS."""
    lines = [f"{_LINE.get(name, 'Delay')}: {name}={text}" for name, text in fields.items()]
    body = "\r\n".join(["VQSessionReport", "CallID: x", "LocalMetrics:", *lines]).encode()
    made, inlet = station("clock: receipt\n")
    [response] = take(made, publish(body, 1))
    assert response.startswith(b"SIP/2.0 200")
    sound_values(inlet)
    told = {sample.metric for sample in inlet.samples}
    if fields.get("MOSLQ") in ("127", "12.7", "0"):
        assert not [sample for sample in inlet.samples if ("method", "moslq") in sample.labels]
    if not fields:
        assert told == set()


def test_no_label_tells_who_called_whom():
    """Call ids, addresses of record, telephone numbers, media addresses and SSRCs are in no label."""
    made, inlet = station("labels: {platform: target}\nrules: [{user_agent: Linphone*, labels: {device: linphone}}]\n")
    take(made, SOUND)
    told = " ".join(value for sample in inlet.samples for _, value in sample.labels)
    for private in (
        "call@test",
        "agent1000",
        "+441632960001",
        "127.0.0.1",
        "192.0.2.10",
        "0x1000",
        "publish-1",
        "lon1",
    ):
        assert private not in told
    assert "linphone" in told


def test_series_are_bounded_whatever_is_sent():
    """A device that invents codecs, groups and user agents makes no series of its own."""
    made, inlet = station("rate: 100000\nrules: [{user_agent: Linphone*, labels: {device: linphone}}]\n")
    for number in range(300):
        raw = publish(session(f"call-{number}@test", RECEIVED), number)
        raw = raw.replace(b"PD=PCMU", b"PD=X%03d" % number).replace(b"Linphonec", b"Linph%04d" % number)
        take(made, raw.replace(b"LocalGroup: lon1/sales", b"LocalGroup: lon1/%05d" % number))
    assert len(inlet.samples) > 3000
    assert len(inlet.bound) < 60
