"""The board as a page: for walls, phones and screen readers; whole without its script."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import NamedTuple

from dashboards.web import answer, tables
from dashboards.web.markup import Child, Html, tag
from monitor.serving.snapshot import Snapshot

STALE_AFTER = 5.0
"""Seconds by which a snapshot may lie behind before the page says that it is old."""
_PATH = "/board"
STYLE = files("dashboards.web").joinpath("board.css").read_bytes()
SCRIPT = files("dashboards.web").joinpath("board.js").read_bytes()


class Fragment(NamedTuple):
    """What changes of the page, and a name for just this content."""

    html: Html
    etag: str


class Wallboard:
    """Draws the board; what was drawn of the newest snapshot is kept, however many look at it."""

    style = STYLE
    script = SCRIPT

    def __init__(self) -> None:
        self._last: tuple[Snapshot, bool, Fragment] | None = None

    def fragment(self, snapshot: Snapshot | None, now: float, why: str = "") -> Fragment:
        """The board itself. now: unix seconds on the daemon's clock. why: why there is no snapshot."""
        if snapshot is None:
            return _named(_unjudged(why))
        stale = now - snapshot.at > STALE_AFTER
        if self._last is None or self._last[0] is not snapshot or self._last[1] != stale:
            self._last = snapshot, stale, _named(board(snapshot, now))
        return self._last[2]

    def page(self, snapshot: Snapshot | None, now: float, why: str = "") -> str:
        """The whole document, with the board as it is now."""
        return document(_title(snapshot), self.fragment(snapshot, now, why).html, live=True)

    def login(self, words: str = "", *, takes: bool = True, password: bool = False) -> str:
        """The page that asks who is there."""
        return document("golive: sign in", sign_in(words, takes=takes, password=password), live=False)


def board(snapshot: Snapshot, now: float) -> Html:
    """Everything the page shows of a snapshot."""
    stale = now - snapshot.at > STALE_AFTER
    acted: list[Child] = [tables.rollbacks(snapshot), tables.alerts(snapshot), tables.events(snapshot)]
    heard: list[Child] = [tables.queue_table(snapshot), tables.sources(snapshot)]
    columns = tag("div", tables.gates(snapshot), tag("div", acted, id="acted"), tag("div", heard), class_="columns")
    main = tag("main", answer.verdict(snapshot), answer.waiting(snapshot), columns, id="main")
    own = snapshot.monitor
    foot = tag(
        "footer",
        tag(
            "p",
            f"golive {own.version} · journal {own.journal_seq}:{own.journal_hash[:8]} · all times in UTC · read-only",
        ),
    )
    return tag(
        "div",
        answer.old_news(snapshot, now),
        answer.notices(snapshot),
        answer.head(snapshot),
        main,
        foot,
        id="board",
        class_="stale" if stale else None,
        data_at=f"{snapshot.at:.3f}",
        data_title=_title(snapshot),
    )


def _unjudged(why: str) -> Html:
    return tag("div", tag("main", answer.blank(why), id="main"), id="board", data_title=_title(None))


def _title(snapshot: Snapshot | None) -> str:
    if snapshot is None:
        return "UNKNOWN - golive"
    return f"{snapshot.verdict.verdict} {snapshot.cutover.environment} {snapshot.cutover.name} - golive"


def sign_in(words: str, *, takes: bool, password: bool) -> Html:
    """A form that takes a token. takes: whether one may travel here. password: whether the port has passwords as well."""
    form = tag(
        "form",
        tag("label", "Token", for_="token"),
        tag(
            "input",
            id="token",
            name="token",
            type="password",
            autocomplete="off",
            required=True,
            maxlength="512",
            spellcheck="false",
        ),
        tag("button", "Show the board", type="submit"),
        method="post",
        action=f"{_PATH}/login",
    )
    told: list[Child] = [tag("p", words, role="alert", class_="notice") if words else None]
    told.append(form if takes else None)
    told.append(
        tag(
            "p",
            "golive token new --name YOU makes a token. With it the board can be read here, and nothing else.",
            class_="none",
        )
    )
    if password:
        told.append(tag("p", tag("a", "Use the name and password of this port", href=f"{_PATH}?password")))
    return tag("div", tag("main", tag("h1", "golive board"), *told, id="main", class_="sign-in"), id="board")


def document(title: str, body: Html, *, live: bool) -> str:
    """A page around it. Without script a live one is loaded again by the browser, every five seconds."""
    again = Html('<noscript><meta http-equiv="refresh" content="5"></noscript>') if live else None
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("title", title),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="robots", content="noindex"),
        tag("link", rel="stylesheet", href=f"{_PATH}/board.css"),
        again,
        tag("script", src=f"{_PATH}/board.js", defer=True) if live else None,
    )
    skip = tag("a", "Skip to the verdict", href="#main", class_="skip")
    return f"<!doctype html>\n{tag('html', head, tag('body', skip, body), lang='en')}\n"


def _named(html: Html) -> Fragment:
    return Fragment(html, f'"{hashlib.blake2b(html.encode(), digest_size=12).hexdigest()}"')
