"""`golive collector`: try one collector on its own, and read the raw exchanges of one that a daemon runs."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import msgspec
from cyclopts import App, Parameter

from dashboards.terminal.client import DaemonClient
from monitor.cli.asking import FAILED, HERE, USAGE, TokenFile, Url, ask, fail, say
from monitor.config_file import DEFAULT, read
from monitor.intake.postbox import Postbox
from monitor.intake.transcripts import Exchange, Kept
from monitor.intake.trial import Outcome, Told, Trial, Tryable, spelled
from monitor.serving.snapshot import Snapshot
from monitor.text import clean, escaped_json
from monitor.units import parse_duration

INVALID = 3
MOST_LINES = 200
"""Lines a second that are printed; of more the number is."""

collector = App(name="collector", help="Collectors: try one on its own, read the raw exchanges of a running one.")


@collector.command(name="test")
def try_(
    name: str,
    /,
    *,
    config: Annotated[Path, Parameter(name=["--config", "--config.file"])] = DEFAULT,
    for_: Annotated[str, Parameter(name="--for")] = "10s",
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Run one collector of the configuration without a daemon; prints its samples, refusals and health as they come.

    Nothing is written to disk and nothing is taken from a running daemon: an MQTT session has an id of its own, keeps
    nothing, leaves shared subscriptions and acknowledges nothing. What asks its source asks it for real; a synthetic
    transaction of kind http does all its requests, its clean-up too. Exit code 0 when samples came and its health is ok
    at the end, 1 when not, 2 for a name that is none, 3 for an invalid configuration.

    Parameters
    ----------
    name:
        The collector's name in the configuration.
    config:
        The configuration.
    for_:
        How long, such as 30s. Ctrl-C ends it earlier.
    json:
        One JSON object a line; the last has kind summary.
    """
    try:
        seconds = parse_duration(for_)
    except ValueError as error:
        return fail(str(error), USAGE)
    loaded = read(config)
    if loaded.value is None:
        sys.stderr.writelines(f"{clean(str(finding), 2000)}\n" for finding in loaded.findings)
        return fail(f"nothing was started; next: golive check {clean(str(config))}", INVALID)
    found = next((source for source in loaded.value.collectors if source.name == name), None)
    if found is None:
        names = ", ".join(source.name for source in loaded.value.collectors) or "none"
        return fail(f"no collector is called {clean(name)!r}; there are: {names}", USAGE)
    if isinstance(found, Postbox) and not isinstance(found, Tryable):
        words = f"{name} is posted to, at the port of the daemon, so it cannot run alone; next: golive doctor {name}, "
        return fail(f"{words}then golive collector transcript {name}", USAGE)
    printer = _Printer(as_json=json)
    trial = Trial(found, loaded.catalogue, loaded.folder, printer.tell)
    outcome = asyncio.run(_until_stopped(trial, seconds))
    printer.end(outcome)
    return 0 if outcome.works else FAILED


async def _until_stopped(trial: Trial, seconds: float) -> Outcome:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, trial.stop)
    return await trial.run(seconds)


class _Printer:
    """Prints lines, at most so many a second."""

    def __init__(self, *, as_json: bool) -> None:
        self._json = as_json
        self._second = 0
        self._lines = 0
        self._left_out = 0

    def tell(self, told: Told) -> None:
        second = int(told.at)
        if second != self._second:
            self._note()
            self._second, self._lines = second, 0
        self._lines += 1
        if self._lines > MOST_LINES and told.kind != "health":
            self._left_out += 1
            return
        self._print(told)

    def _note(self) -> None:
        if self._left_out:
            words = f"{self._left_out} lines more in this second are not shown"
            self._print(Told(kind="health", at=time.time(), state="printing", words=words))
            self._left_out = 0

    def _print(self, told: Told) -> None:
        if self._json:
            say(escaped_json(msgspec.json.encode(told).decode()))
        else:
            clock = datetime.fromtimestamp(told.at, UTC).strftime("%H:%M:%S")
            say(f"{clock}Z {spelled(told, time.time())}")

    def end(self, outcome: Outcome) -> None:
        self._note()
        refused = sum(outcome.refused.values())
        reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(outcome.refused.items()))
        why = f": {outcome.condition.error}" if outcome.condition.error else ""
        words = (
            f"{outcome.samples} samples of {outcome.series} series from {outcome.messages} messages, "
            f"{refused} refused{f' ({reasons})' if reasons else ''}; {outcome.condition.state.value}{why}"
        )
        if self._json:
            state = "ok" if outcome.works else "failed"
            told = Told(kind="summary", at=time.time(), state=state, words=clean(words, 1000), count=outcome.samples)
            say(escaped_json(msgspec.json.encode(told).decode()))
        else:
            say(f"{'ok' if outcome.works else 'FAILED'}: {clean(words, 1000)}")


@collector.command
def transcript(
    name: str,
    /,
    *,
    failures: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
    url: Url = HERE,
    token_file: TokenFile = None,
) -> int:
    """Print the last raw exchanges of a collector of the running daemon, redacted; failures are kept longest.

    Parameters
    ----------
    name:
        The collector's name, as on the board.
    failures:
        Only those that failed.
    json:
        The daemon's own answer, one JSON object.
    """

    async def errand(client: DaemonClient, _snapshot: Snapshot) -> int:
        body = await client.read(f"/api/v1/transcripts/{quote(name, safe='')}")
        if json:
            say(escaped_json(body.decode()))
            return 0
        kept = msgspec.json.decode(body, type=Kept)
        shown = kept.failures if failures else sorted((*kept.recent, *kept.failures), key=lambda one: one.at)
        for exchange in shown:
            say(_written(exchange))
        say(f"{kept.seen} exchanges since the start, {kept.failed} of them failed")
        return 0

    return ask(url, token_file, errand)


def _written(exchange: Exchange) -> str:
    clock = datetime.fromtimestamp(exchange.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    lines = [f"--- {clock}Z {clean(exchange.fault or 'ok')}"]
    lines += [f"> {clean(line, 1000)}" for line in exchange.sent.rstrip().split("\n") if exchange.sent]
    lines += [f"< {clean(line, 1000)}" for line in exchange.got.rstrip().split("\n") if exchange.got]
    return "\n".join(lines)
