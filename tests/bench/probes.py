"""A thousand HTTP probes every ten seconds in one daemon: drift of their beat, and what they cost."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections import defaultdict
from typing import Any
from unittest.mock import patch

import msgspec
import uvloop

from collectors.http.collector import Http
from collectors.http.rounds import play
from tests.rig.inlet import RecordingInlet

PROBES, EVERY, SECONDS = 1000, 10.0, 35.0
_SERVER = """
import asyncio, sys
async def serve(reader, writer):
    try:
        await reader.readuntil(b"\\r\\n\\r\\n")
        writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok")
        await writer.drain()
    except Exception:
        pass
    writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
asyncio.run(main())
"""


async def measured() -> None:
    """Run the collector against a server in a process of its own."""
    pipe = asyncio.subprocess.PIPE
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", _SERVER, stdin=pipe, stdout=pipe)
    assert server.stdout is not None
    port = int(await server.stdout.readline())
    request = {"operation": "get", "url": f"http://127.0.0.1:{port}/"}
    transactions = [{"integration": f"app-{n}", "requests": [request]} for n in range(PROBES)]
    config = {"kind": "http", "name": "bench", "every": EVERY, "transactions": transactions}
    begun: defaultdict[str, list[float]] = defaultdict(list)
    loop = asyncio.get_running_loop()

    async def noted(transaction: Any, *args: Any, **more: Any) -> Any:
        begun[transaction.integration].append(loop.time())
        return await play(transaction, *args, **more)

    inlet = RecordingInlet()
    with patch("collectors.http.collector.play", noted):
        task = asyncio.create_task(msgspec.convert(config, Http).run(inlet))
        cpu, wall = time.process_time(), time.perf_counter()
        await asyncio.sleep(SECONDS)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    server.terminate()
    await server.wait()
    drift = sorted(abs(at - times[0] - n * EVERY) for times in begun.values() for n, at in enumerate(times) if n)
    rounds = sum(map(len, begun.values()))
    up = {sample.value for sample in inlet.of("golive_integration_up")}
    p99 = drift[int(len(drift) * 0.99)]
    print(f"{PROBES} probes every {EVERY:g} s: {rounds} rounds in {wall:.0f} s, up {up}")
    print(f"  drift: median {statistics.median(drift) * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms (goal 100 ms)")
    print(f"  processor: {cpu / wall:.0%} of a core (goal 60 %), {cpu / rounds * 1000:.2f} ms a probe")


def main(_: float) -> None:
    """Print what was measured; three rounds and a half, whatever time a bench is given."""
    uvloop.run(measured())
