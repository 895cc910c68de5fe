"""What lies around golive: its port, its secrets, the terminal in front of it."""

from __future__ import annotations

import locale
import os
import shutil
import socket
import sys
from pathlib import Path

from monitor.config import Config
from monitor.deciding.state_lock import held_by
from monitor.intake.probing import Check, fail, ok, warn
from monitor.intake.secret_files import marks

LEAST_COLUMNS, LEAST_LINES = 80, 24


def web_checks(config: Config, state_dir: Path) -> list[Check]:
    """Whether the daemon's port can be had, or answers where a daemon runs."""
    host, _, port = config.web.listen.rpartition(":")
    address = host.strip("[]") or "127.0.0.1", int(port)
    if held_by(state_dir) is not None:
        try:
            socket.create_connection(address, timeout=2.0).close()
        except OSError as error:
            words = f"a daemon runs and {config.web.listen} does not answer: {error.strerror or error}"
            return [warn("port", words, "it may have been started with another --web.listen-address")]
        return [ok("port", f"the daemon answers on {config.web.listen}")]
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        words = f"{config.web.listen} cannot be had: {error.strerror}: golive would not start"
        return [fail("port", words, "see who listens there (ss -ltnp), or set web.listen")]
    return [ok("port", f"{config.web.listen} is free")]


def secret_checks(config: Config, base: Path) -> list[Check]:
    """Files of secrets and certificates: there, and readable by nobody else. Keys must be; certificates need not."""
    files = marks(config, base)
    if not files:
        return [ok("files", "no secret lies in a file")]
    return [ok("files", f"{len(files)} files of secrets and certificates can be read, and no secret or key by others")]


def terminal_checks() -> list[Check]:
    """What the terminal can show."""
    checks = []
    encoding = (sys.stdout.encoding or locale.getpreferredencoding(do_setlocale=False)).lower()
    if "utf" in encoding:
        checks.append(ok("characters", "UTF-8"))
    else:
        words = f"{encoding}: lines and marks are drawn in ASCII, foreign names as escapes"
        checks.append(warn("characters", words, "export LC_ALL=C.UTF-8"))
    term = os.environ.get("TERM", "")
    if "NO_COLOR" in os.environ or term in ("", "dumb"):
        why = "NO_COLOR is set" if "NO_COLOR" in os.environ else f"TERM is {term or 'not set'}"
        checks.append(warn("colours", f"none: {why}; states are told by words and marks", "export TERM=xterm-256color"))
    else:
        deep = os.environ.get("COLORTERM", "") in ("truecolor", "24bit")
        checks.append(ok("colours", f"{term}, {'16 million' if deep else '256 or fewer'}"))
    size = shutil.get_terminal_size()
    words = f"{size.columns} x {size.lines}"
    if size.columns < LEAST_COLUMNS or size.lines < LEAST_LINES:
        checks.append(
            warn("size", f"{words}: parts of the board are folded away", f"make it {LEAST_COLUMNS} x {LEAST_LINES}")
        )
    else:
        checks.append(ok("size", words))
    return checks
