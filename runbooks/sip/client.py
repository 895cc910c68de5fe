"""One OPTIONS transaction: over UDP with the retransmissions of RFC 3261 17.1.2, over TCP and TLS once."""

from __future__ import annotations

import asyncio
import secrets
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Collection
from typing import Any, NamedTuple

from monitor.outbound.addresses import Forbidden, Target
from monitor.outbound.resolving import reached
from runbooks.sip import message
from runbooks.sip.message import Question, Reply

T1, T2 = 0.5, 4.0
"""Seconds to the first retransmission, and most between two (RFC 3261, table 4)."""
TIMER_F = 64 * T1
"""Seconds after which a request without a final reply has failed."""
_PROVISIONAL, _LAST_PROVISIONAL = 100, 199


class SipError(Exception):
    """No final reply: why, and whether anything may have left this machine."""

    def __init__(self, what: str, *, sent: bool) -> None:
        super().__init__(what)
        self.sent = sent


class Answered(NamedTuple):
    """A final reply."""

    reply: Reply
    seconds: float
    """From the first transmission."""
    transmissions: int


class Peer(NamedTuple):
    """Who is asked, and by which way."""

    host: str
    port: int
    transport: str
    user: str
    caller: str
    tls: ssl.SSLContext | None = None


async def ask(
    peer: Peer,
    allow_hosts: Collection[str],
    *,
    timeout: float,  # noqa: ASYNC109 - told apart by what was sent
    on_sent: Callable[[], Awaitable[None]],
) -> Answered:
    """Send OPTIONS to an allowed host and wait for its final reply; SipError when there is none in time."""
    try:
        address = (await reached(Target("sip", peer.host.rstrip(".").lower(), peer.port), allow_hosts))[0]
    except Forbidden as error:
        raise SipError(f"not sent: {error}", sent=False) from error
    except OSError as error:
        raise SipError(f"not sent: {peer.host} cannot be resolved: {error.strerror or error}", sent=False) from error
    way = _udp if peer.transport == "udp" else _stream
    return await way(peer, address, min(timeout, TIMER_F), on_sent)


def _question(peer: Peer, local: tuple[Any, ...]) -> Question:
    return Question(
        target=_joined(peer.host, peer.port),
        transport=peer.transport,
        local=_joined(str(local[0]), int(local[1])),
        user=peer.user,
        caller=peer.caller,
        call_id=f"{secrets.token_hex(12)}@golive",
        branch=f"z9hG4bK{secrets.token_hex(8)}",
        tag=secrets.token_hex(6),
    )


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.came: asyncio.Queue[bytes | OSError] = asyncio.Queue(maxsize=64)

    def datagram_received(self, data: bytes, addr: object) -> None:
        del addr
        self._put(data)

    def error_received(self, exc: Exception) -> None:
        self._put(exc if isinstance(exc, OSError) else OSError(str(exc)))

    def _put(self, came: bytes | OSError) -> None:
        if not self.came.full():
            self.came.put_nowait(came)


async def _udp(peer: Peer, address: str, timeout: float, on_sent: Callable[[], Awaitable[None]]) -> Answered:  # noqa: ASYNC109 - as above
    loop = asyncio.get_running_loop()
    try:
        transport, protocol = await loop.create_datagram_endpoint(_Datagrams, remote_addr=(address, peer.port))
    except OSError as error:
        raise SipError(f"not sent: {error.strerror or error}", sent=False) from error
    try:
        question = _question(peer, transport.get_extra_info("sockname"))
        request, began, sent = message.options(question), time.monotonic(), 0
        gap, proceeding, due = T1, False, began
        while (now := time.monotonic()) < began + timeout:
            if now >= due:
                transport.sendto(request)
                sent += 1
                if sent == 1:
                    await on_sent()
                else:
                    gap = T2 if proceeding else min(gap * 2, T2)
                due = time.monotonic() + gap
            try:
                async with asyncio.timeout(max(0.0, min(due, began + timeout) - time.monotonic())):
                    came = await protocol.came.get()
            except TimeoutError:
                continue
            if isinstance(came, OSError):
                raise SipError(f"{question.target} refuses it: {came.strerror or came}", sent=True)
            found = message.reply(came)
            if found is None or not message.answers(found, question):
                continue
            if not _PROVISIONAL <= found.status <= _LAST_PROVISIONAL:
                return Answered(found, time.monotonic() - began, sent)
            proceeding = True
        times = f", asked {sent} times" if sent > 1 else ""
        raise SipError(f"no final reply from {question.target} within {timeout:g} s{times}", sent=True)
    finally:
        transport.close()


async def _stream(peer: Peer, address: str, timeout: float, on_sent: Callable[[], Awaitable[None]]) -> Answered:  # noqa: ASYNC109 - as above
    where, sent, writer = _joined(peer.host, peer.port), False, None
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(
                address,
                peer.port,
                ssl=peer.tls,
                server_hostname=peer.host if peer.tls is not None else None,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
            )
            question = _question(peer, writer.get_extra_info("sockname"))
            began, sent = time.monotonic(), True
            writer.write(message.options(question))
            await writer.drain()
            await on_sent()
            return Answered(await _final(reader, question), time.monotonic() - began, 1)
    except TimeoutError as error:
        raise SipError(f"no final reply from {where} within {timeout:g} s", sent=sent) from error
    except (OSError, ValueError, EOFError) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise SipError(f"{where}: {words}", sent=sent) from error
    finally:
        if writer is not None:
            writer.transport.abort()


async def _final(reader: asyncio.StreamReader, question: Question) -> Reply:
    buffer = b""
    while True:
        while size := message.whole(buffer):
            found = message.reply(buffer[:size])
            buffer = buffer[size:]
            if found is not None and message.answers(found, question) and found.status > _LAST_PROVISIONAL:
                return found
        data = await reader.read(4096)
        if not data:
            raise EOFError("the connection was closed before a final reply")
        buffer += data
