"""Acknowledgements as PagerDuty and Slack send them: whether they are theirs, and what they say. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qs

import msgspec

from monitor.notify.slack import ACTION
from monitor.text import clean

WINDOW = 300.0
"""Seconds by which a webhook's time may differ from ours."""
_LEAST = 16
"""Characters of a time or a name beyond which nothing sensible is said."""
_ACTS: dict[str, Literal["acknowledge", "release"]] = {
    "incident.acknowledged": "acknowledge",
    "incident.unacknowledged": "release",
}


class NotTheirsError(Exception):
    """A post that does not prove whom it is from, or is not from now."""


class MalformedError(Exception):
    """A post that is theirs, and cannot be read."""


class Answer(NamedTuple):
    """What somebody did over there."""

    id: str
    """The same when the service sends it again."""
    act: Literal["acknowledge", "release", "nothing"]
    key: str
    """Dedupe key of the message."""
    who: str
    """Name as given there, cleaned."""


def pagerduty(body: bytes, headers: Mapping[str, str], secret: str, now: float) -> Answer:
    """A PagerDuty webhook, version 3.

    Signed by HMAC-SHA256 of the body, `v1=` and hex, several while keys are rotated. Its time is `occurred_at` within
    the signed body. now: unix seconds.

    Raises:
        NotTheirsError: no signature fits, or it is older or newer than five minutes.
        MalformedError: it is not what PagerDuty sends.
    """
    given = [part.strip() for part in headers.get("X-PagerDuty-Signature", "").split(",")]
    _signed(f"v1={_hex(secret, body)}", given)
    try:
        event: dict[str, Any] = msgspec.json.decode(body, type=dict[str, dict[str, Any]])["event"]
        moment = datetime.fromisoformat(str(event["occurred_at"]))
        identity, kind = str(event["id"]), str(event["event_type"])
    except (msgspec.MsgspecError, KeyError, ValueError, RecursionError) as error:
        raise MalformedError(f"not a PagerDuty webhook: {type(error).__name__}") from error
    if moment.tzinfo is None:
        raise MalformedError("not a PagerDuty webhook: its time has no zone")
    _timely(moment.timestamp(), now)
    agent, data = event.get("agent"), event.get("data")
    who = agent.get("summary") if isinstance(agent, dict) else ""
    key = data.get("incident_key") if isinstance(data, dict) else ""
    if not isinstance(key, str) or not key:
        return Answer(identity, "nothing", "", "")
    return Answer(identity, _ACTS.get(kind, "nothing"), key, _name(who))


def slack(body: bytes, headers: Mapping[str, str], secret: str, now: float) -> Answer:
    """A press of a message's button in Slack.

    Signed by HMAC-SHA256 over v0:time:body, `v0=` and hex; its time is in X-Slack-Request-Timestamp. now: unix seconds.

    Raises:
        NotTheirsError: the signature does not fit, or it is older or newer than five minutes.
        MalformedError: it is not what Slack sends.
    """
    stamp = headers.get("X-Slack-Request-Timestamp", "")
    signature = headers.get("X-Slack-Signature", "")
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) < _LEAST):
        raise NotTheirsError("it has no time")
    _signed(f"v0={_hex(secret, b'v0:%s:%s' % (stamp.encode(), body))}", [signature])
    _timely(float(stamp), now)
    try:
        (payload,) = parse_qs(body.decode("ascii"), max_num_fields=20, strict_parsing=True)["payload"]
        said: dict[str, Any] = msgspec.json.decode(payload, type=dict[str, Any])
        actions, user = said.get("actions", []), said.get("user", {})
        pressed = next((a for a in actions if isinstance(a, dict) and a.get("action_id") == ACTION), None)
        who = user.get("name") or user.get("username") or user.get("id")
    except (msgspec.MsgspecError, KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise MalformedError(f"not a press of Slack's button: {type(error).__name__}") from error
    key = pressed.get("value") if pressed is not None else ""
    if not isinstance(key, str) or not key:
        return Answer(signature, "nothing", "", "")
    return Answer(signature, "acknowledge", key, _name(who))


def _hex(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def _signed(expected: str, given: Iterable[str]) -> None:
    """One of the given signatures is the expected one; each is compared in constant time."""
    wanted = expected.encode()
    fits = [hmac.compare_digest(wanted, one.encode("utf-8", "replace")) for one in list(given)[:10]]
    if not any(fits):
        raise NotTheirsError("no signature fits")


def _timely(at: float, now: float) -> None:
    if abs(at - now) > WINDOW:
        raise NotTheirsError("it is not from within five minutes of now")


def _name(who: object) -> str:
    return clean(who, 80) if isinstance(who, str) and who.strip() else "somebody"
