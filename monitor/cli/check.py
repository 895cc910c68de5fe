"""`golive check`: every problem of a configuration at once, before anything starts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from monitor.cli.recorded import weeks_sentence
from monitor.config import Config
from monitor.config_checks.unready import unready
from monitor.config_file import DEFAULT, LoadedConfig, read
from monitor.documents.finding import Finding
from monitor.intake.postbox import Judging
from monitor.judging.wording import rule_sentence
from monitor.notify.channels import Heartbeat
from monitor.text import clean
from monitor.units import spell_duration

INVALID = 3
"""Exit code of an invalid configuration."""
_LINE = 2000


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What `--json` prints."""

    schema: int = 1
    ok: bool
    findings: tuple[Finding, ...]
    digest: str
    """SHA-256 over the bytes of all files; runs and approvals carry it."""


def check(path: Path = DEFAULT, /, *, json: Annotated[bool, Parameter(negative=())] = False) -> int:
    """Check a configuration and the runbooks it names; lists every problem with file, line and column.

    Notes on standard error are no problems: they say what each runbook that people may ask for still needs.

    Exit code 0 when nothing is wrong, 3 when something is.

    Args:
        path: The configuration.
        json: Print one JSON object: schema, ok, findings, digest.
    """
    loaded = read(path)
    if json:
        report = Report(ok=not loaded.findings, findings=loaded.findings, digest=loaded.digest)
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    elif loaded.findings:
        sys.stdout.writelines(f"{clean(str(finding), _LINE)}\n" for finding in loaded.findings)
        sys.stderr.write(f"{_counted(len(loaded.findings))} in {clean(str(path))}; nothing would start with it\n")
    else:
        sys.stdout.writelines(f"{clean(line, _LINE)}\n" for line in sentences(loaded))
        if loaded.value is not None and loaded.book is not None:
            sys.stderr.writelines(f"note: {clean(line, _LINE)}\n" for line in unready(loaded.value, loaded.book))
    return INVALID if loaded.findings else 0


def _counted(problems: int) -> str:
    return "1 problem" if problems == 1 else f"{problems} problems"


def sentences(loaded: LoadedConfig) -> list[str]:
    """Say what a valid configuration will do, one sentence a line."""
    config, book = loaded.value, loaded.book
    if config is None or book is None:
        return []
    signals = {signal.name: signal for signal in config.signals}
    lines = [rule_sentence(rule, loaded.catalogue, signals) for rule in config.rules]
    lines += weeks_sentence(config.cutover, config.rules)
    lines += [
        f"{judge.name}: a ruler judges {', '.join(judge.rules)}, by the rules above as exported; what it does not say "
        f"again within {spell_duration(judge.judged_within)} is unknown."
        for judge in config.collectors
        if isinstance(judge, Judging)
    ]
    for trigger in config.triggers:
        mode = trigger.mode or config.cutover.default_mode
        lines.append(f"{trigger.name}: when {trigger.when}, {_MODES[mode]} {trigger.runbook}.")
    for name in sorted({trigger.runbook for trigger in config.triggers}):
        touched = book.touches(name)
        hosts = ", ".join(touched.hosts) or "no host"
        lines.append(f"{name} may speak to {hosts}.")
        lines += [f"{name} may send {request}" for request in touched.requests]
        lines += [f"{name} may start {command}" for command in touched.commands]
    lines += paging_sentences(config)
    lines.append(
        f"ok: {len(config.collectors)} collectors, {len(config.rules)} rules, {len(config.gates)} gates, "
        f"{len(config.triggers)} triggers, {len(book.names)} runbooks; digest {loaded.digest[:12]}"
    )
    return lines


def paging_sentences(config: Config) -> list[str]:
    """Who is paged, and who when nobody answers."""
    carriers = [channel.name for channel in config.notify if not isinstance(channel, Heartbeat)]
    if not carriers:
        return ["Nobody is paged: there is no channel under notify."]
    second = config.paging.second
    lines = [f"Pages go to {', '.join(name for name in carriers if name not in second)}."]
    if second:
        after = spell_duration(config.paging.acknowledge_within)
        lines.append(
            f"When nobody acknowledges within {after}, or a channel does not get through: {', '.join(second)}."
        )
    beats = [channel for channel in config.notify if isinstance(channel, Heartbeat)]
    return lines + [
        f"{one.name} hears every {spell_duration(one.every)} that golive judges and can write." for one in beats
    ]


_MODES = {
    "observe": "only notes that it would have asked for",
    "advise": "advises people to start",
    "approve": "asks people to approve",
    "auto": "starts, without asking,",
}
