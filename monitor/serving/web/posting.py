"""Routes that collectors are spoken to by: the token is the collector's own, and it opens nothing else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import NoReturn

from aiohttp import web

from monitor.intake.postbox import AlertBox, Postbox, Receipt
from monitor.serving.web.answers import Denied, deny, json_answer
from monitor.serving.web.bodies import LIMIT
from monitor.serving.web.guard import trusted
from monitor.serving.web.route import Posting
from monitor.serving.web.services import Denial, Services
from monitor.text import clean

SAMPLES = "/api/v1/samples"
ALERTS = "/api/v1/alertmanager"
COLLECTOR = "/api/v1/collectors/{collector}"
ACKS = "/api/v1/acks/{channel}"
_SECONDS = 10.0
"""Time within which a post must be there."""


async def samples(request: web.Request, services: Services) -> web.Response:
    """Samples in golive's JSON; the token tells which collector they are for."""
    return await _post(request, services, [box for box in services.postboxes if box.takes_samples])


async def alerts(request: web.Request, services: Services) -> web.Response:
    """Alerts as Alertmanager's webhook sends them; the token tells which collector they are for."""
    return await _post(request, services, [box for box in services.postboxes if isinstance(box, AlertBox)])


async def collector(request: web.Request, services: Services) -> web.Response:
    """Whatever the collector of this name reads."""
    name = request.match_info["collector"]
    return await _post(request, services, [box for box in services.postboxes if box.name == name])


async def acks(request: web.Request, services: Services) -> web.Response:
    """An acknowledgement that somebody gave in the service behind a channel; the service's signature is the token."""
    name = request.match_info["channel"]
    callback = next((one for one in services.callbacks if one.name == name), None)
    if callback is None:
        deny(404, "no channel takes acknowledgements here", "write acks: at the channel in golive.yaml", "token")
    receipt = await callback.take(await _body(request, LIMIT), request.headers, services.clock())
    if receipt.status == web.HTTPUnauthorized.status_code:
        wait = services.attempts.wrong(request.remote or "", time.monotonic())
        if wait:
            what = "too many wrong signatures from this address"
            raise Denied(429, what, "wait, then send what is signed", reason="flood", retry_after=wait)
        path = clean(request.path, 80)
        services.on_denied(
            Denial(peer=request.remote or "", method="POST", path=path, why="not the service's signature")
        )
        deny(401, "this is not signed by the service, or not from now", "compare the signing secret", "token")
    return _answer(receipt)


async def _post(request: web.Request, services: Services, boxes: Sequence[Postbox]) -> web.Response:
    box = next((box for box in boxes if box.admits(request.headers)), None)
    if box is None:
        _refuse(request, services, boxes)
    if not (box.plain or trusted(request)):
        what = f"collector {box.name} takes no posts over a connection that others can read"
        deny(403, what, "post on loopback or over TLS, or write plain: true at the collector", "listener")
    receipt = await box.take(await _body(request, box.post_limit), request.headers, services.clock())
    return _answer(receipt)


def _refuse(request: web.Request, services: Services, boxes: Sequence[Postbox]) -> NoReturn:
    """Answer a post that no collector admits; each address only so often in words of its own."""
    if not boxes:
        deny(404, "no collector takes posts here", "add a collector of kind push or ruler, see collectors/", "token")
    if not all(box.open for box in boxes):
        raise Denied(
            503,
            "the collector is not running, or the token is wrong",
            "see its row on the board, then send it again",
            reason="token",
            retry_after=5.0,
        )
    wait = services.attempts.wrong(request.remote or "", time.monotonic())
    if wait:
        what = "too many wrong tokens from this address"
        raise Denied(429, what, "wait, then use the right one", reason="flood", retry_after=wait)
    path = clean(request.path, 80)
    services.on_denied(Denial(peer=request.remote or "", method="POST", path=path, why="no collector's token"))
    deny(401, "this needs the token of a collector", "send Authorization: Bearer TOKEN, see the collector", "token")


async def _body(request: web.Request, limit: int) -> bytes:
    try:
        async with asyncio.timeout(_SECONDS):
            return await request.clone(client_max_size=limit).read()
    except TimeoutError:
        deny(408, f"the body did not arrive within {_SECONDS:.0f} s", "send it again", "body")
    except web.HTTPRequestEntityTooLarge:
        deny(413, f"the body is larger than {limit // 1024} KiB", "send it in several posts", "body")


def _answer(receipt: Receipt) -> web.Response:
    answer = json_answer(receipt.answer, receipt.status)
    if receipt.retry_after:
        answer.headers["Retry-After"] = str(max(1, round(receipt.retry_after + 0.5)))
    # Senders are many and places are few: nobody keeps one between posts.
    answer.force_close()
    return answer


POSTINGS: tuple[Posting, ...] = (
    Posting(SAMPLES, "Samples in golive's JSON, with a collector's token.", samples),
    Posting(ACKS, "An acknowledgement from the service behind a channel, signed by it.", acks),
    Posting(ALERTS, "Alerts of a ruler that judges for golive, as Alertmanager's webhook sends them.", alerts),
    Posting(COLLECTOR, "What the collector of this name reads, with its token.", collector),
)
