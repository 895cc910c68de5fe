"""The HTTP application: the route table behind the guard."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import metadata

import msgspec
from aiohttp import web

from monitor.deciding.auth import Authority
from monitor.deciding.public_lines import PublicLines
from monitor.intake.postbox import Postbox
from monitor.intake.transcripts import Transcripts
from monitor.serving.acts import Acts
from monitor.serving.exposition.scrape import Exposition
from monitor.serving.past.keeper import Keeper
from monitor.serving.snapshot import Snapshot
from monitor.serving.web.acting import ACTINGS
from monitor.serving.web.answers import json_answer
from monitor.serving.web.bodies import LIMIT, read_body
from monitor.serving.web.front import Front
from monitor.serving.web.guard import Handler, answer_errors, caller, check_origin, check_password
from monitor.serving.web.openapi import describe
from monitor.serving.web.posting import POSTINGS
from monitor.serving.web.reading import METRICS, READINGS, bounded
from monitor.serving.web.route import KEY, KEY_LENGTH, Acting, Read
from monitor.serving.web.services import SERVICES, Callback, Denial, Details, Pages, Recents, Services
from monitor.serving.web_config import WebConfig
from monitor.text import clean

_VERSION = metadata.version("golive-monitor")


def make_app(
    acts: Acts,
    authority: Authority,
    exposition: Exposition,
    config: WebConfig,
    ready: Callable[[], str | None],
    *,
    journal: Pages | None = None,
    lines: PublicLines | None = None,
    past: Keeper | None = None,
    postboxes: Sequence[Postbox] = (),
    callbacks: Sequence[Callback] = (),
    transcripts: Mapping[str, Transcripts] | None = None,
    recent: Recents | None = None,
    details: Details | None = None,
    front: Front | None = None,
    on_denied: Callable[[Denial], None] | None = None,
) -> web.Application:
    """The application for a Listener.

    ready: why the daemon is not ready, or None when it is. journal: what GET /api/v1/journal reads; without it
    that route answers 503, as do those of its public lines and of the past without `lines` and `past`, and those of
    `details`: what is looked up beyond the snapshot. postboxes: the collectors that are posted to. transcripts: raw
    exchanges by collector. recent: the last hours; without it those routes answer 404.
    callbacks: channels whose acknowledgements flow back. front: passwords and headers. on_denied: hears of each request without a valid token, floods excepted.
    """
    services = Services(
        acts=acts,
        authority=authority,
        exposition=exposition,
        config=config,
        ready=ready,
        journal=journal,
        lines=lines,
        past=past,
        postboxes=postboxes,
        callbacks=callbacks,
        transcripts=transcripts or {},
        recent=recent,
        details=details,
        front=front or Front(),
    )
    if on_denied is not None:
        services.on_denied = on_denied
    app = web.Application(client_max_size=LIMIT, middlewares=[answer_errors, check_origin, check_password])
    app[SERVICES] = services
    readings = [r._replace(path=config.telemetry_path) if r.path == METRICS else r for r in READINGS]
    for reading in readings:
        app.router.add_get(reading.path, _serve(reading.read))
    for acting in ACTINGS:
        app.router.add_post(acting.path, _act(acting))
    for posting in POSTINGS:
        app.router.add_post(posting.path, _serve(posting.take))
    description = msgspec.json.encode(describe(readings, ACTINGS, POSTINGS, _VERSION))

    async def openapi(_: web.Request) -> web.Response:
        return web.Response(body=description, content_type="application/json")

    app.router.add_get("/api/openapi.json", openapi)
    return app


def _serve(read: Read) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await read(request, request.app[SERVICES])

    return handle


def _act(acting: Acting) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        actor = await caller(request)
        body = await read_body(request, acting.body)
        at = {name: clean(value) for name, value in request.match_info.items()}
        if key := clean(request.headers.get(KEY, ""), KEY_LENGTH):
            at[KEY] = key
        services = request.app[SERVICES]
        result = await acting.act(services, actor, at, body)
        if isinstance(result, Snapshot):
            result = bounded(result, services.config.series_limit)
        return json_answer(result)

    return handle
