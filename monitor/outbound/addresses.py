"""Which addresses this program may talk to: pure rules over a host name, a port and what the name resolved to."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias
from urllib.parse import urlsplit

from yarl import URL

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        (
            *("169.254.169.254", "fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
            *("169.254.170.2", "169.254.170.23", "fd00:ec2::23"),
        ),
    )
)
"""Where clouds hand out credentials to whoever asks from inside: AWS (machines, tasks, pods), Google, Alibaba, Azure,
Oracle."""
_NAT64 = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48")))
_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
_COMPATIBLE = ipaddress.ip_network("::/96")
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})


class Forbidden(Exception):  # noqa: N818 - an answer, not a fault
    """An address that the outbound policy does not allow: what, and what to write where it is meant."""


class Target(NamedTuple):
    """Where a request goes."""

    scheme: str
    host: str
    port: int

    @property
    def shown(self) -> str:
        """host:port as people write it in allow_hosts."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def target_of(url: str) -> Target:
    """Read scheme, host and port of a URL; Forbidden for any other scheme than http and https, and for userinfo.

    Read by yarl, which the HTTP client reads it with too: two parsers that differ would be a way past the policy.
    """
    try:
        parts = URL(url)
    except ValueError as error:
        raise Forbidden(f"{url!r} is not a URL: {error}") from error
    if parts.scheme not in ("http", "https"):
        raise Forbidden(f"{url!r}: only http and https are spoken, not {parts.scheme or 'nothing'!r}")
    if parts.user is not None or parts.password is not None:
        raise Forbidden("a URL carries no user name or password; use headers with {file: ...} or {env: ...}")
    if not parts.raw_host or not parts.port:
        raise Forbidden(f"{url!r} names no host")
    return Target(parts.scheme, parts.raw_host.rstrip(".").lower(), parts.port)


def allowed(target: Target, allow_hosts: Iterable[str]) -> str:
    """The entry of the allow-list that covers a target; Forbidden when there is none."""
    for entry in allow_hosts:
        host, port = split(entry)
        if host == target.host and port in (None, target.port):
            return entry
    raise Forbidden(f"{target.shown} is not in allow_hosts; write it there when this request is meant")


def split(entry: str) -> tuple[str, int | None]:
    """Read `host`, `host:port`, `address` or `[address]:port`; ValueError when it is none of them."""
    if entry.count(":") > 1 and not entry.startswith("["):
        return str(ipaddress.ip_address(entry)), None
    parts = urlsplit(f"//{entry}")
    if not parts.hostname or parts.path or parts.query or "@" in entry:
        raise ValueError(f"{entry!r} is not a host, nor host:port")
    return parts.hostname.rstrip("."), parts.port


def hidden(address: Address) -> Address:
    """The address that is really meant by one that wraps another.

    IPv4-mapped and IPv4-compatible (RFC 4291 2.5.5), 6to4 (RFC 3056), Teredo (RFC 4380), NAT64 (RFC 6052 and 8215),
    ISATAP (RFC 5214).
    """
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    number, low = int(address), ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    wrapped = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
    if wrapped is not None:
        return wrapped
    if any(address in network for network in _NAT64) or (number >> 32) & 0xFFFFFFFF in _ISATAP:
        return low
    return low if address in _COMPATIBLE and number > 1 else address


def peril(address: Address) -> str:
    """Why an address is not for sending to unless named: empty for an ordinary one."""
    address = hidden(address)
    if address in _METADATA:
        return "a cloud metadata service"
    if address.is_loopback:
        return "this machine itself"
    if address.is_link_local:
        return "a link-local address"
    if address.is_unspecified or address.is_multicast or address.is_reserved or address in _THIS_NETWORK:
        return "not the address of a host"
    return ""


def cleared(target: Target, entry: str, resolved: Iterable[str]) -> tuple[str, ...]:
    """The resolved addresses, when each of them may be sent to; Forbidden when one may not.

    entry: the allow-list's entry for this target. Loopback, link-local and metadata addresses need an entry
    that is that very address with its port (`127.0.0.1:8931`; `localhost:8931` for loopback): a name that
    happens to resolve there is refused.
    """
    host, port = split(entry)
    taken: list[str] = []
    for text in resolved:
        address = ipaddress.ip_address(text.partition("%")[0])
        why = peril(address)
        named = port is not None and (host == str(address) or (host == "localhost" and address.is_loopback))
        if why and not named:
            raise Forbidden(
                f"{target.shown} leads to {address}, {why}; where that is meant, allow_hosts must name it with its port"
            )
        taken.append(text)
    if not taken:
        raise Forbidden(f"{target.shown} leads to no address")
    return tuple(taken)
