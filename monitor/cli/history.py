"""`golive history`: recorded weeks, what there is of them, and those from before golive ran."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cyclopts import App, Parameter

from monitor.cli.check import INVALID
from monitor.config import Config
from monitor.config_file import DEFAULT, LoadedConfig, read
from monitor.documents.finding import meant, quoted
from monitor.history.archive import FILE, Archive, ArchiveError, Brought
from monitor.history.calendar import Calendar, calendar_of, start_of
from monitor.history.coverage import RuleCover, ScopeCover, cover
from monitor.history.figures import Figure, figures
from monitor.history.keeper import WEEK, weeks_kept
from monitor.history.reports import OLD, THIN, Form, Report, bounds
from monitor.history.reports import read as read_report
from monitor.judging.baseline import SLOT
from monitor.text import clean, escaped_json
from monitor.units import parse_moment

history = App(
    name="history",
    help="Recorded weeks, which rules with `baseline: {from: history}` are compared with.",
)

MOST_BYTES = 1 << 26
_LINE = 2000
_IMPORTS = 20
"""Imports that are shown, the newest."""
_DAY = 86_400
_YEARS = (946_684_800, 7_258_118_400)
"""From 2000 to 2199, unix seconds."""
_STEPS = {"15m": SLOT, "30m": 2 * SLOT, "1h": 4 * SLOT}
_Config = Annotated[Path, Parameter(name=["--config.file", "--config"])]


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """An import of earlier weeks."""

    at: float
    """Unix seconds."""
    rule: str
    file: str
    sha256: str
    """Of the file's bytes."""
    changed: int
    """Slots that were new or became others."""
    id: int


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What `show --json` prints."""

    schema: int = 1
    timezone: str
    begin: int = msgspec.field(name="from")
    """Unix seconds of the first quarter hour that is asked about."""
    to: int
    rules: tuple[RuleCover, ...]
    imports: tuple[Import, ...]


@history.command(name="import")
def import_(
    file: Path,
    /,
    *,
    rule: str,
    interval: Literal["15m", "30m", "1h"] = "15m",
    config: _Config = DEFAULT,
    state_dir: Path = Path("state"),
    dry_run: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Bring in weeks from before golive ran, out of a report of the old platform.

    A CSV file in UTF-8 with a header; the delimiter is a comma, a semicolon or a tab; columns in any order, further
    ones are not used:

    * start: when the row begins, by the clock of cutover.timezone (2026-02-21 09:15), or with an offset
      (2026-02-21T09:15:00+01:00); on the grid of --interval.
    * value: the rule's figure in that time, in base units: seconds, shares from 0 to 1 or as 4%; of an increase the
      count, of a rate the count a second.
    * samples: how many contacts (calls, samples) the value is made of; longer rows part them. A quarter hour with fewer
      than the rule's min_count is left out.
    * a column for each label of the rule's `by`, such as queue.

    Every row that is wrong is named with file and line, and then nothing is imported. The same file twice is the same
    as once. What golive recorded itself stays as it is. It may run while the daemon does, which then compares with
    the new weeks within ten seconds, and while it does not.

    Exit code 0 when all was imported, 1 when nothing was, 2 for a rule that has no recorded weeks, 3 when the
    configuration is invalid.

    Args:
        file: The report.
        rule: The rule that the figures are for.
        interval: How much time a row stands for; longer ones are parted into quarter hours.
        config: The configuration that the rule is in.
        state_dir: State directory of the daemon.
        dry_run: Check the file and import nothing.
    """
    loaded = read(config)
    if loaded.value is None:
        return _invalid(loaded, config)
    known = {figure.name: figure for figure in figures(loaded.value.rules, loaded.value.signals)}
    figure = known.get(rule)
    if figure is None:
        return _no_rule(rule, loaded.value, known)
    calendar = calendar_of(loaded.value.cutover)
    raw = _bytes(file)
    if raw is None:
        return 1
    text = raw.decode("utf-8")
    now = time.time()
    weeks = weeks_kept(tuple(known.values()))
    signal = figure.signal
    metric = loaded.catalogue[(signal.metrics[0] if signal else figure.rule.metric)]
    form = Form(figure, calendar, *bounds(figure, metric), _STEPS[interval], now, now - weeks * WEEK)
    report = read_report(text, clean(str(file)), form)
    if report.findings:
        sys.stdout.writelines(f"{clean(str(finding), _LINE)}\n" for finding in report.findings)
        sys.stderr.write(
            f"error: {len(report.findings)} of the rows of {clean(str(file))} are wrong; nothing was imported; "
            "next: mend those lines and import it again\n"
        )
        return 1
    if dry_run:
        sys.stdout.write(f"{rule}: {_told(report, weeks)}; a dry run, nothing was imported\n")
        return 0
    brought = Brought(now, rule, str(clean(file.name, 200)), hashlib.sha256(raw).hexdigest())
    return _write(report, brought, state_dir / FILE, weeks)


def _write(report: Report, brought: Brought, path: Path, weeks: int) -> int:
    try:
        archive = Archive(path)
        try:
            new = archive.put(report.slots, brought)
        finally:
            archive.close()
    except ArchiveError as error:
        sys.stderr.write(f"error: {error}; nothing was imported\n")
        return 1
    if archive.refused:
        sys.stderr.write(f"warning: {archive.refused} slots were refused: there are too many groups in {path}\n")
    sys.stdout.write(f"{brought.rule}: {_told(report, weeks)}; {new} new or changed in {clean(str(path))}\n")
    sys.stdout.write("A running daemon compares with them within ten seconds. Next: golive history show\n")
    return 0


def _told(report: Report, weeks: int) -> str:
    parts = [f"{report.rows} rows, {len(report.slots)} quarter hours"]
    if report.left_out[THIN]:
        parts.append(f"{report.left_out[THIN]} rows below min_count left out")
    if report.left_out[OLD]:
        parts.append(f"{report.left_out[OLD]} rows older than the {weeks} weeks that are kept left out")
    if report.ignored:
        parts.append(f"columns not used: {', '.join(clean(name, 80) for name in report.ignored[:20])}")
    return "; ".join(parts)


def _bytes(file: Path) -> bytes | None:
    """What the file holds, which is UTF-8; None, with the reason on standard error, where it cannot be read."""
    problem = ""
    try:
        if file.stat().st_size <= MOST_BYTES:
            raw = file.read_bytes()
            raw.decode("utf-8")
            return raw
        problem = f"is larger than {MOST_BYTES >> 20} MiB; next: split it, imports add up"
    except OSError as error:
        problem = f"{error.strerror}; next: name the report"
    except UnicodeDecodeError as error:
        problem = f"is no UTF-8 at byte {error.start}; next: save the report as CSV in UTF-8"
    sys.stderr.write(f"error: {clean(str(file))}: {problem}; nothing was imported\n")
    return None


@history.command
def show(
    *,
    rule: str = "",
    at: str = "",
    config: _Config = DEFAULT,
    state_dir: Path = Path("state"),
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Show for each rule and group which weeks have which quarter hours, and where there will be too few.

    They are held against cutover.window; without one against the next 24 hours. It may run while the daemon does.

    Exit code 0, whether there are enough or not; 1 when they cannot be read, 2 for a rule that has no recorded weeks,
    3 when the configuration is invalid.

    Args:
        rule: Only this one.
        at: Only the quarter hour of this time, such as 2026-03-07T02:00:00Z.
        config: The configuration that the rules are in.
        state_dir: State directory of the daemon.
        json: One JSON object.
    """
    loaded = read(config)
    if loaded.value is None:
        return _invalid(loaded, config)
    known = {figure.name: figure for figure in figures(loaded.value.rules, loaded.value.signals)}
    if rule and rule not in known:
        return _no_rule(rule, loaded.value, known)
    calendar = calendar_of(loaded.value.cutover)
    try:
        quarters = _quarters(loaded.value, at, time.time())
        asked = [known[rule]] if rule else list(known.values())
        covers, imports = _covers(asked, state_dir / FILE, calendar, quarters)
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    except ArchiveError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    if json:
        told = Shown(
            timezone=calendar.timezone,
            begin=quarters[0],
            to=quarters[-1] + int(SLOT),
            rules=tuple(covers),
            imports=tuple(Import(**one._asdict()) for one in imports),
        )
        sys.stdout.write(escaped_json(msgspec.json.encode(told).decode()) + "\n")
        return 0
    sys.stdout.writelines(f"{clean(line, _LINE)}\n" for line in _lines(covers, calendar, quarters))
    for one in imports[-_IMPORTS:]:
        sys.stdout.write(f"imported {calendar.local(one.at):%Y-%m-%d %H:%M}: {clean(one.what, _LINE)}\n")
    return 0


def _quarters(config: Config, at: str, now: float) -> range:
    """When the quarter hours began that are asked about; ValueError for a time that is none."""
    step, window = int(SLOT), config.cutover.window
    first, last = start_of(now), start_of(now) + _DAY
    if at:
        try:
            first = start_of(parse_moment(at))
        except ValueError as error:
            raise ValueError(f"--at: {error}") from error
        last = first + step
    elif window is not None:
        first = start_of(window.start)
        last = max(int(min(window.end, window.start + 7 * _DAY)), first + step)
    if not _YEARS[0] <= first < _YEARS[1]:
        raise ValueError(f"{at or 'cutover.window'}: is in no year in which golive could have recorded anything")
    return range(first, last, step)


def _covers(
    asked: Sequence[Figure], path: Path, calendar: Calendar, quarters: Sequence[int]
) -> tuple[list[RuleCover], list[Brought]]:
    if not path.is_file():
        return [cover(figure, (), calendar, quarters) for figure in asked], []
    archive = Archive(path, read_only=True)
    try:
        names = {figure.name for figure in asked}
        covers = [cover(figure, archive.of(figure.name), calendar, quarters) for figure in asked]
        return covers, [one for one in archive.brought() if one.rule in names]
    finally:
        archive.close()


def _lines(covers: Sequence[RuleCover], calendar: Calendar, quarters: Sequence[int]) -> Iterator[str]:
    if not covers:
        yield "no rule is compared with recorded weeks; next: write baseline: {from: history} in one"
        return
    first, last = calendar.local(quarters[0]), calendar.local(quarters[-1] + SLOT)
    yield f"for {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} by the clock of {calendar.timezone}"
    for rule in covers:
        needs = f"needs {rule.need_slots} of {rule.weeks} weeks, {rule.min_count} or more samples in each slot"
        yield f"{rule.rule}: {rule.figure}; {needs}"
        if not rule.scopes:
            yield f"  nothing is recorded yet; next: golive history import FILE.csv --rule {rule.rule}"
        for scope in rule.scopes:
            yield from _scope_lines(scope)
        if rule.unused:
            yield f"  {rule.unused} slots are not used: too thin, or recorded when the rule measured something else"


def _scope_lines(scope: ScopeCover) -> Iterator[str]:
    name = " ".join(f"{label}={text}" for label, text in scope.scope.items()) or "all"
    short = "" if scope.enough == scope.of else f"; too few at {_some(scope.short)}"
    yield f"  {name}: {scope.enough} of {scope.of} quarter hours have enough weeks{short}"
    for week in scope.weeks:
        out = f", {week.left_out} left out" if week.left_out else ""
        yield f"    {week.day}  {week.slots} of {week.of}{out}  {_some(week.times)}".rstrip()
    yield f"    in all {scope.slots} slots from {scope.first} to {scope.last}, {scope.imported} imported"


def _some(times: Sequence[str]) -> str:
    more = len(times) - 12
    return ", ".join(times) if more <= 0 else f"{', '.join(times[:12])} and {more} more spans"


def _no_rule(rule: str, config: Config, known: dict[str, Figure]) -> int:
    if rule in {other.name for other in config.rules}:
        what = f"the rule {quoted(rule)} is not compared with recorded weeks; next: write baseline: {{from: history}} in it"
    elif known:
        what = f"there is no rule {quoted(rule)}; {meant(rule, known)}"
    else:
        what = "no rule is compared with recorded weeks; next: write baseline: {from: history} in one"
    sys.stderr.write(f"error: --rule: {clean(what, _LINE)}\n")
    return 2


def _invalid(loaded: LoadedConfig, config: Path) -> int:
    shown = clean(str(config))
    sys.stderr.writelines(f"{clean(str(finding), _LINE)}\n" for finding in loaded.findings)
    sys.stderr.write(f"error: {shown} is invalid, nothing was done; next: mend it, then golive check {shown}\n")
    return INVALID
