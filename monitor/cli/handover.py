"""`golive handover`: what the next shift must know, from a running daemon."""

from __future__ import annotations

import asyncio
import sys

import msgspec

from dashboards.terminal.acts import Refused, Unreachable
from dashboards.terminal.chronicle import NEWEST, Chronicle, path
from dashboards.terminal.client import DaemonClient
from dashboards.terminal.handover import HandOver, markdown
from dashboards.terminal.handover import handover as put_together
from monitor.cli.asking import FAILED, HERE, USAGE, TokenFile, Url, fail
from monitor.cli.bearer import read_token
from monitor.secrets import SecretError
from monitor.serving.timeline_rows import TimelinePage
from monitor.text import escaped_json

LONGEST = 31 * 24.0
"""Hours."""


def handover(*, hours: float = 8.0, json: bool = False, url: Url = HERE, token_file: TokenFile = None) -> int:
    """Write the hand-over of a shift: stage, verdict, open alerts and who has them, decisions with their reasons,
    what changed, what to watch, points of no return.

    Examples: `golive handover > handover.md`; `golive handover --hours 12 --json`.

    Parameters
    ----------
    hours:
        How far back to look for what was decided and what changed.
    json:
        One JSON object instead of Markdown.
    """  # noqa: D205 - one sentence, too long for a line
    if not 0 < hours <= LONGEST:
        return fail(f"--hours must be above 0 and at most {LONGEST:g}", USAGE)
    try:
        client = DaemonClient(url, read_token(token_file))
    except (SecretError, ValueError) as error:
        return fail(str(error), USAGE)
    try:
        told = asyncio.run(gathered(client, hours * 3600))
    except Unreachable as error:
        return fail(f"no hand-over from {url}: {error}; next: is `golive run` alive there?", FAILED)
    if json:
        sys.stdout.write(escaped_json(msgspec.json.encode(told).decode()) + "\n")
    else:
        sys.stdout.write(markdown(told))
    if not told.whole:
        sys.stderr.write("not whole: older lines of this shift could not be read; next: golive audit show\n")
    return 0


async def gathered(client: DaemonClient, seconds: float) -> HandOver:
    """The board, and every public line of the last `seconds`, page by page. Unreachable without a daemon."""
    async with client:
        snapshot = await client.snapshot()
        since = snapshot.at - seconds
        chronicle = Chronicle()
        chronicle.hear(snapshot.events)
        before: int | None = NEWEST
        why = ""
        while before is not None and not why:
            try:
                chronicle.take(msgspec.json.decode(await client.read(path(before)), type=TimelinePage), before)
            except Refused as error:
                why = error.what
            except msgspec.MsgspecError as error:
                why = str(error)
            oldest = chronicle.oldest
            before = chronicle.asks(deeper=oldest is not None and oldest.at >= since)
        oldest = chronicle.oldest
        whole = not why and (not chronicle.more or (oldest is not None and oldest.at < since))
        lines = [row for row in chronicle.rows(None)[::-1] if row.at >= since]
        return put_together(snapshot, lines, seconds, whole=whole)
