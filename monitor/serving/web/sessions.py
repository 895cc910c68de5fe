"""Who signed in at the board with a browser: kept in memory only, few, and for reading alone."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from typing import NamedTuple

MOST = 64
"""Sessions at once; one more ends the one that was used longest ago."""
LASTS = 12 * 3600.0
"""Seconds after which a person signs in anew, however busy the page was: one shift."""
_LONGEST = 128


class _Session(NamedTuple):
    token: str
    ends: float


class Sessions:
    """Sessions by the hash of their cookie; each holds the hash of the token that it was opened with, and nothing else.

    A restart forgets them all, and one whose token is revoked opens nothing any more.
    """

    def __init__(self) -> None:
        self._open: OrderedDict[str, _Session] = OrderedDict()
        self.pushed_out = 0
        """Sessions that ended early for a newer one."""

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, token: str, now: float) -> str:
        """A new session for the token of this hash; returns its cookie. now: monotonic seconds."""
        cookie = secrets.token_urlsafe(32)
        self._open[_mark(cookie)] = _Session(token, now + LASTS)
        while len(self._open) > MOST:
            self._open.popitem(last=False)
            self.pushed_out += 1
        return cookie

    def token(self, cookie: str, now: float) -> str | None:
        """Hash of the token behind a cookie; None when there is no such session, or it is over."""
        mark = _mark(cookie)
        session = self._open.get(mark)
        if session is None:
            return None
        if now >= session.ends:
            del self._open[mark]
            return None
        self._open.move_to_end(mark)
        return session.token

    def end(self, cookie: str) -> None:
        """Forget a session."""
        self._open.pop(_mark(cookie), None)


def _mark(cookie: str) -> str:
    return hashlib.sha256(cookie[:_LONGEST].encode("utf-8", "surrogatepass")).hexdigest()
