"""The whole examination: every part tried for real, none waits for another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path

from monitor.config import Config
from monitor.config_file import LoadedConfig
from monitor.deciding.state_lock import held_by
from monitor.doctor.channels import channel_checks
from monitor.doctor.clock import clock_checks
from monitor.doctor.reaching import reach_all, runbook_places
from monitor.doctor.report import Line, lines
from monitor.doctor.state import state_checks
from monitor.doctor.surroundings import secret_checks, terminal_checks, web_checks
from monitor.intake.probing import Check, Probed, fail, ok, warn
from monitor.intake.source import Source
from monitor.text import clean
from runbooks.book import Book

WITHIN = 90.0
"""Seconds after which one subject is given up."""

Examined = Callable[[], Awaitable[list[Check]]]


class Examination:
    """A configuration that can be used, on this machine."""

    def __init__(self, loaded: LoadedConfig, state_dir: Path, *, send: bool) -> None:
        """send: whether one trial message goes through each channel."""
        if loaded.value is None or loaded.book is None:
            raise ValueError("a configuration with findings cannot be examined")
        config, book, base = loaded.value, loaded.book, loaded.folder
        self._parts: dict[str, Examined] = {
            "state": _threaded(lambda: state_checks(state_dir)),
            "clock": clock_checks,
            "secrets": _threaded(lambda: secret_checks(config, base)),
            "web": _threaded(lambda: web_checks(config, state_dir)),
            "terminal": _threaded(terminal_checks),
            **{source.name: _source(source, base, state_dir) for source in config.collectors},
            "runbooks": lambda: _runbooks(config, book),
            "notify": lambda: channel_checks(config, base, send=send),
        }

    @property
    def subjects(self) -> tuple[str, ...]:
        """What can be asked for."""
        return tuple(self._parts)

    async def run(self, wanted: Collection[str]) -> list[Line]:
        """Examine what is wanted, or everything; in the order of `subjects`."""
        chosen = [name for name in self._parts if not wanted or name in wanted]
        found = await asyncio.gather(*(_within(self._parts[name]) for name in chosen))
        return [line for name, checks in zip(chosen, found, strict=True) for line in lines(name, checks)]


async def _within(examine: Examined) -> list[Check]:
    try:
        async with asyncio.timeout(WITHIN):
            return await examine()
    except TimeoutError:
        return [fail("time", f"not over within {WITHIN:g} s", "try it alone, and look at the network")]
    except Exception as error:  # noqa: BLE001 - one part that is broken must not hide what the others found
        words = clean(f"the examination itself failed: {type(error).__name__}: {error}", 300)
        return [fail("golive", words, "report it")]


def _threaded(examine: Callable[[], list[Check]]) -> Examined:
    return lambda: asyncio.to_thread(examine)


def _source(source: Source, base: Path, state_dir: Path) -> Examined:
    async def examine() -> list[Check]:
        if isinstance(source, Probed):
            runs = await asyncio.to_thread(held_by, state_dir) is not None
            return [_ours(check) if runs and check.taken else check for check in await source.probe(base)]
        return [warn("source", "this kind cannot be tried", f"golive collector test {source.name}")]

    return examine


def _ours(check: Check) -> Check:
    """What a running daemon has is as it should be."""
    return ok(check.what, f"in use while the daemon runs: {check.words}")


async def _runbooks(config: Config, book: Book) -> list[Check]:
    places = runbook_places(config, book)
    if not places:
        return [ok("targets", "no runbook of a trigger speaks to a host")]
    return await reach_all(places, what="target")
