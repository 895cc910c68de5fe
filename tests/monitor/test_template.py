"""Substitution puts text in and does nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.template import TemplateError, check_value, fill, filled, in_url

VALUES = {"queue": "sales en/1", "step": "s"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("to {queue}", "to sales en/1"),
        ("{{queue}}", "{queue}"),
        ("{{{queue}}}", "{sales en/1}"),
        ("no names", "no names"),
        ("$(queue) %(queue)s ${queue", None),
        ("{queue.upper}", None),
        ("{queue!r}", None),
        ("{queue:>10}", None),
        ("{0}", None),
        ("{}", None),
        ("{unknown}", None),
        ("}", None),
    ],
)
def test_only_a_known_name_in_braces_is_put_in(text: str, shown: str | None) -> None:
    """No expression, format, attribute or index is understood; what is not a known name is a mistake."""
    if shown is None:
        with pytest.raises(TemplateError):
            fill(text, VALUES)
    else:
        assert fill(text, VALUES) == shown


@given(value=st.text())
def test_a_value_is_never_read_again(value: str) -> None:
    """Braces inside a value stay text: nothing is substituted twice."""
    assert fill("<{a}>", {"a": value, "b": "no"}) == f"<{value}>"
    assert filled({"x": ["{a}", 1, None, {"y": "{a}"}]}, {"a": value}) == {"x": [value, 1, None, {"y": value}]}


@given(value=st.text(max_size=50))
def test_a_value_stays_one_part_of_a_url(value: str) -> None:
    """No value leaves its place in a URL: not by slash, dot, question mark, fragment or at sign."""
    try:
        url = fill("https://h/routes/{a}/x", {"a": value}, in_url)
    except (TemplateError, UnicodeEncodeError):
        return
    middle = url.removeprefix("https://h/routes/").removesuffix("/x")
    assert not set(middle) & set("/?#@\\ \r\n:")
    assert middle not in (".", "..")


@pytest.mark.parametrize(
    "value",
    ["; rm -rf /", "$(reboot)", "--flag", "-x", "a\nb", "a\x1b[2J", "a\u202eb", "x" * 129, "sales en", "", "../etc"],
)
def test_hostile_parameters_are_refused(value: str) -> None:
    """A value matches all of its pattern, has no leading dash and no control characters, or is not put in."""
    assert check_value("queue", value, "[a-z0-9-]+")


@pytest.mark.parametrize(("pattern", "value", "fits"), [("a|ab", "ab", True), ("[a-z]+$", "abc\n", False)])
def test_the_whole_value_matches(pattern: str, value: str, fits: Any) -> None:
    """Neither a prefix nor a line of it is enough."""
    assert (check_value("x", value, pattern) == "") is fits
