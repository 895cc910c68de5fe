"""sipp as the telephone: a scenario of requests, each with the response it waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.rig.mosquitto import free_port
from tests.rig.programs import program

CASES = Path(__file__).parent / "cases"


class Step(NamedTuple):
    """A request and what must come back."""

    body: str
    status: int = 200
    method: str = "PUBLISH"
    event: str = "vq-rtcpxr"
    content_type: str = "application/vq-rtcpxr"


def captured() -> list[str]:
    """The bodies that real user agents sent."""
    requests = [(folder / "input.sip").read_bytes() for folder in sorted(CASES.iterdir()) if folder.name[-2:].isdigit()]
    return [raw.split(b"\r\n\r\n", 1)[1].decode().replace("\r\n", "\n") for raw in requests]


def scenario(steps: Iterable[Step]) -> str:
    """sipp's XML. sipp itself makes Via, branch, Call-ID and length, retransmits over UDP, and checks each response."""
    parts = []
    for number, step in enumerate(steps, 1):
        parts.append(
            f"""<send retrans="500"><![CDATA[
{step.method} sip:collector@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: <sip:telephone@[local_ip]>;tag=[pid]t[call_number]
To: <sip:collector@[remote_ip]>
Call-ID: [call_id]
CSeq: {number} {step.method}
User-Agent: sipp
Event: {step.event}
Expires: 3600
Content-Type: {step.content_type}
Content-Length: [len]

{step.body.strip()}
]]></send>
<recv response="{step.status}" timeout="5000"/>"""
        )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="telephone">\n{"".join(parts)}\n</scenario>\n'


async def call(folder: Path, port: int, steps: Iterable[Step], transport: str = "udp") -> None:
    """Play a scenario against a port; AssertionError with what sipp says when a response is not the expected one."""
    path = folder / f"telephone-{transport}.xml"
    path.write_text(scenario(steps), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        program("sipp"),
        *(f"127.0.0.1:{port}", "-sf", str(path), "-m", "1", "-t", {"udp": "u1", "tcp": "t1"}[transport]),
        *("-i", "127.0.0.1", "-p", str(free_port()), "-nostdin", "-timeout", "25", "-timeout_error"),
        *("-trace_err", "-error_file", str(folder / "sipp.log")),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    log = folder / "sipp.log"
    errors = await asyncio.to_thread(log.read_text, errors="replace") if log.exists() else ""
    assert process.returncode == 0, said.decode(errors="replace")[-3000:] + errors
