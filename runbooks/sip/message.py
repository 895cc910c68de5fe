"""The one SIP request that golive sends itself, and the replies to it (RFC 3261 7 and 8.1). Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from monitor.text import OutsideText, clean

LONGEST = 65536
"""Bytes of a reply beyond which it is not read."""
USER = re.compile(r"[A-Za-z0-9_.!~*'()+&=$,;?/%-]{0,64}")
"""What may stand before the @ of an address (RFC 3261 25.1, `user`)."""
_STATUS = re.compile(rb"SIP/2\.0 ([1-6][0-9]{2}) ?([^\r\n]{0,200})")
_COMPACT = {"v": "via", "i": "call-id", "l": "content-length"}
_BRANCH = re.compile(r";\s*branch\s*=\s*([^;,\s]+)", re.IGNORECASE)


class Question(NamedTuple):
    """What identifies one OPTIONS request."""

    target: str
    """`host:port` it is about, brackets around IPv6."""
    transport: str
    """udp, tcp or tls."""
    local: str
    """`host:port` that it is sent from."""
    user: str
    caller: str
    call_id: str
    branch: str
    tag: str


class Reply(NamedTuple):
    """The head of a reply."""

    status: int
    reason: OutsideText
    headers: dict[str, str]
    """First value of each, by its long name in small letters."""


def options(question: Question) -> bytes:
    """The request, as it goes on the wire."""
    scheme = "sips" if question.transport == "tls" else "sip"
    at = f"{question.user}@" if question.user else ""
    uri = f"{scheme}:{at}{question.target}"
    if question.transport == "tcp":
        uri += ";transport=tcp"
    lines = (
        f"OPTIONS {uri} SIP/2.0",
        f"Via: SIP/2.0/{question.transport.upper()} {question.local};branch={question.branch};rport",
        "Max-Forwards: 70",
        f"From: <{scheme}:{question.caller}@{question.local}>;tag={question.tag}",
        f"To: <{uri}>",
        f"Call-ID: {question.call_id}",
        "CSeq: 1 OPTIONS",
        f"Contact: <{scheme}:{question.caller}@{question.local}>",
        "Accept: application/sdp",
        "User-Agent: golive",
        "Content-Length: 0",
        "",
        "",
    )
    return "\r\n".join(lines).encode()


def reply(raw: bytes) -> Reply | None:
    """Read the head of a reply; None when it is none."""
    head = raw.partition(b"\r\n\r\n")[0]
    match = _STATUS.match(head)
    if match is None:
        return None
    headers: dict[str, str] = {}
    for line in head.split(b"\r\n")[1:]:
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        key = name.strip().lower()
        if colon:
            headers.setdefault(_COMPACT.get(key, key), value.strip())
    return Reply(int(match[1]), clean(match[2].decode("utf-8", "replace"), 80), headers)


def answers(found: Reply, question: Question) -> bool:
    """Whether a reply belongs to a request: by branch, Call-ID and CSeq (RFC 3261 17.1.3)."""
    branch = _BRANCH.search(found.headers.get("via", ""))
    return (
        branch is not None
        and branch[1] == question.branch
        and found.headers.get("call-id") == question.call_id
        and found.headers.get("cseq", "").split()[-1:] == ["OPTIONS"]
    )


def whole(buffer: bytes) -> int:
    """Length of the first message of a stream, or 0 while it is not all there; ValueError when it is none."""
    head, end, _ = buffer.partition(b"\r\n\r\n")
    if not end:
        if len(buffer) > LONGEST:
            raise ValueError("its head does not end")
        return 0
    found = reply(buffer)
    length = found.headers.get("content-length", "0") if found is not None else ""
    if not length.isascii() or not length.isdigit() or int(length[:9]) > LONGEST:
        raise ValueError("it is no SIP reply")
    size = len(head) + len(end) + int(length)
    return size if len(buffer) >= size else 0
