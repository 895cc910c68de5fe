"""HMAC-SHA256 over a stated text with a timestamp: what many carriers and webhooks ask for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from typing import Literal
from urllib.parse import urlsplit

from monitor.outbound.draft import Draft
from monitor.outbound.http import RequestError
from monitor.plan import Section
from monitor.secrets import MASK, SecretRef
from monitor.template import TemplateError, fill
from runbooks.auth.draft import TOKEN, reveal
from runbooks.context import Context
from runbooks.mistake import Mistake
from runbooks.setting import Setting

NAMES = ("timestamp", "method", "host", "path", "query", "body", "body_sha256", "key_id")
"""What the signed text may be made of."""


class Hmac(Section, frozen=True, kw_only=True, tag="hmac", tag_field="kind"):
    """The signature covers exactly the text `over`, in UTF-8.

    Put into it are: timestamp, method, host (with a port that is written), path and query as they are on the wire, body,
    body_sha256 (hexadecimal), key_id.
    """

    secret: SecretRef
    secret_encoding: Literal["text", "base64", "hex"] = "text"  # noqa: S105 - an encoding, not a secret
    over: str = "{timestamp}\n{method}\n{path}\n{query}\n{body_sha256}"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    """Stands before the signature in its header, such as `v0=`."""
    signature_header: str = "X-Signature"
    timestamp_header: str = "X-Timestamp"
    timestamp: Literal["unix", "unix_ms"] = "unix"
    key_id: str = ""
    """Tells the target which of its keys to check with; sent in `key_header` when it is given."""
    key_header: str = "X-Key-Id"

    def shown(self, context: Context) -> str:  # noqa: ARG002 - every scheme is asked the same way
        """How it will be proved who sends, secrets masked."""
        key = f" {self.key_header}: {self.key_id}" if self.key_id else ""
        return f"HMAC-SHA256 over {self.over!r} in {self.signature_header}: {self.prefix}{MASK}{key}"

    def mistakes(self, setting: Setting, *, body: bool) -> Iterator[Mistake]:  # noqa: ARG002 - the same
        """A signed text that cannot be made, or that leaves out what must not be changed on the way."""
        path = ("auth", "over")
        seen: dict[str, str] = {name: f"<{name}>" for name in NAMES}
        try:
            text = fill(self.over, seen)
        except TemplateError as error:
            yield Mistake(path, str(error), f"it may be made of {', '.join(NAMES)}")
            return
        if "<timestamp>" not in text:
            yield Mistake(
                path, "the signature covers no timestamp: who has it could send it again", "put in {timestamp}"
            )
        if body and "<body>" not in text and "<body_sha256>" not in text:
            yield Mistake(path, "the signature does not cover the body", "put in {body_sha256} or {body}")
        for field in ("signature_header", "timestamp_header", "key_header"):
            if not TOKEN.fullmatch(getattr(self, field)):
                yield Mistake(("auth", field), f"{getattr(self, field)!r} is not a header's name")

    async def sign(self, draft: Draft, context: Context, now: float) -> dict[str, str]:
        """The headers to add; RequestError when the secret cannot be read. now: unix seconds."""
        secret = await reveal(self.secret, context)
        try:
            key = key_of(secret, self.secret_encoding)
        except ValueError as error:
            raise RequestError(f"not sent: the secret is not in {self.secret_encoding}", sent=False) from error
        stamp = str(int(now * 1000)) if self.timestamp == "unix_ms" else str(int(now))
        digest = hmac.new(key, canonical(self.over, parts(draft, stamp, self.key_id)).encode(), hashlib.sha256).digest()
        text = digest.hex() if self.encoding == "hex" else base64.b64encode(digest).decode()
        headers = {self.timestamp_header: stamp, self.signature_header: f"{self.prefix}{text}"}
        return headers | ({self.key_header: self.key_id} if self.key_id else {})


def key_of(secret: str, encoding: str) -> bytes:
    """The key's bytes; ValueError when the secret is not encoded so."""
    if encoding == "hex":
        return bytes.fromhex(secret)
    if encoding == "base64":
        try:
            return base64.b64decode(secret, validate=True)
        except binascii.Error as error:
            raise ValueError from error
    return secret.encode()


def parts(draft: Draft, stamp: str, key_id: str) -> dict[str, str]:
    """What the signed text is made of, by name."""
    url = urlsplit(draft.url)
    return {
        "timestamp": stamp,
        "method": draft.method,
        "host": url.netloc,
        "path": url.path or "/",
        "query": url.query,
        "body": draft.body.decode("utf-8", "surrogateescape"),
        "body_sha256": hashlib.sha256(draft.body).hexdigest(),
        "key_id": key_id,
    }


def canonical(over: str, values: Mapping[str, str]) -> str:
    """The signed text; values are put in as they are and never read again for names."""
    return fill(over, values)
