"""The board of a real daemon: configured in golive.yaml, opened with a token that the command made."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import aiohttp
import pytest

from tests.rig.daemon import GOLIVE, RunningDaemon

pytestmark = pytest.mark.e2e


def command(folder: Path, *words: str) -> str:
    """Standard output of a command in the daemon's folder."""
    return subprocess.run([*GOLIVE, *words], cwd=folder, check=True, capture_output=True, text=True, timeout=50).stdout


async def test_people_see_the_board_with_their_token_and_nobody_without(tmp_path: Path) -> None:
    """`web: {board: people}`: the form, then the live board; after `golive token revoke` the form again."""
    await asyncio.to_thread(command, tmp_path, "init")
    text = (tmp_path / "golive.yaml").read_text()
    assert "\n  # board: people " in text
    daemon = RunningDaemon(tmp_path, text.replace("\n  # board: people ", "\n  board: people "))
    await asyncio.to_thread(command, tmp_path, "check")
    token = (await asyncio.to_thread(command, tmp_path, "token", "new", "--name", "anna")).strip()
    await daemon.start()
    try:
        jar = aiohttp.CookieJar(unsafe=True)  # it keeps cookies of an address too
        async with aiohttp.ClientSession(cookie_jar=jar) as browser:
            async with browser.get(daemon.url + "/board") as answer:
                assert answer.status == 401
                assert "<form" in await answer.text()
            async with browser.post(daemon.url + "/board/login", data={"token": token}) as answer:
                page = await answer.text()
                assert (answer.status, answer.url.path) == (200, "/board")
                assert "Verdict" in page
            async with browser.get(daemon.url + "/board/now") as answer:
                assert answer.status == 200
                live = await answer.text()
                assert 'id="gates"' in live
                assert 'class="stale"' not in live
            await asyncio.to_thread(command, tmp_path, "token", "revoke", "--name", "anna")
            async with browser.get(daemon.url + "/board/now") as answer:
                assert answer.status == 401
        assert token not in daemon.words()
    finally:
        daemon.stop()
