"""Answers of a query API and pages of exporters: what is read, and that nothing else ever comes out."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.promql.answer import QueryError, points
from collectors.promql.exposition import Pick, readings
from collectors.promql.question import Question

TEXT = st.text(max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)
LABEL_VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def answer(kind: str, result: Any, **more: Any) -> bytes:
    """A successful answer."""
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": result}, **more}).encode()


def test_a_vector_is_read_with_every_kind_of_number() -> None:
    """Prometheus writes values as text: numbers, NaN and both infinities come through as they are."""
    texts = ["1", "-2.5e-3", "NaN", "+Inf", "-Inf", "0"]
    elements = [{"metric": {"n": str(n)}, "value": [1795294546.25, text]} for n, text in enumerate(texts)]
    found = points(answer("vector", elements))
    assert [p.at for p in found] == [1795294546.25] * 6
    assert [p.value for p in found if math.isfinite(p.value)] == [1.0, -0.0025, 0.0]
    assert math.isnan(found[2].value)
    assert (found[3].value, found[4].value) == (math.inf, -math.inf)


def test_a_scalar_is_one_point_without_labels() -> None:
    """`scalar(...)` and plain arithmetic are answers too."""
    (point,) = points(answer("scalar", [5.0, "7"]))
    assert (point.labels, point.at, point.value) == ({}, 5.0, 7.0)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"status":"error","errorType":"bad_data","error":"parse error"}', "bad_data: parse error"),
        (b'{"status":"error"}', "without status success"),
        (answer("matrix", []), "matrix"),
        (answer("string", [1, "x"]), "string"),
        (answer("vector", [], isPartial=True), "partial"),
        (answer("vector", [], warnings=["PartialResponse: store 10.0.0.1 down"]), "partial"),
        (answer("vector", [{"metric": {}, "value": [1, "1_0"]}]), "not a number"),
        (answer("vector", [{"metric": {}, "value": [1, 1]}]), "no answer"),
        (answer("vector", [{"metric": {}}]), "no answer"),
        (b"", "no answer"),
        (b"<html>", "no answer"),
        (b"[" * 100_000, "no answer"),
    ],
)
def test_what_is_no_whole_answer_is_never_read_as_one(body: bytes, words: str) -> None:
    """Errors, partial answers and other types say what they are; a missing store never reads as an empty queue."""
    with pytest.raises(QueryError, match=words):
        points(body)


@given(st.binary(max_size=300) | JSON.map(lambda data: json.dumps(data).encode(errors="surrogatepass")))
def test_no_answer_raises_anything_else(body: bytes) -> None:
    """Whatever a server sends, it is points or a QueryError."""
    try:
        points(body)
    except QueryError:
        return


@given(
    st.dictionaries(st.sampled_from(["queue", "site", "x"]), LABEL_VALUES),
    st.floats(allow_nan=False),
    st.floats(0, 2e9),
)
def test_what_was_written_is_what_is_read(labels, value, at) -> None:
    """Labels, value and instant survive the trip."""
    (point,) = points(answer("vector", [{"metric": labels, "value": [at, repr(value)]}]))
    assert (point.labels, point.value, point.at) == (labels, value, at)


PICK = msgspec.convert(
    {"name": "sbc_calls", "metric": "golive_calls_concurrent", "match": {"dir": "in"}, "take": {"trunk": "t"}}, Pick
)


def test_a_page_gives_what_is_picked() -> None:
    """Name and labels choose; a sample's own time stamp holds, NaN cannot be computed."""
    page = b'# TYPE sbc_calls gauge\nsbc_calls{dir="in",t="a"} 7\nsbc_calls{dir="out",t="a"} 9\n'
    page += b'sbc_calls{dir="in",t="b"} NaN 1795294546000\nother 1\n'
    (found,) = readings(page, "text/plain", [PICK], 100.0)
    assert [(r.labels, r.value, r.at) for r in found] == [
        ((("trunk", "a"),), 7.0, 100.0),
        ((("trunk", "b"),), None, 1795294546.0),
    ]


def test_openmetrics_is_read_by_its_own_rules() -> None:
    """The content type tells which format a page is in; a cut page is refused whole."""
    kind = "application/openmetrics-text; version=1.0.0"
    page = b'# TYPE sbc_calls gauge\nsbc_calls{dir="in",t="a"} 7 1795294546.5\n# EOF\n'
    (found,) = readings(page, kind, [PICK], 100.0)
    assert found[0].at == 1795294546.5
    with pytest.raises(QueryError, match="page"):
        readings(page[:-6], kind, [PICK], 100.0)


@pytest.mark.parametrize("kind", ["text/plain", "application/openmetrics-text"])
@given(body=st.binary(max_size=200) | st.text('abc{}=",\\n 0123456789#\n', max_size=200).map(str.encode))
def test_no_page_raises_anything_else(kind, body) -> None:
    """Whatever a page holds, it is readings or a QueryError."""
    try:
        readings(body, kind, [PICK], 100.0)
    except QueryError:
        return


@pytest.mark.parametrize(
    ("query", "times"),
    [
        ("waiting", "timestamp(waiting)"),
        ('waiting{site="porto",queue=~"s.*"}', 'timestamp(waiting{site="porto",queue=~"s.*"})'),
        ('{__name__="a:b"}', 'timestamp({__name__="a:b"})'),
        ("sum(waiting)", ""),
        ("rate(waiting[1m])", ""),
        ("waiting > 1", ""),
        ("waiting offset 5m", ""),
    ],
)
def test_a_plain_selector_is_asked_when_it_was_measured(query: str, times: str) -> None:
    """Only for a selector can the server tell the time of the sample by itself."""
    assert Question(query=query, metric="golive_queue_contacts_waiting").times == times


def test_a_question_can_say_itself_how_the_time_is_asked() -> None:
    """An aggregate is as old as the query beside it says."""
    question = Question(query="sum(x)", measured_at="max(timestamp(x))", metric="golive_queue_contacts_waiting")
    assert question.times == "max(timestamp(x))"
    values = points(answer("vector", [{"metric": {"__name__": "x"}, "value": [50, "3"]}]))
    times = points(answer("vector", [{"metric": {}, "value": [50, "20"]}]))
    (reading,) = question.readings(values, times)
    assert (reading.value, reading.at) == (3.0, 20.0)
    assert question.readings(values, []) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"query": " "},
        {"query": "x" * 5000},
        {"query": "x", "scale": 0},
        {"query": "x", "take": {"call_id": "c"}},
        {"query": "x", "take": {"site": "s"}, "labels": {"site": "a"}},
    ],
)
def test_a_question_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    """What could never give a number is found by `golive check`."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"metric": "golive_queue_contacts_waiting", **wrong}, Question)
