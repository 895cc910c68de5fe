"""sipp as the other side of a call, on a free port of this machine, ended by its id."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.rig.programs import program

HEAD = "[last_Via:]\n[last_From:]\n[last_To:];tag=uas[call_number]\n[last_Call-ID:]\n[last_CSeq:]\n"
CONTACT = "Contact: <sip:[local_ip]:[local_port];transport=[transport]>\n"
SDP = (
    "Content-Type: application/sdp\nContent-Length: [len]\n\nv=0\no=uas 1 1 IN IP4 [local_ip]\ns=-\n"
    "c=IN IP4 [local_ip]\nt=0 0\nm=audio {port} RTP/AVP 8\na=rtpmap:8 PCMA/8000\n"
)


def receives(request: str, more: str = "") -> str:
    return f'<recv request="{request}" {more}/>'


def replies(status: str, body: str = "Content-Length: 0\n") -> str:
    return f"<send><![CDATA[\nSIP/2.0 {status}\n{HEAD}{CONTACT}{body}\n]]></send>"


def pauses(milliseconds: int) -> str:
    return f'<pause milliseconds="{milliseconds}"/>'


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@asynccontextmanager
async def answering(folder: Path, *parts: str, transport: str = "u1") -> AsyncIterator[int]:
    """sipp that plays the parts of a scenario for each call; its port."""
    port, path = free_udp_port(), folder / "uas.xml"
    text = '<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="uas">\n' + "\n".join(parts) + "\n</scenario>\n"
    await asyncio.to_thread(path.write_text, text)
    process = await asyncio.create_subprocess_exec(
        program("sipp"),
        *("-sf", str(path), "-i", "127.0.0.1", "-p", str(port), "-t", transport, "-ci", "127.0.0.1", "-nostdin"),
        *("-timeout", "50", "-trace_msg", "-message_file", str(folder / "uas.log")),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=folder,
    )
    try:
        await _listens(port, udp=transport == "u1")
        yield port
    finally:
        process.kill()
        await process.wait()


async def _listens(port: int, *, udp: bool) -> None:
    """Until something has the port."""
    table, wanted = Path("/proc/net/udp" if udp else "/proc/net/tcp"), f":{port:04X} "
    for _ in range(500):
        if wanted in await asyncio.to_thread(table.read_text):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"sipp does not listen on {port}")
