"""Where requests may go: seventy spellings of places they may not."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.outbound.addresses import Address, Forbidden, Target, allowed, cleared, peril, split, target_of
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
    "127.0.0.1.",
    "127.0.0.1..",
    "localhost..",
    "LocalHost.",
    "①②⑦.⓪.⓪.①",
    "１２７.0.0.1",  # noqa: RUF001 - the trick itself
    "127。0。0。1",
    "169。254。169。254",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "%31%32%37.0.0.1",
    "loc%61lhost",
    "127.0.0.1%00.example.com",
    "127.0.0.1\t",
    "127.0.0.1\n.example.com",
    "0x7F.0x0.0x0.0x1",
    "0177.0x0.0.1",
    "00000177.0.0.1",
    "4294967295",
    "0xffffffff",
    "240.0.0.1",
    "0.1.2.3",
    "169.254.169.254.",
    "169.254.170.2",
    "168.63.129.16",
    "192.0.0.192",
    "[::127.0.0.1]",
    "[::7f00:1]",
    "[::FFFF:A9FE:A9FE]",
    "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
    "[fe80::5efe:7f00:1]",
    "[2001:db8::200:5efe:a9fe:a9fe]",
    "[64:ff9b:1::7f00:1]",
    "[fd20:ce::254]",
    "[fd00:ec2::23]",
    "[ff0e::1]",
]
"""Each leads to this machine, a link-local, a metadata or no host's address, however it is spelled."""


@pytest.mark.parametrize("host", SPELLINGS)
@pytest.mark.parametrize("listed", [False, True])
async def test_no_spelling_leads_to_a_forbidden_place(host: str, listed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither unlisted nor listed, as it is written or as it is read, is such a place connected to."""
    tried: list[object] = []

    async def connect(*given: object, **_: object) -> object:
        tried.append(given)
        raise OSError("connected")

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", connect)
    url = f"http://{host}/latest/meta-data"
    allow = [host.strip("[]").lower().rstrip("."), *_read(url)] if listed else []
    with pytest.raises((RequestError, ValueError)) as refused:
        await request("GET", url, allow_hosts=allow, timeout=3)
    if isinstance(refused.value, RequestError):
        assert not refused.value.sent
    assert tried == []


def _read(url: str) -> list[str]:
    try:
        return [target_of(url).host]
    except Forbidden:
        return []


INSIDE = (
    "127.0.0.0/8",
    "169.254.0.0/16",
    "0.0.0.0/8",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "168.63.129.16/32",
    "100.100.100.200/32",
)


@given(st.sampled_from(INSIDE).flatmap(lambda net: st.ip_addresses(network=net)), st.sampled_from(range(8)))
def test_no_wrapping_hides_where_an_address_leads(inside: ipaddress.IPv4Address, wrapping: int) -> None:
    """Mapped, compatible, 6to4, Teredo, NAT64 (both prefixes), ISATAP: what lies inside counts."""
    number = int(inside)
    wrapped = (
        inside,
        ipaddress.IPv6Address((0xFFFF << 32) | number),
        ipaddress.IPv6Address(max(number, 2)),
        ipaddress.IPv6Address((0x2002 << 112) | (number << 80)),
        ipaddress.IPv6Address((0x20010000 << 96) | (number ^ 0xFFFFFFFF)),
        ipaddress.IPv6Address((0x64FF9B << 96) | number),
        ipaddress.IPv6Address((0x64FF9B0001 << 80) | number),
        ipaddress.IPv6Address((0x20010DB8 << 96) | (0x00005EFE << 32) | number),
    )[wrapping]
    assert peril(wrapped)
    with pytest.raises(Forbidden):
        cleared(Target("http", "listed.example", 80), "listed.example:80", [str(wrapped)])


@given(
    st.ip_addresses(network="203.0.113.0/24")
    | st.ip_addresses(network="2001:db8:7::/48")
    | st.ip_addresses(network="10.0.0.0/8")
)
def test_ordinary_addresses_are_spoken_to(address: Address) -> None:
    """A host on the internet or in a private network is no peril, so that real carriers and PBXes are reached."""
    assert peril(address) == "" or "5efe" in address.exploded.replace(":", "")


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
        "http://example.com:80:80/",
        "http://[::1/",
        "http://[::1]@example.com/",
        "http://example.com%40169.254.169.254/",
        "http://169.254.169.254;@example.com/",
        "dict://example.com/",
        "ldap://example.com/",
        "data:text/plain,x",
        "javascript:alert(1)",
        "HTTP:/example.com",
        "http:example.com",
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
