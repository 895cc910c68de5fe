"""The real Prometheus with the bench's series and rules: how long it takes to evaluate them."""

from __future__ import annotations

import os
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml

from tests.rig.mosquitto import free_port
from tests.rig.programs import program

PAGES = 6
EVALUATIONS = 3
WINDOW = 60.0
LONGEST = 60.0
"""Seconds that are waited for the evaluations of one size."""
_EXPRESSIONS = {
    "mean": "avg_over_time(bench_{size}_wait_seconds[60s])",
    "p95": "quantile_over_time(0.95, bench_{size}_wait_seconds[60s])",
    "ratio": "increase(bench_{size}_errors_total[60s]) / increase(bench_{size}_calls_total[60s])",
}


class Evaluated(NamedTuple):
    """What one evaluation of all rules took."""

    seconds: float | None
    """The best of a few; None when none of them ended in time."""
    rounds: int
    """How many there were to choose from."""
    waited: float
    """How long was waited for them, seconds."""
    gross: float | None
    """Processor seconds of the process for each evaluation, with the scraping that went on; None without two that ended."""
    net: float | None
    """The same without what scraping alone had used before; None where that leaves nothing, as when scrapes were late."""


def reference(folder: Path, sizes: Sequence[int], estimators: Sequence[str], every: float) -> dict[int, Evaluated]:
    """How long one evaluation of all rules takes, by number of series; each size in a Prometheus that has no other.

    Blocks for a window and the evaluations: one to two minutes a size. The scraping goes on beside them, as it does in
    service.
    """
    took = {}
    for size in sizes:
        (own := folder / str(size)).mkdir()
        with _pages((size,)) as target, _prometheus(own, target, every) as (port, pid):
            time.sleep(WINDOW / 2)
            begun, used = time.monotonic(), _processor(pid)
            time.sleep(WINDOW / 2 + 2 * every)
            scraping = (_processor(pid) - used) / (time.monotonic() - begun)
            (own / "rules.yml").write_text(_rules(size, estimators))
            urllib.request.urlopen(f"http://127.0.0.1:{port}/-/reload", data=b"", timeout=30).close()
            took[size] = _evaluated(port, pid, size, scraping)
    return took


def _rules(size: int, estimators: Iterable[str]) -> str:
    alerts = [
        {"alert": f"Bench{number}", "expr": f"{_EXPRESSIONS[estimator].format(size=size)} >= {90 + number % 5}"}
        for number, estimator in enumerate(estimators)
    ]
    return yaml.safe_dump({"groups": [{"name": f"bench_{size}", "interval": "2s", "rules": alerts}]}, width=2**20)


def _evaluated(port: int, pid: int, size: int, scraping: float) -> Evaluated:
    """The best of a few evaluations after the first, which finds nothing in caches; scraping: processor seconds a second."""
    begun = time.monotonic()
    deadline = begun + LONGEST
    took: dict[float, float] = {}
    seen: dict[float, tuple[float, float]] = {}
    while time.monotonic() < deadline and len(took) < EVALUATIONS:
        time.sleep(0.1)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        rounds = _value(lines, "iterations_total", size)
        seen.setdefault(rounds, (time.monotonic(), _processor(pid)))
        if rounds >= 2:
            took[rounds] = _value(lines, "last_duration_seconds", size)
            deadline = min(deadline, time.monotonic() + LONGEST / 3)
    gross = net = None
    if len(took) > 1:
        (first, (since, before)), *_, (last, (until, after)) = [(n, seen[n]) for n in sorted(took)]
        gross = (after - before) / (last - first)
        net = gross - scraping * (until - since) / (last - first)
    return Evaluated(
        min(took.values(), default=None), len(took), time.monotonic() - begun, gross, net if net and net > 0 else None
    )


def _processor(pid: int) -> float:
    """Processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _value(lines: Iterable[str], name: str, size: int) -> float:
    wanted = (
        line for line in lines if line.startswith(f"prometheus_rule_group_{name}{{") and f';bench_{size}"' in line
    )
    return next((float(line.rpartition(" ")[2]) for line in wanted), 0.0)


def _page(sizes: Sequence[int], rng: np.random.Generator, step: int) -> bytes:
    """All series of all sizes; counters rise from page to page, and start again with the first."""
    parts = []
    for size in sizes:
        waits = rng.gamma(2.0, 2.0, size).clip(0, 80).round(4).tolist()
        parts += [f"# TYPE bench_{size}_wait_seconds gauge\n"]
        parts += [f'bench_{size}_wait_seconds{{series="s{number}"}} {value}\n' for number, value in enumerate(waits)]
        for name in ("errors", "calls"):
            counts = (rng.integers(0, 5, size // 2) + 5 * step).tolist()
            parts += [f"# TYPE bench_{size}_{name}_total counter\n"]
            parts += [f'bench_{size}_{name}_total{{series="s{n}"}} {value}\n' for n, value in enumerate(counts)]
    return "".join(parts).encode()


@contextmanager
def _pages(sizes: Sequence[int]) -> Iterator[int]:
    """Serve the pages in turn; gives the port."""
    rng = np.random.default_rng(7)
    pages = [_page(sizes, rng, step) for step in range(PAGES)]
    served = 0

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            nonlocal served
            page = pages[served % PAGES]
            served += 1
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class' name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _prometheus(folder: Path, target: int, every: float) -> Iterator[tuple[int, int]]:
    """A Prometheus that scrapes the pages; gives its port and process."""
    port = free_port()
    config = {
        "global": {"scrape_interval": f"{every:g}s", "scrape_timeout": f"{every:g}s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": [{"job_name": "bench", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    (folder / "rules.yml").write_text("groups: []\n")
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                program("prometheus"),
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--web.enable-lifecycle",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        _until_ready(port, folder / "prometheus.log")
        yield port, process.pid
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until_ready(port: int, log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=2).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(log.read_text(encoding="utf-8", errors="replace"))
