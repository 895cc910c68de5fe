"""`golive status`, `golive gate` and `golive watch --plain` as a script sees them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from aiohttp import web

from monitor.cli.status import STALE_AFTER, status, verdict_code
from monitor.serving.snapshot import Snapshot
from tests.dashboards.terminal import recorded

MAIN = "from monitor.cli.main import main; main()"


@asynccontextmanager
async def daemon(moments: list[Snapshot]) -> AsyncIterator[str]:
    """Answers these snapshots one after the other, the last one again and again, each as of now."""

    async def answer(_: web.Request) -> web.Response:
        now = moments.pop(0) if len(moments) > 1 else moments[0]
        return web.Response(body=msgspec.json.encode(msgspec.structs.replace(now, at=time.time())))

    app = web.Application()
    app.router.add_get("/api/v1/snapshot", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def golive(*words: str, url: str, **env: str) -> tuple[int, str, str]:
    """The command in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", MAIN, *words),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "GOLIVE_URL": url, **env},
    )
    out, err = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode or 0, out.decode(), err.decode()


def verdict(word: str) -> Snapshot:
    """A moment with this verdict."""
    row = msgspec.structs.replace(recorded.FAILING.verdict, verdict=word)
    return msgspec.structs.replace(recorded.FAILING, verdict=row)


@pytest.mark.parametrize(("word", "code"), [("GO", 0), ("NO-GO", 5), ("HOLD", 6), ("UNKNOWN", 7), ("LATER", 7)])
def test_the_verdict_is_an_exit_code_and_a_stale_one_is_unknown(word, code) -> None:
    """Each verdict has its code, one that this version does not know is UNKNOWN, and so is any that is old."""
    assert verdict_code(verdict(word), 0.0) == code
    assert verdict_code(verdict(word), STALE_AFTER + 1) == 7


async def test_gate_waits_for_go() -> None:
    """With --wait it looks again and ends as soon as the verdict is GO."""
    async with daemon([verdict("HOLD"), verdict("NO-GO"), verdict("GO")]) as url:
        code, out, _ = await golive("gate", "--wait", "20s", url=url)
    assert code == 0
    assert out.startswith("GO: ")


@pytest.mark.parametrize("word", ["HOLD", "NO-GO", "UNKNOWN"])
async def test_a_go_that_does_not_come_in_time_is_a_time_out(word) -> None:
    """With --wait a pipeline tells "not within the time" (124) from what the verdict is now; the verdict is printed."""
    async with daemon([verdict(word)]) as url:
        code, out, _ = await golive("gate", "--wait", "1s", url=url)
    assert code == 124
    assert out.startswith(f"{word}: ")


async def test_a_daemon_that_does_not_come_in_time_is_a_time_out() -> None:
    """Waiting for a daemon that is not there ends with 124 too, and says so."""
    code, out, _ = await golive("gate", "--wait", "1s", url="http://127.0.0.1:1")
    assert code == 124
    assert "UNKNOWN: no daemon" in out


@pytest.mark.parametrize("environment", ["PROD", "PROD eu-west", "an environment with a name that no bar has room for"])
@pytest.mark.parametrize("moment", recorded.MOMENTS)
async def test_the_one_line_is_under_80_columns_with_age_and_what_waits(moment, environment, capsys) -> None:
    """Whatever the verdict, the reason and the name of the environment, the end of the line is not cut off."""
    cutover = msgspec.structs.replace(recorded.CUTOVER, environment=environment)
    async with daemon([msgspec.structs.replace(recorded.MOMENTS[moment], cutover=cutover)]) as url:
        assert await asyncio.to_thread(status, oneline=True, url=url) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert len(line) < 80
    assert recorded.MOMENTS[moment].verdict.verdict in line
    assert re.search(r" age \S+ wait \d+$", line)


async def test_gate_says_why_not() -> None:
    """Without --wait the answer is the present verdict, with its reason."""
    async with daemon([recorded.FAILING]) as url:
        code, out, _ = await golive("gate", url=url)
    assert (code, out) == (5, "NO-GO: sales-en abandon 11.8% > 8.0% (84 calls)\n")


async def test_without_a_daemon_the_answer_is_unknown_with_a_next_step() -> None:
    """Nobody there: 7, and the error says what to do."""
    code, out, _ = await golive("gate", url="http://127.0.0.1:1")
    assert code == 7
    assert "UNKNOWN: no daemon at http://127.0.0.1:1" in out
    code, out, err = await golive("status", url="http://127.0.0.1:1")
    assert (code, out) == (7, "")
    assert "next: is `golive run` alive there?" in err


async def test_status_prints_the_board_a_line_or_the_snapshot() -> None:
    """Three forms of the same moment: text, one line, one JSON object; none has an escape sequence."""
    async with daemon([recorded.FAILING]) as url:
        code, board, _ = await golive("status", url=url)
        _, line, _ = await golive("status", "--oneline", url=url)
        _, whole, _ = await golive("status", "--json", url=url)
        _, dumb, _ = await golive("status", url=url, TERM="dumb")
    assert code == 0
    assert "Abandon rate" in board
    assert "\x1b" not in board + line + whole
    assert line.startswith("PROD eu-west NO-GO")
    assert line.count("\n") == 1
    assert json.loads(whole)["verdict"]["verdict"] == "NO-GO"
    assert dumb.isascii()


async def test_status_in_words_is_one_fact_a_line(capsys) -> None:
    """`golive status --plain`: verdict first, then who is asked, then what is bad; no columns, no shapes."""
    async with daemon([recorded.FAILING]) as url:
        assert await asyncio.to_thread(status, spoken=True, url=url) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("verdict NO-GO: ")
    assert lines[1].startswith("waits for a person: ")
    assert any(line.startswith("gate Abandon rate BREACH 11.8%, limit <=8.0%") for line in lines[:6])
    assert all("  " not in line for line in lines)


async def test_a_wrong_wait_is_a_wrong_call() -> None:
    """A duration without a unit is refused with 2 and an example."""
    code, _, err = await golive("gate", "--wait", "10", url="http://127.0.0.1:1")
    assert code == 2
    assert "write a number with a unit" in err


async def test_watch_without_a_terminal_reads_out_plain_lines() -> None:
    """Into a pipe the same program speaks line by line, without a cursor move."""
    async with daemon([recorded.FAILING]) as url:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", MAIN, "watch", url, "--plain"),
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert process.stdout is not None
        try:
            lines = [await asyncio.wait_for(process.stdout.readline(), 20) for _ in range(3)]
        finally:
            process.terminate()
            await process.communicate()
    assert b"NO-GO" in lines[0]
    assert all(b"\x1b" not in line and b"\r" not in line for line in lines)


async def test_a_token_file_that_others_may_read_is_refused(tmp_path) -> None:
    """`golive watch` says which file and how to mend it, and shows no part of the token."""
    file = tmp_path / "token"
    file.write_text("s3cret\n")
    file.chmod(0o644)
    code, _, err = await golive("watch", "--token-file", str(file), url="http://127.0.0.1:1")
    assert code == 2
    assert "chmod 600" in err
    assert "s3cret" not in err
