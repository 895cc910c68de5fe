"""What a route is: one row of the table from which the paths, the guard and the description are made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from aiohttp import web

from monitor.serving.acts import Actor
from monitor.serving.web.bodies import Body
from monitor.serving.web.services import Services

KEY = "Idempotency-Key"
"""Header of a request that may come twice and means one; a handler finds it among the path's parameters."""
KEY_LENGTH = 128

Read: TypeAlias = Callable[[web.Request, Services], Awaitable[web.StreamResponse]]
Act: TypeAlias = Callable[[Services, Actor, Mapping[str, str], Any], Awaitable[object]]
"""Given who asks, the path's parameters and the body; returns what is sent back."""


class Reading(NamedTuple):
    """A GET."""

    path: str
    summary: str
    read: Read
    answer: object = None
    """Type of the JSON answer; None for text."""
    query: tuple[tuple[str, str], ...] = ()
    """Names of query parameters, each a whole number, and what they mean."""
    moments: tuple[tuple[str, str], ...] = ()
    """Names of query parameters, each unix seconds with a fraction where there is one, and what they mean."""
    token: bool = False
    """Whether only named people may read it."""
    words: tuple[tuple[str, str], ...] = ()
    """Names of query parameters that are text, and what they mean."""


class Posting(NamedTuple):
    """A POST by a machine, with the token of the collector that it is for."""

    path: str
    summary: str
    take: Read


class Acting(NamedTuple):
    """A POST that changes something: always by a named person."""

    path: str
    summary: str
    act: Act
    body: type[Body]
    answer: object
