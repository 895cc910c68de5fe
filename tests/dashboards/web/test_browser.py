"""The board in a real Chromium: what is seen, what is read aloud, and what becomes of it when golive falls silent.

BOARD_PICTURES names a folder where the pictures are kept, to be looked at.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dashboards.terminal.drawing.phrases import countdown, elapsed, span
from monitor.serving.snapshot import Snapshot
from monitor.serving.web_config import WebConfig
from monitor.text import clean
from tests.dashboards.terminal import recorded
from tests.dashboards.terminal.test_hostile import poison
from tests.dashboards.web.test_board import ATTACKS, FULL
from tests.monitor.serving.desk import House, opened
from tests.rig.chromium import Browser, Tab, browser

pytestmark = pytest.mark.real
SIZES = [(1920, 1080), (1024, 768), (390, 844)]
STALE = "document.getElementById('board').classList.contains('stale')"
MOMENTS = {"full": FULL, **recorded.MOMENTS}

CONTRAST = """
(() => {
  const paint = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = (colour) => {
    paint.clearRect(0, 0, 1, 1); paint.fillStyle = colour; paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const found = rgb(getComputedStyle(node).backgroundColor);
      if (found[3] === 255) return found;
    }
    return [255, 255, 255];
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const out = [];
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    const box = node.getBoundingClientRect();
    if (!walk.currentNode.nodeValue.trim() || box.width <= 1 || !node.checkVisibility()) continue;
    const style = getComputedStyle(node);
    const [a, b] = [light(rgb(style.color)), light(ground(node))].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    out.push([(a + 0.05) / (b + 0.05), large, walk.currentNode.nodeValue.trim().slice(0, 30)]);
  }
  return out;
})()
"""


def moved(value: Any, by: float) -> Any:
    """A recorded moment as if it were another time."""
    if isinstance(value, msgspec.Struct):
        return type(value)(**{field: moved(getattr(value, field), by) for field in value.__struct_fields__})
    if isinstance(value, tuple):
        return tuple(moved(item, by) for item in value)
    return value + by if isinstance(value, float) and value > 1e9 else value


class Live:
    """A board whose moment is always now, until it is stopped."""

    def __init__(self, house: House, snapshot: Snapshot) -> None:
        self.house = house
        self.snapshot = snapshot
        self._by = time.time() - snapshot.at
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            self.tick()
            await asyncio.sleep(0.25)

    def tick(self) -> None:
        """The moment is now; what began in it began once."""
        self.house.desk.current = msgspec.structs.replace(moved(self.snapshot, self._by), at=time.time())

    async def stand_still(self) -> None:
        """No further moment comes."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@asynccontextmanager
async def showing(folder: Path, snapshot: Snapshot, config: WebConfig | None = None) -> AsyncIterator[Live]:
    """A web server that shows this moment."""
    async with opened(folder, config) as house:
        live = Live(house, snapshot)
        await asyncio.sleep(0)
        try:
            yield live
        finally:
            await live.stand_still()


@pytest.fixture
async def chromium(tmp_path: Path) -> AsyncIterator[Browser]:
    """A browser of its own."""
    async with browser(tmp_path) as running:
        yield running


async def keep(tab: Tab, name: str) -> None:
    """Keep the picture where somebody asked for it."""
    if folder := os.environ.get("BOARD_PICTURES"):
        await asyncio.to_thread(Path(folder, f"{name}.png").write_bytes, await tab.picture())


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.timeout(120)
async def test_the_board_fits_every_window_and_can_be_read(tmp_path, chromium, moment) -> None:
    """On a wall, a desk and a phone, light and dark: nothing runs out sideways, the verdict is seen at once, all text has contrast."""
    async with showing(tmp_path, MOMENTS[moment]) as live, chromium.tab() as tab:
        for width, height in SIZES:
            for scheme in ("light", "dark"):
                await tab.look(width, height, prefers_color_scheme=scheme)
                await tab.open(live.house.url + "/board")
                await keep(tab, f"{moment}-{width}-{scheme}")
                assert await tab.value("document.documentElement.scrollWidth") <= width
                box = await tab.value("document.getElementById('verdict').getBoundingClientRect().toJSON()")
                assert box["top"] >= 0
                assert box["bottom"] <= height
                weak = [found for found in await tab.value(CONTRAST) if found[0] < (3 if found[1] else 4.5)]
                assert weak == []
                assert tab.trouble() == []


@pytest.mark.timeout(120)
async def test_names_without_a_space_break_no_window(tmp_path, chromium) -> None:
    """A queue name of four thousand letters leaves every page as wide as its window."""
    async with showing(tmp_path, poison(FULL, "x" * 4000)) as live, chromium.tab() as tab:
        for width, height in SIZES:
            await tab.look(width, height)
            await tab.open(live.house.url + "/board")
            assert await tab.value("document.documentElement.scrollWidth") <= width
        await keep(tab, "long-names")


@pytest.mark.parametrize("width", [1920, 390])
async def test_a_screen_reader_is_told_everything(tmp_path, chromium, width) -> None:
    """Landmarks, headings, named tables with their rows and headings, and one polite live region, on a phone too."""
    async with showing(tmp_path, FULL) as live, chromium.tab() as tab:
        await tab.look(width, 900)
        await tab.open(live.house.url + "/board")
        tree = await tab.tree()
        roles = [node["role"] for node in tree]
        headings = [node["name"] for node in tree if node["role"] == "heading"]
        assert headings[0] == "Verdict: NO-GO"
        assert {"Gates", "Queues", "Sources", "Rollbacks", "Last events"} <= set(headings)
        assert [name.split()[0] for name in headings].count("Alerts") == 1
        for role in ("banner", "main", "contentinfo", "status"):
            assert roles.count(role) == 1
        tables = [node["name"] for node in tree if node["role"] == "table"]
        assert len(tables) == 6
        assert all(tables)
        assert roles.count("columnheader") == 8 + 9 + 5 + 4 + 6 + 3
        assert "rowheader" in roles
        assert next(node for node in tree if node["role"] == "rowheader")["name"].startswith("Abandon rate")


async def test_without_a_script_the_page_is_whole(tmp_path, chromium) -> None:
    """A browser that runs no script shows the same board, with times as they were, and loads it again by itself."""
    async with showing(tmp_path, FULL) as live, chromium.tab(script=False) as tab:
        await tab.look(1024, 768)
        await tab.open(live.house.url + "/board")
        names = {node["name"] for node in await tab.tree()}
        assert any("Abandon rate" in name for name in names)
        assert any(re.search(r"\b4m[1-5]\ds\b", name) for name in names)
        row = msgspec.structs.replace(FULL.verdict, verdict="GO", reason="all is well")
        live.snapshot = msgspec.structs.replace(FULL, verdict=row)
        tab.events.clear()
        await tab.loaded()
        async with asyncio.timeout(10):
            while not any("all is well" in node["name"] for node in await tab.tree()):
                await asyncio.sleep(0.1)


async def test_a_change_touches_only_what_changed(tmp_path, chromium) -> None:
    """A new verdict appears within 5 s; scroll, focus and the elements of unchanged rows stay as they are; nothing is spoken twice."""
    async with showing(tmp_path, FULL) as live, chromium.tab() as tab:
        await tab.look(390, 844)
        await tab.open(live.house.url + "/board")
        await tab.value("""(() => {
            window.scrollTo(0, 500);
            window.row = document.querySelector('[data-key="jitter"]');
            window.row.tabIndex = 0; window.row.focus({preventScroll: true});
            window.cell = document.querySelector('[data-key="mos"] th');
            window.spoken = [];
            new MutationObserver(() => spoken.push(document.getElementById('aloud').textContent))
              .observe(document.getElementById('aloud'), {childList: true, characterData: true, subtree: true});
        })()""")
        gates = (
            recorded.gate("new", "A new gate", "breach", target=0.5, limit=0.1),
            *(gate for gate in FULL.gates if gate.name != "login"),
        )
        row = msgspec.structs.replace(FULL.verdict, verdict="UNKNOWN", reason="blind now", since=FULL.at - 1)
        live.snapshot = msgspec.structs.replace(FULL, verdict=row, gates=gates)
        await tab.until("document.querySelector('h1').textContent.includes('UNKNOWN')", 5)
        assert await tab.value("document.querySelector('#gates tbody tr').dataset.key") == "new"
        assert await tab.value("document.querySelector('[data-key=login]')") is None
        assert await tab.value("window.cell === document.querySelector('[data-key=\"mos\"] th')")
        assert await tab.value("window.row === document.querySelector('[data-key=\"jitter\"]')")
        assert await tab.value("Math.abs(window.scrollY - 500) < 200")
        spoken = await tab.value("window.spoken")
        assert len(spoken) == 1
        assert spoken[0].startswith("Verdict UNKNOWN since")
        figure = msgspec.structs.replace(row, reason="blind now, 12 of 40")
        live.snapshot = msgspec.structs.replace(live.snapshot, verdict=figure)
        await tab.until("document.querySelector('.reason').textContent.includes('12 of 40')", 5)
        assert await tab.value("window.spoken.length") == 1
        assert tab.trouble() == []


async def test_the_clocks_of_the_page_say_what_the_terminal_says(tmp_path, chromium) -> None:
    """Spans, T+ and countdowns that the script keeps are written as the server writes them."""
    seconds = [0, 1, 59, 60, 61, 599, 600, 3599, 3600, 3661, 35_999, 36_000, 86_399, 86_400, 90_061, 864_000, 8_640_000]
    async with showing(tmp_path, FULL) as live, chromium.tab() as tab:
        await tab.open(live.house.url + "/board")
        found = await tab.value(f"""(() => {{
            const at = Date.now() / 1000;
            Date.now = () => at * 1000;
            const add = (set) => {{
                const node = document.createElement('time');
                Object.assign(node.dataset, set); document.body.append(node); return node;
            }};
            window.probes = {seconds}.map((s) => [
                add({{since: at - s - 0.2, kind: 'span'}}), add({{since: at - s - 0.2, kind: 'elapsed'}}), add({{until: at + s + 0.2}})]);
            return true;
        }})()""")
        assert found
        await tab.until("probes[0][0].textContent", 5)
        shown = await tab.value("probes.map((row) => row.map((node) => node.textContent))")
        for second, (past, since_start, left) in zip(seconds, shown, strict=True):
            near = range(second - 1, second + 2)
            assert past in {span(s) for s in near}
            assert since_start in {elapsed(s) for s in near}
            assert left in {countdown(s) for s in near}


async def test_a_dead_daemon_greys_the_page_and_a_living_one_heals_it(tmp_path, chromium) -> None:
    """Within 10 s of the last answer the page says that it is old, its age grows; once golive is back it is live again by itself."""
    async with chromium.tab() as tab:
        async with showing(tmp_path, FULL) as live:
            port = live.house.listener.port
            await tab.look(1024, 768)
            await tab.open(live.house.url + "/board")
            assert not await tab.value(STALE)
        gone = time.monotonic()
        await tab.until(STALE, 10)
        assert time.monotonic() - gone < 10
        await keep(tab, "gone")
        assert await tab.value("document.getElementById('old').checkVisibility()")
        assert "UNKNOWN: this is old" in await tab.value("document.getElementById('old').textContent")
        assert "was" in await tab.value("document.querySelector('h1').innerText")
        assert (await tab.value("document.title")).startswith("OLD")
        assert "golive is silent" in await tab.value("document.getElementById('aloud').textContent")
        assert [w for w in await tab.value(CONTRAST) if w[0] < (3 if w[1] else 4.5)] == []
        before = await tab.value("document.querySelector('#old time').textContent")
        await tab.until(f"document.querySelector('#old time').textContent !== '{before}'", 5)
        async with showing(tmp_path, FULL, WebConfig(listen=f"127.0.0.1:{port}")):
            await tab.until(f"!{STALE}", 10)
            assert "Verdict NO-GO" in await tab.value("document.getElementById('aloud').textContent")


async def test_a_daemon_that_answers_but_stands_still_is_old_too(tmp_path, chromium) -> None:
    """When its tick no longer moves, the page greys although every request is answered."""
    async with showing(tmp_path, FULL) as live, chromium.tab() as tab:
        await tab.open(live.house.url + "/board")
        assert not await tab.value(STALE)
        await live.stand_still()
        await tab.until(STALE, 10)


async def test_a_daemon_that_fails_at_every_request_is_old_too(tmp_path, chromium, monkeypatch) -> None:
    """An error is no news: when every look is answered with 500, the page greys."""
    async with showing(tmp_path, FULL) as live, chromium.tab() as tab:
        await tab.open(live.house.url + "/board")
        monkeypatch.setattr(live.house.desk, "snapshot", lambda: 1 / 0)
        await tab.until(STALE, 10)


async def test_a_daemon_that_hangs_is_old_too(tmp_path, chromium) -> None:
    """When connections are taken and never answered, the page gives up each look and greys."""
    held: list[asyncio.StreamWriter] = []
    async with chromium.tab() as tab:
        async with showing(tmp_path, FULL) as live:
            port = live.house.listener.port
            await tab.open(live.house.url + "/board")
        async with await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", port):
            await tab.until(STALE, 10)
            assert held
            for writer in held:
                writer.close()


@pytest.mark.timeout(120)
async def test_no_text_from_outside_runs_or_becomes_an_element(tmp_path, chromium) -> None:
    """The whole corpus, on the page as it loads and as it is brought up to date: no script ran, no element came, no policy broken."""
    async with showing(tmp_path, poison(FULL, "x")) as live, chromium.tab() as tab:
        await tab.open(live.house.url + "/board")
        count = await tab.value("document.querySelectorAll('*').length")
        await tab.value("window.alert = () => { window.ran = true; }")
        for attack in ATTACKS:
            live.snapshot = poison(FULL, attack)
            live.tick()
            await tab.value("document.dispatchEvent(new Event('visibilitychange'))")
            wanted = msgspec.json.encode(clean(attack)[:40]).decode()
            await tab.until(f"document.querySelector('.reason').textContent.startsWith({wanted})")
            assert await tab.value("document.querySelectorAll('*').length") == count, wanted
        live.snapshot = poison(FULL, ATTACKS[-5])
        await tab.open(live.house.url + "/board")
        assert await tab.value("document.querySelectorAll('*').length") == count
        assert not await tab.value("!!window.ran")
        assert tab.trouble() == []


async def test_a_person_signs_in_with_a_token(tmp_path, chromium) -> None:
    """The form, a wrong token, the right one, the board, no token in address or storage, and the way out."""
    async with (
        showing(tmp_path, FULL, WebConfig(listen="127.0.0.1:0", board="people")) as live,
        chromium.tab() as tab,
    ):
        await tab.look(390, 844)
        await tab.open(live.house.url + "/board")
        await keep(tab, "sign-in")
        tree = await tab.tree()
        assert {"role": "textbox", "name": "Token"} in tree
        assert {"role": "button", "name": "Show the board"} in tree
        for token, sign in (("wrong", "not known"), (live.house.token, "Gates")):
            tab.events.clear()
            await tab.value(f"document.getElementById('token').value = '{token}'; document.forms[0].requestSubmit()")
            await tab.loaded()
            await tab.until(f"document.body.textContent.includes('{sign}')")
        assert live.house.token not in await tab.value("location.href + document.documentElement.outerHTML")
        assert await tab.value("document.cookie + localStorage.length + sessionStorage.length") == "00"
        await tab.until("document.querySelectorAll('#gates tbody tr').length > 5")
        await live.house.revoke("anna")
        await tab.until("!!document.getElementById('token')", 10)
