"""Requests to Amazon on the wire: each waits for its turn, and what is wrong with an answer has a word."""

from __future__ import annotations

import asyncio
import math
import ssl
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from collectors.amazon_connect.budget import Bucket
from monitor.intake.inlet import Inlet
from monitor.intake.source import Misconfigured
from monitor.outbound.aws import AwsError, Keys
from monitor.outbound.aws_service import STRANGE, Service, service
from monitor.outbound.exchange import Exchange, exchange
from monitor.outbound.names import Names
from monitor.outbound.tls import TlsError
from monitor.redaction import masked
from monitor.text import OutsideText, clean

if TYPE_CHECKING:
    from collectors.amazon_connect.collector import AmazonConnect

PAGE_LIMIT = 8 * 1024 * 1024
"""Bytes of one answer beyond which it is refused."""
MOST_PAGES = 200
"""Pages of one answer beyond which it is not read on."""
LONGEST_WAIT = 300.0
"""Seconds of a Retry-After that are taken for meant."""

Cause: TypeAlias = Literal["throttled", "refused", "malformed", "failed"]
_BAD_REQUEST, _TOO_MANY, _SERVER_ERROR = 400, 429, 500
_DENIED = frozenset({401, 403})
_REFUSALS = (
    *("AccessDenied", "UnrecognizedClient", "InvalidSignature", "SignatureDoesNotMatch", "IncompleteSignature"),
    *("MissingAuthenticationToken", "InvalidClientTokenId", "ExpiredToken", "OptInRequired", "ResourceNotFound"),
    *("InvalidRequest", "InvalidParameter", "ValidationError", "ValidationException"),
)


class Unanswered(Exception):  # noqa: N818 - an answer, not a fault
    """A question without a usable answer."""

    def __init__(self, words: str, cause: Cause, *, raw: bytes = b"", retry_after: float = 0.0) -> None:
        super().__init__(words)
        self.cause: Cause = cause
        """throttled: ask later; refused: a person must act; malformed: unreadable; failed: anything else."""
        self.raw = raw
        self.retry_after = retry_after
        """Seconds that Amazon asked to wait; 0 when it did not say."""


class Pages(NamedTuple):
    """All that was read of an answer that comes in pages."""

    items: list[Any]
    fields: dict[str, Any]
    """Other fields of the first page."""
    whole: bool
    """False when a page was asked for twice, or there were too many: what is missing is not known to be nothing."""


class Wire(NamedTuple):
    """One service of one Region, and who asks it."""

    service: Service
    where: str
    region: str
    keys: Keys
    names: Names
    timeout: float
    tls: ssl.SSLContext | None = None
    inlet: Inlet | None = None
    """Keeps what was said, for people who look into the collector."""

    async def ask(self, operation: str, given: Mapping[str, Any], bucket: Bucket) -> dict[str, Any]:
        """The fields of an answer, once it is this request's turn. Unanswered says why there is none."""
        await bucket.turn()
        try:
            draft = await asyncio.to_thread(self.service.draft, operation, given, self.where, self.region, self.keys)
        except AwsError as error:
            raise Unanswered(str(error), "refused") from error
        made = await exchange(
            draft.method,
            draft.url,
            names=self.names,
            headers=draft.headers,
            body=draft.body or None,
            tls=self.tls,
            timeout=self.timeout,
            limit=PAGE_LIMIT,
        )
        if self.inlet is not None:
            sent, fault = f"{operation} ".encode() + (draft.body or b""), _fault(made)
            self.inlet.transcript(made.body, time.time(), sent=sent, fault=fault)
        if made.trouble is not None:
            raise Unanswered(f"{operation}: {made.trouble}: {made.words}", "failed")
        answer = await asyncio.to_thread(self.service.read, operation, made.status, made.headers, made.body)
        if "Error" in answer:
            raise _unanswered(operation, made, answer, bucket)
        return answer

    async def ask_all(self, operation: str, given: Mapping[str, Any], bucket: Bucket, field: str) -> Pages:
        """Every page of an answer whose items are in `field`; a token that comes again ends the loop."""
        items: list[Any] = []
        fields: dict[str, Any] = {}
        asked: set[str] = set()
        more: dict[str, Any] = {}
        while True:
            page = await self.ask(operation, {**given, **more}, bucket)
            fields = fields or {name: value for name, value in page.items() if name != field}
            found = page.get(field)
            items += found if isinstance(found, list) else []
            token = page.get("NextToken")
            if not token or not isinstance(token, str):
                return Pages(items, fields, whole=True)
            if token in asked or len(asked) >= MOST_PAGES:
                return Pages(items, fields, whole=False)
            asked.add(token)
            more = {"NextToken": token}


async def wire_of(source: AmazonConnect, region: str, base: Path, names: Names, inlet: Inlet | None = None) -> Wire:
    """The way to Amazon Connect for a collector; Misconfigured when botocore, a key or a certificate is not there."""
    try:
        keys = await asyncio.to_thread(Keys, source.credentials, base)
        connect = await asyncio.to_thread(service, "connect")
        tls = await asyncio.to_thread(source.tls.context, base) if source.tls is not None else None
    except (AwsError, TlsError) as error:
        raise Misconfigured(str(error)) from error
    where = source.endpoint_url or connect.endpoint(region)
    return Wire(connect, where, region, keys, names, source.timeout, tls, inlet)


def _fault(made: Exchange) -> str:
    if made.trouble is not None:
        return f"{made.trouble}: {made.words}"
    return "" if made.status < _BAD_REQUEST else f"status {made.status}"


def _unanswered(operation: str, made: Exchange, answer: Mapping[str, Any], bucket: Bucket) -> Unanswered:
    error = answer["Error"]
    code, words = str(error.get("Code", "")), said(error, answer)
    retry_after = waiting({name.lower(): value for name, value in made.headers})
    if made.status == _TOO_MANY or "Throttl" in code or "TooManyRequests" in code or "RequestLimitExceeded" in code:
        # Everybody who shares the account's budget waits, not only the one who was told.
        bucket.hold(retry_after or 1.0)
        return Unanswered(f"{operation} is throttled ({words})", "throttled", retry_after=retry_after)
    if code == STRANGE:
        return Unanswered(f"{operation}: {words}", "malformed", raw=made.body, retry_after=retry_after)
    cause: Cause = "failed"
    if made.status < _SERVER_ERROR and (made.status in _DENIED or code.startswith(_REFUSALS)):
        cause = "refused"
    return Unanswered(f"{operation} answered {made.status} {words}", cause, retry_after=retry_after)


def said(error: Mapping[str, Any], answer: Mapping[str, Any]) -> OutsideText:
    """What an answer says went wrong, with the number that Amazon gave it, for its support."""
    words = f"{error.get('Code', '')}: {error.get('Message', '')}".strip(": ")
    known = answer.get("ResponseMetadata")
    request = known.get("RequestId", "") if isinstance(known, Mapping) else ""
    return clean(masked(f"{words}{f' (request {request})' if request else ''}") or "without a word", 240)


def waiting(headers: Mapping[str, str], now: float | None = None) -> float:
    """Seconds that a Retry-After asks for, at most five minutes; 0 when there is none that can be read.

    now: unix seconds, for one that names a date; default: the answer's own Date.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal() and len(text) < 10:  # noqa: PLR2004 - longer is no number of seconds
        return min(float(text), LONGEST_WAIT)
    until, told = _moment(text), _moment(headers.get("date", "")) if now is None else now
    if math.isnan(until) or math.isnan(told):
        return 0.0
    return min(max(until - told, 0.0), LONGEST_WAIT)


def _moment(text: str) -> float:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return math.nan
