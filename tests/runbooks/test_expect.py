"""What counts as success: statuses, headers and places in JSON, and nothing by accident."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.outbound.http import Answer
from runbooks import json_path
from runbooks.expect import Expect, mismatch
from runbooks.request import unsure

BODY: dict[str, Any] = {
    "data": {"items": [{"state": "moved", "odd key": 1}], "count": 0, "ok": True},
    "errors": [],
    "warning": None,
}
HEADERS = (("Content-Type", "application/json"), ("X-Route", "legacy"), ("x-route", "spare"))


def answer(status: int = 200, body: Any = None) -> Answer:
    raw = body if isinstance(body, bytes) else msgspec.json.encode(BODY if body is None else body)
    return Answer(status=status, body=raw, headers=HEADERS, retry_after="30" if status == 429 else "")


@pytest.mark.parametrize(
    ("expect", "given", "words"),
    [
        ({}, answer(), ""),
        ({"status": "2xx"}, answer(204), ""),
        ({"status": (200, 404)}, answer(404), ""),
        ({"status": (200, "4xx")}, answer(500), "expected 200 or 4xx"),
        ({}, answer(302), "answered 302, expected 200"),
        ({}, answer(429), "answered 429 (Retry-After: 30)"),
        ({"headers": {"content-type": "application/json", "X-Route": "{to}"}}, answer(), ""),
        ({"headers": {"X-Route": "spare"}}, answer(), ""),
        ({"headers": {"X-Route": "*"}}, answer(), ""),
        ({"headers": {"X-Route": "target"}}, answer(), "the header X-Route is legacy, expected target"),
        ({"headers": {"X-None": "*"}}, answer(), "the header X-None is missing"),
        ({"paths": {"data.items[0].state": "moved"}}, answer(), ""),
        ({"paths": {'$.data.items[0]["odd key"]': 1}}, answer(), ""),
        ({"paths": {"data.items[0].state": "{to}"}}, answer(), 'data.items[0].state is "moved", expected "legacy"'),
        ({"paths": {"data.items[1].state": "moved"}}, answer(), "data.items[1] is missing"),
        ({"paths": {"data.ok": 1}}, answer(), "data.ok is true, expected 1"),
        ({"paths": {"data.count": False}}, answer(), "data.count is 0, expected false"),
        ({"without": ("errors", "warning", "nothing.here")}, answer(), ""),
        ({"without": ("errors",)}, answer(body={"errors": [{"code": 7}]}), "there should be nothing"),
        ({"without": ("errors",)}, answer(body=b"<html>maintenance</html>"), "but not in JSON: <html>maintenance"),
        ({"paths": {"a": 1}}, answer(body=b"[" * 100_000), "but not in JSON"),
        ({"json": {"data": {"count": 0}}}, answer(), ""),
        ({"json": {"data": {"count": 1}}}, answer(), "data.count is 0, expected 1"),
    ],
)
def test_an_answer_is_held_against_all_that_is_expected(expect: dict[str, Any], given: Answer, words: str) -> None:
    """A 200 with an error in its body is a failure, and it says where the body differs."""
    found = mismatch(given, Expect(**expect), {"to": "legacy"})
    assert words in found
    assert bool(words) == bool(found)


@pytest.mark.parametrize("status", [0, 99, 600, "6xx", "2XX", "ok", "2", ()])
def test_a_status_that_cannot_be_is_refused(status: Any) -> None:
    """A typing error in a status is found when the runbook is loaded, not in the night."""
    if status == ():
        assert Expect(status=()).takes(200) is False
    else:
        with pytest.raises(ValueError, match="is not 100 to 599"):
            Expect(status=status)


@pytest.mark.parametrize(
    "path", ["", "$", ".", ".a", "a.", "a..b", "a[", "a[-1]", "a[x]", 'a["', "a b", "a[0", "$a", "a[*]"]
)
def test_what_is_no_path_is_refused(path: str) -> None:
    """A malformed path is a mistake of the runbook, found when it is loaded."""
    with pytest.raises(ValueError, match=r"path|key"):
        json_path.parse(path)


KEYS = st.text(min_size=1, max_size=12).filter(lambda text: text.isprintable() and text.encode("utf-8", "ignore"))


@given(st.lists(KEYS | st.integers(0, 999), min_size=1, max_size=6))
def test_every_path_reads_back_as_it_is_shown(parts: list[str | int]) -> None:
    """Any key and index can be written, and finds exactly its own value."""
    path = tuple(parts)
    try:
        read = json_path.parse(json_path.shown(path))
    except ValueError as error:
        assert "longer than" in str(error)  # noqa: PT017 - the one reason there may be
        return
    if isinstance(path[0], str):
        assert read == path
    data: Any = "here"
    for part in reversed(path):
        data = {part: data, "other": 1} if isinstance(part, str) else [None] * part + [data]
    assert json_path.look(data, path) == "here" or path[0] == "other"


@pytest.mark.parametrize(
    ("status", "expect", "open_end"),
    [(500, 200, True), (502, 200, True), (504, 200, True), (501, 200, False), (404, 200, False), (503, 503, False)],
)
def test_a_server_that_failed_may_have_failed_after_applying_it(status: int, expect: int, open_end: bool) -> None:
    """A gateway's 5xx leaves open what happened behind it; a 4xx and a 501 do not."""
    assert unsure(status, Expect(status=expect)) is open_end
