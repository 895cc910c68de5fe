"""`golive status` and `golive gate`: the board once, and the verdict as an exit code."""

from __future__ import annotations

import asyncio
import locale
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from dashboards.terminal.acts import Unreachable
from dashboards.terminal.client import DEFAULT_URL, DaemonClient
from dashboards.terminal.drawing.header import one_line
from dashboards.terminal.drawing.spans import Glyphs, plain, visible
from dashboards.terminal.plain import changes
from dashboards.terminal.report import report
from dashboards.terminal.view import View
from monitor.cli.bearer import read_token
from monitor.secrets import Secret, SecretError
from monitor.serving.snapshot import Snapshot
from monitor.text import clean, escaped_json
from monitor.units import parse_duration

EXIT_CODES = {"GO": 0, "NO-GO": 5, "HOLD": 6, "UNKNOWN": 7}
STALE_AFTER = 10.0
"""Seconds by which a snapshot may lie behind the daemon's own clock before its verdict counts for nothing."""
PAUSE = 1.0
"""Seconds between two looks of `golive gate --wait`."""
TIME_OUT = 124
"""Exit code when a GO that was waited for did not come, as timeout(1) has it."""
ONE_LINE = 79
"""Columns of the one line: a status bar shares its row with others."""

Url = Annotated[str, Parameter(env_var="GOLIVE_URL")]


def plain_glyphs() -> Glyphs:
    """ASCII for a dumb terminal and for a locale that is not UTF-8."""
    utf8 = "utf" in (sys.stdout.encoding or locale.getpreferredencoding(do_setlocale=False)).lower()
    return Glyphs(ascii=not utf8 or os.environ.get("TERM") == "dumb")


async def fetch(url: str, token: Secret | None = None) -> tuple[Snapshot, float]:
    """The newest snapshot, and how many seconds it lies behind the daemon's clock. Unreachable, ValueError."""
    async with DaemonClient(url, token) as client:
        snapshot = await client.snapshot()
        now = client.server_time if client.server_time is not None else time.time()
        return snapshot, max(0.0, now - snapshot.at)


def verdict_code(snapshot: Snapshot, behind: float) -> int:
    """0 GO, 5 NO-GO, 6 HOLD, 7 UNKNOWN or stale."""
    return EXIT_CODES.get(snapshot.verdict.verdict, 7) if behind <= STALE_AFTER else 7


def failure(url: str, error: Exception) -> None:
    """Say what is wrong, what it means and what to do."""
    sys.stderr.write(
        f"error: no verdict from {clean(url)}: {clean(str(error))}\n"
        "  effect: the verdict is UNKNOWN here; nothing was changed\n"
        "  next: is `golive run` alive there? Name another address with --url or GOLIVE_URL\n"
    )


def status(
    *,
    json: bool = False,
    oneline: bool = False,
    spoken: Annotated[bool, Parameter(name="--plain")] = False,
    url: Url = DEFAULT_URL,
    token_file: Path | None = None,
) -> int:
    """Show the board once, as text.

    Exit code 0, or 7 when the daemon cannot be reached.

    Parameters
    ----------
    json:
        The whole snapshot as one JSON object.
    oneline:
        One line, for a status bar.
    spoken:
        One fact a line in words, the worst first, without columns: for screen readers.
    url:
        Address of the daemon.
    token_file:
        File with your token, where the daemon's port asks for one; without it the variable GOLIVE_TOKEN counts.
    """
    try:
        snapshot, behind = asyncio.run(fetch(url, read_token(token_file)))
    except Unreachable as error:
        failure(url, error)
        return 7
    except (SecretError, ValueError) as error:
        sys.stderr.write(f"error: {clean(str(error))}\n")
        return 2
    glyphs = plain_glyphs()
    old = [f"this is {behind:.0f}s old: the daemon answers but stands still\n"] if behind > STALE_AFTER else []
    if json:
        sys.stdout.write(escaped_json(msgspec.json.encode(snapshot).decode()) + "\n")
    elif oneline:
        view = View(snapshot=snapshot, now=snapshot.at + behind, behind=behind if behind > STALE_AFTER else 0.0)
        sys.stdout.write(visible(plain(one_line(view, ONE_LINE, glyphs)), glyphs) + "\n")
    elif spoken:
        sys.stdout.writelines(old)
        facts = sorted(changes(None, snapshot), key=lambda change: change.rank)
        sys.stdout.writelines(f"{visible(fact.text, glyphs)}\n" for fact in facts)
    else:
        width = shutil.get_terminal_size((100, 24)).columns
        sys.stdout.writelines(f"{visible(line, glyphs)}\n" for line in report(snapshot, width, glyphs))
        sys.stdout.writelines(old)
    return 0


def gate(*, wait: str = "0", url: Url = DEFAULT_URL, token_file: Path | None = None) -> int:
    """Answer the verdict as exit code: 0 GO, 5 NO-GO, 6 HOLD, 7 UNKNOWN, stale or not reachable.

    With --wait: 0 as soon as it is GO, 124 when it was not within that time; the last verdict is printed.

    Parameters
    ----------
    wait:
        Wait this long for a GO, such as 10m.
    url:
        Address of the daemon.
    token_file:
        File with your token, where the daemon's port asks for one; without it the variable GOLIVE_TOKEN counts.
    """
    try:
        seconds = parse_duration(wait)
        return asyncio.run(decide(url, seconds, read_token(token_file)))
    except (SecretError, ValueError) as error:
        sys.stderr.write(f"error: {clean(str(error))}\n")
        return 2


async def decide(url: str, seconds: float, token: Secret | None = None) -> int:
    """Look until GO or until the time is over, which is 124; prints the last verdict with its reason."""
    end = time.monotonic() + seconds
    while True:
        try:
            snapshot, behind = await fetch(url, token)
            code = verdict_code(snapshot, behind)
            stale = f" but {behind:.0f}s old, so it counts as UNKNOWN" if behind > STALE_AFTER else ""
            words = f"{snapshot.verdict.verdict}: {snapshot.verdict.reason}{stale}"
        except Unreachable as error:
            code, words = 7, f"UNKNOWN: no daemon at {url}: {error}"
        left = end - time.monotonic()
        if code == 0 or left <= 0:
            sys.stdout.write(clean(words, 1000) + "\n")
            return TIME_OUT if code and seconds else code
        await asyncio.sleep(min(PAUSE, left))
