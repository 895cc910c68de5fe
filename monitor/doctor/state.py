"""The state directory and the disk under it: may we write there, is there room, how long does the disk take to be sure?"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from monitor.deciding.reserve import RESERVE_BYTES
from monitor.deciding.state_lock import Holder, held_by
from monitor.intake.probing import Check, fail, ok, took, warn

MIB = 1024 * 1024
LEAST, COMFORTABLE = 4 * RESERVE_BYTES, 1024 * MIB
"""Bytes free: below the first the record of a rollback may not fit; above the second nobody need look."""
LEAST_FILES = 1000
SLOW = 0.05
"""Seconds for the disk to keep a line of the journal, above which every decision is noticeably late."""
_TRIES = 5


def state_checks(directory: Path) -> list[Check]:
    """Who holds it, who may read it, can it be written, is there room. Blocks on the disk; leaves nothing behind."""
    if not directory.exists():
        parent = next(folder for folder in directory.absolute().parents if folder.exists())
        if not os.access(parent, os.W_OK):
            words = f"{directory} is not there and cannot be made in {parent}: golive would not start"
            return [fail("directory", words, "make it, owned by the user of golive, or name another --state-dir")]
        return [ok("directory", f"{directory} is not there yet; golive makes it"), *_room(parent)]
    if not directory.is_dir():
        return [fail("directory", f"{directory} is no directory: golive would not start", "name another --state-dir")]
    return [_held(directory, held_by(directory)), *_rights(directory), *_written(directory), *_room(directory)]


def _held(directory: Path, holder: Holder | None) -> Check:
    if holder is None:
        return ok("lock", f"no daemon holds {directory}")
    since = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(holder.since))
    return ok("lock", f"process {holder.pid} on {holder.host} holds {directory} since {since}")


def _rights(directory: Path) -> list[Check]:
    checks = []
    if directory.stat().st_mode & 0o077:
        words = f"others may look into {directory}, where journal and token hashes lie"
        checks.append(warn("rights", words, f"chmod 700 {directory}"))
    open_to_others = [path for path in sorted(directory.iterdir()) if path.is_file() and path.stat().st_mode & 0o077]
    checks += [warn("rights", f"others may read {path}", f"chmod 600 {path}") for path in open_to_others]
    return checks or [ok("rights", "nobody else may look into it")]


def _written(directory: Path) -> list[Check]:
    spans = []
    try:
        with tempfile.NamedTemporaryFile(dir=directory, prefix=".doctor-") as file:
            for _ in range(_TRIES):
                begun = time.perf_counter()
                file.write(b"\0" * 4096)
                file.flush()
                os.fsync(file.fileno())
                spans.append(time.perf_counter() - begun)
    except OSError as error:
        words = f"{directory} cannot be written: {error.strerror}: no journal, so no runbook could run"
        return [fail("write", words, "check owner, rights and whether the disk is mounted read-only")]
    middle = statistics.median(spans)
    if middle > SLOW:
        words = f"the disk takes {took(middle)} to keep a line: every step of a rollback waits for it"
        return [warn("write", words, "put --state-dir on a local disk that is not busy")]
    return [ok("write", f"can be written; the disk keeps a line within {took(middle)}")]


def _room(directory: Path) -> list[Check]:
    free = shutil.disk_usage(directory).free
    files = os.statvfs(directory)
    words = f"{free // MIB} MiB are free"
    if files.f_files and files.f_favail < LEAST_FILES:
        return [fail("disk", f"only {files.f_favail} files can still be made: nothing could be kept", "remove files")]
    if free < LEAST:
        words += f"; with less than {LEAST // MIB} MiB the record of a rollback may not fit"
        return [fail("disk", words, "make room before the cutover")]
    reserve = f"; the reserve for a running rollback is {RESERVE_BYTES // MIB} MiB"
    if free < COMFORTABLE:
        return [warn("disk", words + reserve, "make room: a night of recorded samples takes some hundred MiB")]
    return [ok("disk", words + reserve)]
