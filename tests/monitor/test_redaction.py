"""A secret that comes back in somebody else's words is masked, however it is encoded."""

from __future__ import annotations

import base64
import io
import json
import logging
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import redaction
from monitor.redaction import MASK, Masking, learn, masked
from monitor.secrets import Secret

SECRETS = st.text(min_size=8, max_size=40).filter(lambda text: text.isprintable() and not text.isspace())


@settings(max_examples=60, deadline=None)
@given(value=SECRETS, before=st.binary(max_size=5), after=st.binary(max_size=5))
def test_no_encoding_carries_a_secret_out(value: str, before: bytes, after: bytes) -> None:
    """Plain, in JSON, URL-encoded, in hexadecimal and in base64 at any offset, the value is not in what is left."""
    learn(value)
    raw = value.encode()
    carriers = (
        value,
        json.dumps({"echo": value}),
        json.dumps({"echo": value}, ensure_ascii=False),
        quote(value, safe=""),
        quote_plus(value),
        raw.hex(),
        base64.b64encode(before + raw + after).decode(),
        base64.urlsafe_b64encode(before + raw + after).decode(),
    )
    for carrier in carriers:
        left = masked(f"the target said {carrier} and hung up")
        assert MASK in left, carrier
        assert value not in left


def test_basic_credentials_are_found_in_their_header() -> None:
    """A password inside user:password in base64 is masked too."""
    Secret("correct horse battery")
    header = base64.b64encode(b"golive:correct horse battery").decode()
    assert masked(f"got Authorization: Basic {header}").startswith("got Authorization: Basic Z29saXZlOm")
    assert "***" in masked(header)


def test_no_log_line_and_no_traceback_holds_a_secret() -> None:
    """The formatter that `golive run` writes with masks messages, arguments and what an exception says."""
    Secret("canary-log-4711")
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Masking("%(levelname)s %(message)s"))
    logger = logging.getLogger("test.redaction")
    logger.addHandler(handler)
    try:
        int("bad header: canary-log-4711")
    except ValueError:
        logger.exception("sending %s", base64.b64encode(b"x:canary-log-4711").decode())
    logger.removeHandler(handler)
    written = stream.getvalue()
    assert "Traceback" in written
    assert "ValueError: invalid literal for int() with base 10: 'bad header: ***'" in written
    assert "canary" not in written
    assert "Y2FuYXJ5" not in written


def test_what_is_no_secret_stays_as_it_is() -> None:
    """Other words are not touched, and values too short to tell apart are not looked for."""
    learn("abc")
    assert masked("abc answered 200") == "abc answered 200"


def test_the_memory_is_bounded_and_counts_what_it_forgot(monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that renews tokens for weeks forgets the oldest and says how many."""
    monkeypatch.setattr(redaction, "_known", {})
    before = redaction.forgotten()
    for number in range(redaction.MOST + 5):
        learn(f"token-{number:06}")
    assert (len(redaction._known), redaction.forgotten() - before) == (redaction.MOST, 5)
    assert masked("token-001004 token-000001") == "*** token-000001"
