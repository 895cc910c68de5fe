"""What the schema cannot say: mistakes inside one runbook that would otherwise show in the middle of a rollback. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from monitor.judging.expressions import ExpressionError, parse
from monitor.outbound.addresses import Forbidden, allowed, split, target_of
from monitor.plan import PAST
from monitor.template import TemplateError, check_value
from runbooks.mistake import Mistake
from runbooks.model import AnyStep, Runbook
from runbooks.request import Request
from runbooks.setting import RESERVED, SAMPLE, Setting
from runbooks.terms import broken_terms

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_PARAMETER = re.compile(r"[a-z][a-z0-9_]{0,31}")
_PATTERN_LENGTH = 200


def mistakes(runbook: Runbook, file_name: str) -> list[Mistake]:
    """Every problem of a runbook whose fields all have the right types."""
    found = list(_head(runbook, file_name))
    found += _steps(runbook)
    found += [Mistake(*term) for term in broken_terms(runbook)]
    for field in ("preflight", "verify"):
        for index, text in enumerate(getattr(runbook, field)):
            found += _expression((field, index), text)
    for step, index, text in _past(runbook):
        path = ("verify", index) if step < 0 else ("steps", step)
        found.append(Mistake(path, f"asks for {PAST}: {text}", "only a pre-flight may ask that"))
    return found


def _past(runbook: Runbook) -> Iterator[tuple[int, int, str]]:
    """Expressions outside the pre-flight that ask for points of no return; they would be unknown for ever."""
    asked = [(-1, index, text) for index, text in enumerate(runbook.verify)]
    asked += [(number, 0, text) for number, step in enumerate(runbook.steps) for text in step.expressions()]
    for step, index, text in asked:
        with suppress(ExpressionError):
            if PAST in parse(text).rules:
                yield step, index, text


def _head(runbook: Runbook, file_name: str) -> Iterator[Mistake]:
    if not _NAME.fullmatch(runbook.name):
        yield Mistake(("name",), f"{runbook.name!r} is not a name", "small letters, digits and dashes")
    elif runbook.name != file_name:
        yield Mistake(("name",), f"the file is called {file_name}, the runbook {runbook.name}", "give both one name")
    if not runbook.steps:
        yield Mistake(("steps",), "has no steps", "say what is to be done")
    if not runbook.verify:
        yield Mistake(("verify",), "nothing verifies it", "say what must hold for it to have worked")
    for name, parameter in runbook.parameters.items():
        yield from _parameter(name, parameter.pattern, parameter.default)
    for index, entry in enumerate(runbook.allow_hosts):
        try:
            split(entry)
        except ValueError as error:
            yield Mistake(("allow_hosts", index), str(error), "write host or host:port")
    for name, base in runbook.endpoints.items():
        if not _PARAMETER.fullmatch(name) or name in RESERVED or name in runbook.parameters:
            yield Mistake(("endpoints", name), f"{name!r} cannot be an endpoint's name", "choose another word")
        yield from _reach(("endpoints", name), base, runbook)


def _parameter(name: str, pattern: str, default: str | None) -> Iterator[Mistake]:
    path = ("parameters", name)
    if not _PARAMETER.fullmatch(name) or name in RESERVED:
        yield Mistake(path, f"{name!r} cannot be a parameter's name", f"not one of {', '.join(sorted(RESERVED))}")
    if len(pattern) > _PATTERN_LENGTH:
        yield Mistake((*path, "pattern"), f"is longer than {_PATTERN_LENGTH} characters", "allow less")
        return
    try:
        re.compile(pattern)
    except re.error as error:
        yield Mistake((*path, "pattern"), f"is not a regular expression: {error}")
        return
    if default is not None and (why := check_value(name, default, pattern)):
        yield Mistake((*path, "default"), why)


def _reach(path: tuple[str | int, ...], url: str, runbook: Runbook) -> Iterator[Mistake]:
    try:
        allowed(target_of(url), runbook.allow_hosts)
    except Forbidden as error:
        yield Mistake(path, str(error), "name the host in allow_hosts")
    except ValueError:
        return


def _steps(runbook: Runbook) -> Iterator[Mistake]:
    seen: set[str] = set()
    for index, step in enumerate(runbook.steps):
        path = ("steps", index)
        if not _NAME.fullmatch(step.name):
            yield Mistake((*path, "name"), f"{step.name!r} is not a name", "small letters, digits and dashes")
        if step.name in seen:
            yield Mistake((*path, "name"), f"there are two steps called {step.name}", "give each its own name")
        for need in step.needs:
            if need not in seen:
                yield Mistake((*path, "needs"), f"{need} is not an earlier step", "steps run from top to bottom")
        seen.add(step.name)
        yield from _step(path, step, runbook)


def _step(path: tuple[str | int, ...], step: AnyStep, runbook: Runbook) -> Iterator[Mistake]:
    if step.effect == "checked" and not step.tells:
        yield Mistake((*path, "probe"), "a checked step needs a probe", "say how one can see that it took effect")
    if step.action in ("wait", "verify") and step.effect != "read":
        yield Mistake((*path, "effect"), f"a {step.action} step changes nothing", "write effect: read")
    for text in step.expressions():
        yield from _expression(path, text)
    setting = _setting(runbook)
    for text in step.templates():
        yield from setting.template(path, text)
    for request in step.requests():
        yield from _request(path, request, runbook, setting)
    for mistake in step.mistakes(setting):
        yield mistake._replace(path=(*path, *mistake.path))


def _setting(runbook: Runbook) -> Setting:
    samples = {name: parameter.default or SAMPLE for name, parameter in runbook.parameters.items()}
    return Setting(
        values={**samples, **dict.fromkeys(RESERVED, SAMPLE)},
        endpoints=runbook.endpoints,
        allow_hosts=runbook.allow_hosts,
    )


def _request(path: tuple[str | int, ...], request: Request, runbook: Runbook, setting: Setting) -> Iterator[Mistake]:
    for text in request.templates():
        yield from setting.template(path, text)
    for mistake in request.mistakes(setting):
        yield mistake._replace(path=(*path, *mistake.path))
    try:
        address = request.address(setting.context)
    except TemplateError as error:
        yield Mistake(path, str(error), "names of parameters, or an endpoint at the start of the url")
        return
    if _origin_filled(request.url, runbook):
        yield Mistake(path, f"{request.url}: a parameter stands in the host", "put the host under endpoints")
        return
    yield from _reach(path, address, runbook)


def _origin_filled(url: str, runbook: Runbook) -> bool:
    if any(url.startswith(f"{{{name}}}") for name in runbook.endpoints):
        return False
    _, _, rest = url.partition("://")
    return "{" in rest.partition("/")[0]


def _expression(path: tuple[str | int, ...], text: str) -> Iterator[Mistake]:
    try:
        parse(text)
    except ExpressionError as error:
        yield Mistake(path, f"{text!r}, column {error.column}: {error.message}")
