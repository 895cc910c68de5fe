"""What the runbooks of the triggers need on this machine: secrets, certificates, programs, recordings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from monitor.config_checks.subject import Subject
from monitor.documents.finding import Finding
from monitor.documents.parts import parts
from monitor.outbound.tls import Tls, TlsError
from monitor.secrets import SecretError, SecretRef
from runbooks.actions.call import CallStep
from runbooks.book import Book
from runbooks.model import AnyStep
from runbooks.process import suspicion


def errand_problems(subject: Subject, book: Book, folder: Path) -> Iterator[Finding]:
    """What would be missed in the middle of a rollback, told at the trigger that calls for it. Blocks on the disk.

    folder: where golive.yaml lies; relative paths in runbooks start there.
    """
    for index, trigger in enumerate(subject.config.triggers):
        runbook = book.get(trigger.runbook)
        for step in runbook.steps if runbook is not None else ():
            for what in _lacks(step, folder):
                words, _, hint = what.partition("; next: ")
                path = ("triggers", index, "runbook")
                yield subject.finding(path, f"step {step.name}: {words}", hint or "make it, or point to another place")


def _lacks(step: AnyStep, folder: Path) -> Iterator[str]:
    for _, secret in parts(step, (), SecretRef):
        try:
            secret.read(folder)
        except SecretError as error:
            yield str(error)
        except (UnicodeDecodeError, ValueError):
            yield f"the secret {secret.file or secret.env} is not a line of text"
    for _, tls in parts(step, (), Tls):
        try:
            tls.context(folder)
        except TlsError as error:
            yield str(error)
    for program in step.programs():
        if why := suspicion(Path(program)):
            yield why
    if isinstance(step, CallStep) and step.media is not None and not (folder / step.media).is_file():
        yield f"{folder / step.media}: there is no such recording"
