"""JSON that goes to a terminal says the same as before and steers nothing."""

from __future__ import annotations

import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from monitor.text import escaped_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


@given(VALUES)
def test_json_for_a_terminal_says_the_same_and_is_printable(value) -> None:
    """Any value: every character is printable, and a reader gets back what was meant."""
    shown = escaped_json(msgspec.json.encode(value).decode())
    assert shown.isprintable()
    assert json.loads(shown) == value


def test_marks_that_steer_a_terminal_are_escaped() -> None:
    """C1 controls, bidirectional marks, tags beyond the first plane; letters of any script stay as they are."""
    assert escaped_json('"\x9b\u202e\U000e0041 漢字"') == '"\\u009b\\u202e\\udb40\\udc41 漢字"'
