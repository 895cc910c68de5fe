"""`golive run`: the daemon, without a screen."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import logging
import signal
import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from monitor.config_file import DEFAULT, LoadedConfig, read
from monitor.redaction import Masking
from monitor.text import clean

FAILED, INVALID, HELD = 1, 3, 4
log = logging.getLogger("golive")


def run(
    *,
    config: Annotated[Path, Parameter(name=["--config.file", "--config"])] = DEFAULT,
    state_dir: Path = Path("state"),
    listen: Annotated[str, Parameter(name=["--web.listen-address"])] = "",
    web_config: Annotated[Path | None, Parameter(name=["--web.config.file"])] = None,
) -> int:
    """Watch a cutover: collect, judge, serve, notify, and execute what people approve.

    Exit code 0 after a stop by signal, 1 when a part of it died, 3 when the configuration is invalid, 4 when another daemon holds the state.

    Args:
        config: The configuration; `golive check` tells what it does.
        state_dir: Where journal, tokens and record lie.
        listen: HOST:PORT; port 0 takes a free one. Default: web.listen of the configuration.
        web_config: TLS, basic auth and headers, as Prometheus and its exporters read them; read again on change.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Masking("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    loaded = read(config)
    if loaded.value is None:
        shown = clean(str(config))
        sys.stderr.writelines(f"{clean(str(finding), 2000)}\n" for finding in loaded.findings)
        sys.stderr.write(f"nothing was started; next: mend what is named above, then golive check {shown}\n")
        return INVALID
    if listen:
        web = msgspec.structs.replace(loaded.value.web, listen=listen)
        loaded = dataclasses.replace(loaded, value=msgspec.structs.replace(loaded.value, web=web))
    try:
        import uvloop
    except ImportError:  # where it cannot be had, asyncio's own loop serves
        return asyncio.run(serve(loaded, state_dir, web_config))
    return uvloop.run(serve(loaded, state_dir, web_config))


async def serve(loaded: LoadedConfig, state_dir: Path, web_config: Path | None = None) -> int:
    """Run a daemon until SIGTERM or SIGINT; returns the exit code."""
    from monitor.daemon.daemon import Daemon
    from monitor.deciding.state_lock import AlreadyRunning
    from monitor.deciding.tokens import TokensError
    from monitor.intake.record import RecordError
    from monitor.secrets import SecretError
    from monitor.serving.web.front import FrontError
    from monitor.serving.web.listener import ListenError

    daemon = Daemon(loaded, state_dir, web_config_file=web_config)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await daemon.start()
    except AlreadyRunning as error:
        sys.stderr.write(f"{error}; next: stop it, or give this cutover another --state-dir\n")
        return HELD
    except (FrontError, ListenError, TokensError, SecretError, RecordError) as error:
        sys.stderr.write(f"{error}\n")
        await daemon.close()
        return FAILED
    gc.collect()
    gc.freeze()  # what a daemon is made of lives as long as it does; not looking at it again spares the loop long pauses
    log.info("watching %s on %s, state in %s", daemon.config.cutover.name, daemon.address, state_dir)
    waits = {asyncio.create_task(stop.wait()), asyncio.create_task(daemon.dead.wait())}
    _, rest = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in rest:
        wait.cancel()
    log.info("stopping; a second signal stops at once, what is open is found in the journal at the next start")
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.remove_signal_handler(number)
    await daemon.close()
    return FAILED if daemon.dead.is_set() else 0
