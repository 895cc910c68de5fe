"""Where requests may go: sixty spellings of places they may not."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from monitor.outbound.addresses import Forbidden, allowed, cleared, split, target_of
from monitor.outbound.http import RequestError, request
from tests.runbooks.target import served

SPELLINGS = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "0x7f.1",
    "0x7f000001",
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "0",
    "0.0.0.0",  # noqa: S104 - a place that is refused, not one that is bound
    "127.0.0.2",
    "127.255.255.254",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:0:127.0.0.1]",
    "[2002:7f00:1::]",
    "[64:ff9b::7f00:1]",
    "169.254.169.254",
    "169.254.1.1",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[2002:a9fe:a9fe::]",
    "[64:ff9b::a9fe:a9fe]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "100.100.100.200",
    "224.0.0.1",
    "255.255.255.255",
    "[ff02::1]",
]
"""Each leads to this machine, a link-local, a metadata or no host's address, however it is spelled."""


@pytest.mark.parametrize("host", SPELLINGS)
@pytest.mark.parametrize("listed", [False, True])
async def test_no_spelling_leads_to_a_forbidden_place(host: str, listed: bool) -> None:
    """Neither unlisted nor listed as a bare name is this machine or a metadata service spoken to."""
    bare = host.strip("[]").lower().rstrip(".")
    allow = [bare] if listed else []
    with pytest.raises((RequestError, ValueError)) as refused:
        await request("GET", f"http://{host}/latest/meta-data", allow_hosts=allow, timeout=3)
    if isinstance(refused.value, RequestError):
        assert not refused.value.sent


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://example.com/",
        "ftp://example.com/",
        "//example.com/",
        "example.com",
        "",
        "http://",
        "http:///x",
        "http://user:secret@example.com/",
        "http://example.com@169.254.169.254/",
        "http://example.com\\@169.254.169.254/",
        "http://169.254.169.254#@example.com/",
        "http://example.com:0/",
        "http://example.com:99999/",
    ],
)
def test_other_urls_are_refused(url: str) -> None:
    """Only plain http and https URLs with a host are read, and the host is the one that is connected to."""
    with pytest.raises(Forbidden):
        allowed(target_of(url), ["example.com"])


@pytest.mark.parametrize(
    ("entry", "url", "covered"),
    [
        ("example.com", "https://example.com/x", True),
        ("example.com", "https://EXAMPLE.com./x", True),
        ("example.com", "http://example.com:8080/", True),
        ("example.com:443", "https://example.com/", True),
        ("example.com:443", "http://example.com/", False),
        ("example.com", "https://www.example.com/", False),
        ("example.com", "https://example.com.evil.test/", False),
        ("127.0.0.1:8931", "http://127.0.0.1:8931/", True),
        ("127.0.0.1:8931", "http://127.0.0.1:8932/", False),
        ("[::1]:8931", "http://[::1]:8931/", True),
    ],
)
def test_the_allow_list_means_what_it_says(entry: str, url: str, covered: bool) -> None:
    """A host is itself and nothing below or beside it; a port is that port."""
    if covered:
        assert allowed(target_of(url), [entry]) == entry
    else:
        with pytest.raises(Forbidden, match="allow_hosts"):
            allowed(target_of(url), [entry])


@pytest.mark.parametrize("entry", ["", "http://example.com", "example.com/path", "a@b", ":80"])
def test_an_entry_that_is_no_host_is_refused(entry: str) -> None:
    """A mistake in the allow-list is found when it is loaded."""
    with pytest.raises(ValueError, match=r"."):
        split(entry)


def test_a_name_that_resolves_to_this_machine_is_refused_and_one_address_spoils_all() -> None:
    """Being listed by name does not open the way inside: that is what rebinding would use."""
    target = target_of("https://routing.example.com/")
    assert cleared(target, "routing.example.com", ["203.0.113.7", "2001:db8::7"]) == ("203.0.113.7", "2001:db8::7")
    for inside in ("127.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "fe80::1%eth0"):
        with pytest.raises(Forbidden, match="leads to"):
            cleared(target, "routing.example.com:443", ["203.0.113.7", inside])


async def test_a_name_is_resolved_once_and_its_address_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that answers differently the second time is not asked a second time."""
    asked: list[str] = []
    loop = asyncio.get_running_loop()

    async def flipping(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        address = "203.0.113.1" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(loop, "getaddrinfo", flipping)
    async with served() as target:
        port = target.host.partition(":")[2]
        with pytest.raises(RequestError):
            await request("GET", f"http://rebind.test:{port}/x", allow_hosts=["rebind.test"], timeout=0.5)
        assert (asked, target.requests) == (["rebind.test"], [])


async def test_named_loopback_is_spoken_to_and_nothing_is_followed_or_sent_twice(tmp_path: Path) -> None:
    """127.0.0.1 with its port in allow_hosts works; a redirect is an answer; a cut line is one request."""
    del tmp_path
    async with served() as target:
        answer = await request("PUT", f"{target.base}/apply/a", allow_hosts=[target.host], body=b"{}")
        assert (answer.status, answer.body) == (200, b'{"to": "legacy"}')
        target.ways.update(b="redirect", c="cut", d="bomb", e="hang")
        assert (await request("PUT", f"{target.base}/apply/b", allow_hosts=[target.host])).status == 302
        for step, words in (("c", "connection was cut"), ("d", "longer than"), ("e", "no answer within 0.3 s")):
            with pytest.raises(RequestError, match=words) as lost:
                await request("PUT", f"{target.base}/apply/{step}", allow_hosts=[target.host], timeout=0.3)
            assert lost.value.sent
        assert target.requests == ["a", "b", "c", "d", "e"]
