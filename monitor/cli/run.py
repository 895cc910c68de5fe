"""`golive run`: the daemon, without a screen."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from monitor.cli.logs import Format, Level, begin
from monitor.config_file import DEFAULT, LoadedConfig, read
from monitor.text import clean

FAILED, INVALID, HELD = 1, 3, 4
log = logging.getLogger("golive")


def run(
    *,
    config: Annotated[Path, Parameter(name=["--config.file", "--config"])] = DEFAULT,
    state_dir: Path = Path("state"),
    listen: Annotated[list[str] | None, Parameter(name=["--web.listen-address"], negative="")] = None,
    web_config: Annotated[Path | None, Parameter(name=["--web.config.file"])] = None,
    telemetry_path: Annotated[str, Parameter(name=["--web.telemetry-path"])] = "",
    max_requests: Annotated[int | None, Parameter(name=["--web.max-requests"])] = None,
    lifecycle: Annotated[bool | None, Parameter(name=["--web.enable-lifecycle"], negative="")] = None,
    log_level: Annotated[Level, Parameter(name=["--log.level"])] = "info",
    log_format: Annotated[Format, Parameter(name=["--log.format"])] = "plain",
) -> int:
    """Watch a cutover: collect, judge, serve, notify, and execute what people approve.

    Exit code 0 after a stop by signal, 1 when a part of it died, 3 when the configuration is invalid, 4 when another daemon holds the state.

    Args:
        config: The configuration; `golive check` tells what it does.
        state_dir: Where journal, tokens and record lie.
        listen: HOST:PORT; port 0 takes a free one. More than once for several. Default: web.listen of the configuration.
        web_config: TLS, basic auth and headers, as Prometheus and its exporters read them; read again on change.
        telemetry_path: Where Prometheus finds the metrics. Default: web.telemetry_path, /metrics.
        max_requests: Most scrapes at once, 0 for no limit of their own. Default: web.max_requests.
        lifecycle: Let an admin reload by POST /-/reload, as SIGHUP does. Default: web.enable_lifecycle, off.
        log_level: The least that is logged.
        log_format: plain lines, or logfmt or JSON with named fields.
    """
    begin(log_level, log_format)
    loaded = read(config)
    if loaded.value is None:
        shown = clean(str(config))
        sys.stderr.writelines(f"{clean(str(finding), 2000)}\n" for finding in loaded.findings)
        sys.stderr.write(f"nothing was started; next: mend what is named above, then golive check {shown}\n")
        return INVALID
    from monitor.serving.web.listener import listen_address  # loaded only for this command

    also = tuple(listen[1:]) if listen else None
    asked = {
        "listen": listen[0] if listen else None,
        "also": also,
        "telemetry_path": telemetry_path or None,
        "max_requests": max_requests,
        "enable_lifecycle": lifecycle,
    }
    told = {name: value for name, value in asked.items() if value is not None}
    try:
        for address in listen or ():
            listen_address(address)
        loaded = overridden(loaded, told)
    except ValueError as error:
        sys.stderr.write(f"{clean(str(error))}; nothing was started\n")
        return INVALID

    def again() -> LoadedConfig:
        return overridden(read(config), told)

    try:
        import uvloop
    except ImportError:  # where it cannot be had, asyncio's own loop serves
        return asyncio.run(serve(loaded, state_dir, web_config, config, again))
    return uvloop.run(serve(loaded, state_dir, web_config, config, again))


def overridden(loaded: LoadedConfig, told: Mapping[str, object]) -> LoadedConfig:
    """What was read, with what the command line says of the port; ValueError for what it cannot say."""
    if loaded.value is None:
        return loaded
    web = msgspec.structs.replace(loaded.value.web, **told)
    return dataclasses.replace(loaded, value=msgspec.structs.replace(loaded.value, web=web))


async def serve(
    loaded: LoadedConfig,
    state_dir: Path,
    web_config: Path | None = None,
    config: Path | None = None,
    again: Callable[[], LoadedConfig] | None = None,
) -> int:
    """Run a daemon until SIGTERM or SIGINT; returns the exit code. again: reads config anew, on SIGHUP."""
    from monitor.cli.rereading import on_hangup
    from monitor.daemon.daemon import Daemon
    from monitor.deciding.state_lock import AlreadyRunning
    from monitor.deciding.tokens import TokensError
    from monitor.intake.record import RecordError
    from monitor.secrets import SecretError
    from monitor.serving.web.front import FrontError
    from monitor.serving.web.listener import ListenError

    daemon = Daemon(loaded, state_dir, web_config_file=web_config, again=again)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, on_hangup(config or DEFAULT, daemon))
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
    code = FAILED if daemon.dead.is_set() else 0
    if daemon.supervisor.stuck:
        # Everything is closed and on disk. What ignores its cancellation would keep this process for ever.
        log.error("ending without %s", ", ".join(daemon.supervisor.stuck))
        logging.shutdown()
        os._exit(code)
    return code
