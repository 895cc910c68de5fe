"""A real mosquitto on a free port, with the configuration that the project ships."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import time
from pathlib import Path

from tests.rig.programs import program

SHIPPED = Path(__file__).parents[2] / "collectors" / "mqtt" / "mosquitto.conf"


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Mosquitto:
    """Start, stop, kill and start again; the port and the database stay."""

    def __init__(
        self, folder: Path, extra: str = "", *, anonymous: bool = True, listener: str = "", shipped: bool = True
    ) -> None:
        """shipped: with the configuration that the project ships; else with mosquitto's defaults."""
        self.port = free_port()
        self._path = folder / "mosquitto.conf"
        self._log = folder / "mosquitto.log"
        anonymously = "allow_anonymous true\n" if anonymous else ""
        own = f"listener {self.port} 127.0.0.1\n{listener}\n{anonymously}persistence_location {folder}/\nuser root\n"
        self._path.write_text((SHIPPED.read_text(encoding="utf-8") if shipped else "") + own + extra, encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id of the running broker."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it listens."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([program("mosquitto"), "-c", self._path], stdout=log, stderr=log)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=0.2).close()
            except OSError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.02)
            else:
                return
        raise RuntimeError(self._log.read_text(encoding="utf-8", errors="replace"))

    def stop(self) -> None:
        """Let it end by itself, with its database written."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def kill(self) -> None:
        """End it as a crash does: what is not in its database is gone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    async def restart(self, away: float = 0.3) -> None:
        """Stop, stay away for a moment, start again; without holding up the event loop."""
        await asyncio.to_thread(self.stop)
        await asyncio.sleep(away)
        await asyncio.to_thread(self.start)
