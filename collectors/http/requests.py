"""Configuration: the requests of a synthetic transaction, what each must be answered with, and what is taken from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

from collectors.http.paths import steps
from monitor.outbound.addresses import Forbidden, target_of
from monitor.plan import Section
from monitor.secrets import SecretRef
from monitor.template import TemplateError, fill, in_url, texts
from monitor.units import Duration

GIVEN = ("now", "once")
"""Values that every transaction has: unix seconds, and a word that no other round has."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_OPERATION = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_STATUS = re.compile(r"[1-5](?:xx|\d\d)")
_LONGEST_PATTERN = 200


class Expect(Section, frozen=True, kw_only=True):
    """What an answer must be; everything that is written must hold."""

    status: tuple[str, ...] = ("2xx",)
    """Statuses, each a number or a class such as 2xx; one of them."""
    headers: dict[str, str] = {}
    """Header -> regular expression that must be found in its value."""
    json: Any = None
    """A part of the JSON answer: keys and elements written here must be there with these values; more may be."""
    has: tuple[str, ...] = ()
    """Places in the JSON answer that must be there, such as contacts[0].id."""
    body: str = ""
    """Regular expression that must be found in the answer's text."""
    without: str = ""
    """Regular expression that may not be found in it: an error page with status 200."""

    def __post_init__(self) -> None:
        for status in self.status:
            if not _STATUS.fullmatch(status):
                msg = f"status {status!r} is neither a number nor a class such as 2xx"
                raise ValueError(msg)
        for pattern in (self.body, self.without, *self.headers.values()):
            if len(pattern) > _LONGEST_PATTERN:
                msg = f"a pattern is longer than {_LONGEST_PATTERN} characters"
                raise ValueError(msg)
            try:
                re.compile(pattern)
            except re.error as error:
                msg = f"{pattern!r} is not a regular expression: {error}"
                raise ValueError(msg) from error
        for path in self.has:
            steps(path)


class Request(Section, frozen=True, kw_only=True):
    """One request. `{name}` puts in a value of the transaction, or one that an earlier request took."""

    operation: str
    """What it does, in one word: a label, and the name in every message."""
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    url: str
    headers: dict[str, str | SecretRef] = {}
    json: Any = None
    form: dict[str, str | SecretRef] = {}
    """Fields of a form, as a login by OAuth takes them."""
    expect: Expect = Expect()
    take: dict[str, str] = {}
    """Name -> place in the JSON answer whose value later requests may put in. Taken values are never shown."""
    screen_pop: bool = False
    """Whether, with this request answered, an agent would see the caller's record: the time since the transaction's
    first `starts` is the screen-pop time."""
    starts: bool = False
    """Whether the screen pop's clock starts with this request; default: with the one that has `screen_pop`."""
    redirects: Literal["none", "same_host"] = "none"
    """Whether a redirect to the same host is followed, at most five times."""

    def __post_init__(self) -> None:
        if not _OPERATION.fullmatch(self.operation):
            msg = f"operation {self.operation!r}: small letters, digits, _ and -"
            raise ValueError(msg)
        if self.json is not None and self.form:
            msg = f"{self.operation}: json and form exclude each other"
            raise ValueError(msg)
        for name, path in self.take.items():
            if not _NAME.fullmatch(name) or name in GIVEN:
                msg = f"{self.operation}: {name!r} cannot be the name of a value"
                raise ValueError(msg)
            steps(path)
        if "{" in self.url.partition("://")[2].partition("/")[0]:
            msg = f"{self.operation}: a value stands in the host of {self.url}"
            raise ValueError(msg)

    def templates(self) -> Iterator[str]:
        """Every text that is filled, but for the URL."""
        yield from (text for text in (*self.headers.values(), *self.form.values()) if isinstance(text, str))
        yield from texts(self.json)

    def check(self, known: set[str]) -> None:
        """ValueError when a text names a value that nobody gives, or the URL is none."""
        values = dict.fromkeys(known, "x")
        try:
            target_of(fill(self.url, values, in_url))
            for text in self.templates():
                fill(text, values)
        except (TemplateError, Forbidden) as error:
            raise ValueError(f"{self.operation}: {error}") from error


class Transaction(Section, frozen=True, kw_only=True):
    """Requests that belong together, done one after the other as one agent would."""

    integration: str
    """The business system: crm, erp, ticketing, kb or another word; a label."""
    values: dict[str, str] = {}
    """Values to put in: the number of a test caller, say. Use a record that was made for it."""
    requests: tuple[Request, ...]
    cleanup: tuple[Request, ...] = ()
    """Done afterwards, whatever became of the others, where all that they need was taken."""
    timeout: Duration | None = None
    """Seconds for all requests together; default: that of the collector."""

    def __post_init__(self) -> None:
        if not _OPERATION.fullmatch(self.integration):
            msg = f"integration {self.integration!r}: small letters, digits, _ and -"
            raise ValueError(msg)
        if not self.requests:
            msg = f"{self.integration}: has no requests"
            raise ValueError(msg)
        if odd := [name for name in self.values if not _NAME.fullmatch(name) or name in GIVEN]:
            msg = f"{self.integration}: {odd[0]!r} cannot be the name of a value"
            raise ValueError(msg)
        operations = [request.operation for request in (*self.requests, *self.cleanup)]
        if doubled := {name for name in operations if operations.count(name) > 1}:
            msg = f"{self.integration}: two operations are called {min(doubled)}"
            raise ValueError(msg)
        known = {*self.values, *GIVEN}
        for request in (*self.requests, *self.cleanup):
            request.check(known)
            known |= set(request.take)
        if sum(request.screen_pop for request in self.requests) > 1:
            msg = f"{self.integration}: two requests are the screen pop"
            raise ValueError(msg)
