"""`/metrics` with 100,000 series over HTTP, a scrape a second from a process of its own, beside a Go exporter with as many."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

from tests.bench.publisher import connect, packet
from tests.monitor.serving.desk import opened
from tests.rig.mosquitto import Mosquitto, free_port
from tests.rig.programs import program

SERIES = 100_000
SCRAPES = 8
_CHUNK = 1_000
_EXPORTER = """
mqtt:
  server: tcp://127.0.0.1:{port}
  topic_path: bench/+
  device_id_regex: "bench/(?P<deviceid>.+)"
  qos: 1
cache: {{timeout: 10m}}
metrics:
  - {{prom_name: agents, mqtt_name: v, help: Agents., type: gauge}}
"""


def scrape(port: int, *, packed: bool) -> tuple[float, int]:
    """Seconds until curl had a whole page, and its bytes on the wire."""
    command = [program("curl"), "-s", "-o", "/dev/null", "-w", "%{time_total} %{size_download} %{http_code}"]
    command += ["-H", "Accept-Encoding: gzip" if packed else "Accept-Encoding: identity"]
    done = subprocess.run([*command, f"http://127.0.0.1:{port}/metrics"], capture_output=True, text=True, check=True)
    seconds, size, status = done.stdout.split()
    if status != "200":
        raise RuntimeError(f"{status} instead of a page")
    return float(seconds), int(size)


async def ours(folder: Path, *, packed: bool) -> tuple[list[float], list[float], int]:
    """Times of scrapes, lags of the loop while they go on, and the bytes of one."""
    lags: list[float] = []
    async with opened(folder) as house:
        now = time.time()
        for number in range(SERIES):
            labels = (("queue", f"queue-{number % 500}"), ("site", f"site-{number // 500}"), ("state", "available"))
            house.table.put(labels, 0.25 * (number % 400), now)

        async def watch() -> None:
            while True:
                begun = time.perf_counter()
                await asyncio.sleep(0.001)
                lags.append(time.perf_counter() - begun - 0.001)

        await asyncio.to_thread(scrape, house.listener.port, packed=packed)
        watcher = asyncio.create_task(watch())
        times, size = [], 0
        for _ in range(SCRAPES):
            took, size = await asyncio.to_thread(scrape, house.listener.port, packed=packed)
            times.append(took)
            await asyncio.sleep(max(0.0, 1.0 - took))
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)
    return times, lags, size


@contextmanager
def exporter(folder: Path) -> Iterator[int]:
    """Debian's prometheus-mqtt-exporter with as many series; gives its port."""
    broker = Mosquitto(folder)
    broker.start()
    path, port = folder / "exporter.yaml", free_port()
    path.write_text(_EXPORTER.format(port=broker.port), encoding="utf-8")
    command = [program("prometheus-mqtt-exporter"), "-config", str(path), "-listen-address", "127.0.0.1"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([*command, "-listen-port", str(port)], stdout=quiet, stderr=quiet)
    try:
        _fill(broker.port, port)
        yield port
    finally:
        process.terminate()
        process.wait()
        broker.stop()


def _fill(broker: int, port: int) -> None:
    """Publish until the exporter shows every series; what it was too slow for is sent again."""
    deadline = time.monotonic() + 60
    line = connect(broker)
    threading.Thread(target=_drain, args=(line,), daemon=True).start()
    while time.monotonic() < deadline:
        for start in range(0, SERIES, _CHUNK):
            packets = [
                packet(f"bench/{number}", number % 65535 + 1, b'{"v": %d}' % (number % 400))
                for number in range(start, start + _CHUNK)
            ]
            line.sendall(b"".join(packets))
            time.sleep(0.04)
        time.sleep(1)
        if _series(port) >= SERIES:
            line.close()
            return
    raise RuntimeError(f"the exporter shows {_series(port)} series of {SERIES}")


def _drain(line: object) -> None:
    try:
        while line.recv(1 << 16):  # type: ignore[attr-defined] # a socket
            pass
    except OSError:
        return


def _series(port: int) -> int:
    try:
        page = subprocess.run(
            [program("curl"), "-s", f"http://127.0.0.1:{port}/metrics"], capture_output=True, check=True
        )
    except subprocess.CalledProcessError:
        return 0
    return page.stdout.count(b"\nagents{")


def main() -> None:
    """Measure and print; about a minute."""
    for packed in (False, True):
        with tempfile.TemporaryDirectory() as name:
            times, lags, size = asyncio.run(ours(Path(name), packed=packed))
        _say(
            f"{SERIES} gauges over HTTP{', gzip' if packed else ''}", times, size, "target 120 ms" if not packed else ""
        )
        late = quantiles(lags, n=100)
        sys.stdout.write(
            f"scrape      loop lag meanwhile: p99 {late[98] * 1e3:.1f} ms (target 20), p50 {median(lags) * 1e3:.2f} ms, worst {max(lags) * 1e3:.1f} ms\n"
        )
    with tempfile.TemporaryDirectory() as name, exporter(Path(name)) as port:
        for packed in (False, True):
            seen = [scrape(port, packed=packed) for _ in range(SCRAPES)]
            what = f"reference: prometheus-mqtt-exporter (Go), {SERIES} gauges{', gzip' if packed else ''}"
            _say(what, [took for took, _ in seen], seen[-1][1], "")


def _say(what: str, times: list[float], size: int, note: str) -> None:
    words = f"median {median(times) * 1e3:.0f} ms, worst {max(times) * 1e3:.0f} ms"
    sys.stdout.write(f"scrape    {what}: {words}, {size / 1e6:.2f} MB{f' ({note})' if note else ''}\n")


if __name__ == "__main__":
    main()
