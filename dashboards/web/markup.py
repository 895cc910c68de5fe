"""HTML made from values: what is not markup of ours is escaped, so that no text from outside can become any."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from html import escape
from typing import TypeAlias

from dashboards.terminal.drawing.marks import Mark
from dashboards.terminal.drawing.phrases import clock, countdown, elapsed, span
from monitor.text import clean

_KEPT = 4096
"""Texts that are known escaped: most of a page is the same as two seconds ago."""
_VOID = frozenset({"br", "input", "link", "meta"})


class Html(str):
    """Markup that was made here."""

    __slots__ = ()


Child: TypeAlias = "str | Iterable[Child] | None"
"""Markup stays markup; any other text is escaped; None and empty text are nothing."""


@lru_cache(maxsize=_KEPT)
def text(value: str) -> Html:
    """Any text as markup that shows just this text: cleaned of controls and escaped."""
    return Html(escape(clean(value)))


def _inner(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, str):
        return text(child)
    return "".join(map(_inner, child))


def tag(name: str, /, *children: Child, **attributes: str | bool | None) -> Html:
    """An element. `class_` is class, `data_at` is data-at; True is an attribute without value, False and None are none."""
    given = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{text(value)}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{''.join(map(_inner, children))}</{name}>")


def name(value: str) -> Html:
    """A name from outside: it keeps its own direction, and does not turn round what stands beside it."""
    return tag("bdi", value)


def chip(mark: Mark) -> Html:
    """A state as shape, word and colour."""
    return tag(
        "span", tag("span", mark.shape, class_="shape", aria_hidden="true"), " ", mark.word, class_=f"state {mark.role}"
    )


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def utc(at: float) -> Html:
    """A time of day, with its date for machines."""
    return tag("time", clock(at), datetime=_stamp(at))


def since(at: float, now: float, kind: str = "span") -> Html:
    """How long ago something was; the page's script keeps it growing. kind: span or elapsed."""
    shown = span(now - at) if kind == "span" else elapsed(now - at)
    return tag("time", shown, datetime=_stamp(at), data_since=f"{at:.1f}", data_kind=kind)


def until(at: float, now: float) -> Html:
    """How long something has left."""
    return tag("time", countdown(at - now), datetime=_stamp(at), data_until=f"{at:.1f}")
