"""OAuth 2.0 client credentials: one token for many requests, renewed only where a repetition is harmless."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitor.outbound.http import Answer
from monitor.secrets import Secret, SecretRef
from runbooks.actions.http import Http
from runbooks.auth.oauth2 import Oauth2, granted
from runbooks.conduct import perform
from runbooks.context import Context
from runbooks.outlets import Outlets, Tokens
from runbooks.request import Request
from runbooks.setting import Setting
from tests.runbooks.auth.issuer import Issuer, issuing

VALUES = {"decision": "d1", "run": "r1", "step": "move"}


def auth(**more: Any) -> Oauth2:
    return Oauth2(
        **{
            "token_url": "{api}/token",
            "client_id": "golive id",
            "client_secret": SecretRef(file="secret"),
            "scope": "routes:write",
            **more,
        }
    )


def step(effect: Any = "keyed", **more: Any) -> Http:
    request = Request(method="PUT", url="{api}/apply", json={"to": "legacy"}, auth=auth(**more))
    return Http(name="move", effect=effect, request=request, timeout=3.0)


def context(issuer: Issuer, base: Path, outlets: Outlets | None = None, **more: Any) -> Context:
    secret = base / "secret"
    secret.write_text("s3cret &+%value")
    secret.chmod(0o600)
    given: dict[str, Any] = {"endpoints": {"api": issuer.base}, "allow_hosts": (issuer.host,), **more}
    return Context(values=VALUES, base=base, outlets=outlets or Outlets(), **given)


@pytest.mark.parametrize("send_as", ["basic", "body"])
async def test_a_token_is_asked_for_once_and_used_while_it_holds(tmp_path: Path, send_as: str) -> None:
    """Two steps of one runbook share a token; id and secret go where the issuer wants them, escaped as it says."""
    async with issuing() as issuer:
        here = context(issuer, tmp_path)
        for _ in range(2):
            outcome = await perform(step(send_as=send_as, audience="carrier"), here)
            assert outcome.kind == "done", outcome.detail
        assert issuer.grants == 1
        assert issuer.seen == ["Bearer token-0001"] * 2
        (form,) = issuer.forms
        assert (form["grant_type"], form["scope"], form["audience"]) == (
            "client_credentials",
            "routes:write",
            "carrier",
        )
        if send_as == "basic":
            assert issuer.clients == ["golive id:s3cret &+%value"]
            assert "client_secret" not in form
        else:
            assert (form["client_id"], form["client_secret"]) == ("golive id", "s3cret &+%value")
        shown = step().request_text(here)
        assert f"[bearer *** from {issuer.base}/token as golive id for routes:write]" in shown
        assert "s3cret" not in shown


class Later(Tokens):
    """Tokens as they will be a while from now."""

    shift = 0.0

    def get(self, key: tuple[str, ...], now: float) -> Secret | None:
        return super().get(key, now + self.shift)


async def test_a_token_is_renewed_shortly_before_it_ends(tmp_path: Path) -> None:
    """A token of an hour is not used in its last half minute, so that none runs out on its way."""
    async with issuing() as issuer:
        tokens = Later()
        here = context(issuer, tmp_path, Outlets(tokens=tokens))
        for shift, grants in ((0.0, 1), (3400.0, 1), (3570.5, 2)):
            tokens.shift = shift
            await perform(step(), here)
            assert issuer.grants == grants
        assert issuer.seen[-1] == "Bearer token-0002"


@pytest.mark.parametrize(
    ("effect", "kind", "sent"),
    [("read", "done", 2), ("keyed", "done", 2), ("checked", "failed", 1), ("once", "failed", 1)],
)
async def test_a_401_is_answered_with_a_new_token_only_where_that_is_safe(
    tmp_path: Path, effect: str, kind: str, sent: int
) -> None:
    """read and keyed are sent once more, under the same key; once and checked are not, but the dead token is gone."""
    async with issuing() as issuer:
        issuer.refuse = {"token-0001"}
        here = context(issuer, tmp_path)
        outcome = await perform(step(effect), here)
        assert (outcome.kind, len(issuer.seen), issuer.applied) == (kind, sent, sent - 1)
        assert len(set(issuer.keys)) == 1
        assert "token-0001" not in outcome.detail, "what the target echoes is masked"
        await perform(step(effect), here)
        assert issuer.seen[-1] == "Bearer token-0002"


async def test_a_401_that_lasts_is_a_failure_and_not_a_loop(tmp_path: Path) -> None:
    """Refused with the new token too: two requests, then a person."""
    async with issuing() as issuer:
        issuer.refuse = {f"token-{number:04}" for number in range(1, 9)}
        outcome = await perform(step("keyed"), context(issuer, tmp_path))
        assert (outcome.kind, len(issuer.seen), issuer.grants) == ("failed", 2, 2)
        assert "answered 401, expected 200" in outcome.detail


@pytest.mark.parametrize(
    ("status", "answer", "words"),
    [
        (400, {"error": "invalid_client"}, "it answered 400"),
        (200, {"access_token": ""}, "not one that a header can carry"),
        (200, {"access_token": "a\r\nX: y"}, "not one that a header can carry"),
        (200, {"access_token": None}, "not a token in JSON"),
        (200, {"token_type": "mac"}, "not a bearer token"),
        (200, {"expires_in": "soon"}, "not a token in JSON"),
    ],
)
async def test_without_a_token_nothing_is_sent(
    tmp_path: Path, status: int, answer: dict[str, object], words: str
) -> None:
    """An issuer that grants nothing leaves the step not sent, so that even a once step may be tried again."""
    async with issuing() as issuer:
        issuer.status, issuer.answer = status, answer
        outcome = await perform(step("once"), context(issuer, tmp_path))
        assert (outcome.kind, outcome.sent, issuer.seen) == ("failed", False, [])
        assert words in outcome.detail


async def test_the_token_endpoint_is_under_the_outbound_policy(tmp_path: Path) -> None:
    """An issuer that allow_hosts does not name is not spoken to, and `golive check` says so beforehand."""
    async with issuing() as issuer:
        here = context(issuer, tmp_path, allow_hosts=("127.0.0.1:9",))
        outcome = await perform(step("once"), here)
        assert (outcome.kind, outcome.sent, issuer.grants) == ("failed", False, 0)
        assert "allow_hosts" in outcome.detail
        setting = Setting(values=VALUES, endpoints=here.endpoints, allow_hosts=here.allow_hosts)
        assert any("allow_hosts" in mistake.what for mistake in auth().mistakes(setting, body=True))


def test_a_token_without_a_stated_life_is_kept_for_a_minute_and_never_for_ever() -> None:
    """Missing, small, huge and negative `expires_in` all give a span that can be trusted."""
    spans = {
        extra: granted(Answer(status=200, body=b'{"access_token": "token-x1"' + extra + b"}"))[1]
        for extra in (
            b"",
            b', "expires_in": "3600"',
            b', "expires_in": 100',
            b', "expires_in": -5',
            b', "expires_in": 1e12',
        )
    }
    assert list(spans.values()) == [54.0, 3570.0, 90.0, 0.0, 86370.0]


def test_tokens_in_memory_are_bounded() -> None:
    """A hundred are held; the oldest go first and are counted."""
    tokens = Tokens()
    for number in range(Tokens.MOST + 3):
        tokens.put((str(number),), Secret(f"token-{number:09}"), 10.0)
    assert (tokens.dropped, tokens.get(("2",), 1.0), tokens.get(("50",), 11.0)) == (3, None, None)
    held = tokens.get(("50",), 1.0)
    assert held is not None
    assert held.reveal() == "token-000000050"
