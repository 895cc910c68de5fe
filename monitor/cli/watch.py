"""`golive watch`: the terminal on a running daemon."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from dashboards.terminal.client import DEFAULT_URL, DaemonClient
from dashboards.terminal.drawing.spans import Glyphs
from dashboards.terminal.keymap import Keymap, chosen
from monitor.cli.bearer import read_token
from monitor.cli.status import plain_glyphs
from monitor.secrets import SecretError


def watch(
    url: Annotated[str, Parameter(env_var="GOLIVE_URL")] = DEFAULT_URL,
    /,
    *,
    token_file: Path | None = None,
    operator: bool = False,
    ascii_only: Annotated[bool, Parameter(name="--ascii")] = False,
    plain: bool = False,
    keys: Path | None = None,
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
    """
    try:
        client = DaemonClient(url, read_token(token_file))
        keymap = chosen(keys)
    except (SecretError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    glyphs = Glyphs(ascii=True) if ascii_only else plain_glyphs()
    if plain or not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        return asyncio.run(read_out(client, glyphs))
    return asyncio.run(show(client, glyphs, keymap, operator=operator))


async def read_out(client: DaemonClient, glyphs: Glyphs) -> int:
    """Stream changes until interrupted."""
    from dashboards.terminal.plain import stream

    def write(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    async with client:
        try:
            await stream(client, write, asyncio.sleep, glyphs)
        except (asyncio.CancelledError, BrokenPipeError):
            return 0
    return 0


async def show(client: DaemonClient, glyphs: Glyphs, keymap: Keymap, *, operator: bool) -> int:
    """The full screen until a person leaves it."""
    from dashboards.terminal.app import Terminal  # Textual loads here and nowhere else in the command line

    mono = "NO_COLOR" in os.environ
    async with client:
        app = Terminal(client, operator=operator, glyphs=glyphs, mono=mono, keymap=keymap)
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, app.exit)
        await app.run_async()
        return app.return_code or 0
