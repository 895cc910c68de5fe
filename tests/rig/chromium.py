"""A real Chromium without a window, driven over its DevTools protocol: what a browser makes of a page."""

from __future__ import annotations

import asyncio
import base64
import itertools
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.rig.programs import program

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)


class Failed(Exception):  # noqa: N818 - what a page did
    """The page threw, or Chromium refused a command."""


class Tab:
    """One page. `ask` is any command of the protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.events: list[dict[str, Any]] = []
        """Everything it told of itself."""
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self._socket:
            told = message.json()
            if "id" in told:
                self._waiting.pop(told["id"]).set_result(told)
            else:
                self.events.append(told)

    async def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        told = await asyncio.wait_for(answer, 30)
        if "error" in told:
            raise Failed(f"{method}: {told['error']}")
        result: dict[str, Any] = told["result"]
        return result

    async def look(self, width: int, height: int, **media: str) -> None:
        """Give the window a size; media: features such as prefers_color_scheme="dark"."""
        await self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        features = [{"name": name.replace("_", "-"), "value": value} for name, value in media.items()]
        await self.ask("Emulation.setEmulatedMedia", features=features)

    async def open(self, url: str) -> None:
        """Go to a page and wait until it has loaded."""
        self.events.clear()
        await self.ask("Page.navigate", url=url)
        await self.loaded()

    async def loaded(self) -> None:
        """Wait for the next load since `events` was cleared."""
        async with asyncio.timeout(30):
            while not any(event["method"] == "Page.loadEventFired" for event in self.events):
                await asyncio.sleep(0.02)

    async def value(self, script: str) -> Any:
        """What an expression comes to in the page."""
        told = await self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in told:
            raise Failed(f"{script}: {told['exceptionDetails']}")
        return told["result"].get("value")

    async def until(self, script: str, seconds: float = 10.0) -> None:
        """Wait until an expression is true in the page."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not await self.value(script):
            assert loop.time() < end, f"not within {seconds} s: {script}"
            await asyncio.sleep(0.05)

    async def tree(self) -> list[dict[str, str]]:
        """The accessibility tree as screen readers get it: role and name of each node that they are told of."""
        told = await self.ask("Accessibility.getFullAXTree")
        return [
            {"role": node.get("role", {}).get("value", ""), "name": node.get("name", {}).get("value", "")}
            for node in told["nodes"]
            if not node.get("ignored")
        ]

    async def picture(self) -> bytes:
        """What is seen, as PNG."""
        told = await self.ask("Page.captureScreenshot", format="png")
        return base64.b64decode(told["data"])

    def trouble(self) -> list[str]:
        """What the page complained of: errors it threw, what its policy blocked."""
        return [
            str(event["params"])
            for event in self.events
            if event["method"] == "Runtime.exceptionThrown"
            or (event["method"] == "Log.entryAdded" and event["params"]["entry"]["level"] == "error")
        ]

    async def close(self) -> None:
        """Hear no more of it."""
        await self._socket.close()
        await self._reader


class Browser:
    """A running Chromium."""

    def __init__(self, address: str, session: aiohttp.ClientSession) -> None:
        self._address = address
        self._session = session

    @asynccontextmanager
    async def tab(self, *, script: bool = True) -> AsyncIterator[Tab]:
        """A fresh page with cookies of its own kind; script: whether pages may run theirs."""
        async with self._session.put(f"{self._address}/json/new?about:blank") as answer:
            told = await answer.json()
        tab = Tab(await self._session.ws_connect(told["webSocketDebuggerUrl"], max_msg_size=1 << 26))
        try:
            for domain in ("Page", "Runtime", "Log", "Accessibility", "Network"):
                await tab.ask(f"{domain}.enable")
            await tab.ask("Network.clearBrowserCookies")
            await tab.ask("Emulation.setScriptExecutionDisabled", value=not script)
            yield tab
        finally:
            await tab.close()
            async with self._session.get(f"{self._address}/json/close/{told['id']}"):
                pass


@asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Browser]:
    """Chromium with a profile of its own in this folder, ended when done."""
    log = folder / "chromium.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [program("chromium"), *_FLAGS, f"--user-data-dir={folder / 'profile'}"], stdout=out, stderr=out
        )
    try:
        port = folder / "profile" / "DevToolsActivePort"
        async with asyncio.timeout(40):
            while not (port.exists() and "\n" in port.read_text()):
                assert process.poll() is None, log.read_text(errors="replace")
                await asyncio.sleep(0.05)
        async with aiohttp.ClientSession() as session:
            yield Browser(f"http://127.0.0.1:{port.read_text().split()[0]}", session)
    finally:
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, 10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
