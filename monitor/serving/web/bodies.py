"""Bodies of requests, decoded strictly: unknown fields and wrong types are refused."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal, TypeAlias, TypeVar

import msgspec
from aiohttp import web

from monitor.serving.web.answers import deny
from monitor.text import clean

LIMIT = 65536
"""Most bytes of a body."""
_SECONDS = 10.0
"""Time within which a body must be there."""

Line: TypeAlias = Annotated[str, msgspec.Meta(max_length=500)]
Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every body."""


class Approve(Body, frozen=True, kw_only=True):
    """Sign a decision as it was shown: `digest` and `nonce` come from it."""

    digest: Name
    nonce: Name
    reason: Line = ""
    late: bool = False
    """The signer knows that decide-by has passed; needed then, with a reason."""


class Attest(Body, frozen=True, kw_only=True):
    """Vouch for one pre-flight condition, named as it is shown, of a decision whose `digest` was shown."""

    item: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    digest: Name
    evidence: Line


class Reasoned(Body, frozen=True, kw_only=True):
    """An act, and why."""

    reason: Line = ""


class RequestRun(Body, frozen=True, kw_only=True):
    """Ask for a runbook by hand."""

    runbook: Name
    parameters: Annotated[dict[Name, Line], msgspec.Meta(max_length=50)] = {}
    reason: Line = ""


class BreakGlass(RequestRun, frozen=True, kw_only=True):
    """Start a runbook alone; `confirm` is its name and the environment, such as `voice-back-to-legacy PROD`."""

    confirm: Line


class DeclarePoint(Body, frozen=True, kw_only=True):
    """Say that a point of no return is passed, or that it is not, and how that is known."""

    passed: bool
    reason: Line


class SteerStep(Body, frozen=True, kw_only=True):
    """Steer a step; `outcome` belongs to resolve and says what really happened."""

    outcome: Literal["", "done", "not_done"] = ""
    reason: Line = ""


class SignGate(Body, frozen=True, kw_only=True):
    """Sign a gate, or take the signature back."""

    signed: bool = True
    reason: Line = ""


class AckAlert(Body, frozen=True, kw_only=True):
    """Have an alert for so many seconds; left out: half an hour."""

    seconds: Annotated[float, msgspec.Meta(gt=0, le=1e7)] | None = None
    reason: Line = ""


class MuteAlert(Body, frozen=True, kw_only=True):
    """Tell nobody of an alert for so many seconds, and why; `whole`: of its rule wherever it is judged."""

    seconds: Annotated[float, msgspec.Meta(gt=0, le=1e7)]
    reason: Line
    whole: bool = False


class UnmuteAlert(Body, frozen=True, kw_only=True):
    """Tell people again; `whole`: the mute of the whole rule."""

    reason: Line = ""
    whole: bool = False


class Note(Body, frozen=True, kw_only=True):
    """A line for the timeline."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


AnyBody = TypeVar("AnyBody", bound=Body)


async def read_body(request: web.Request, kind: type[AnyBody], *, bare: bool = False) -> AnyBody:
    """Read and check a request's body; its text is cleaned.

    bare: whether no body at all is an empty one, as programs of the Prometheus family send it.

    Raises:
        Denied: 415 not JSON, 413 too large, 408 too slow, 400 not what the route takes.
    """
    if bare and not request.can_read_body:
        return kind()
    if request.content_type != "application/json":
        deny(415, "the body must be JSON", "send Content-Type: application/json", "body")
    try:
        async with asyncio.timeout(_SECONDS):
            raw = await request.read()
    except TimeoutError:
        deny(408, f"the body did not arrive within {_SECONDS:.0f} s", "send it again", "body")
    except web.HTTPRequestEntityTooLarge:
        deny(413, f"the body is larger than {LIMIT // 1024} KiB", "send less", "body")
    try:
        body = msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        deny(400, f"the body is not what this takes: {clean(str(error))}", "see GET /api/openapi.json", "body")
    return _cleaned(body)


def _cleaned(body: AnyBody) -> AnyBody:
    changes: dict[str, object] = {}
    for name in body.__struct_fields__:
        value = getattr(body, name)
        if isinstance(value, dict):
            changes[name] = {clean(key): clean(text) for key, text in value.items()}
        elif isinstance(value, str):
            changes[name] = clean(value)
    return msgspec.structs.replace(body, **changes)
