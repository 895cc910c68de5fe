"""The way in: which host names, origins, listeners and people may reach a handler."""

from __future__ import annotations

import ipaddress
import logging
import time
from collections.abc import Awaitable, Callable
from typing import NoReturn, TypeAlias
from urllib.parse import urlsplit

from aiohttp import web

from monitor.serving.acts import Actor, Refusal
from monitor.serving.web.answers import Denied, deny, error_answer
from monitor.serving.web.services import SERVICES, Denial, Services
from monitor.serving.web_config import WebConfig
from monitor.text import clean

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LOG = logging.getLogger(__name__)
SCRAPED = frozenset({"/-/healthy", "/-/ready"})
"""Paths, beside that of the metrics, that hold nothing secret and change nothing: a Prometheus may call them by whatever name it knows."""
BOARD = "/board"
"""The page and all below it ask for themselves who is there: a browser must reach the question to answer it."""
_ALWAYS = ("localhost", "127.0.0.1", "::1")
_SHOWN = 80
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever a handler raises into a JSON error, and put the protective headers on every answer."""
    answer = await _answered(request, handler)
    for name, value in {**_HEADERS, **request.app[SERVICES].front.headers}.items():
        answer.headers.setdefault(name, value)
    return answer


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    services = request.app[SERVICES]
    try:
        return await handler(request)
    except Denied as denied:
        services.exposition.own.denied(denied.reason)
        return error_answer(denied.status, denied.what, denied.hint, denied.retry_after)
    except Refusal as refusal:
        return error_answer(refusal.status, refusal.what, refusal.hint)
    except web.HTTPMethodNotAllowed as error:
        answer = error_answer(error.status, f"{request.method} is not for this path", "see GET /api/openapi.json")
        answer.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        return answer
    except web.HTTPException as error:
        return error_answer(error.status, f"{error.reason}: {clean(request.path, _SHOWN)}", "see GET /api/openapi.json")
    except Exception:  # noqa: BLE001 - whatever failed, its caller gets an answer and the others go on
        _LOG.exception("%s %s failed", request.method, clean(request.path, _SHOWN))
        return error_answer(500, "golive failed at this request", "the daemon's log has the details; report it")


@web.middleware
async def check_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let in only requests that name this daemon as their host, and browsers only from its own pages.

    Stops a web page from reaching the daemon through its visitor's browser, by rebinding a DNS name or across
    origins.
    """
    config = request.app[SERVICES].config
    here = _sockname(request)
    host = request.headers.get("Host", "")
    named = len(request.headers.getall("Host", [])) == 1 and host_allowed(_host_of(host), config, here)
    if not named and request.path not in SCRAPED and request.path != config.telemetry_path:
        deny(
            421,
            f"this daemon is not called {clean(host, _SHOWN)!r}",
            "call it by its listen address, or add the name to web.allow_hosts in golive.yaml",
            "host",
        )
    for origin in request.headers.getall("Origin", []):
        if not origin_allowed(origin, config, here):
            deny(403, f"pages of {clean(origin, _SHOWN)!r} may not call this daemon", "see web.allow_hosts", "origin")
    return await handler(request)


@web.middleware
async def check_password(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Where a web.config.file names users, let in only those, and whoever bears a token.

    What changes something asks for its own token anyway, which a password is none for.
    """
    services = request.app[SERVICES]
    if request.path == BOARD or request.path.startswith(f"{BOARD}/"):
        return await handler(request)
    authorization = request.headers.get("Authorization", "")
    if not services.front.passwords.asked or await services.front.passwords.admits(authorization):
        return await handler(request)
    if authorization[:7].lower() == "bearer ":
        if request.method == "GET":
            await caller(request)
        return await handler(request)
    answer = error_answer(401, "this port asks for a name and a password", "see basic_auth_users of web.config.file")
    answer.headers["WWW-Authenticate"] = 'Basic realm="golive", charset="UTF-8"'
    services.exposition.own.denied("password")
    return answer


def host_allowed(host: str, config: WebConfig, here: str) -> bool:
    """Whether a request may name the daemon so. here: the local address it arrived at."""
    names = (*_ALWAYS, here, _host_of(config.listen), *map(_host_of, config.allow_hosts))
    return bool(host) and host in {name.lower() for name in names if name}


def origin_allowed(origin: str, config: WebConfig, here: str) -> bool:
    """Whether a browser's page of this origin may call."""
    scheme, _, rest = origin.partition("://")
    return scheme in {"http", "https"} and host_allowed(_host_of(rest), config, here)


def trusted(request: web.Request) -> bool:
    """Whether the connection is private: it does not leave this machine, or it is under TLS."""
    if request.transport is not None and request.transport.get_extra_info("sslcontext") is not None:
        return True
    try:
        return ipaddress.ip_address(_sockname(request)).is_loopback
    except ValueError:
        return False


async def caller(request: web.Request) -> Actor:
    """The named person behind a request.

    Raises:
        Denied: 403 over a connection that others can read, 401 without a valid token, 429 after many wrong ones.
    """
    services = request.app[SERVICES]
    if not trusted(request):
        deny(
            403,
            "acts and the journal are served on loopback only, since this listener has no TLS",
            "set web.listen to 127.0.0.1:8930 and reach it through ssh -L 8930:127.0.0.1:8930 HOST",
            "listener",
        )
    await services.authority.refresh()
    headers = request.headers.getall("Authorization", [])
    scheme, _, bearer = headers[0].partition(" ") if len(headers) == 1 else ("", "", "")
    if scheme.lower() == "bearer":
        actor = services.authority.identify(bearer.strip())
        if actor is not None:
            return actor
        wrong_token(request, services)
    if not services.attempts.wrong(request.remote or "", time.monotonic()):
        services.on_denied(_denial(request, "no token"))
    raise Denied(
        401,
        "this needs a token",
        "send Authorization: Bearer TOKEN; golive token new --name YOU makes one",
        reason="token",
    )


def wrong_token(request: web.Request, services: Services) -> NoReturn:
    """Answer a wrong token: 401 and a line in the journal, 429 once too many came from one address."""
    wait = services.attempts.wrong(request.remote or "", time.monotonic())
    if wait:
        raise Denied(
            429,
            "too many wrong tokens from this address",
            "wait, then use the right one",
            reason="flood",
            retry_after=wait,
        )
    services.on_denied(_denial(request, "unknown or expired token"))
    raise Denied(
        401, "this token is not known, or it has expired", "golive token new --name YOU makes another", reason="token"
    )


def _denial(request: web.Request, why: str) -> Denial:
    return Denial(peer=request.remote or "", method=request.method, path=clean(request.path, _SHOWN), why=why)


def _sockname(request: web.Request) -> str:
    name = request.transport.get_extra_info("sockname") if request.transport is not None else None
    return str(name[0]) if isinstance(name, tuple) else ""


def _host_of(address: str) -> str:
    """The host of `host`, `host:port` or `[v6]:port`, lower case; empty when it is none of them."""
    try:
        parts = urlsplit(f"//{address}")
        _ = parts.port
    except ValueError:
        return ""
    if parts.netloc != address or "@" in address or any(c.isspace() or not c.isprintable() for c in address):
        return ""
    return (parts.hostname or "").rstrip(".")
