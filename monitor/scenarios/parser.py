"""Reads a script: any text is a script, or a list of what is wrong with it, each with line and column. Pure."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator

from monitor.documents.finding import Finding, Place, bounded, quoted, whole
from monitor.judging.baseline import SLOT
from monitor.scenarios import grammar
from monitor.scenarios.notation import NotationError, expand
from monitor.scenarios.recorded import Statement
from monitor.scenarios.script import Feed, Fragment, Moment, Scenario, Series
from monitor.scenarios.statements import ACTS
from monitor.scenarios.words import WordError, Words
from monitor.units import parse_moment, spell_duration

MOST_BYTES = 1 << 20
MOST_TICKS = 200_000
MOST_POINTS = 1_000_000
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_METRIC = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")


def parse(text: str, file: str) -> tuple[list[Scenario], tuple[Finding, ...]]:
    """The scenarios of a script, and every problem of it; with a problem the scenarios are not to be run."""
    if len(text) > MOST_BYTES:
        return [], (whole(file, "is larger than 1 MiB", "split it"),)
    reader = _Reader(text, file)
    reader.read()
    if not reader.findings and not reader.scenarios:
        reader.findings.append(Place(file, 1, 1).finding("there is no scenario", "write: scenario what it promises"))
    return reader.scenarios, bounded(reader.findings)


def _plain(line: str) -> str:
    """The line without its comment."""
    masked = _STRING.sub(lambda match: '"' + "_" * (len(match.group()) - 2) + '"', line)
    found = _COMMENT.search(masked)
    return line[: found.start()].rstrip() if found else line.rstrip()


def _indented(line: str) -> bool:
    return line[:1] in (" ", "\t")


class _Reader:
    """Line by line; a line that is wrong is noted and the next one is read."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.lines = [line.rstrip("\r") for line in text.split("\n")]
        self.number = 0
        self.scenarios: list[Scenario] = []
        self.findings: list[Finding] = []
        self.shared = Scenario(file=file, title="", line=0)
        self.here = self.shared
        self.every: float | None = None
        self.source = ""
        self.points = 0

    def read(self) -> None:
        """Read all lines."""
        while self.number < len(self.lines):
            self.number += 1
            raw = self.lines[self.number - 1]
            line = _plain(raw)
            if not line.strip():
                continue
            try:
                if _indented(line):
                    self._series(line)
                else:
                    self._line(Words(line))
            except WordError as error:
                self.findings.append(Place(self.file, self.number, error.column).finding(error.message))
        if not self.findings:
            self.findings = [finding for scenario in self.scenarios for finding in _last_look(scenario)]

    def _line(self, words: Words) -> None:
        first = words.one_of(tuple(_LINES), "a line of a scenario")
        if first in _STORY and self.here is self.shared:
            raise WordError(f"{first!r} stands before the first scenario", 1)
        _LINES[first](self, words)

    def on_scenario(self, words: Words) -> None:
        column = words.column
        title = words.rest()
        if not title:
            raise words.fail("what the scenario promises")
        if title in (known.title for known in self.scenarios):
            raise WordError("another scenario of this file promises the same", column)
        self.here = copy.deepcopy(self.shared)
        self.here.title, self.here.line = title, self.number
        self.every, self.source = None, ""
        self.scenarios.append(self.here)

    def _block(self) -> Iterator[str]:
        """The indented lines that follow, as they are."""
        while self.number < len(self.lines):
            line = self.lines[self.number]
            if line.strip() and not _indented(line):
                return
            self.number += 1
            yield line

    def _fragment(self, name: str = "", steps: tuple[str, ...] = ()) -> Fragment:
        line = self.number
        body = list(self._block())
        return Fragment("\n" * line + "\n".join(body), line, name, steps)

    def on_config(self, words: Words) -> None:
        words.end()
        fragment = self._fragment()
        if not fragment.text.strip():
            raise WordError("an empty config: indent its lines", 1)
        self.here.config.append(fragment)

    def on_runbook(self, words: Words) -> None:
        name = words.word("the name of a runbook")
        steps: tuple[str, ...] = ()
        if words.maybe("steps"):
            steps = tuple(filter(None, re.split(r"[,\s]+", words.rest())))
        words.end()
        self.here.runbooks.append(self._fragment(name, steps))

    def on_start(self, words: Words) -> None:
        self.here.start = _moment(words)
        words.end()

    def on_tick(self, words: Words) -> None:
        column = words.column
        self.here.tick = words.duration()
        words.end()
        if not 0.01 <= self.here.tick <= 60:  # noqa: PLR2004 - 10 ms to a minute
            self.here.tick = 1.0
            raise WordError("a tick lasts from 10ms to 1m", column)

    def on_every(self, words: Words) -> None:
        column = words.column
        every = words.duration()
        words.end()
        if every <= 0:
            raise WordError("samples need some time between them", column)
        self.every = every

    def on_source(self, words: Words) -> None:
        name = words.word("the name of a source")
        said = not words.ended
        feed = _feed(words, name, self.number)
        self.source, self.every = name, feed.every
        if said or name not in self.here.feeds:
            self.here.feeds[name] = feed

    def on_step(self, words: Words) -> None:
        self.here.steps.append(grammar.step(words))
        words.end()

    def on_recorded(self, words: Words) -> None:
        said = self.here.recorded.setdefault((words.word("the name of a rule"), words.labels()), Statement())
        if not words.maybe("at"):
            said.weeks = tuple(_numbers(words))
            return
        column = words.column
        start = _moment(words)
        if start % SLOT:
            raise WordError("a slot begins at a quarter hour: :00, :15, :30 or :45", column)
        for place, number in enumerate(_numbers(words)):
            if number is not None:
                said.slots[int(start + place * SLOT)] = number

    def on_refusal(self, words: Words) -> None:
        words.maybe("because")
        self.here.refused.append((self.number, words.rest()))

    def on_at(self, words: Words) -> None:
        column = words.column
        at = words.duration()
        self._moment(words, at, at, column)

    def on_between(self, words: Words) -> None:
        column = words.column
        at = words.duration()
        words.take("to")
        until = words.duration()
        if until < at:
            raise WordError("the end comes before the beginning", column)
        self._moment(words, at, until, column)

    def _moment(self, words: Words, at: float, until: float, column: int) -> None:
        said = words.column
        statement = grammar.statement(words)
        if until != at and isinstance(statement, ACTS):
            raise WordError("something that is done happens at one instant: write at", said)
        for instant in (at, until):
            ticks = instant / self.here.tick
            if abs(ticks - round(ticks)) > 1e-6:  # noqa: PLR2004 - what is left of rounding
                tick = spell_duration(self.here.tick)
                raise WordError(f"nothing is judged at {spell_duration(instant)}: the tick is {tick}", column)
        self.here.moments.append(Moment(at=at, until=until, statement=statement, line=self.number))

    def _series(self, line: str) -> None:
        if self.here is self.shared:
            raise WordError("a series before the first scenario", 1)
        indent = len(line) - len(line.lstrip())
        match = _METRIC.match(line, indent)
        if match is None:
            raise WordError(f"expected a metric, found {quoted(line.strip())}", indent + 1)
        words = Words(line[match.end() :], match.end())
        labels = words.labels()
        column = words.column
        try:
            points = expand(words.rest())
        except NotationError as error:
            raise WordError(error.message, column - 1 + error.column) from error
        if not points:
            raise words.fail("points such as 4.2x3 3.1x6 _x4")
        self.points += len(points)
        if self.points > MOST_POINTS:
            raise WordError(f"more than {MOST_POINTS:,} points in one file", column)
        if any((s.metric, s.labels, s.source) == (match.group(), labels, self.source) for s in self.here.series):
            raise WordError("this series stands here twice", indent + 1)
        self.here.series.append(
            Series(
                metric=match.group(),
                labels=labels,
                points=points,
                every=self.every,
                source=self.source,
                line=self.number,
                column=indent + 1,
            )
        )


def _moment(words: Words) -> float:
    """A time of the wall clock, unix seconds."""
    column = words.column
    try:
        return parse_moment(words.word("a time such as 2026-03-02T08:00:00Z"))
    except ValueError as error:
        raise WordError(str(error), column) from error


def _numbers(words: Words) -> Iterator[float | None]:
    """Numbers to the end of the line, `_` for none."""
    while not words.ended:
        yield None if words.maybe("_") else words.number()


def _feed(words: Words, name: str, line: int) -> Feed:
    """What a source line says after the name."""
    spans: dict[str, float] = {}
    independence = ""
    while not words.ended:
        key = words.take("every", "max_age", "delay", "late", "ahead", "independence")
        if key == "independence":
            independence = words.word("a word that sources of one kind share")
            continue
        column = words.column
        spans[key] = words.duration()
        if spans[key] <= 0 and key in ("every", "max_age"):
            raise WordError(f"{key} must be longer than 0s", column)
    return Feed(
        name=name,
        every=spans.get("every"),
        max_age=spans.get("max_age"),
        delay=spans.get("delay", 0.0),
        late=spans.get("late", 0.0),
        ahead=spans.get("ahead", 0.0),
        independence=independence,
        line=line,
    )


def _last_look(scenario: Scenario) -> Iterator[Finding]:
    """What is wrong with a scenario as a whole."""
    place = Place(scenario.file, scenario.line, 1)
    if not scenario.moments and not scenario.refused:
        yield place.finding("the scenario says nothing", "write such as: at 40s verdict GO")
    elif scenario.moments and scenario.refused:
        yield place.finding("a configuration that is refused judges nothing", "drop the `at` lines")
    elif scenario.end / scenario.tick > MOST_TICKS:
        yield place.finding(f"the scenario lasts more than {MOST_TICKS:,} ticks", "write a longer tick")


_LINES: dict[str, Callable[[_Reader, Words], None]] = {
    "scenario": _Reader.on_scenario,
    "config": _Reader.on_config,
    "runbook": _Reader.on_runbook,
    "start": _Reader.on_start,
    "tick": _Reader.on_tick,
    "every": _Reader.on_every,
    "source": _Reader.on_source,
    "step": _Reader.on_step,
    "recorded": _Reader.on_recorded,
    "at": _Reader.on_at,
    "from": _Reader.on_between,
    "refused": _Reader.on_refusal,
}
_STORY = ("every", "at", "from", "refused")
"""What only a scenario can say; the rest may stand before the first one, for all of them."""
