"""What golive takes from botocore: credentials, signatures, and Amazon's own description of its services.

botocore says what a request must look like, signs it and reads the answer. The wire is golive's own: the address is pinned
by the outbound policy and nothing is sent twice behind anybody's back. Everything here blocks (the description of a service
takes a third of a second the first time; the default chain may read files or ask the machine's own role), so it runs in a
thread. botocore is loaded only when a configuration asks for AWS.
"""

from __future__ import annotations

import importlib.util
import json
import logging
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from yarl import URL

from monitor.plan import Section
from monitor.secrets import SecretError, SecretRef

INSTALL = "pip install 'golive-monitor[aws]'"
STRANGE = "NotAmazon"
"""The code of an error that somebody else's answer reads as."""
_NO_CREDENTIALS = "there are no AWS credentials; next: name them in the configuration, or give this machine a role"
_FIRST_ERROR = 300
_PLAIN_PROTOCOL = "json"


class AwsError(Exception):
    """Nothing could be signed or described: says why and what to do."""


class Credentials(Section, frozen=True, kw_only=True):
    """Keys by reference; a session token only where the keys are temporary."""

    access_key_id: str | SecretRef
    secret_access_key: SecretRef
    session_token: SecretRef | None = None


class Draft(NamedTuple):
    """A request as it goes on the wire."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


def needed() -> None:
    """Make sure that botocore is there and tells nothing (its debug lines hold session tokens); AwsError without it."""
    if importlib.util.find_spec("botocore") is None:
        raise AwsError(f"AWS needs the package botocore, which is not installed here; next: {INSTALL}")
    logging.getLogger("botocore").setLevel(logging.WARNING)


class Keys:
    """Whose signature it will be; temporary keys of the default chain are renewed by botocore as they expire."""

    def __init__(self, credentials: Credentials | None, base: Path) -> None:
        """Read secrets, relative to `base`, or ask the default chain. AwsError when there are none."""
        needed()
        from botocore.credentials import ReadOnlyCredentials
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.session import Session

        self._fixed: Any = None
        self._chain: Any = None
        if credentials is not None:
            key, token = credentials.access_key_id, credentials.session_token
            try:
                self._fixed = ReadOnlyCredentials(
                    key if isinstance(key, str) else key.read(base).reveal(),
                    credentials.secret_access_key.read(base).reveal(),
                    token.read(base).reveal() if token is not None else None,
                    None,
                )
            except SecretError as error:
                raise AwsError(str(error)) from error
            return
        try:
            self._chain = Session().get_credentials()
        except (BotoCoreError, ClientError) as error:
            raise AwsError(f"{_NO_CREDENTIALS} ({error})") from error
        if self._chain is None:
            raise AwsError(_NO_CREDENTIALS)

    def frozen(self) -> Any:  # noqa: ANN401 - botocore ships no types
        """The keys of this moment; AwsError when they cannot be renewed."""
        from botocore.exceptions import BotoCoreError, ClientError

        if self._chain is None:
            return self._fixed
        try:
            return self._chain.get_frozen_credentials()
        except (BotoCoreError, ClientError) as error:
            raise AwsError(f"{_NO_CREDENTIALS} ({error})") from error


class Service:
    """One of Amazon's services, as botocore describes it."""

    def __init__(self, name: str) -> None:
        """name: as botocore calls it, such as `connect`. AwsError without botocore."""
        needed()
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
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest, prepare_request_dict
        from botocore.exceptions import BotoCoreError
        from botocore.serialize import create_serializer

        try:
            serializer = create_serializer(self._protocol, include_validation=True)
            parts = serializer.serialize_to_request(dict(given), self.model.operation_model(operation))
        except BotoCoreError as error:
            raise AwsError(f"{operation} would be refused: {error}") from error
        prepare_request_dict(parts, endpoint_url=where.rstrip("/"))
        url, body = str(URL(parts["url"])), parts["body"] or b""
        sent = body.encode() if isinstance(body, str) else bytes(body)
        headers = {name: str(value) for name, value in parts["headers"].items()}
        request = AWSRequest(method=parts["method"], url=url, headers=headers, data=sent)
        signing = self.model.metadata.get("signingName", self.model.metadata["endpointPrefix"])
        SigV4Auth(keys.frozen(), signing, region).add_auth(request)
        return Draft(parts["method"], url, dict(request.headers.items()), sent)

    def read(self, operation: str, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> dict[str, Any]:
        """An answer by the model: its fields, or `Error` with `Code` and `Message`. Never raises for what it says.

        Fields are as they were sent where the service speaks JSON: botocore would make a number of `"12"` and of `true`.
        Times are then unix seconds or ISO 8601, whichever Amazon chose.

        Amazon numbers every answer. A success without a number is something else's on the way (a proxy's page, say): it
        reads as an error.
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
        if not isinstance(parsed, dict) or (status < _FIRST_ERROR and "x-amzn-requestid" not in named):
            return {"Error": {"Code": STRANGE, "Message": "an answer that Amazon does not give"}}
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
