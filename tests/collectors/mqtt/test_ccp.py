"""Softphones of Amazon Connect: what a second, a report and an error become, and the traps in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.mqtt.ccp import Ccp
from collectors.mqtt.reading import Refused
from collectors.mqtt.softphone import ERROR_TYPES, parse
from monitor.quality.emodel import mos, rating
from tests.rig.inlet import RecordingInlet

CASES = Path(__file__).parent / "cases"
_REASONS = {"malformed", "too_large", "wrong_type", "no_time"}
END = 1795319782.5
"""When the report's call ended."""


def case(name: str) -> Any:
    """A recorded message."""
    return json.loads((CASES / f"softphone_{name}" / "input.json").read_bytes())


def read(*messages: Any, topic: str = "ccp/porto", **config: Any) -> RecordingInlet:
    """What a reader makes of messages."""
    inlet = RecordingInlet()
    reader = Ccp(topic="ccp/{site}", labels={"platform": "target"}, **config).reader(inlet, "test", 1.0)
    raw = [message if isinstance(message, bytes) else json.dumps(message).encode() for message in messages]
    reader.read([(topic, payload) for payload in raw], 1000.0)
    return inlet


def test_seconds_become_loss_round_trip_delay_and_opinion() -> None:
    """Packets lost over those expected, for each direction apart; the first second is a count since some beginning and left out."""
    inlet = read(case("metrics"))
    [first, second] = inlet.of("golive_media_packet_loss_ratio", direction="heard", site="porto", platform="target")
    assert first.value == pytest.approx(2 / 250)
    assert first.at == 1795294585.0
    assert second.value == pytest.approx(2 / 250)
    assert [sample.value for sample in inlet.of("golive_media_packets_expected_total", direction="heard")] == [250, 500]
    assert [sample.value for sample in inlet.of("golive_media_packets_lost_total", direction="sent")] == [0, 0]
    delay = 0.088 / 2 + 0.041 + 0.020 + 0.0065
    assert inlet.of("golive_media_one_way_delay_seconds")[0].value == pytest.approx(delay)
    opinions = inlet.of("golive_media_mos", method="g107", direction="heard", source="ccp")
    assert opinions[0].value == pytest.approx(mos(rating(delay, 2 / 250)))
    assert dict(inlet.refused) == {}


def test_the_buffer_is_no_jitter_and_a_round_trip_is_only_what_is_heard() -> None:
    """No jitter comes of jitterBufferMillis; roundTripTimeMillis of audio_input means nothing and 0 means not known."""
    metrics = case("metrics")
    inlet = read(metrics)
    assert inlet.of("golive_media_jitter_seconds") == []
    assert {sample.value for sample in inlet.of("golive_media_round_trip_seconds")} == {0.088}
    assert len(inlet.of("golive_media_round_trip_seconds", direction="heard", leg="agent")) == 11
    for row in metrics["softphoneStreamStatistics"]:
        row["roundTripTimeMillis"] = 0
    assert read(metrics).of("golive_media_round_trip_seconds") == []


def test_a_repeated_or_overtaken_second_counts_once() -> None:
    """The same message again, as QoS 1 may bring it, changes no counter."""
    once, twice = read(case("metrics")), read(case("metrics"), case("metrics"))
    assert twice.samples == once.samples


def test_a_count_that_is_no_difference_is_left_out() -> None:
    """A connection that outlives its call counts from an earlier one: fifty thousand packets in a second are none."""
    metrics = case("metrics")
    metrics["softphoneStreamStatistics"][8]["packetCount"] = 4_000_000
    expected = read(metrics).of("golive_media_packets_expected_total", direction="sent")[-1].value
    assert expected == pytest.approx(450)


def test_a_report_tells_one_way_calls() -> None:
    """Four seconds without a packet for the agent's ear up to the end: the call is one-way, and its report counts once."""
    inlet = read(case("report"), case("report"))
    assert [sample.value for sample in inlet.of("golive_media_one_way_calls_total")] == [1.0]
    assert [sample.value for sample in inlet.of("golive_media_silent_calls_total")] == [0.0]
    assert [(sample.value, sample.at) for sample in inlet.of("golive_softphone_error_ratio")] == [(0.0, END)]
    assert inlet.of("golive_softphone_errors_total") == []
    assert inlet.of("golive_media_packet_loss_ratio") == []
    both = case("report")
    both["report"]["consecutiveNoAudioInputPackets"] = 9
    assert [sample.value for sample in read(both).of("golive_media_silent_calls_total")] == [1.0]
    assert [sample.value for sample in read(both).of("golive_media_one_way_calls_total")] == [0.0]
    fine = read(case("report"), one_way_after=5.0)
    assert [sample.value for sample in fine.of("golive_media_one_way_calls_total")] == [0.0]


def test_a_page_that_forwards_reports_only_gets_its_seconds_too() -> None:
    """With per_second the arrays become seconds that end with the call."""
    inlet = read(case("report"), per_second=True)
    [loss] = inlet.of("golive_media_packet_loss_ratio", direction="heard")
    assert loss.value == pytest.approx(2 / 250)
    assert loss.at == END - 4
    assert len(inlet.of("golive_media_round_trip_seconds")) == 9


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("iceCollectionFailure", "ice_collection_timeout"),
        ("signallingConnectionFailure", "signalling_connection_failure"),
        ("handshakingFailure", "signalling_handshake_failure"),
        ("gumTimeoutFailure", "microphone_not_shared"),
        ("userBusyFailure", "user_busy_error"),
        ("invalidRemoteSDPFailure", "webrtc_error"),
        ("iceConnectionsFailed", "realtime_communication_error"),
    ],
)
def test_failures_of_a_report_are_errors_by_type(name: str, kind: str) -> None:
    """Each failure that the report tells is the error that the agent was shown for it."""
    failed = case("report")
    failed["report"][name] = True
    inlet = read(failed)
    assert [sample.value for sample in inlet.of("golive_softphone_errors_total", error_type=kind)] == [1.0]
    assert [sample.value for sample in inlet.of("golive_softphone_error_ratio")] == [1.0]


def test_an_error_and_the_report_that_repeats_it_count_once() -> None:
    """Where errors come as they happen, the failures in reports are not counted again; the share of failed calls still is."""
    failed = case("report")
    failed["report"]["gumTimeoutFailure"] = True
    inlet = read(case("error"), failed)
    assert [sample.value for sample in inlet.of("golive_softphone_errors_total")] == [1.0]
    assert [sample.value for sample in inlet.of("golive_softphone_error_ratio")] == [1.0]
    strange = read({"errorType": "\x1b[2J", "ts": 1000.0})
    assert [dict(sample.labels)["error_type"] for sample in strange.samples] == ["other"]


def test_events_flat_messages_and_every_spelling_of_time() -> None:
    """Wrapped as an event of the library's bus or flat; seconds, milliseconds and RFC 3339 are told apart."""
    wrapped = read({"event": "softphone_report", "data": case("report")})
    assert wrapped.samples == read(case("report")).samples
    flat = case("flat")
    inlet = read(flat, {**flat, "ts": flat["ts"] * 1000 + 1000}, {**flat, "ts": "2026-11-21T20:56:25+00:00"})
    assert [round(sample.at, 1) for sample in inlet.of("golive_media_round_trip_seconds")] == [
        1795294583.9,
        1795294585.0,
    ]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"{", "malformed"),
        (b'{"x": ' + b"[" * 200_000, "malformed"),
        (b" " * (256 * 1024 + 1), "too_large"),
        ({}, "wrong_type"),
        ({"contactId": "c", "softphoneStreamStatistics": [{"softphoneStreamType": "video", "packetCount": 1}]}, "wrong_type"),
        ({"contactId": "c", "softphoneStreamStatistics": [{"softphoneStreamType": "audio_input", "packetCount": 1}]}, "no_time"),
        ({"softphoneStreamStatistics": []}, "wrong_type"),
        ({"contact_id": "c", "ts": 1.0, "stream": "audio_output", "packetCount": "50"}, "wrong_type"),
        ({"contact_id": "c", "ts": 1.0, "stream": "audio_output", "packetCount": -1}, "wrong_type"),
        ({"contact_id": "c", "ts": "03:56", "stream": "audio_output", "packetCount": 1}, "wrong_type"),
        ({"contactId": "c", "report": {}}, "no_time"),
        ({"errorType": "other"}, "no_time"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_by_reason(message: Any, reason: str) -> None:
    """Each bad message is counted under its reason and gives no sample."""
    inlet = read(message)
    assert dict(inlet.refused) == {reason: 1}
    assert inlet.samples == []


def test_another_topic_is_foreign_and_agents_are_no_labels() -> None:
    """The topic says the site; a contact or an agent can never be a label."""
    assert dict(read(case("flat"), topic="elsewhere").refused) == {"foreign": 1}
    with pytest.raises(ValueError, match="endless"):
        Ccp(topic="ccp/{agent}")
    with pytest.raises(ValueError, match="greater than nought"):
        Ccp(calls=0)


def test_calls_are_bounded() -> None:
    """More calls at once than configured make room for each other and nothing breaks."""
    flat = case("flat")
    inlet = RecordingInlet()
    reader = Ccp(topic="ccp/{site}", calls=3).reader(inlet, "test", 1.0)
    for number in range(50):
        payload = json.dumps({**flat, "contact_id": str(number)}).encode()
        reader.read([("ccp/porto", payload)], 1000.0)
    assert len(reader._calls) == 3


_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3),
)
_fields = st.sampled_from(
    ["contactId", "contact_id", "ts", "timestamp", "stream", "packetCount", "packetsLost", "softphoneStreamStatistics",
     "report", "errorType", "roundTripTimeMillis", "jitterBufferMillis", "data"]
)  # fmt: skip
_rows = st.fixed_dictionaries(
    {},
    optional={
        "softphoneStreamType": st.sampled_from(["audio_input", "audio_output", "x"]),
        "timestamp": st.floats() | st.text(max_size=30),
        "packetCount": st.floats() | st.none(),
        "packetsLost": st.floats() | st.none(),
        "jitterBufferMillis": st.floats(),
        "roundTripTimeMillis": st.floats(),
    },
)


@settings(max_examples=300)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.dictionaries(_fields, _json, max_size=6),
        st.lists(_rows, max_size=4).map(lambda rows: {"contactId": "c", "softphoneStreamStatistics": rows}),
    )
)
def test_hostile_messages_are_refused_or_read(message: Any) -> None:
    """Whatever arrives, it is samples or a refusal with one of the known reasons, never an exception."""
    inlet = read(message)
    assert set(inlet.refused) <= _REASONS
    kinds = {dict(sample.labels).get("error_type") for sample in inlet.samples} - {None}
    assert kinds <= ERROR_TYPES
    if isinstance(message, bytes) and inlet.refused:
        with pytest.raises(Refused):
            parse(message)
