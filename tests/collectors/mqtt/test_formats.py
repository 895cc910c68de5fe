"""Native JSON and field maps: what becomes a sample, and what is refused with which reason."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.mqtt.fieldmap import Map
from collectors.mqtt.formats import AnyFormat
from collectors.mqtt.native import Native
from collectors.mqtt.reading import CACHE_LIMIT
from monitor.model import Sample
from tests.rig.inlet import RecordingInlet

JITTER = "golive_media_jitter_seconds"
MOS = "golive_media_mos"
_TOPIC = "cc/target/porto/sales-en/call"
_REASONS = {"malformed", "too_large", "unknown_metric", "wrong_type", "no_time", "foreign"}


def reader(config: dict[str, Any], inlet: RecordingInlet):
    """The reader of a configuration as a user writes it."""
    return msgspec.convert(config, AnyFormat).reader(inlet, "test", 5.0)


def read(config: dict[str, Any], *payloads: Any, topic: str = _TOPIC) -> RecordingInlet:
    """What one batch of messages becomes."""
    inlet = RecordingInlet()
    raw = [payload if isinstance(payload, bytes) else json.dumps(payload).encode() for payload in payloads]
    reader(config, inlet).read([(topic, payload) for payload in raw], 1000.0)
    return inlet


def mapped(**more: Any) -> dict[str, Any]:
    """A field map with two samples."""
    base = {
        "format": "map",
        "topic": "cc/{platform}/{site}/{queue}/call",
        "at": "ts",
        "samples": [
            {"metric": JITTER, "field": "jitter_ms", "scale": 0.001, "labels": {"direction": "heard"}},
            {"metric": MOS, "field": "media.score"},
        ],
    }
    return {**base, **more}


NATIVE = {"format": "native"}
ONE = {"metric": JITTER, "value": 0.012, "at": 999.5, "labels": {"site": "porto", "platform": "target"}}
REPORT = {"ts": 999.5, "jitter_ms": 12, "media": {"score": 4.2}, "codec": "pcma", "edge": "e1", "seq": 1}


def test_native_object_and_array():
    """One object or an array of them: each becomes the sample that it says, labels sorted."""
    inlet = read(NATIVE, ONE, [ONE, {**ONE, "value": 1, "source": "edge", "seq": 4}])
    labels = (("platform", "target"), ("site", "porto"))
    assert inlet.samples == [Sample(JITTER, labels, value, 999.5) for value in (0.012, 0.012, 1.0)]
    assert ("edge", 4) in inlet.seen


def test_native_labels_in_any_order_are_one_series():
    """The order of labels in the JSON does not make another series."""
    turned = {**ONE, "labels": {"platform": "target", "site": "porto"}}
    assert len(read(NATIVE, ONE, turned).bound) == 1


def test_native_repeat_is_not_told_again():
    """A source's number that was heard before adds nothing."""
    message = {**ONE, "source": "edge", "seq": 4711}
    inlet = read(NATIVE, message, message)
    assert len(inlet.samples) == 1
    assert inlet.duplicates == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"at": None}, "wrong_type"),
        ({"at": "999"}, "wrong_type"),
        ({"value": "12"}, "wrong_type"),
        ({"value": True}, "wrong_type"),
        ({"value": None}, "wrong_type"),
        ({"value": "4,2"}, "wrong_type"),
        ({"labels": {"site": 3}}, "wrong_type"),
        ({"labels": {"call_id": "x"}}, "wrong_type"),
        ({"labels": {"nonsense": "x"}}, "wrong_type"),
        ({"labels": ["site"]}, "wrong_type"),
        ({"labels": {"site": "x" * 5000}}, "too_large"),
    ],
)
def test_native_refusals(change, reason):
    """Wrong types, labels that never end and labels that a metric does not carry are refused; the rest is read."""
    inlet = read(NATIVE, {**ONE, **change}, [{**ONE, **change}, ONE])
    assert dict(inlet.refused) == {reason: 2}
    assert len(inlet.samples) == 1


def test_message_without_a_time_is_refused():
    """Without the time of measurement nothing can be judged, natively and mapped."""
    timeless = {name: value for name, value in ONE.items() if name != "at"}
    assert dict(read(NATIVE, timeless).refused) == {"no_time": 1}
    timeless = {name: value for name, value in REPORT.items() if name != "ts"}
    assert dict(read(mapped(), timeless).refused) == {"no_time": 1}


@pytest.mark.parametrize("config", [NATIVE, mapped()], ids=["native", "map"])
@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "malformed"),
        (b"\xff\xfe", "malformed"),
        (b'{"a":NaN}', "malformed"),
        (b"[" * 200_000, "malformed"),
        (b'{"x":' + b"[" * 200_000, "malformed"),
        (b"3", "wrong_type"),
        (b"null", "wrong_type"),
        (b" " * (256 * 1024 + 1), "too_large"),
    ],
)
def test_bad_message_is_refused_and_the_next_is_fine(config, raw, reason):
    """What cannot be read is counted by its reason and kept; the next message is read."""
    good = ONE if config is NATIVE else REPORT
    inlet = read(config, raw, good)
    assert dict(inlet.refused) == {reason: 1}
    assert inlet.raw == [raw]
    assert inlet.samples


def test_topic_binds_the_payload():
    """Where the topic names source and labels, a payload that says otherwise is foreign, one that agrees is read."""
    config = {**NATIVE, "topic": "golive/{site}/{source}", "labels": {"platform": "target"}}
    good = {**ONE, "labels": {}, "source": "edge-1"}
    inlet = read(config, good, topic="golive/porto/edge-1")
    assert inlet.samples[0].labels == (("platform", "target"), ("site", "porto"))
    for wrong in ({**good, "source": "edge-2"}, {**good, "labels": {"site": "lisbon"}}):
        assert dict(read(config, wrong, topic="golive/porto/edge-1").refused) == {"foreign": 1}
    assert dict(read(config, good, topic="other/porto/edge-1").refused) == {"foreign": 1}


def test_map_reads_scales_and_labels():
    """Fields become samples in base units; labels come from topic, field, sample and configuration."""
    inlet = read(mapped(labels={"codec": "codec"}, constant={"wave": "w1"}), REPORT, [REPORT, REPORT])
    common = (("platform", "target"), ("queue", "sales-en"), ("site", "porto"), ("wave", "w1"))
    jitter = Sample(JITTER, tuple(sorted((*common, ("codec", "pcma"), ("direction", "heard")))), 0.012, 999.5)
    assert inlet.samples == [jitter, Sample(MOS, common, 4.2, 999.5)] * 3


@pytest.mark.parametrize(
    ("unit", "written"),
    [("milliseconds", 999_500), ("microseconds", 999_500_000), ("rfc3339", "1970-01-01T00:16:39.5Z")],
)
def test_time_units(unit, written):
    """Times in other units come out as unix seconds."""
    inlet = read(mapped(time_unit=unit), {**REPORT, "ts": written})
    assert inlet.samples[0].at == pytest.approx(999.5)
    if unit == "rfc3339":
        assert dict(read(mapped(time_unit=unit), {**REPORT, "ts": "1970-01-01T00:16:39"}).refused) == {"wrong_type": 1}


def test_absent_number_is_no_sample_and_null_is_said():
    """A field that is not there gives nothing; null says that the source cannot compute it."""
    inlet = read(mapped(), {"ts": 1.0, "media": {"score": 4.0}}, {"ts": 2.0, "jitter_ms": None})
    assert [(sample.metric, sample.at) for sample in inlet.samples] == [(MOS, 1.0)]
    assert [(metric, kind) for metric, _, kind in inlet.blanks] == [(JITTER, "null")]


def test_sound_elements_of_an_array_count():
    """In an array the sound elements are read, the others refused one by one with their own reason."""
    inlet = read(mapped(), [REPORT, {**REPORT, "jitter_ms": "12"}, {"jitter_ms": 3}, 7, REPORT])
    assert len(inlet.samples) == 4
    assert dict(inlet.refused) == {"wrong_type": 2, "no_time": 1}


def test_repeats_by_sequence_number_count_once():
    """With source and seq mapped a repeated report adds nothing; the topic is the source where none is mapped."""
    config = mapped(source="edge", seq="seq")
    inlet = read(config, REPORT, REPORT, {**REPORT, "edge": "e2"})
    assert len(inlet.samples) == 4
    assert inlet.duplicates == 1
    inlet = read(mapped(seq="seq"), REPORT, REPORT)
    assert len(inlet.samples) == 2
    assert inlet.seen == {(_TOPIC, 1)}


def test_refused_series_do_not_stop_the_others():
    """A metric that the inlet does not know costs its own samples only."""
    inlet = RecordingInlet(unknown=frozenset({MOS}))
    reader(mapped(), inlet).read([(_TOPIC, json.dumps(REPORT).encode())] * 2, 1000.0)
    assert [sample.metric for sample in inlet.samples] == [JITTER, JITTER]
    assert inlet.refused["unknown_metric"] == 2


def test_cache_starts_afresh_without_mixing_series():
    """When more label sets came than are kept, samples still go to their own series."""
    inlet = RecordingInlet()
    taker = reader(mapped(labels={"trunk": "trunk"}), inlet)
    taker._used = CACHE_LIMIT - 2  # as if nearly full
    taker._handles = taker._handles.repeat(CACHE_LIMIT // 64 + 1, axis=0)  # room for it
    for number in range(10):
        payload = json.dumps({**REPORT, "trunk": f"t{number % 5}", "jitter_ms": number % 5}).encode()
        taker.read([(_TOPIC, payload)], 1000.0)
    assert taker._used < 10  # it did start afresh
    for sample in inlet.of(JITTER):
        assert dict(sample.labels)["trunk"] == f"t{round(sample.value * 1000)}"


def test_huge_numbers_are_left_to_quarantine():
    """A number that overflows its scale becomes infinite, which the inlet quarantines; nothing is raised."""
    config = mapped(samples=[{"metric": JITTER, "field": "jitter_ms", "scale": 1e10}])
    assert read(config, {"ts": 1, "jitter_ms": 1e308}).samples[0].value == float("inf")


@pytest.mark.parametrize(
    "wrong",
    [
        {"samples": []},
        {"at": "media"},
        {"at": ""},
        {"labels": {"call_id": "call"}},
        {"topic": "cc/{agent}"},
        {"topic": "cc/{site"},
        {"nonsense": 1},
        {"time_unit": "days"},
    ],
)
def test_wrong_maps_are_refused(wrong):
    """A map that cannot work is refused at configuration."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(mapped(**wrong), Map)
    with pytest.raises(ValueError, match="endless"):
        Native(labels={"agent_id": "x"})


_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
_reports = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("ts", "jitter_ms", "media", "metric", "value", "at", "labels", "source", "seq"), _json),
)


@settings(max_examples=200)
@given(
    st.lists(
        st.binary(max_size=60) | st.builds(json.dumps, _reports | st.lists(_reports, max_size=3) | _json), max_size=6
    )
)
def test_any_message_is_read_or_refused(payloads):
    """Whatever arrives, every message is samples or a reason of the vocabulary, and the good one after is read."""
    raw = [payload if isinstance(payload, bytes) else payload.encode("utf-8", "surrogatepass") for payload in payloads]
    for config, good in ((NATIVE, ONE), (mapped(), REPORT)):
        inlet = read(config, *raw, good)
        assert set(inlet.refused) <= _REASONS
        assert inlet.samples[-1].at == 999.5
        assert all(isinstance(sample.value, float) for sample in inlet.samples)
