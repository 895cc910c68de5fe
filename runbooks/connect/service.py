"""Amazon Connect's own description of its requests, as botocore ships it: checked, written and read by it.

botocore says what a request must look like, signs it and reads the answer. The wire is golive's own HTTP client: the
address is pinned by the outbound policy, nothing is sent twice behind our back, an abort really ends it, and what had
left this machine is known. Everything here blocks, so it runs in a thread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from monitor.outbound import aws
from monitor.outbound.aws_service import service
from monitor.outbound.draft import Draft
from monitor.outbound.http import Answer

NAME = "connect"
_CHINA = "cn-"


def endpoint(region: str, endpoint_url: str | None) -> str:
    """The URL that requests go to."""
    if endpoint_url:
        return endpoint_url.rstrip("/")
    return f"https://{NAME}.{region}.amazonaws.com{'.cn' if region.startswith(_CHINA) else ''}"


def model() -> Any:  # noqa: ANN401 - botocore ships no types
    """The service model; AwsError without botocore. Takes a third of a second the first time."""
    return service(NAME).model


def shaped(operation: str, given: Mapping[str, Any], *, unfilled: bool = False) -> dict[str, Any]:
    """Input with the types of the model: `"30"` becomes a number where one belongs, a mapping a text where that does.

    unfilled: templates still stand in it; one that stands for a number, a truth or a word of a list becomes any such.
    ValueError names what does not fit.
    """
    shaped_input: dict[str, Any] = _shaped(given, model().operation_model(operation).input_shape, "", unfilled=unfilled)
    return shaped_input


def _shaped(value: Any, shape: Any, where: str, *, unfilled: bool) -> Any:  # noqa: ANN401 - JSON, and botocore
    if shape.type_name == "structure" and isinstance(value, Mapping):
        return {
            key: _shaped(item, shape.members[key], f"{where}.{key}", unfilled=unfilled)
            if key in shape.members
            else item
            for key, item in value.items()
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [_shaped(item, shape.member, f"{where}[{n}]", unfilled=unfilled) for n, item in enumerate(value)]
    if shape.type_name == "string" and isinstance(value, Mapping | list):
        import msgspec

        return msgspec.json.encode(value).decode()
    if not isinstance(value, str):
        return value
    return _scalar(value, shape, where, template=unfilled and "{" in value)


def _scalar(value: str, shape: Any, where: str, *, template: bool) -> Any:  # noqa: ANN401 - botocore ships no types
    if shape.type_name in ("integer", "long"):
        try:
            return 0 if template else int(value)
        except ValueError as error:
            raise ValueError(f"{where.lstrip('.')} is {value!r}, not a whole number") from error
    if shape.type_name == "boolean":
        if not template and value not in ("true", "false"):
            raise ValueError(f"{where.lstrip('.')} is {value!r}, neither true nor false")
        return value == "true"
    return shape.enum[0] if template and getattr(shape, "enum", None) else value


def problems(operation: str, given: Mapping[str, Any], *, unfilled: bool = False) -> Iterator[str]:
    """Why Amazon Connect would refuse an input, by its own model; AwsError without botocore."""
    from botocore.validate import ParamValidator

    shape = model().operation_model(operation).input_shape
    try:
        typed = shaped(operation, given, unfilled=unfilled)
    except ValueError as error:
        yield str(error)
        return
    for key in given:
        if key not in shape.members:
            yield f"{operation} has no {key}; it takes {', '.join(shape.members)}"
    report = ParamValidator().validate({key: item for key, item in typed.items() if key in shape.members}, shape)
    if report.has_errors():
        yield from report.generate_report().splitlines()
        return
    yield from _words(typed, shape, "", unfilled=unfilled)


def _words(value: Any, shape: Any, where: str, *, unfilled: bool) -> Iterator[str]:  # noqa: ANN401 - JSON, and botocore
    """What ParamValidator leaves to the service: lists of words, longest lengths, patterns."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key in shape.members:
                yield from _words(item, shape.members[key], f"{where}.{key}", unfilled=unfilled)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _words(item, shape.member, f"{where}[{number}]", unfilled=unfilled)
    elif isinstance(value, str) and not (unfilled and "{" in value):
        name, most = where.lstrip("."), shape.metadata.get("max")
        if shape.enum and value not in shape.enum:
            yield f"{name} is {value!r}, not one of {', '.join(shape.enum)}"
        if most is not None and len(value) > most:
            yield f"{name} is longer than {most} characters"
        pattern = shape.metadata.get("pattern")
        if pattern and not re.fullmatch(pattern, value):
            yield f"{name} is {value[:60]!r}, which does not match {pattern}"


def draft(
    operation: str, given: Mapping[str, Any], where: str, region: str, credentials: aws.Credentials | None, base: Path
) -> Draft:
    """The request as it goes on the wire, signed; AwsError without botocore or credentials, ValueError for the input."""
    described = service(NAME)
    return described.draft(operation, shaped(operation, given), where, region, aws.Keys(credentials, base))


def read(operation: str, answer: Answer) -> dict[str, Any]:
    """An answer by the model: its fields, or `Error` with `Code` and `Message`, STRANGE for somebody else's answer."""
    return service(NAME).read(operation, answer.status, answer.headers, answer.body)


def place(where: str) -> tuple[str, int]:
    """Host and port of an endpoint; ValueError when it names none."""
    parts = urlsplit(where)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{where!r} is not an http or https URL")
    return parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
