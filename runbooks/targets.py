"""A runbook for several targets: one straight line of steps that deals with one after the other. Pure.

Steps from the first to the last one that names a parameter in which the targets differ are written out once for each
target, in order; what stands before and after them is done once. A parameter that differs becomes one a target:
`queue` of the second target is `queue_2`, and `{queue}` in its steps is `{queue_2}`. So nothing about running,
recording and resuming a run knows of targets, each step has a name and with it an idempotency key of its own, and
values go into requests as they always do, escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from monitor.template import texts
from runbooks.model import AnyStep, Runbook

_PLACE = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_]*)\}")


def differing(targets: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """Parameters in which the targets differ, sorted."""
    names = sorted({name for target in targets for name in target})
    return tuple(name for name in names if len({target.get(name) for target in targets}) > 1)


def values(runbook: Runbook, targets: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The parameters of the written-out runbook; of one target its own."""
    apart = differing(targets)
    made = {name: value for target in targets[:1] for name, value in target.items() if name not in apart}
    mark = _mark(runbook, apart, len(targets))
    for number, target in enumerate(targets, 1):
        made |= {f"{name}{mark}{number}": target[name] for name in apart}
    return made


def _mark(runbook: Runbook, apart: tuple[str, ...], count: int) -> str:
    """What stands between a parameter's name and its target's number, so that no other name is meant."""
    taken, mark = {*runbook.parameters, *runbook.endpoints}, "_"
    while any(f"{name}{mark}{number}" in taken for name in apart for number in range(1, count + 1)):
        mark += "_"
    return mark


@lru_cache(maxsize=256)
def _written_out(encoded: bytes, apart: tuple[str, ...], titles: tuple[str, ...]) -> Runbook:
    return write_out(msgspec.json.decode(encoded, type=Runbook), apart, titles)


def spread(runbook: Runbook, targets: Sequence[Mapping[str, str]]) -> Runbook:
    """The runbook for these targets; itself for one."""
    apart = differing(targets)
    if not apart:
        return runbook
    titles = tuple(" ".join(target[name] for name in apart) for target in targets)
    return _written_out(msgspec.json.encode(runbook, order="sorted"), apart, titles)


def write_out(runbook: Runbook, apart: tuple[str, ...], titles: tuple[str, ...]) -> Runbook:
    """The runbook for as many targets as there are titles, which differ in the parameters `apart`."""
    mark, count = _mark(runbook, apart, len(titles)), len(titles)
    parameters = {name: parameter for name, parameter in runbook.parameters.items() if name not in apart}
    for name in set(apart) & set(runbook.parameters):
        parameters |= {f"{name}{mark}{number}": runbook.parameters[name] for number in range(1, count + 1)}
    named = [index for index, step in enumerate(runbook.steps) if set(_names(step)) & set(apart)]
    first, last = (named[0], named[-1] + 1) if named else (len(runbook.steps), len(runbook.steps))
    middle = runbook.steps[first:last]
    called = _called(runbook, [step.name for step in middle], count)
    steps = list(runbook.steps[:first])
    for number, title in enumerate(titles, 1):
        marks = {name: f"{name}{mark}{number}" for name in apart}
        steps += [_for_target(step, number, title, marks, called) for step in middle]
    steps += [_after(step, called) for step in runbook.steps[last:]]
    return msgspec.structs.replace(runbook, parameters=parameters, steps=tuple(steps))


def _called(runbook: Runbook, repeated: Sequence[str], count: int) -> dict[str, list[str]]:
    """What a repeated step is called for each target."""
    taken, mark = {step.name for step in runbook.steps}, "-"
    while any(f"{name}{mark}{number}" in taken for name in repeated for number in range(1, count + 1)):
        mark += "-"
    return {name: [f"{name}{mark}{number}" for number in range(1, count + 1)] for name in repeated}


def _names(step: AnyStep) -> Iterator[str]:
    for text in texts(msgspec.to_builtins(step)):
        yield from (match[1] for match in _PLACE.finditer(text) if match[1])


def _for_target(
    step: AnyStep, number: int, title: str, marks: Mapping[str, str], called: Mapping[str, list[str]]
) -> AnyStep:
    data = _renamed(msgspec.to_builtins(step), marks)
    data["name"] = called[step.name][number - 1]
    data["title"] = f"{step.shown_title} ({title})"
    data["needs"] = [called[need][number - 1] if need in called else need for need in step.needs]
    if "{step}" not in step.key:
        # A key of its own for each target: the other side must not take the second request for a repeat of the first.
        data["key"] = f"{data['key']}/{number}"
    made: AnyStep = msgspec.convert(data, AnyStep)
    return made


def _after(step: AnyStep, called: Mapping[str, list[str]]) -> AnyStep:
    """A step that is done once, after every target's steps that it needs."""
    needs = tuple(name for need in step.needs for name in called.get(need, [need]))
    return msgspec.structs.replace(step, needs=needs)


def _renamed(data: Any, marks: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON is any of its types
    """Every `{name}` of a parameter that differs, as that of one target; keys stay."""
    if isinstance(data, str):
        return _PLACE.sub(lambda m: f"{{{marks[m[1]]}}}" if m[1] in marks else m[0], data)
    if isinstance(data, dict):
        return {key: _renamed(item, marks) for key, item in data.items()}
    if isinstance(data, list | tuple):
        return [_renamed(item, marks) for item in data]
    return data
