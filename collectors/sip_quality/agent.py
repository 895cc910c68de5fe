"""What a user agent server answers to a request, and whether there is a report in it (RFC 3261, 3903, 6035, 6665). Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from collectors.sip_quality.message import Message
from collectors.sip_quality.reply import entity_tag, is_ours

EVENT = "vq-rtcpxr"
TYPE = "application/vq-rtcpxr"
LONGEST = 3600
"""Seconds for which a publication is said to be kept at most; nothing hangs on it, for each report stands for itself."""
_ALLOW = ("Allow", "PUBLISH, NOTIFY, OPTIONS")
_ACCEPT = ("Accept", TYPE)
_EVENTS = ("Allow-Events", EVENT)
_CSEQ = re.compile(r"\d{1,10}[ \t]+(\S{1,32})", re.ASCII)
_SECONDS = re.compile(r"\d{1,10}", re.ASCII)
_MANDATORY = (("via", "Via"), ("from", "From"), ("to", "To"), ("call-id", "Call-ID"), ("cseq", "CSeq"))


class Answer(NamedTuple):
    """Status and headers of a response, the report, and the inlet's word when the request cannot be used."""

    status: int
    """0: no response at all, as for ACK."""
    words: str
    headers: tuple[tuple[str, str], ...] = ()
    report: bytes | None = None
    refusal: str = ""


def answer(message: Message, body_limit: int, key: bytes) -> Answer:
    """Judge one request whose framing is sound."""
    if message.method == "ACK":
        return Answer(0, "")
    for objection in (_objection, _to_the_method, _to_the_event):
        found = objection(message)
        if found is not None:
            return found
    if not message.body:
        return _without_body(message, key)
    return _to_the_body(message, body_limit) or Answer(200, "OK", _kept(message, key), message.body)


def _objection(message: Message) -> Answer | None:
    """What is wrong with any request, whatever its method."""
    if message.version != "2.0":
        return Answer(505, "Version Not Supported", refusal="malformed")
    for name, shown in _MANDATORY:
        values = message.headers.get(name)
        if not values or not values[0]:
            return Answer(400, f"Missing {shown}", refusal="malformed")
        if len(values) > 1 and name != "via":
            return Answer(400, f"More Than One {shown}", refusal="malformed")
    cseq = _CSEQ.fullmatch(message.first("cseq"))
    if cseq is None or cseq[1] != message.method:
        return Answer(400, "Bad CSeq", refusal="malformed")
    if message.uri.partition(":")[0].lower() not in ("sip", "sips"):
        return Answer(416, "Unsupported URI Scheme", refusal="wrong_type")
    return None


def _to_the_method(message: Message) -> Answer | None:
    """All methods but two are answered here."""
    if message.method == "CANCEL":
        return Answer(481, "Call/Transaction Does Not Exist", refusal="wrong_type")
    if message.method not in ("PUBLISH", "NOTIFY", "OPTIONS"):
        return Answer(405, "Method Not Allowed", (_ALLOW,), refusal="wrong_type")
    required = message.headers.get("require")
    if required:
        return Answer(420, "Bad Extension", (("Unsupported", ", ".join(required)),), refusal="wrong_type")
    if message.method == "OPTIONS":
        return Answer(200, "OK", (_ALLOW, _ACCEPT, _EVENTS, ("Accept-Encoding", "identity"), ("Supported", "")))
    return None


def _to_the_event(message: Message) -> Answer | None:
    if message.first("event").partition(";")[0].strip().lower() == EVENT:
        return None
    return Answer(489, "Bad Event", (_EVENTS,), refusal="wrong_type")


def _to_the_body(message: Message, body_limit: int) -> Answer | None:
    if len(message.body) > body_limit:
        return Answer(413, "Request Entity Too Large", refusal="too_large")
    if message.first("content-type").partition(";")[0].strip().lower() != TYPE:
        return Answer(415, "Unsupported Media Type", (_ACCEPT,), refusal="wrong_type")
    if message.first("content-encoding").lower() not in ("", "identity"):
        return Answer(415, "Unsupported Media Type", (("Accept-Encoding", "identity"),), refusal="wrong_type")
    return None


def _without_body(message: Message, key: bytes) -> Answer:
    """A refresh or a removal (RFC 3903 4.3 and 4.5); a first publication must say something."""
    if message.method == "NOTIFY":
        return Answer(200, "OK")
    condition = message.first("sip-if-match")
    if not condition:
        return Answer(400, "Missing Body", refusal="malformed")
    if not is_ours(condition, key):
        return Answer(412, "Conditional Request Failed", refusal="foreign")
    return Answer(200, "OK", _kept(message, key))


def _kept(message: Message, key: bytes) -> tuple[tuple[str, str], ...]:
    """Entity tag and expiry of a publication (RFC 3903 6); a NOTIFY has neither."""
    if message.method == "NOTIFY":
        return ()
    asked = _SECONDS.fullmatch(message.first("expires"))
    seconds = min(int(asked[0]), LONGEST) if asked else LONGEST
    return (("SIP-ETag", entity_tag(message, key)), ("Expires", str(seconds)))
