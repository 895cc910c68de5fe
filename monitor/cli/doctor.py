"""`golive doctor`: everything that a cutover needs, tried for real beforehand."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from monitor.cli.asking import FAILED, HERE, USAGE, Url, fail, say
from monitor.cli.bundling import bundle as write_bundle
from monitor.config_file import DEFAULT, LoadedConfig, read
from monitor.doctor.examination import Examination
from monitor.doctor.report import Line, Report, report, spelled, summary
from monitor.text import clean, escaped_json

_LINE = 2000


def doctor(
    *names: str,
    config: Annotated[Path, Parameter(name=["--config", "--config.file"])] = DEFAULT,
    state_dir: Path = Path("state"),
    send: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
    bundle: Path | None = None,
    url: Url = HERE,
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
    bundle:
        Write all that was found, the configuration and what the daemon shows anybody into this .tar.gz, for whoever
        helps you: secrets, logins and telephone numbers masked, for your eyes alone (0600), never over another file.
    url:
        Address of the daemon, for the bundle.
    """
    loaded = read(config)
    if loaded.value is None or loaded.book is None:
        return _end(_findings(loaded, config), config, loaded, json, bundle, url)
    examination = Examination(loaded, state_dir, send=send)
    if unknown := [name for name in names if name not in examination.subjects]:
        words = ", ".join(clean(name, 80) for name in unknown)
        return fail(f"nothing here is called {words}; there are: {', '.join(examination.subjects)}", USAGE)
    return _end(asyncio.run(examination.run(names)), config, loaded, json, bundle, url)


def _findings(loaded: LoadedConfig, path: Path) -> list[Line]:
    then = f"golive check {clean(str(path))}"
    return [
        Line(subject="configuration", what="finding", state="fail", words=clean(str(finding), _LINE), next=then)
        for finding in loaded.findings
    ]


def _end(found: list[Line], config: Path, loaded: LoadedConfig, as_json: bool, path: Path | None, url: str) -> int:  # noqa: FBT001 - as it was given
    made = report(found)
    code = _print(made, as_json=as_json)
    return code if path is None else write_bundle(path, config, loaded, made, url) or code


def _print(made: Report, *, as_json: bool) -> int:
    if as_json:
        say(escaped_json(msgspec.json.encode(made).decode()))
    else:
        for line in made.checks:
            sys.stdout.writelines(f"{clean(text, _LINE)}\n" for text in spelled(line))
        say(summary(made))
    return 0 if made.ok else FAILED
