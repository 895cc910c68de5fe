"""A daemon that only answers snapshots, in a thread of its own, for programs that are tested from outside."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec

from monitor.serving.snapshot import Snapshot


class Answering(ThreadingHTTPServer):
    """`now` is what it answers, as of this instant; `others` are bodies by path with their status."""

    daemon_threads = True

    def __init__(self, now: Snapshot) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.now = now
        self.others: dict[str, tuple[int, bytes]] = {}

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Answering

    def do_GET(self) -> None:
        """Answer."""
        if self.path == "/api/v1/snapshot":
            self._put(200, msgspec.json.encode(msgspec.structs.replace(self.server.now, at=time.time())))
        else:
            self._put(*self.server.others.get(self.path, (404, b'{"error":{"status":404,"what":"there is none"}}')))

    def do_POST(self) -> None:
        """Answer what was arranged."""
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self._put(*self.server.others.get("POST", (404, b"{}")))

    def _put(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


@contextmanager
def answering(now: Snapshot) -> Iterator[Answering]:
    """One that runs."""
    server = Answering(now)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
