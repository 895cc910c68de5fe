"""`golive doctor --bundle FILE`: what was found, what is configured and what the daemon says, in one file to pass on."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import msgspec

from dashboards.terminal.acts import Refused, Unreachable
from dashboards.terminal.client import DaemonClient
from monitor.cli.asking import FAILED, fail, say
from monitor.config_file import SHIPPED, LoadedConfig
from monitor.doctor.bundle import machine, pack, save, texts_of
from monitor.doctor.report import Report, spelled
from monitor.documents.including import join

ASKED = {
    "daemon/snapshot.json": "/api/v1/snapshot",
    "daemon/metrics.txt": "/metrics",
    "daemon/events.json": "/api/v1/events?after=0&limit=1000",
    "daemon/ready.txt": "/-/ready",
}
"""What is asked of the daemon, by the name that it gets in the bundle; only what anybody may read."""


def bundle(path: Path, config: Path, loaded: LoadedConfig, found: Report, url: str) -> int:
    """Write the bundle and say what is in it. 1 when it cannot be written, and nothing is ever overwritten."""
    now = time.time()
    members = {
        "machine.txt": machine(),
        "doctor.json": msgspec.json.encode(found).decode(),
        "doctor.txt": "".join(f"{text}\n" for line in found.checks for text in spelled(line)),
        **texts_of(join(config, SHIPPED).files, loaded.folder),
        **asyncio.run(_daemon(url)),
    }
    if loaded.value is not None:
        members |= texts_of(sorted((loaded.folder / loaded.value.runbooks).glob("*.y*ml")), loaded.folder)
    try:
        save(path, pack(members, now))
    except OSError as error:
        return fail(
            f"{path} was not written: {error.strerror}; next: give --bundle a new name in a folder of yours", FAILED
        )
    say(f"{path}: {len(members)} files, secrets and telephone numbers masked; look through it before you pass it on")
    return 0


async def _daemon(url: str) -> dict[str, str]:
    """The daemon's answers, or why there is none."""
    answers = {}
    try:
        async with DaemonClient(url) as client:
            for name, asked in ASKED.items():
                try:
                    answers[name] = (await client.read(asked)).decode("utf-8", "replace")
                except (Unreachable, Refused) as error:
                    answers[name] = f"no answer: {error}\n"
    except ValueError as error:
        answers["daemon/address.txt"] = f"{error}\n"
    return answers
