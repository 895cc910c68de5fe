"""rtpengine's captures, and each trap that is in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.mqtt.calls import Calls, Manner
from collectors.mqtt.reading import Refused
from collectors.mqtt.readings import Reading, Stream, parse
from collectors.mqtt.rtpengine import Rtpengine
from tests.rig.inlet import RecordingInlet

CASES = Path(__file__).parent / "cases"
_REASONS = {"", "malformed", "too_large", "wrong_type", "no_time"}


def payload(case: str) -> bytes:
    """The capture of a case."""
    return (CASES / case / "input.json").read_bytes()


def stream(case: str) -> list[bytes]:
    """The messages of a case that is a sequence."""
    lines = (CASES / case / "stream.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["payload"].encode() if '"payload"' in line[:80] else line.encode() for line in lines]


def read(messages: list[bytes], every: float = 1.0, pace: float = 1.0, **config) -> RecordingInlet:
    """What a reader makes of messages that arrive `pace` seconds apart."""
    inlet = RecordingInlet()
    reader = Rtpengine(**config).reader(inlet, "test", every)
    for number, message in enumerate(messages):
        reader.read([("rtpengine/porto", message)], 1000.0 + number * pace)
    return inlet


def four_calls() -> RecordingInlet:
    """Four calls of 30 s, told apart by their queue label, their legs by the site."""
    pattern = r"^(?P<queue>normal|degraded|loss|latency)"
    sites = "(?P<site>agent|caller)"
    messages = stream("four_calls")
    return read(messages, pace=0.1, labels={"platform": "target"}, call_pattern=pattern, label_pattern=sites)


def patched(case: str, **metrics: object) -> bytes:
    """A capture with other metrics in its ingress block."""
    message = json.loads(payload(case))
    message["ingress"]["metrics"].update(metrics)
    return json.dumps(message).encode()


def later(message: bytes, seconds: float, packets: int, **metrics: object) -> bytes:
    """The same leg some seconds later, with so many packets more."""
    data = json.loads(message)
    data["timestamp"] += seconds
    data["ingress"]["metrics"]["packets"] += packets
    data["ingress"]["metrics"]["bytes"] += packets * 172
    data["ingress"]["metrics"].update(metrics)
    return json.dumps(data).encode()


@pytest.mark.parametrize(
    ("call", "sent_by", "heard_by"),
    [(call, *sides) for call in range(4) for sides in (("caller", "A"), ("agent", "B"))],
)
def test_jitter_is_sixteen_times_too_large(call, sent_by, heard_by):
    """Jitter divided by 16 is within a few milliseconds of what the far endpoint measured; undivided it is not."""
    truth = json.loads((CASES / "four_calls" / "truth.json").read_text(encoding="utf-8"))[call]
    samples = four_calls().of("golive_media_jitter_seconds", queue=truth["profile"], site=sent_by, direction="sent")
    mean = sum(sample.value for sample in samples) / len(samples) * 1000
    if (truth["profile"], sent_by) == ("degraded", "caller"):
        assert mean < 10, "the way behind rtpengine is not in what it receives"
    else:
        assert mean == pytest.approx(truth[heard_by]["jitter_ms"], abs=10)
    assert len(samples) > 20


@pytest.mark.parametrize(("queue", "percent"), [("normal", 0.0), ("degraded", 5.33), ("loss", 8.33), ("latency", 0.0)])
def test_loss_is_expected_against_received(queue, percent):
    """Over a call the lost share of packets is what the far endpoint counted, to half a percent."""
    inlet = four_calls()
    lost = inlet.of("golive_media_packets_lost_total", queue=queue, site="agent")[-1].value
    expected = inlet.of("golive_media_packets_expected_total", queue=queue, site="agent")[-1].value
    assert lost / expected * 100 == pytest.approx(percent, abs=0.5)
    assert expected == pytest.approx(1250, abs=60)


def test_leg_without_loss_never_reads_as_loss():
    """No window of a leg that lost nothing reaches the warning limit of half a percent."""
    inlet = four_calls()
    for queue in ("normal", "latency"):
        ratios = [sample.value for sample in inlet.of("golive_media_packet_loss_ratio", queue=queue)]
        assert len(ratios) >= 8
        assert max(ratios) < 0.005


def test_lost_that_falls_is_not_used():
    """The field `lost`, which has two writers and falls, changes nothing."""
    first = patched("normal", lost=0)
    messages = [later(first, n, 50 * n, lost=(n * 37) % 11) for n in range(9)]
    inlet = read(messages)
    assert [sample.value for sample in inlet.of("golive_media_packets_lost_total")] == [0.0]
    assert inlet.of("golive_media_packets_expected_total")[0].value == pytest.approx(250, abs=1)


def test_rates_that_fell_below_zero_are_dropped():
    """`lost_per_second` of 1.8e19 is passed over, and such a packet rate counts as not known."""
    [reading], _ = parse(payload("rate_underflow"))
    assert reading.stream is not None
    assert reading.stream.rate == 50.0
    [reading], _ = parse(patched("normal", packets_per_second=1.8446744073709552e19))
    assert reading.stream is not None
    assert reading.stream.rate is None


def test_rtt_of_zero_is_not_known():
    """RTT 0.0 gives no round trip and no opinion; a round trip of 52 ms gives both."""
    inlet = read([payload("rtt_zero")])
    assert not inlet.of("golive_media_round_trip_seconds")
    assert not inlet.of("golive_media_mos")
    inlet = read([payload("normal")])
    assert [sample.value for sample in inlet.of("golive_media_round_trip_seconds")] == [pytest.approx(0.052262)]


def test_missing_opinion_is_not_a_good_one():
    """Without MOS in the message there is no sample of it, neither good nor bad."""
    assert not read([payload("first_without_mos")]).of("golive_media_mos")


def test_opinion_that_froze_is_told_once():
    """When receiver reports stop, MOS and round trip are not told again, though packets go on."""
    first = payload("normal")
    inlet = read([later(first, n, 50 * n) for n in range(20)])
    assert len(inlet.of("golive_media_mos", method="rtpengine")) == 1
    assert len(inlet.of("golive_media_round_trip_seconds")) == 1
    assert len(inlet.of("golive_media_jitter_seconds")) == 20


def test_new_receiver_report_is_told():
    """A round trip that changed is a new report: MOS and round trip are told again."""
    first = payload("normal")
    inlet = read([first, later(first, 1, 50, RTT=53.1), later(first, 2, 100, RTT=53.1)])
    assert [sample.value for sample in inlet.of("golive_media_round_trip_seconds")] == [0.052262, 0.0531]
    assert len(inlet.of("golive_media_mos")) == 2


def test_opinion_without_round_trip_lives_with_the_packets():
    """Where no round trip is published, MOS is told while packets come, and no longer."""
    message = json.loads(payload("normal"))
    for name in ("RTT", "RTT_leg"):
        del message["ingress"]["metrics"][name]
    first = json.dumps(message).encode()
    inlet = read([first, later(first, 1, 50), later(first, 2, 50), later(first, 3, 50)])
    assert len(inlet.of("golive_media_mos")) == 2


def test_hung_call_says_nothing():
    """A leg that is published for ever after its last packet gives no jitter, loss, opinion or round trip."""
    first = payload("after_last_packet")
    inlet = read([later(first, n, 0) for n in range(10)])
    assert {sample.metric for sample in inlet.samples} <= {
        "golive_media_one_way_calls_total",
        "golive_media_silent_calls_total",
    }


def test_end_of_media_is_not_loss():
    """The interval in which a party stops, or starts again after a pause, counts neither as loss nor as none."""
    steps = [50, 50, 50, 50, 50, 50, 7, 0, 0, 0, 12, 50, 50, 50, 50, 50, 50, 50]
    first = payload("normal")
    total, messages = 0, [first]
    for n, step in enumerate(steps):
        total += step
        messages.append(later(first, n + 1, total))
    ratios = [sample.value for sample in read(messages).of("golive_media_packet_loss_ratio")]
    assert ratios == [pytest.approx(0, abs=1e-6)] * 2


def test_thirty_millisecond_packets_are_not_loss():
    """33 packets a second of 252 bytes are 30 ms packets, not 20 ms packets with a third lost."""
    message = json.loads(payload("normal"))
    message["ingress"]["metrics"].update(packets=1000, bytes=252_000)
    messages = []
    for n in range(9):
        data = json.loads(json.dumps(message))
        data["timestamp"] += n * 3
        data["ingress"]["metrics"]["packets"] += n * 100
        data["ingress"]["metrics"]["bytes"] += n * 25_200
        messages.append(json.dumps(data).encode())
    ratios = [sample.value for sample in read(messages, every=3.0).of("golive_media_packet_loss_ratio")]
    assert len(ratios) >= 3
    assert max(ratios) < 1e-6


def test_codec_without_known_rate_has_loss_only_when_told_its_packet_time():
    """Opus varies in size: no loss unless the configuration says how long a packet is."""
    message = json.loads(payload("normal"))
    message["ingress"]["codec"] = "opus"
    first = json.dumps(message).encode()
    messages = [later(first, n, 50 * n) for n in range(9)]
    assert not read(messages).of("golive_media_packet_loss_ratio")
    assert read(messages, packet_time=0.02).of("golive_media_packet_loss_ratio")


def test_silence_suppression_means_no_loss():
    """Where parties stop sending in silence, missing packets are not called lost."""
    first = payload("normal")
    messages = [later(first, n, 20 * n) for n in range(12)]
    assert read(messages).of("golive_media_packet_loss_ratio")
    assert not read(messages, silence_suppression=True).of("golive_media_packet_loss_ratio")


def test_call_on_hold_has_no_loss():
    """Loss is told of legs that are sendrecv only."""
    message = json.loads(payload("normal"))
    message["status"] = "sendonly"
    first = json.dumps(message).encode()
    assert not read([later(first, n, 20 * n) for n in range(12)]).of("golive_media_packet_loss_ratio")


def test_one_message_is_only_a_base():
    """No loss comes out of the first message, nor out of less than five seconds."""
    first = payload("normal")
    inlet = read([later(first, n, 50 * n) for n in range(5)])
    assert not inlet.of("golive_media_packet_loss_ratio")


def test_one_way_audio_counts_each_call_once():
    """A leg without ingress beside one that flows for 3 s is one one-way call, however long it goes on."""
    messages = stream("one_way")
    inlet = read(messages, labels={"site": "porto"})
    values = [sample.value for sample in inlet.of("golive_media_one_way_calls_total", site="porto")]
    assert values[0] == 0.0
    assert values[-1] == 1.0
    assert values == sorted(values)
    counted = next(s.at for s in inlet.of("golive_media_one_way_calls_total") if s.value)
    assert counted == pytest.approx(1795295146.91, abs=0.1)


def test_one_way_audio_in_the_newer_shape():
    """Where ingress is always there, packets that stand still beside a flowing peer say one-way."""

    def message(second: int, tag: str, packets: int) -> bytes:
        sources = [
            {"SSRC": 7, "codec": "PCMA", "clock_rate": 8000, "metrics": {"packets": packets, "bytes": packets * 172}}
        ]
        return json.dumps(
            {
                "timestamp": 1000.0 + second,
                "call_id": "c",
                "tag": tag,
                "media_index": 1,
                "type": "audio",
                "status": "sendrecv",
                "ingress": {
                    "packets": packets,
                    "bytes": packets * 172,
                    "errors": 0,
                    "SSRC": sources if packets else [],
                },
            }
        ).encode()

    messages = [message(n, tag, 50 * n if tag == "a" else 0) for n in range(8) for tag in "ab"]
    assert read(messages).of("golive_media_one_way_calls_total")[-1].value == 1.0
    both = [message(n, tag, 50 * n) for n in range(8) for tag in "ab"]
    assert read(both).of("golive_media_one_way_calls_total")[-1].value == 0.0
    neither = [message(n, tag, 0) for n in range(8) for tag in "ab"]
    inlet = read(neither)
    assert inlet.of("golive_media_one_way_calls_total")[-1].value == 0.0
    assert inlet.of("golive_media_silent_calls_total", cause="no_packets")[-1].value == 1.0


def test_call_that_ends_unsaid_is_forgotten():
    """A call that just stops appearing is forgotten after three intervals, and counts afresh when it comes back."""
    inlet = RecordingInlet()
    reader = Rtpengine().reader(inlet, "test", 5.0)
    reader.read([("t", payload("normal"))], 1000.0)
    calls, _ = reader._calls["t"] or pytest.fail("not read")
    reader.read([("t", payload("low_mos"))], 1014.0)
    assert len(calls) == 2
    reader.read([("t", later(payload("low_mos"), 5, 250))], 1019.0)
    assert len(calls) == 1


def test_party_that_has_not_answered_has_no_tag():
    """Before the answer the called party's tag is null; its leg makes room for the one with a tag."""

    def leg(second: int, tag: str | None, packets: int) -> bytes:
        message = json.loads(payload("normal"))
        message |= {"timestamp": 1000.0 + second, "tag": tag}
        message["ingress"]["metrics"] |= {"packets": packets, "bytes": packets * 172}
        return json.dumps(message).encode()

    ringing = [leg(n, tag, 50 * n) for n in range(1, 3) for tag in ("a", None)]
    talking = [leg(n, tag, 50 * n if tag == "a" else 100) for n in range(3, 9) for tag in ("a", "b")]
    inlet = read([*ringing, *talking], pace=0.5)
    assert not inlet.refused
    assert inlet.of("golive_media_one_way_calls_total")[-1].value == 1.0


def test_numbers_as_text_and_keys_with_spaces():
    """Global statistics, with floats as strings and spaces in keys, give the concurrent calls."""
    inlet = read([payload("global_statistics")], labels={"platform": "target"})
    [sample] = inlet.samples
    assert (sample.metric, sample.labels, sample.value) == ("golive_calls_concurrent", (("platform", "target"),), 8.0)
    text = payload("global_statistics").replace(b'"sessionsown":8', b'"sessionsown":"9.000000"')
    assert read([text]).samples[0].value == 9.0
    assert read([text.replace(b"9.000000", b"nan")]).refused["wrong_type"] == 1


@pytest.mark.parametrize(
    ("case", "legs"),
    [("normal", 1), ("call_scope", 2), ("global_statistics", 0), ("one_way_listener", 1), ("not_answered", 1)],
)
def test_scopes_are_told_apart_by_keys(case, legs):
    """Media, call and global messages come on one topic and are told apart by what is in them."""
    readings, totals = parse(payload(case))
    assert len(readings) == legs
    assert (totals is not None) == (case == "global_statistics")


def test_global_scope_carries_all_calls():
    """Scope global gives the legs of every call and the totals, with one time for all."""
    found = [parse(message) for message in stream("global_scope")]
    assert [len(readings) for readings, _ in found] == [0, 2, 2, 2]
    assert all(totals is not None for _, totals in found)
    assert {reading.at for reading in found[1][0]} == {found[1][1].at}  # type: ignore[union-attr] # checked above


def test_shape_from_mr11_on():
    """SSRC as an array of objects reads as the single SSRC did."""
    old = json.loads(payload("normal"))
    block = old["ingress"]
    new = dict(old)
    new["ingress"] = {
        "bytes": block["metrics"]["bytes"],
        "packets": block["metrics"]["packets"],
        "errors": 0,
        "SSRC": [{"SSRC": block["SSRC"], "codec": "PCMU", "clock_rate": 8000, "metrics": block["metrics"]}],
    }
    [before], _ = parse(json.dumps(old).encode())
    [after], _ = parse(json.dumps(new).encode())
    assert before.stream is not None
    assert after.stream == before.stream._replace(ssrc=0)


def test_directions_are_kept_apart():
    """Jitter and loss say what a party sends; round trip and opinion carry no direction, they are what it hears."""
    inlet = four_calls()
    assert all(("direction", "sent") in sample.labels for sample in inlet.of("golive_media_jitter_seconds"))
    assert all("direction" not in dict(sample.labels) for sample in inlet.of("golive_media_mos"))
    caller = inlet.of("golive_media_mos", queue="loss", site="caller", method="g107")
    agent = inlet.of("golive_media_mos", queue="loss", site="agent", method="g107")
    assert max(sample.value for sample in caller) < 4.0, "the caller hears the agent's lossy stream"
    assert min(sample.value for sample in agent) > 4.3, "the agent hears the caller's clean one"


def test_opinions_of_both_methods_stay_side_by_side():
    """The recomputed opinion has its own method; of a good call both are high, of a slow one both are low."""
    inlet = four_calls()
    for queue, low, high in (("normal", 4.25, 4.5), ("latency", 2.0, 3.7)):
        for method in ("g107", "rtpengine"):
            values = [sample.value for sample in inlet.of("golive_media_mos", queue=queue, method=method)]
            assert values
            assert low <= sum(values) / len(values) <= high
    assert len(inlet.of("golive_media_r_factor")) == len(inlet.of("golive_media_mos", method="g107"))
    assert inlet.of("golive_media_one_way_delay_seconds")


def test_labels_come_from_topic_label_and_call():
    """Static labels, the topic's levels and named groups of patterns meet; what is not told reads unknown."""
    message = json.loads(payload("normal"))
    message["label"] = "porto-trunk_a"
    known, bare = json.dumps(message).encode(), payload("low_mos")
    inlet = read(
        [known, bare],
        topic="rtpengine/{queue}",
        labels={"platform": "target"},
        label_pattern=r"^(?P<site>[a-z]+)-(?P<trunk>\w+)$",
    )
    first = inlet.of("golive_media_mos", site="porto", trunk="trunk_a", queue="porto", platform="target")
    second = inlet.of("golive_media_mos", site="unknown", trunk="unknown", queue="porto", platform="target")
    assert len(first) == len(second) == 1


def test_leg_borrows_labels_of_its_call():
    """When only one leg tells the site, its peer belongs to the same site."""
    call = json.loads(payload("call_scope"))
    call["legs"][0]["label"], call["legs"][1]["label"] = "site=porto", ""
    inlet = read([json.dumps(call).encode()], label_pattern="site=(?P<site>.+)")
    assert {dict(sample.labels)["site"] for sample in inlet.of("golive_media_mos")} == {"porto"}


def test_no_label_may_name_a_call_or_a_person():
    """A pattern that would make a series of every call is refused at configuration."""
    with pytest.raises(ValueError, match="endless"):
        Rtpengine(call_pattern="(?P<call_id>.+)")
    with pytest.raises(ValueError, match="regular expression"):
        Rtpengine(label_pattern="(")


def test_repeated_message_is_told_once():
    """A message that comes twice, or late, adds nothing."""
    first = payload("normal")
    second = later(first, 1, 50, RTT=60.0)
    inlet = read([first, second])
    again = read([first, second, second, first])
    assert len(again.samples) == len(inlet.samples)


def test_calls_are_bounded():
    """Beyond the limit the call heard longest ago makes room, and that is said."""
    message = json.loads(payload("normal"))
    messages = []
    for number in range(30):
        message["call_id"] = f"call-{number}"
        messages.append(json.dumps(message).encode())
    inlet = read(messages, calls=10, every=100.0)
    assert "20 calls dropped" in inlet.health[-1][1]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "malformed"),
        (b"{", "malformed"),
        (b"[]", "wrong_type"),
        (b"{}", "no_time"),
        (b'{"timestamp":"1"}', "wrong_type"),
        (b'{"timestamp":1}', "wrong_type"),
        (b'{"timestamp":true,"call_id":"x","media_index":1}', "wrong_type"),
        (b'{"timestamp":NaN}', "malformed"),
        (b'{"timestamp":1,"call_id":"x","legs":' + b"[" * 200_000, "wrong_type"),
        (b'{"timestamp":1,"zzz":' + b"[" * 200_000, "malformed"),
        (b'{"timestamp":1,"call_id":"\xff","media_index":1}', "malformed"),
        (b" " * 300_000, "too_large"),
    ],
)
def test_bad_message_is_refused_and_the_next_is_fine(raw, reason):
    """What cannot be read is counted by its reason and kept; the next message is read."""
    inlet = read([raw, payload("normal")])
    assert dict(inlet.refused) == {reason: 1}
    assert inlet.of("golive_media_mos")


@settings(max_examples=150)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(raw):
    """Whatever arrives, the parser gives readings or a reason from the vocabulary, never another error."""
    reason = ""
    try:
        parse(raw)
    except Refused as refusal:
        reason = refusal.reason
    assert reason in _REASONS


_streams = st.builds(
    Stream,
    ssrc=st.integers(0, 2),
    codec=st.sampled_from(["PCMU", "opus", ""]),
    packets=st.integers(0, 2000),
    size=st.integers(0, 400_000),
    rate=st.none() | st.floats(0, 200),
    jitter=st.none() | st.floats(0, 5000),
    mos=st.none() | st.floats(1, 4.5),
    round_trip=st.none() | st.floats(0.1, 2000),
    rtcp=st.tuples(st.none() | st.floats(1, 4.5), st.none() | st.floats(0, 2000), st.none()),
)


@settings(max_examples=100)
@given(
    st.lists(st.tuples(st.integers(-2, 12), st.sampled_from("ab"), st.booleans(), st.none() | _streams), max_size=40),
    st.booleans(),
)
def test_no_history_of_a_call_gives_an_impossible_sample(history, pauses):
    """Whatever counters do, ratios stay within 0 and 1, opinions within 1 and 5, and counters never fall."""
    manner = Manner(
        jitter_scale=1 / 16, packet_time=0.02, pauses=pauses, one_way_after=3.0, limit=10, expire_after=15.0
    )
    calls = Calls(manner, lambda _reading, _groups: ())
    at, totals = 1000.0, dict[str, float]()
    for step, tag, wanted, heard in history:
        at += step
        for sample in calls.take(Reading(at, "c", tag, "", 1, wanted, heard), at):
            if sample.metric.endswith("_ratio"):
                assert 0 <= sample.value <= 1
            elif sample.metric == "golive_media_mos":
                assert 1 <= sample.value <= 5
            elif sample.metric.endswith("_total"):
                assert sample.value >= totals.get(sample.metric, 0.0)
                totals[sample.metric] = sample.value
            assert sample.value >= 0
    assert totals.get("golive_media_one_way_calls_total", 0) <= 1
