"""Amazon Connect's own description of its requests, as botocore ships it: checked, written and read by it.

botocore says what a request must look like, signs it and reads the answer. The wire is golive's own HTTP client: the
address is pinned by the outbound policy, nothing is sent twice behind our back, an abort really ends it, and what had
left this machine is known. Everything here blocks, so it runs in a thread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from yarl import URL

from monitor.outbound.http import Answer
from runbooks import aws
from runbooks.auth.draft import Draft
from runbooks.expect import excerpt

NAME = "connect"
STRANGE = "NotAmazonConnect"
"""The code of an error that somebody else's answer reads as."""
_ERROR, _CHINA, _NUMBER = 300, "cn-", "x-amzn-requestid"


def endpoint(region: str, endpoint_url: str | None) -> str:
    """The URL that requests go to."""
    if endpoint_url:
        return endpoint_url.rstrip("/")
    return f"https://{NAME}.{region}.amazonaws.com{'.cn' if region.startswith(_CHINA) else ''}"


@cache
def model() -> Any:  # noqa: ANN401 - botocore ships no types
    """The service model; AwsError without botocore. Takes a third of a second the first time."""
    aws.quieted()
    from botocore.session import Session

    return Session().get_service_model(NAME)


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
    from botocore.awsrequest import prepare_request_dict
    from botocore.serialize import create_serializer

    described = model().operation_model(operation)
    serializer = create_serializer(model().metadata["protocol"], include_validation=True)
    parts = serializer.serialize_to_request(shaped(operation, given), described)
    prepare_request_dict(parts, endpoint_url=where)
    url = str(URL(parts["url"]))
    headers = {name: str(value) for name, value in parts["headers"].items()}
    plain = Draft(parts["method"], url, headers, bytes(parts["body"] or b""))
    return plain._replace(headers=headers | aws.signed(plain, NAME, region, credentials, base))


def read(operation: str, answer: Answer) -> dict[str, Any]:
    """An answer by the model: its fields, or `Error` with `Code` and `Message`.

    Amazon numbers every answer. One without a number is something else's on the way (a proxy's page, say): it says
    nothing of what Amazon did, so it reads as an error whatever its status.
    """
    from botocore.parsers import ResponseParserError, create_parser

    parser = create_parser(model().metadata["protocol"])
    parts = {"status_code": answer.status, "headers": _Headers(answer.headers), "body": answer.body}
    try:
        parsed: dict[str, Any] = parser.parse(parts, model().operation_model(operation).output_shape)
    except (ResponseParserError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return {"Error": {"Code": STRANGE, "Message": "an answer that Amazon Connect does not give"}}
    if not any(name.lower() == _NUMBER for name, _ in answer.headers):
        return {"Error": {"Code": STRANGE, "Message": f"not an answer of Amazon Connect: {excerpt(answer.body)}"}}
    if answer.status >= _ERROR:
        parsed.setdefault("Error", {})
    return parsed


class _Headers(dict[str, str]):
    """Headers as the parser looks them up: by any spelling."""

    def __init__(self, pairs: tuple[tuple[str, str], ...]) -> None:
        super().__init__({name.lower(): value for name, value in pairs})

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - as dict does
        """A header's value."""
        return super().get(key.lower(), default)

    def __getitem__(self, key: str) -> str:
        return super().__getitem__(key.lower())

    def __contains__(self, key: object) -> bool:
        return super().__contains__(str(key).lower())


def place(where: str) -> tuple[str, int]:
    """Host and port of an endpoint; ValueError when it names none."""
    parts = urlsplit(where)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{where!r} is not an http or https URL")
    return parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
