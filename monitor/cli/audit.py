"""`golive audit`: reads the journal, and proves that nothing in it was changed."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from dashboards.terminal.drawing.timeline import FIELDS
from dashboards.terminal.export import as_csv
from monitor.cli.audit_page import Wanted, page
from monitor.deciding.anchoring import Anchor
from monitor.deciding.ledger import show as lines
from monitor.deciding.ledger import verify as check
from monitor.deciding.public_lines import row_of
from monitor.instants import moment
from monitor.text import clean, escaped_json

audit = App(name="audit", help="The journal: what was decided and done, and the proof that it is whole.")

BROKEN, UNANCHORED = 10, 11
_FILE = "journal.db"
_StateDir = Annotated[Path, Parameter(help="State directory of the daemon.")]
_File = Annotated[Path | None, Parameter(help="A copy of journal.db, instead of the one in the state directory.")]


@audit.command
def show(
    *,
    state_dir: _StateDir = Path("state"),
    file: _File = None,
    run: str = "",
    decision: str = "",
    kind: tuple[str, ...] = (),
    who: str = "",
    since: str = "",
    until: str = "",
    last: int = 200,
    after: int | None = None,
    limit: int = 1000,
    json: bool = False,
    csv: bool = False,
) -> int:
    """Print the journal: number, time, kind, state, who, what; the newest 200 lines unless asked otherwise.

    It can be read while the daemon runs, and changes nothing.

    Parameters
    ----------
    run:
        Only this run with its steps and its decision.
    decision:
        Only this decision with its run.
    kind:
        Only lines of these kinds: decision, run, step, stage, gate, verdict, transition, source, note...
    who:
        Only what this person did.
    since:
        From then on: 15m (ago), 02:14, or 2026-11-29 02:14. UTC.
    until:
        Up to then.
    last:
        The newest so many.
    after:
        Instead of the newest: from the line after this number on, at most `limit`.
    json:
        Each line as one JSON object with all its data and its hash.
    csv:
        A table for spreadsheets, of what everyone may read.
    """
    path = file or state_dir / _FILE
    if not path.is_file():
        return _missing(path)
    now = time.time()
    try:
        wanted = Wanted(
            run=run,
            decision=decision,
            kinds=kind,
            who=who,
            since=moment(since, now) if since else None,
            until=moment(until, now) if until else None,
        )
    except ValueError as error:
        sys.stderr.write(f"error: {clean(str(error))}\n")
        return 2
    try:
        found = [entry for entry in lines(path, after or 0, None) if wanted.holds(entry)]
    except ValueError as error:
        sys.stderr.write(f"error: {clean(str(error))}; next: golive audit verify\n")
        return BROKEN
    shown = found[-last:] if after is None else found[:limit]
    if json:
        sys.stdout.writelines(escaped_json(msgspec.json.encode(entry).decode()) + "\n" for entry in shown)
        return 0
    if csv:
        sys.stdout.write(as_csv(FIELDS, [row_of(entry, "") for entry in shown]))
        return 0
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    sys.stdout.writelines(line + "\n" for line in page(shown, width))
    if len(shown) < len(found):
        left = len(found) - len(shown)
        hint = f"--last {len(found)}" if after is None else f"--after {shown[-1].seq if shown else after}"
        sys.stderr.write(f"{left} more lines are not shown; next: {hint}\n")
    return 0


@audit.command
def verify(
    *,
    state_dir: _StateDir = Path("state"),
    file: _File = None,
    anchor: tuple[str, ...] = (),
    config: Path | None = None,
) -> int:
    """Check the file, every line's hash and their order. Exit code 10 names the first bad line.

    The chain alone cannot show that its end was cut off, or that the whole file was exchanged: heads that were
    noted elsewhere do. Exit code 11 when one that was asked for cannot be read.

    Parameters
    ----------
    anchor:
        Heads noted elsewhere: NUMBER:HASH (the terminal's footer, `golive status`, /metrics; the first 8 digits
        of the hash will do), a file of them, an http or https URL, or mqtt://host:port/topic.
    config:
        golive.yaml: the heads at all of its anchors that can be read back.
    """
    path = file or state_dir / _FILE
    if not path.is_file():
        return _missing(path)
    try:
        noted = asyncio.run(_noted(anchor, config))
    except ValueError as error:
        sys.stderr.write(f"error: {clean(str(error))}\n")
        return 2
    except ConnectionError as error:
        sys.stderr.write(
            f"error: {clean(str(error))}\nNothing was proved: without its anchor a cut tail cannot be seen.\n"
        )
        return UNANCHORED
    verdict = check(path, noted)
    if verdict.ok:
        held = f", held against {len(set(noted))} anchored heads" if noted else ""
        sys.stdout.write(f"whole: {verdict.entries} lines, head {verdict.head[0]}:{verdict.head[1]}{held}\n")
        return 0
    sys.stdout.write(f"broken at line {verdict.first_bad}: {clean(verdict.why)}\n")
    sys.stderr.write(
        f"error: {path} is not whole from line {verdict.first_bad} on; {verdict.entries} lines before it are. "
        "The daemon runs no runbook from it. Next: keep a copy, find out who could write there, move the file aside "
        "(and files of anchors with it, else the new journal is held against the old heads)\n"
    )
    return BROKEN


async def _noted(anchors: tuple[str, ...], config: Path | None) -> list[Anchor]:
    """Heads from everywhere that was named. ValueError for what is no anchor, ConnectionError for one out of reach."""
    from monitor.notify.anchor_reading import from_config, from_words

    found: list[Anchor] = []
    for words in anchors:
        found += await from_words(words)
    if config is not None:
        from monitor.config_file import read

        loaded = await asyncio.to_thread(read, config)
        if loaded.value is None:
            msg = f"{config} is not valid; next: golive check {config}"
            raise ValueError(msg)
        for heads in (await from_config(loaded.value.journal.anchors, loaded.folder)).values():
            found += heads
    return found


def _missing(path: Path) -> int:
    sys.stderr.write(
        f"error: there is no journal {clean(str(path))}; next: name the daemon's --state-dir, or a --file\n"
    )
    return 1
