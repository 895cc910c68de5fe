"""`golive demo`: a simulated cutover that goes wrong, on its own broker and configuration."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter, validators

Name = Literal["calm", "trunk-loss", "queue-flood", "crm-down", "blind", "rollback"]

FAILED, USAGE, HELD = 1, 2, 4


def demo(
    *,
    scenario: Annotated[Name, Parameter(help="What goes wrong.")] = "rollback",
    headless: Annotated[bool, Parameter(negative="", help="No terminal: print what happens and end with it.")] = False,
    json: Annotated[bool, Parameter(negative="", help="One JSON object a line; implies --headless.")] = False,
    seed: Annotated[int, Parameter(help="Seed of the simulated calls.")] = 7,
    port: Annotated[
        int,
        Parameter(help="HTTP port of the daemon; 0 takes a free one.", validator=validators.Number(gte=0, lte=65535)),
    ] = 0,
    dir: Annotated[Path | None, Parameter(help="State directory; created when missing.")] = None,  # noqa: A002 - the option's name
) -> int:
    """Show a simulated cutover that goes wrong and offers a rollback; you are anna, ben signs second."""
    from monitor.deciding.state_lock import AlreadyRunning  # loaded only for this command
    from monitor.demo.broker import BrokerMissingError
    from monitor.demo.configuration import OccupiedError
    from monitor.demo.production import StartError

    try:
        if dir is not None:
            return asyncio.run(
                _run(scenario, dir.resolve(), quiet=headless or json, as_json=json, seed=seed, port=port)
            )
        with tempfile.TemporaryDirectory(prefix="golive-demo-") as folder:
            return asyncio.run(_run(scenario, Path(folder), quiet=headless or json, as_json=json, seed=seed, port=port))
    except AlreadyRunning as error:
        return _sorry(str(error), HELD)
    except OccupiedError as error:
        return _sorry(str(error), USAGE)
    except (StartError, BrokerMissingError, OSError) as error:
        return _sorry(str(error), FAILED)


async def _run(scenario: str, directory: Path, *, quiet: bool, as_json: bool, seed: int, port: int) -> int:
    from monitor.demo.headless import headless  # loaded only for this command
    from monitor.demo.onstage import onstage

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for ask in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(ask, stop.set)
    if quiet:
        return await headless(scenario, directory, as_json=as_json, seed=seed, port=port, stop=stop)
    return await onstage(scenario, directory, seed=seed, port=port, stop=stop)


def _sorry(words: str, code: int) -> int:
    sys.stderr.write(f"golive demo: {words}\n")
    return code
