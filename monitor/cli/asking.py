"""How a command puts one act to the daemon, and how its refusals become exit codes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from dashboards.terminal.acts import Refused, Unreachable
from dashboards.terminal.client import DEFAULT_URL, DaemonClient
from monitor.cli.bearer import read_token
from monitor.secrets import SecretError
from monitor.serving.snapshot import Snapshot
from monitor.text import clean

_LINE = 4000
FAILED, USAGE, NOT_ALLOWED = 1, 2, 8

Url = Annotated[str, Parameter(env_var="GOLIVE_URL", help="Address of the daemon.")]
TokenFile = Annotated[
    Path | None, Parameter(help="File with your token, readable by you alone; without it GOLIVE_TOKEN counts.")
]
Reason = Annotated[str, Parameter(help="Why; it stays in the journal.")]
HERE = DEFAULT_URL

Errand = Callable[[DaemonClient, Snapshot], Awaitable[int]]


def ask(url: str, token_file: Path | None, errand: Errand, *, token_needed: bool = True) -> int:
    """Look at the daemon and do an errand there; 8 when it refuses, 1 when it cannot be reached, 2 for a wrong call."""
    try:
        token = read_token(token_file)
    except SecretError as error:
        return fail(str(error), USAGE)
    if token is None and token_needed:
        return fail("no token: give --token-file FILE or set GOLIVE_TOKEN; `golive token new` makes one", USAGE)
    try:
        client = DaemonClient(url, token)
    except ValueError as error:
        return fail(str(error), USAGE)
    return asyncio.run(_do(client, url, errand))


async def _do(client: DaemonClient, url: str, errand: Errand) -> int:
    async with client:
        try:
            return await errand(client, await client.snapshot())
        except Refused as refusal:
            hint = f"; next: {refusal.hint}" if refusal.hint else ""
            return fail(f"refused: {refusal.what}{hint}", NOT_ALLOWED)
        except Unreachable as error:
            words = f"no answer from {url}: {error}; whether it was done cannot be known from here. "
            return fail(f"{words}Next: `golive status`, then look before you press again", FAILED)


def fail(words: str, code: int) -> int:
    """Say it on standard error; returns the code."""
    sys.stderr.write(f"error: {_shown(words)}\n")
    return code


def say(words: str) -> None:
    """Say it on standard output."""
    sys.stdout.write(f"{_shown(words)}\n")


def _shown(words: str) -> str:
    """Text with its line breaks and nothing else that steers a terminal: the last gate before it."""
    if words.replace("\n", "").isprintable():
        return words
    return "\n".join(clean(line, _LINE) for line in words.split("\n"))
