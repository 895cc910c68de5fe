"""Amazon's own description of its services, as botocore ships it: requests are checked and written, answers read by it.

botocore says what a request must look like, signs it and reads the answer. The wire is golive's own: the address is pinned
by the outbound policy, nothing is sent twice behind anybody's back, and what had left this machine is known. Everything
here blocks (a description takes a third of a second the first time), so it runs in a thread.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from yarl import URL

from monitor.outbound.aws import AwsError, Keys, quieted, signed_by
from monitor.outbound.draft import Draft
from monitor.text import escaped

STRANGE = "NotAmazon"
"""The code of an error that somebody else's answer reads as."""
_FIRST_ERROR = 300
_PLAIN_PROTOCOL = "json"
_NUMBER = "x-amzn-requestid"


class Service:
    """One of Amazon's services."""

    def __init__(self, name: str) -> None:
        """name: as botocore calls it, such as `connect`. AwsError without botocore."""
        quieted()
        from botocore.session import Session

        self.model: Any = Session().get_service_model(name)
        spoken = self.model.metadata.get("protocols", ())
        # Plain JSON where the service speaks it: people can read it in a transcript.
        self._protocol = _PLAIN_PROTOCOL if _PLAIN_PROTOCOL in spoken else self.model.metadata["protocol"]

    def endpoint(self, region: str) -> str:
        """Its URL in a region."""
        ending = ".cn" if region.startswith("cn-") else ""
        return f"https://{self.model.metadata['endpointPrefix']}.{region}.amazonaws.com{ending}"

    def draft(self, operation: str, given: Mapping[str, Any], where: str, region: str, keys: Keys) -> Draft:
        """The signed request; AwsError when the model would refuse the input or the keys cannot be had."""
        from botocore.awsrequest import prepare_request_dict
        from botocore.exceptions import BotoCoreError
        from botocore.serialize import create_serializer

        try:
            serializer = create_serializer(self._protocol, include_validation=True)
            parts = serializer.serialize_to_request(dict(given), self.model.operation_model(operation))
        except BotoCoreError as error:
            raise AwsError(f"{operation} would be refused: {error}") from error
        prepare_request_dict(parts, endpoint_url=where.rstrip("/"))
        body = parts["body"] or b""
        headers = {name: str(value) for name, value in parts["headers"].items()}
        sent = body.encode() if isinstance(body, str) else bytes(body)
        plain = Draft(parts["method"], str(URL(parts["url"])), headers, sent)
        signing = self.model.metadata.get("signingName", self.model.metadata["endpointPrefix"])
        return plain._replace(headers=headers | signed_by(keys.frozen(), plain, signing, region))

    def read(self, operation: str, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> dict[str, Any]:
        """An answer by the model: its fields, or `Error` with `Code` and `Message`. Never raises for what it says.

        Fields are as they were sent where the service speaks JSON: botocore would make a number of `"12"` and of `true`.
        Times are then unix seconds or ISO 8601, whichever Amazon chose.

        Amazon numbers every answer. One without a number is something else's on the way (a proxy's page, say): it says
        nothing of what Amazon did, so it reads as an error whatever its status.
        """
        from botocore.parsers import create_parser

        named = _Headers(headers)
        parts = {"status_code": status, "headers": named, "body": body}
        try:
            parser = create_parser(self._protocol)
            parsed: Any = parser.parse(parts, self.model.operation_model(operation).output_shape)
        except Exception:  # noqa: BLE001 - bytes from outside in a parser that raises half a dozen types for them
            parsed = None
        if isinstance(parsed, dict) and status < _FIRST_ERROR and self._protocol.endswith(_PLAIN_PROTOCOL):
            parsed = _as_sent(body, parsed)
        if not isinstance(parsed, dict) or _NUMBER not in named:
            named_by = self.model.metadata.get("serviceAbbreviation", self.model.metadata["serviceFullName"])
            return {"Error": {"Code": STRANGE, "Message": f"not an answer of {named_by}: {escaped(body, 80)}"}}
        if status >= _FIRST_ERROR and not isinstance(parsed.get("Error"), dict):
            parsed["Error"] = {}
        return parsed


def _as_sent(body: bytes, parsed: Mapping[str, Any]) -> dict[str, Any] | None:
    try:
        fields = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return None
    return {**fields, "ResponseMetadata": parsed.get("ResponseMetadata")} if isinstance(fields, dict) else None


@cache
def service(name: str) -> Service:
    """The service of a name; its description is read once."""
    return Service(name)


class _Headers(dict[str, str]):
    """Headers as the parser looks them up: by any spelling."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        super().__init__({name.lower(): value for name, value in pairs})

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - as dict does
        """A header's value."""
        return super().get(key.lower(), default)

    def __getitem__(self, key: str) -> str:
        return super().__getitem__(key.lower())

    def __contains__(self, key: object) -> bool:
        return super().__contains__(str(key).lower())
