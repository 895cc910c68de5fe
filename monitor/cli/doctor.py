"""`golive doctor`: everything that a cutover needs, tried for real beforehand."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from monitor.cli.asking import FAILED, USAGE, fail, say
from monitor.config_file import DEFAULT, LoadedConfig, read
from monitor.doctor.examination import Examination
from monitor.doctor.report import Line, report, spelled, summary
from monitor.text import clean, escaped_json

_LINE = 2000


def doctor(
    *names: str,
    config: Annotated[Path, Parameter(name=["--config", "--config.file"])] = DEFAULT,
    state_dir: Path = Path("state"),
    send: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Try everything for real: each source with its login, brokers with a canary, the targets of runbooks, clock and disk.

    Changes nothing: targets of runbooks are only connected to, a synthetic transaction is not done, a broker gets 1,201
    small messages under golive/canary/ that are gone afterwards. Exit code 0 when nothing failed, 1 when something did,
    2 for a name that is none.

    Parameters
    ----------
    names:
        Only these: names of collectors, state, clock, secrets, web, terminal, runbooks, notify.
    config:
        The configuration.
    state_dir:
        State directory of the daemon.
    send:
        Send one message, which says that it is a trial, through each channel of notify.
    json:
        One JSON object: schema, ok, checks.
    """
    loaded = read(config)
    if loaded.value is None or loaded.book is None:
        return _print(_findings(loaded, config), as_json=json)
    examination = Examination(loaded, state_dir, send=send)
    if unknown := [name for name in names if name not in examination.subjects]:
        words = ", ".join(clean(name, 80) for name in unknown)
        return fail(f"nothing here is called {words}; there are: {', '.join(examination.subjects)}", USAGE)
    return _print(asyncio.run(examination.run(names)), as_json=json)


def _findings(loaded: LoadedConfig, path: Path) -> list[Line]:
    then = f"golive check {clean(str(path))}"
    return [
        Line(subject="configuration", what="finding", state="fail", words=clean(str(finding), _LINE), next=then)
        for finding in loaded.findings
    ]


def _print(found: list[Line], *, as_json: bool) -> int:
    made = report(found)
    if as_json:
        say(escaped_json(msgspec.json.encode(made).decode()))
    else:
        for line in made.checks:
            sys.stdout.writelines(f"{clean(text, _LINE)}\n" for text in spelled(line))
        say(summary(made))
    return 0 if made.ok else FAILED
