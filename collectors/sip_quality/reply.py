"""Responses to SIP requests (RFC 3261 8.2.6 and 18.2, RFC 3581), the same bytes each time the same request comes.

golive keeps no transaction: what makes a response of its own (the To tag, the entity tag) is made from the request by
a keyed hash, so that a request repeated over UDP is answered as it was the first time (RFC 3261 8.2.7).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple

from collectors.sip_quality.message import Message

PORT = 5060
_SENT_BY = re.compile(r"SIP\s*/\s*2\.0\s*/\s*\S+\s+(\[[^\]]*\]|[^\s;:,]+)(?:\s*:\s*(\d{1,5}))?", re.IGNORECASE)
_RPORT = re.compile(r";\s*rport\s*(?==|;|$)(?:=\s*\d*)?", re.IGNORECASE)
_RECEIVED = re.compile(r";\s*received\s*=[^;]*", re.IGNORECASE)
_TAG = re.compile(r";\s*tag\s*=", re.IGNORECASE)
_TAG_BYTES = 8
_MAPPED = "::ffff:"
_MOST_VIAS = 70
_TOP_PORT = 65535


class Peer(NamedTuple):
    """Where a request came from."""

    host: str
    port: int

    @property
    def shown(self) -> str:
        """The host as the sender knows itself: an IPv4 one without the clothes it wears on an IPv6 socket."""
        return self.host.removeprefix(_MAPPED) if "." in self.host else self.host


def split_via(via: str) -> tuple[str, str]:
    """The topmost of the Vias in one header line, and the others with their comma."""
    if "," not in via:
        return via, ""
    quoted = False
    for place, sign in enumerate(via):
        if sign == '"':
            quoted = not quoted
        elif sign == "," and not quoted:
            return via[:place].rstrip(), via[place:]
    return via, ""


def marked(via: str, peer: Peer) -> str:
    """A topmost Via with where its request really came from: `received`, and `rport` where it was asked for."""
    via = _RECEIVED.sub("", via)
    wanted = _RPORT.search(via) is not None
    if wanted:
        via = _RPORT.sub(f";rport={peer.port}", via, count=1)
    sent_by = _SENT_BY.match(via)
    if wanted or sent_by is None or sent_by[1].strip("[]") != peer.shown:
        via += f";received={peer.shown}"
    return via


def way_back(message: Message, peer: Peer) -> Peer:
    """Where a response over UDP goes: always to the host that asked, never to one that it names."""
    via, _ = split_via(message.first("via"))
    if _RPORT.search(via):
        return peer
    sent_by = _SENT_BY.match(via)
    port = int(sent_by[2]) if sent_by is not None and sent_by[2] else PORT
    return Peer(peer.host, port) if 0 < port <= _TOP_PORT else peer


def tag_of(message: Message, key: bytes) -> str:
    """A token that is the same for the same request, and that nobody else can make."""
    marks = "\n".join(message.first(name) for name in ("via", "from", "call-id", "cseq"))
    return blake2b(marks.encode("latin-1"), digest_size=_TAG_BYTES, key=key).hexdigest()


def entity_tag(message: Message, key: bytes) -> str:
    """An entity tag (RFC 3903 11.3.1) that tells by itself that we made it."""
    return _sealed(tag_of(message, key), key)


def is_ours(tag: str, key: bytes) -> bool:
    """Whether an entity tag is one that this process gave."""
    return tag.isascii() and tag == _sealed(tag.partition("-")[0], key)


def _sealed(name: str, key: bytes) -> str:
    return f"{name}-{blake2b(name.encode('latin-1'), digest_size=_TAG_BYTES, key=key, person=b'etag').hexdigest()}"


def respond(
    message: Message, peer: Peer, key: bytes, status: int, words: str, more: Iterable[tuple[str, str]] = ()
) -> bytes:
    """The bytes of a response; empty for a request without a Via, which leads nowhere."""
    vias = message.headers.get("via", [])[:_MOST_VIAS]
    if not vias:
        return b""
    top, rest = split_via(vias[0])
    lines = [f"SIP/2.0 {status} {words}", f"Via: {marked(top, peer)}{rest}"]
    lines += [f"Via: {via}" for via in vias[1:]]
    to = message.first("to")
    if to and not _TAG.search(to[to.rfind(">") + 1 :]):
        to += f";tag={tag_of(message, key)}"
    for name, value in (
        ("From", message.first("from")),
        ("To", to),
        ("Call-ID", message.first("call-id")),
        ("CSeq", message.first("cseq")),
    ):
        if value:
            lines.append(f"{name}: {value}")
    lines += [f"{name}: {value}" for name, value in more]
    lines += ["Server: golive", "Content-Length: 0", "", ""]
    return "\r\n".join(lines).encode("latin-1")
