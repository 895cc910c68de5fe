"""Who may ask the simulated Amazon Connect and what may be asked, by Amazon's own description of its service (botocore).

Everything here blocks, the first time for a third of a second, so it runs in a thread.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from monitor.demo.connect_answers import ARN, INSTANCE, REGION
from monitor.outbound.aws_service import service

ACCESS_KEY = "AKIAEXAMPLE"
"""Of Amazon's documentation; the secret is made for each demo."""
OPERATIONS = ("GetCurrentMetricData", "GetMetricDataV2")
_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>\w+)/\d{8}/(?P<region>[\w-]+)/connect/aws4_request, "
    r"SignedHeaders=(?P<headers>[\w;-]+), Signature=(?P<signature>[0-9a-f]{64})",
    re.ASCII,
)


class Asked(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    url: str
    headers: Mapping[str, str]
    body: bytes


class Turned(Exception):  # noqa: N818 - an answer, not a fault
    """Turned away, as Amazon does: its status, its word and ours."""

    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.code = code


def load() -> None:
    """Read the description once, so that the first question does not wait for it."""
    service("connect")


def let_in(asked: Asked, secret_file: Path) -> tuple[str, dict[str, Any]]:
    """The operation and its input. Turned, where Amazon would turn it away: unsigned, unknown, malformed."""
    operation, fields = _routed(asked)
    _check_signature(asked, secret_file)
    try:
        said = json.loads(asked.body)
    except ValueError as error:
        raise Turned(400, "SerializationException", "the body is no JSON") from error
    if not isinstance(said, dict):
        raise Turned(400, "SerializationException", "the body is no object")
    given = said | fields
    from botocore.validate import ParamValidator  # an optional extra

    report = ParamValidator().validate(given, service("connect").model.operation_model(operation).input_shape)
    if report.has_errors():
        raise Turned(400, "InvalidParameterException", report.generate_report()[:300])
    if given.get("InstanceId", INSTANCE) != INSTANCE or given.get("ResourceArn", ARN) != ARN:
        raise Turned(404, "ResourceNotFoundException", "there is no such instance")
    return operation, given


def _routed(asked: Asked) -> tuple[str, dict[str, str]]:
    """The operation of a path, and the fields that stand in it."""
    for operation in OPERATIONS:
        http = service("connect").model.operation_model(operation).http
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(http["requestUri"]))
        match = re.fullmatch(pattern, asked.path)
        if match is not None and http["method"] == asked.method:
            return operation, {name: unquote(value) for name, value in match.groupdict().items()}
    raise Turned(404, "UnknownOperationException", "the simulation does not answer this")


def _check_signature(asked: Asked, secret_file: Path) -> None:
    """Sign the request once more with the secret, which may be written after the world has started, and compare."""
    from botocore.auth import SigV4Auth  # an optional extra
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import ReadOnlyCredentials

    told = _SIGNED.fullmatch(asked.headers.get("Authorization", ""))
    try:
        secret = secret_file.read_text("utf-8").strip()
    except OSError:
        secret = ""
    if told is None or not secret or (told["key"], told["region"]) != (ACCESS_KEY, REGION):
        raise Turned(403, "UnrecognizedClientException", "the security token included in the request is invalid")
    names = [name for name in told["headers"].split(";") if name != "host"]
    headers = {name: asked.headers.get(name, "") for name in names}
    request = AWSRequest(method=asked.method, url=asked.url, headers=headers, data=asked.body)
    request.context["timestamp"] = asked.headers.get("X-Amz-Date", "")
    signer = SigV4Auth(ReadOnlyCredentials(ACCESS_KEY, secret, None, None), "connect", REGION)
    right = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    if not hmac.compare_digest(right, told["signature"]):
        raise Turned(403, "InvalidSignatureException", "the request signature we calculated does not match")
