"""Answers of the HTTP API: JSON, and errors that say what and what to do next."""

from __future__ import annotations

from typing import NoReturn

import msgspec
from aiohttp import web


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong."""

    status: int
    what: str
    hint: str = ""


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """Body of every answer that is not a success."""

    error: Problem


class Denied(Exception):  # noqa: N818 - a denial is an answer
    """A request that is refused before it reaches an act."""

    def __init__(self, status: int, what: str, hint: str, *, reason: str, retry_after: float = 0.0) -> None:
        super().__init__(what)
        self.status = status
        self.what = what
        self.hint = hint
        self.reason = reason
        """One word for the counter: token, flood, host, origin, listener or body."""
        self.retry_after = retry_after


def deny(status: int, what: str, hint: str, reason: str) -> NoReturn:
    """Refuse the request."""
    raise Denied(status, what, hint, reason=reason)


def json_answer(value: object, status: int = 200) -> web.Response:
    """Any Struct, list or dict as JSON."""
    return web.Response(status=status, body=msgspec.json.encode(value), content_type="application/json")


def error_answer(status: int, what: str, hint: str = "", retry_after: float = 0.0) -> web.Response:
    """An error as JSON; `retry_after` in seconds becomes the header."""
    answer = json_answer(ErrorBody(error=Problem(status=status, what=what, hint=hint)), status)
    if retry_after:
        answer.headers["Retry-After"] = str(max(1, round(retry_after)))
    if status == web.HTTPUnauthorized.status_code:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="golive"'
    return answer
