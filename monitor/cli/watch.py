"""`golive watch`: the terminal on a running daemon."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from dashboards.terminal.acts import SnapshotSource
from dashboards.terminal.client import DEFAULT_URL, DaemonClient
from dashboards.terminal.drawing.spans import Glyphs
from dashboards.terminal.keymap import USUAL, Keymap, chosen
from dashboards.terminal.recorder import Recorder
from monitor.cli.bearer import read_token
from monitor.cli.status import plain_glyphs
from monitor.secrets import SecretError
from monitor.serving.past.archive import ArchiveError


def watch(
    url: Annotated[str, Parameter(env_var="GOLIVE_URL")] = DEFAULT_URL,
    /,
    *,
    token_file: Path | None = None,
    operator: bool = False,
    ascii_only: Annotated[bool, Parameter(name="--ascii")] = False,
    plain: bool = False,
    keys: Path | None = None,
    record: Path | None = None,
) -> int:
    """Watch a running cutover, and act on it when armed. The daemon keeps running when you leave.

    Examples: `golive watch`; `golive watch --token-file ~/.golive-token --operator`;
    `golive watch https://golive.example:8930 --plain`.

    Parameters
    ----------
    url:
        Address of the daemon.
    token_file:
        File with your token, readable by you alone; without it the variable GOLIVE_TOKEN counts.
    operator:
        Start armed: capital letters open dialogs that act. Without it `:arm` does so later.
    ascii_only:
        ASCII characters only; chosen by itself where the locale is not UTF-8.
    plain:
        A stream for screen readers: one change a line, no cursor moves.
    keys:
        File with other keys than the usual ones; default: keys.yaml in ~/.config/golive, where there is one.
        `golive keys` lists all keys and checks the file.
    record:
        Keep what is seen in this file, a moment each 10 s and at each notable one, for `golive replay` elsewhere.
    """
    try:
        client = DaemonClient(url, read_token(token_file))
        keymap = chosen(keys)
        recorder = Recorder(client, record) if record is not None else None
    except (SecretError, ValueError, ArchiveError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    glyphs = Glyphs(ascii=True) if ascii_only else plain_glyphs()
    if plain or not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        return asyncio.run(kept(client, recorder, lambda source: read_out(source, glyphs)))
    return asyncio.run(kept(client, recorder, lambda source: show(source, glyphs, keymap, operator=operator)))


async def kept(
    client: DaemonClient, recorder: Recorder | None, work: Callable[[SnapshotSource], Awaitable[int]]
) -> int:
    """Watch, and at the end say what was recorded."""
    async with client:
        try:
            return await work(recorder or client)
        finally:
            if recorder is not None:
                await recorder.close()
                sys.stderr.write(recorder.told() + "\n")


async def read_out(client: SnapshotSource, glyphs: Glyphs) -> int:
    """Stream changes until interrupted."""
    from dashboards.terminal.plain import stream

    def write(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    try:
        await stream(client, write, asyncio.sleep, glyphs)
    except (asyncio.CancelledError, BrokenPipeError):
        return 0
    return 0


async def show(client: SnapshotSource, glyphs: Glyphs, keymap: Keymap = USUAL, *, operator: bool) -> int:
    """The full screen until a person leaves it."""
    from dashboards.terminal.app import Terminal  # Textual loads here and nowhere else in the command line

    mono = "NO_COLOR" in os.environ
    app = Terminal(client, operator=operator, glyphs=glyphs, mono=mono, keymap=keymap)
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, app.exit)
    await app.run_async()
    return app.return_code or 0
