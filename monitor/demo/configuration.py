"""The demo's own configuration: a golive.yaml, its runbooks and everybody's token, written into the state directory."""

from __future__ import annotations

import secrets
import time
from importlib import resources
from itertools import count
from pathlib import Path
from string import Template
from typing import NamedTuple

from monitor.deciding.state_lock import StateLock
from monitor.demo.secret_files import keep, write_secrets
from monitor.demo.world import Ports

PEOPLE = ("anna", "ben", "cara", "dan")
"""anna is you; the others are scripted. The first two sign, cara sees to the agents, dan leads the cutover."""

_MARK = "# The simulated cutover of `golive demo`."
_EARLIER = "earlier-"
_TEMPLATE = resources.files("monitor.demo") / "template"


class OccupiedError(Exception):
    """The directory holds something that is not the demo's, so nothing is written there."""


class Setup(NamedTuple):
    """Where the demo's files lie, and who may do what with which token."""

    directory: Path
    config: Path
    tokens: dict[str, str]

    def token_file(self, person: str) -> Path:
        """The file that holds a person's token."""
        return self.directory / "people" / f"{person}.token"


def claim(directory: Path, now: float) -> None:
    """Make the directory ready: created when missing, an earlier demo's files moved aside, anything else refused.

    OccupiedError when it holds other files; AlreadyRunning when a daemon is at work in it.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = sorted(path for path in directory.iterdir() if not path.name.startswith(_EARLIER))
    if not found:
        return
    config = directory / "golive.yaml"
    if not (config.is_file() and config.read_text(encoding="utf-8", errors="replace").startswith(_MARK)):
        raise OccupiedError(
            f"{directory} holds files that the demo did not write, such as {found[0].name}; "
            "nothing was changed; next: name an empty or a new directory with --dir"
        )
    StateLock.acquire(directory, now).release()
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    names = (f"{_EARLIER}{stamp}" + (f"-{number}" if number else "") for number in count())
    aside = next(path for path in (directory / name for name in names) if not path.exists())
    aside.mkdir(mode=0o700)
    for path in found:
        path.rename(aside / path.name)


def write(directory: Path, *, port: int, sip: int, pager: int, world: Ports) -> Setup:
    """Write golive.yaml, runbooks/, people/*.token and what the world shares (0600), with the ports of this demo."""
    numbers = {"port": port, "sip": sip, "pager": pager, "broker": world.broker, "routing": world.routing}
    numbers |= {f"pbx_{site}": number for site, number in world.pbx.items()} | {"connect": world.connect}
    ports = {name: str(number) for name, number in numbers.items()}
    config = directory / "golive.yaml"
    config.write_text(_filled("golive.yaml", ports), encoding="utf-8")
    (directory / "runbooks").mkdir()
    for name in ("voice-back-to-legacy.yaml", "voice-back-to-legacy.md"):
        (directory / "runbooks" / name).write_text(_filled(f"runbooks/{name}", ports), encoding="utf-8")
    setup = Setup(directory, config, {person: secrets.token_urlsafe(24) for person in PEOPLE})
    (directory / "people").mkdir(mode=0o700)
    for person, token in setup.tokens.items():
        keep(setup.token_file(person), token)
    write_secrets(directory)
    return setup


def _filled(name: str, ports: dict[str, str]) -> str:
    text = _TEMPLATE.joinpath(*name.split("/")).read_text(encoding="utf-8")
    return Template(text).substitute(ports)
