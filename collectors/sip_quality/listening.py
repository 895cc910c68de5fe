"""Where a collector listens: sockets over UDP, TCP and TLS, and their refusals in words."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import struct
from contextlib import suppress
from pathlib import Path
from typing import Literal

from monitor.intake.source import Misconfigured
from monitor.outbound.tls import TlsFiles
from monitor.plan import Section

_PORT, _TLS_PORT, _TOP_PORT = 5060, 5061, 65535
_BACKLOG = 128
_SO_RCVBUFFORCE = 33
_SO_MEMINFO, _MEMINFO = 55, struct.Struct("9I")
"""Linux: figures of a socket's memory; the last one counts datagrams that found no room."""


class ServerTls(TlsFiles, frozen=True, kw_only=True):
    """Files of a TLS listener, PEM; relative paths start at the configuration file. With `ca` clients must show a certificate of it."""

    def __post_init__(self) -> None:
        if self.cert is None or self.key is None:
            msg = "a TLS listener needs a certificate and its key: write cert and key"
            raise ValueError(msg)

    def context(self, base: Path) -> ssl.SSLContext:
        """Read the files; Misconfigured names those that cannot be used."""
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(base / (self.cert or ""), base / (self.key or ""))
            if self.ca is not None:
                context.load_verify_locations(base / self.ca)
                context.verify_mode = ssl.CERT_REQUIRED
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(str(base / name) for name in (self.cert, self.key, self.ca) if name)
            msg = f"TLS files cannot be used ({files}): {error.strerror or error}; next: check paths, PEM and rights"
            raise Misconfigured(msg) from error
        return context


class Listen(Section, frozen=True, kw_only=True):
    """One address to listen on."""

    transport: Literal["udp", "tcp", "tls"] = "udp"
    host: str = "127.0.0.1"
    """Address of this machine; 0.0.0.0 is every IPv4 one, :: every IPv6 one."""
    port: int | None = None
    """Default 5060, for `tls` 5061."""
    tls: ServerTls | None = None
    """Certificate and key, for transport `tls` and only there."""

    def __post_init__(self) -> None:
        if self.port is not None and not 0 <= self.port <= _TOP_PORT:
            msg = f"port {self.port} is none: write 1 to {_TOP_PORT}, or 0 for any that is free"
            raise ValueError(msg)
        if (self.transport == "tls") != (self.tls is not None):
            msg = "transport: tls and tls: {cert: ..., key: ...} belong together"
            raise ValueError(msg)

    @property
    def where(self) -> str:
        """The address as messages name it."""
        port = self.port if self.port is not None else _TLS_PORT if self.transport == "tls" else _PORT
        return f"{self.transport} {self.host}:{port}"

    async def open(self, receive_buffer: int) -> socket.socket:
        """A bound socket that does not block, listening where it is one of a stream.

        Raises:
            OSError: the address is taken, or not one of this machine for now. To be tried again.
            Misconfigured: a person must give a right or another port first.
        """
        loop = asyncio.get_running_loop()
        kind = socket.SOCK_DGRAM if self.transport == "udp" else socket.SOCK_STREAM
        port = int(self.where.rpartition(":")[2])
        try:
            found = await loop.getaddrinfo(self.host, port, type=kind, flags=socket.AI_PASSIVE)
            family, _, proto, _, address = found[0]
            line = socket.socket(family, kind, proto)
        except OSError as error:
            msg = f"cannot listen on {self.where}: {error.strerror or error}; next: check listen.host"
            raise OSError(msg) from error
        try:
            line.setblocking(False)  # noqa: FBT003 - its own signature
            if kind == socket.SOCK_DGRAM:
                enlarge(line, receive_buffer)
            else:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            line.bind(address)
            if kind == socket.SOCK_STREAM:
                line.listen(_BACKLOG)
        except OSError as error:
            line.close()
            what = f"cannot listen on {self.where}: {error.strerror or error}; no telephone can report there"
            if error.errno in (errno.EACCES, errno.EPERM):
                raise Misconfigured(f"{what}; next: a port above 1023, or the right to bind it") from error
            raise OSError(error.errno, f"{what}; next: end what has it (ss -lunpt), or choose another port") from error
        return line


def enlarge(line: socket.socket, wanted: int) -> None:
    """Give a socket a receive buffer of so many bytes, or as many as the kernel allows (net.core.rmem_max)."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, wanted)
    with suppress(OSError):  # only root may pass over the limit
        line.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, wanted)


def overflowed(line: socket.socket) -> int:
    """Datagrams that the kernel dropped because the socket's buffer was full; 0 where it does not say."""
    try:
        return int(_MEMINFO.unpack(line.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size))[-1])
    except (OSError, struct.error):
        return 0


def name_of(line: socket.socket) -> str:
    """host:port that a socket is really bound to."""
    host, port = line.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
