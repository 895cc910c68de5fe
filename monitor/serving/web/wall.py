"""The board for browsers: a page, its live part, its style and script, and a way in for people who have a token.

Reading only. A browser cannot send a bearer token, so whoever signs in with one gets a cookie that opens these paths and
nothing else: no act takes it.
"""

from __future__ import annotations

import asyncio
import hashlib
import time

from aiohttp import web

from monitor.deciding.tokens import hashed
from monitor.serving.snapshot import Snapshot
from monitor.serving.web.answers import Denied, deny
from monitor.serving.web.guard import BOARD, caller, trusted, wrong_token
from monitor.serving.web.route import Form, Reading
from monitor.serving.web.services import Board, Services
from monitor.serving.web.sessions import LASTS

LOGIN = "/board/login"
_BODY = 4096
"""Most bytes of a form."""
_SECONDS = 10.0
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HTML = {
    # A form that is posted from a page without referrer has the origin `null`, which nobody could tell from a stranger's.
    "Referrer-Policy": "same-origin"
}
_ELSEWHERE = (
    "A token does not travel over a connection that others can read. Come over https, or through a tunnel to 127.0.0.1."
)
_UNKNOWN = "This token is not known, or it has expired."


async def page(request: web.Request, services: Services) -> web.Response:
    """The board, or the question who is there."""
    board = _board(services)
    if not await _admitted(request, services):
        if "password" in request.query and services.front.passwords.asked and not _people_only(services):
            answer = _html(services, board.login(password=True), 401)
            answer.headers["WWW-Authenticate"] = 'Basic realm="golive", charset="UTF-8"'
            return answer
        return _ask(request, services)
    return _html(services, board.page(*_now(services)))


async def fragment(request: web.Request, services: Services) -> web.Response:
    """The part of the board that changes; 304 when the asker has just this."""
    board = _board(services)
    if not await _admitted(request, services):
        deny(401, "the board asks who is there", "sign in at /board", "token")
    drawn = board.fragment(*_now(services))
    headers = {"ETag": drawn.etag, "Cache-Control": "no-cache"}
    if drawn.etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    answer = web.Response(text=drawn.html, content_type="text/html", headers=headers)
    answer.enable_compression()
    return answer


async def style(request: web.Request, services: Services) -> web.Response:
    """How the board looks."""
    return _asset(request, _board(services).style, "text/css")


async def script(request: web.Request, services: Services) -> web.Response:
    """What keeps the board live."""
    return _asset(request, _board(services).script, "text/javascript")


async def leave(request: web.Request, services: Services) -> web.Response:
    """End the session of this browser."""
    _board(services)
    services.sessions.end(request.cookies.get(_cookie(request), ""))
    answer = _to_board()
    answer.del_cookie(_cookie(request), path=BOARD)
    return answer


async def sign_in(request: web.Request, services: Services) -> web.Response:
    """Take a token from the form; a right one gives a cookie for reading the board, and the board."""
    _board(services)
    if not trusted(request):
        return _ask(request, services)
    token = await _field(request)
    await services.authority.refresh()
    if services.authority.identify(token) is None:
        try:
            wrong_token(request, services)
        except Denied as denied:
            services.exposition.own.denied(denied.reason)
            flood = (
                f" Too many wrong ones came from here: wait {denied.retry_after:.0f} s." if denied.retry_after else ""
            )
            return _ask(request, services, _UNKNOWN + flood, denied.status)
    pushed_out = services.sessions.pushed_out
    cookie = services.sessions.begin(hashed(token), time.monotonic())
    if services.sessions.pushed_out > pushed_out:
        services.exposition.own.denied("session")
    answer = _to_board()
    answer.set_cookie(
        _cookie(request),
        cookie,
        path=BOARD,
        max_age=int(LASTS),
        httponly=True,
        samesite="Strict",
        secure=request.secure,
    )
    return answer


def _board(services: Services) -> Board:
    if services.board is None or services.config.board == "off":
        deny(404, "this daemon shows no board", "web.board in golive.yaml says who may see it", "board")
    return services.board


def _people_only(services: Services) -> bool:
    return services.config.board == "people"


async def _admitted(request: web.Request, services: Services) -> bool:
    """Whether this request may read the board: as the rest of the port, or as a person.

    Raises:
        Denied: it bears a token, and a wrong one.
    """
    passwords = services.front.passwords
    if not (passwords.asked or _people_only(services)):
        return True
    authorization = request.headers.get("Authorization", "")
    if authorization[:7].lower() == "bearer ":
        await caller(request)
        return True
    token = services.sessions.token(request.cookies.get(_cookie(request), ""), time.monotonic())
    if token is not None:
        await services.authority.refresh()
        return services.authority.known(token) is not None
    return not _people_only(services) and await passwords.admits(authorization)


def _now(services: Services) -> tuple[Snapshot | None, float, str]:
    reason = services.ready()
    return (services.acts.snapshot() if reason is None else None), services.clock(), reason or ""


async def _field(request: web.Request) -> str:
    """The token of the form; empty when there is none.

    Raises:
        Denied: 415 not a form, 413 too large, 408 too slow, 400 no text.
    """
    if request.content_type != "application/x-www-form-urlencoded":
        deny(415, "this takes the form of /board", "open /board in a browser", "body")
    try:
        async with asyncio.timeout(_SECONDS):
            form = await request.clone(client_max_size=_BODY).post()
    except TimeoutError:
        deny(408, f"the form did not arrive within {_SECONDS:.0f} s", "send it again", "body")
    except web.HTTPRequestEntityTooLarge:
        deny(413, "this is too large to be a token", "send the token alone", "body")
    except (UnicodeDecodeError, LookupError, ValueError):
        deny(400, "the form is no text", "open /board in a browser", "body")
    token = form.get("token", "")
    return token.strip() if isinstance(token, str) else ""


def _ask(request: web.Request, services: Services, words: str = "", status: int = 401) -> web.Response:
    """The page with the form; without it where a token would travel in the clear."""
    takes = trusted(request)
    shown = words if takes else _ELSEWHERE
    password = services.front.passwords.asked and not _people_only(services)
    return _html(services, _board(services).login(shown, takes=takes, password=password), status)


def _html(services: Services, text: str, status: int = 200) -> web.Response:
    answer = web.Response(status=status, text=text, content_type="text/html", headers=_HTML)
    # Whoever writes a policy of their own into web.config.file means it.
    if "Content-Security-Policy" not in services.front.headers:
        answer.headers["Content-Security-Policy"] = _POLICY
    if status == web.HTTPUnauthorized.status_code:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="golive"'
    answer.enable_compression()
    # A browser opens several connections for a page and needs one: the others are given back at once.
    answer.force_close()
    return answer


def _asset(request: web.Request, body: bytes, kind: str) -> web.Response:
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    same = etag in request.headers.get("If-None-Match", "")
    answer = web.Response(status=304 if same else 200, headers=headers)
    if not same:
        answer.body = body
        answer.content_type, answer.charset = kind, "utf-8"
    answer.force_close()
    return answer


def _to_board() -> web.Response:
    return web.Response(status=303, headers={"Location": BOARD})


def _cookie(request: web.Request) -> str:
    """The cookie's name: browsers keep cookies by host alone, and two daemons may share one."""
    name = request.transport.get_extra_info("sockname") if request.transport is not None else None
    return f"golive_board_{name[1]}" if isinstance(name, tuple) else "golive_board"


BOARD_READINGS: tuple[Reading, ...] = (
    Reading(BOARD, "The board as a page, for walls, phones and screen readers.", page, media="text/html"),
    Reading(
        "/board/now", "The part of the board that changes; answers 304 to the ETag it has.", fragment, media="text/html"
    ),
    Reading("/board/board.css", "How the board looks.", style, media="text/css"),
    Reading("/board/board.js", "What keeps the board live.", script, media="text/javascript"),
    Reading("/board/leave", "End the session that this browser opened at the board.", leave, media="text/html"),
)
FORMS: tuple[Form, ...] = (
    Form(
        LOGIN,
        "Take a token from the board's form; a right one gives a cookie that reads the board.",
        sign_in,
        ("token",),
    ),
)
