"""Runbooks that could be asked for by hand and would get nowhere: what each of them still needs. Pure.

None of it is a mistake of the configuration: the shipped catalogue is there for everybody, and not everybody has a
backup line. What a trigger calls for is checked in plays.py, and there it is one.
"""

from __future__ import annotations

from collections.abc import Iterator

from monitor.config import Config
from runbooks.book import Book
from runbooks.model import Runbook

_EXAMPLES = ("example", "example.com", "example.net", "example.org", "invalid", "test")
"""Names that lead nowhere for ever. (RFC 2606, RFC 6761)"""


def unready(config: Config, book: Book) -> Iterator[str]:
    """A sentence for each runbook that is not ready, in the order of their names."""
    for name in book.names:
        runbook = book.get(name)
        if runbook is not None and (lacking := "; ".join(_lacking(config, book, runbook))):
            yield f"{name} is not ready: {lacking}"


def _lacking(config: Config, book: Book, runbook: Runbook) -> Iterator[str]:
    rules, signals = book.names_used(runbook.name)
    for word, missing in (
        ("signal", signals - {signal.name for signal in config.signals}),
        ("rule", rules - {rule.name for rule in config.rules}),
    ):
        if missing:
            yield f"define the {_plural(word, missing)} {', '.join(sorted(missing))}"
    held = {duty for person in config.people for duty in person.duties}
    if duties := {step.owner for step in runbook.steps if step.owner} - held:
        yield f"give somebody the {_plural('dut', duties, 'y', 'ies')} {', '.join(sorted(duties))}"
    if runbook.back_to is not None and runbook.back_to not in {stage.name for stage in config.stages}:
        yield f"there is no stage {runbook.back_to}"
    if hosts := sorted(host for host in runbook.allow_hosts if _example(host)):
        yield f"in place of {', '.join(hosts)} write your own into a copy of it in the folder {config.runbooks}/"


def _plural(word: str, found: set[str] | frozenset[str], one: str = "", many: str = "s") -> str:
    return word + (one if len(found) == 1 else many)


def _example(host: str) -> bool:
    name = host.partition(":")[0].rstrip(".").lower()
    return any(name == example or name.endswith(f".{example}") for example in _EXAMPLES)
