"""The step that starts one program with a list of arguments: never a shell, nothing left behind."""

from __future__ import annotations

import os
import re
import shlex
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import PurePosixPath
from typing import Any

import msgspec

from monitor.outbound.http import RequestError
from monitor.plan import Section
from monitor.redaction import masked
from monitor.secrets import MASK, SecretRef
from monitor.template import TemplateError, fill, texts
from monitor.text import clean
from monitor.units import Duration
from runbooks.auth.draft import reveal
from runbooks.context import Context
from runbooks.effect import Outcome
from runbooks.expect import Expect, excerpt, json_mismatch
from runbooks.mistake import Mistake
from runbooks.process import Ended, empty_folder, run
from runbooks.setting import Setting
from runbooks.step import Step

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SHELLS = frozenset(
    {"sh", "bash", "dash", "zsh", "ksh", "ash", "fish", "csh", "tcsh", "busybox", "env", "xargs", "eval"}
)
"""Programs that make other programs out of their arguments."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_HIGHEST = 255


class CommandExpect(Section, frozen=True, kw_only=True):
    """How a program must end to count as success."""

    exit: int | tuple[int, ...] = 0
    """Exit code, or a list of them."""
    unknown: tuple[int, ...] = ()
    """Exit codes after which nobody knows whether it took effect."""
    stdout: str = ""
    """Text that must be in what it prints."""
    json: dict[str, Any] | None = None
    """A part of the JSON object that it prints."""
    paths: dict[str, Any] = {}
    """Values at paths inside the JSON that it prints."""
    without: tuple[str, ...] = ()
    """Paths at which there must be nothing."""

    def __post_init__(self) -> None:
        for code in (*self.exits, *self.unknown):
            if not 0 <= code <= _HIGHEST:
                msg = f"{code} is not an exit code: 0 to {_HIGHEST}"
                raise ValueError(msg)
        if both := set(self.exits) & set(self.unknown):
            msg = f"exit code {min(both)} cannot be both a success and unknown"
            raise ValueError(msg)
        _ = self.answer

    @property
    def exits(self) -> tuple[int, ...]:
        """The exit codes that count as success."""
        return self.exit if isinstance(self.exit, tuple) else (self.exit,)

    @property
    def answer(self) -> Expect:
        """What its JSON must be."""
        return Expect(json=self.json, paths=self.paths, without=self.without)

    def differs(self, ended: Ended, context: Context) -> str:
        """How an end with a good exit code is not as expected; empty when it is."""
        wanted = fill(self.stdout, context.values)
        if wanted and wanted.encode() not in ended.out:
            return f"it did not print {clean(wanted, 60)}: {excerpt(ended.out)}"
        if self.json is None and not self.paths and not self.without:
            return ""
        if not ended.whole:
            return "it printed more than is kept, so its JSON cannot be read"
        try:
            found = msgspec.json.decode(ended.out)
        except (msgspec.DecodeError, RecursionError):
            return f"what it printed is not JSON: {excerpt(ended.out)}"
        return json_mismatch(found, self.answer, context.values)


class Check(Section, frozen=True, kw_only=True):
    """A second program that only looks, and says by its exit code whether the first took effect."""

    argv: tuple[str, ...]
    applied: tuple[int, ...] = (0,)
    """Exit codes that say yes."""
    not_applied: tuple[int, ...] = (1,)
    """Exit codes that say no. Every other one, and a timeout, cannot tell."""
    timeout: Duration = 10.0

    def __post_init__(self) -> None:
        if both := set(self.applied) & set(self.not_applied):
            msg = f"exit code {min(both)} cannot say both yes and no"
            raise ValueError(msg)


class Command(Step, frozen=True, kw_only=True, tag="command", tag_field="action"):
    """A program on this machine. It runs in an empty folder, with an environment that is written here and no input."""

    argv: tuple[str, ...]
    """The program by its absolute path, then each argument by itself. Parameters never choose the program."""
    environment: dict[str, str | SecretRef] = {}
    """Variables beside PATH, LANG, HOME, TMPDIR and GOLIVE_DECISION, _RUN, _STEP and (keyed steps) _KEY."""
    inherit: tuple[str, ...] = ()
    """Names of variables that it gets from golive's own environment."""
    timeout: Duration = 30.0
    """Then it gets SIGTERM, and SIGKILL 5 s later, with everything that it started."""
    expect: CommandExpect = CommandExpect()
    check: Check | None = None
    """How a checked step is looked for, where `probe` has no URL or signal for it; same environment."""

    @property
    def tells(self) -> bool:
        """Whether it can be asked if it took effect."""
        return self.probe is not None or self.check is not None

    @property
    def asking_takes(self) -> float:
        """Seconds that the program that looks, or the probe where there is one, takes at most."""
        looks = self.probe or self.check
        return looks.timeout if looks is not None else 0.0

    def request_text(self, context: Context) -> str:
        """The command as one could type it, with its variables, secrets masked."""
        shown = (
            f"{name}={fill(value, context.values) if isinstance(value, str) else MASK}"
            for name, value in self.environment.items()
        )
        variables = ", ".join((*shown, *(f"{name} as golive has it" for name in self.inherit)))
        key = self.key_for(context)
        with_key = f" (GOLIVE_KEY: {key})" if key else ""
        return f"run {shlex.join(arguments(self.argv, context))}{f' with {variables}' if variables else ''}{with_key}"

    def templates(self) -> Iterator[str]:
        """Arguments, variables and expectations, beside what every step has."""
        yield from Step.templates(self)
        yield from self.argv[1:]
        yield from self.check.argv[1:] if self.check is not None else ()
        yield from (value for value in self.environment.values() if isinstance(value, str))
        yield self.expect.stdout
        yield from texts(self.expect.json)
        yield from texts(self.expect.paths)

    def commands(self) -> Iterator[str]:
        """The command as it is written."""
        for argv in self._lists():
            yield shlex.join(argv)

    def programs(self) -> Iterator[str]:
        """The program, and the one that looks."""
        for argv in self._lists():
            yield from argv[:1]

    def _lists(self) -> Iterator[tuple[str, ...]]:
        yield self.argv
        if self.check is not None:
            yield self.check.argv

    def mistakes(self, setting: Setting) -> Iterator[Mistake]:  # noqa: ARG002 - every step is asked the same way
        """A program that is not named whole, a shell, a variable that cannot be set."""
        yield from listed(("argv",), self.argv)
        if self.check is not None:
            yield from listed(("check", "argv"), self.check.argv)
        for name in (*self.environment, *self.inherit):
            if not _VARIABLE.fullmatch(name) or name.startswith("GOLIVE_"):
                yield Mistake(("environment",), f"{name!r} is not a variable that can be set", "rename it")

    async def perform(self, context: Context) -> Outcome:
        """Start it once, and wait for its end."""
        try:
            ended = await self._run(self.argv, context, self.timeout, lambda: context.reach("step.after_send"))
        except (RequestError, TemplateError) as error:
            return Outcome(kind="failed", detail=clean(str(error)), sent=False)
        await context.reach("step.after_reply")
        return judged(ended, self, context)

    async def applied(self, context: Context) -> tuple[bool | None, str]:
        """Ask the program that looks, or the probe where there is one."""
        if self.check is None or self.probe is not None:
            return await Step.applied(self, context)
        try:
            ended = await self._run(self.check.argv, context, self.check.timeout)
        except (RequestError, TemplateError) as error:
            return None, f"the check could not be started: {clean(str(error))}"
        if ended.refused or ended.lost or ended.timed_out or ended.exit is None:
            return None, f"the check did not end: {clean(ended.refused) or excerpt(ended.err or ended.out)}"
        truth = True if ended.exit in self.check.applied else False if ended.exit in self.check.not_applied else None
        return truth, f"the check says exit {ended.exit}: {excerpt(ended.err or ended.out)}"

    async def _run(
        self,
        argv: tuple[str, ...],
        context: Context,
        timeout: float,  # noqa: ASYNC109 - handed on
        on_started: Callable[[], Awaitable[None]] | None = None,
    ) -> Ended:
        """Start a program; RequestError or TemplateError when it cannot even be tried."""
        given = arguments(argv, context)
        async with empty_folder() as folder:
            environment = await self._environment(context, str(folder))
            return await run(given, environment=environment, folder=folder, timeout=timeout, on_started=on_started)

    async def _environment(self, context: Context, folder: str) -> dict[str, str]:
        own = {"PATH": PATH, "LANG": "C.UTF-8", "HOME": folder, "TMPDIR": folder}
        own |= {name: os.environ[name] for name in self.inherit if name in os.environ}
        own |= {f"GOLIVE_{name.upper()}": context.values.get(name, "") for name in ("decision", "run", "step")}
        if key := self.key_for(context):
            own["GOLIVE_KEY"] = key
        for name, value in self.environment.items():
            own[name] = fill(value, context.values) if isinstance(value, str) else await reveal(value, context)
        return own


def listed(path: tuple[str, ...], argv: tuple[str, ...]) -> Iterator[Mistake]:
    """What cannot be an argument list."""
    if not argv:
        yield Mistake(path, "names no program", "write its absolute path")
        return
    program = PurePosixPath(argv[0])
    if "{" in argv[0] or "}" in argv[0]:
        yield Mistake((*path, 0), "a parameter never chooses the program", "write its absolute path")
    elif not program.is_absolute() or ".." in program.parts:
        yield Mistake((*path, 0), f"{argv[0]!r} is not an absolute path", "nothing is looked for in PATH")
    if program.name in SHELLS:
        what = f"{program.name} makes a command out of its arguments"
        yield Mistake((*path, 0), what, "put it into a script with a #! line, and name the script")
    for index, text in enumerate(argv):
        if "\0" in text:
            yield Mistake((*path, index), "holds a zero byte", "leave it out")


def arguments(argv: tuple[str, ...], context: Context) -> tuple[str, ...]:
    """A list as it will be started; TemplateError when a value would become an option."""
    return (argv[0], *(argument(text, context) for text in argv[1:]))


def argument(text: str, context: Context) -> str:
    """One argument with its parameters put in: it stays one argument, and no value makes an option of it."""

    def put(value: str) -> str:
        if value.startswith("-"):
            raise TemplateError(
                f"not sent: the value {value!r} starts with a dash, which a program may read as an option"
            )
        if not value.isprintable():
            raise TemplateError("not sent: a value holds control characters")
        return value

    filled = fill(text, context.values, put)
    if filled.startswith("-") and not text.startswith("-"):
        raise TemplateError(f"not sent: {filled!r} would be read as an option")
    return filled


def judged(ended: Ended, step: Command, context: Context) -> Outcome:
    """What an end says of the effect. Pure.

    A program that was cut off may have done its work or not; only one that changes nothing is then merely failed.
    """
    if ended.refused:
        return Outcome(kind="failed", detail=clean(masked(f"not started: {ended.refused}")), sent=False)
    left = f"; {ended.strays} processes that it left running were killed" if ended.strays else ""
    left += f"; {ended.left} could not be killed" if ended.left else ""
    said = f": {excerpt(ended.err or ended.out)}{left}"
    if open_end := _open_end(ended, step):
        return Outcome(kind="failed" if step.effect == "read" else "unknown", detail=f"{open_end}{said}")
    if ended.exit not in step.expect.exits:
        wanted = " or ".join(map(str, step.expect.exits))
        return Outcome(kind="failed", detail=f"exit {ended.exit}, expected {wanted}{said}")
    if why := step.expect.differs(ended, context):
        return Outcome(kind="failed", detail=f"exit {ended.exit}, but {why}{left}")
    return Outcome(kind="done", detail=f"exit {ended.exit} in {ended.seconds:.1f} s{left}")


def _open_end(ended: Ended, step: Command) -> str:
    """Why nobody can say what the program did; empty when its exit code says it."""
    if ended.lost:
        return "it was started, and its end was not seen"
    if ended.timed_out:
        return f"killed, it took longer than {step.timeout:g} s"
    if ended.exit is None:
        return f"it died of {_signal(ended.signal)}"
    return f"exit {ended.exit}, which leaves open whether it took effect" if ended.exit in step.expect.unknown else ""


def _signal(number: int | None) -> str:
    try:
        return signal.Signals(number or 0).name
    except ValueError:
        return f"signal {number}"
