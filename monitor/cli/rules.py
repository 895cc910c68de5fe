"""`golive rules`: the thresholds for other programs to judge by."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from monitor.cli.check import INVALID
from monitor.config_file import DEFAULT, read
from monitor.export.rule_file import export as rule_file
from monitor.text import clean
from monitor.units import parse_duration

rules = App(name="rules", help="The thresholds of a configuration, for other programs to judge by.")

_LINE = 2000


@rules.command
def export(
    path: Path = DEFAULT,
    /,
    *,
    format: Annotated[Literal["prometheus"], Parameter(name="--format")],  # noqa: A002 - the option's name
    interval: str = "15s",
    judge_there: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Write the rules on standard output, and what the format cannot say on standard error, a line each.

    Exit code 0 when the file was written, 3 when the configuration is invalid.

    Args:
        path: The configuration.
        format: prometheus: recording and alerting rules for Prometheus 2.42 or later.
        interval: How often they are to be evaluated.
        judge_there: The alerts carry what a collector of kind ruler reads, so that the ruler judges for golive.
    """
    try:
        every = parse_duration(interval)
    except ValueError as error:
        return _fail(f"--interval: {error}")
    if not every:
        return _fail("--interval: rules that are never evaluated alert nobody; next: write one such as 15s")
    loaded = read(path)
    if loaded.value is None:
        sys.stderr.writelines(f"{clean(str(finding), _LINE)}\n" for finding in loaded.findings)
        sys.stderr.write(f"error: {clean(str(path))} is invalid, nothing was exported; next: mend it\n")
        return INVALID
    config = loaded.value
    delays = {collector.name: collector.delay for collector in config.collectors}
    made = rule_file(config.rules, config.signals, loaded.catalogue, interval=every, delays=delays, back=judge_there)
    sys.stdout.write(made.text(loaded.digest))
    sys.stderr.writelines(f"{clean(str(unsaid), _LINE)}\n" for unsaid in made.unsaid)
    left_out = sum(unsaid.whole for unsaid in made.unsaid)
    sys.stderr.write(
        f"{format}: {len(made.groups)} rules written, {left_out} left out, "
        f"{len(made.unsaid) - left_out} meanings not carried over\n"
    )
    return 0


def _fail(problem: str) -> int:
    sys.stderr.write(f"error: {problem}\n")
    return 2
