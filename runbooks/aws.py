"""What golive takes from botocore: credentials and signatures. Loaded only where a runbook asks for AWS.

Everything here blocks (the default chain may read files or ask the machine's own role), so it runs in a thread.
"""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.plan import Section
from monitor.redaction import learn
from monitor.secrets import SecretError, SecretRef

if TYPE_CHECKING:
    from runbooks.auth.draft import Draft

INSTALL = "pip install 'golive-monitor[aws]'"
_NO_CREDENTIALS = "there are no AWS credentials; next: name them in the runbook, or give this machine a role"


class AwsError(Exception):
    """Nothing could be signed: says why and what to do."""


class Credentials(Section, frozen=True, kw_only=True):
    """Keys by reference; a session token only where the keys are temporary."""

    access_key_id: str | SecretRef
    secret_access_key: SecretRef
    session_token: SecretRef | None = None


def missing() -> str:
    """One sentence when botocore is not installed; empty when it is."""
    if importlib.util.find_spec("botocore") is not None:
        return ""
    return "AWS needs the package botocore, which is not installed here"


def shown(credentials: Credentials | None) -> str:
    """Whose signature it will be, secrets masked."""
    if credentials is None:
        return "by the default credentials"
    key = credentials.access_key_id
    return f"by {key if isinstance(key, str) else '***'}"


def quieted() -> None:
    """Make sure that botocore is there and tells nothing: its debug lines hold session tokens. AwsError without it."""
    if why := missing():
        raise AwsError(f"{why}; next: {INSTALL}")
    logging.getLogger("botocore").setLevel(logging.WARNING)


def load(credentials: Credentials | None, base: Path) -> Any:  # noqa: ANN401 - botocore ships no types
    """Frozen credentials of botocore; AwsError when there are none. Blocks."""
    quieted()
    from botocore.credentials import ReadOnlyCredentials
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    if credentials is not None:
        try:
            key = credentials.access_key_id
            return ReadOnlyCredentials(
                key if isinstance(key, str) else key.read(base).reveal(),
                credentials.secret_access_key.read(base).reveal(),
                credentials.session_token.read(base).reveal() if credentials.session_token is not None else None,
                None,
            )
        except SecretError as error:
            raise AwsError(str(error)) from error
    try:
        found = Session().get_credentials()
        frozen = found.get_frozen_credentials() if found is not None else None
    except BotoCoreError as error:
        raise AwsError(f"{_NO_CREDENTIALS} ({error})") from error
    if frozen is None:
        raise AwsError(_NO_CREDENTIALS)
    for secret in (frozen.secret_key, frozen.token):
        learn(secret or "")
    return frozen


def signed(draft: Draft, service: str, region: str, credentials: Credentials | None, base: Path) -> dict[str, str]:
    """The headers that sign a request; AwsError when it cannot be signed. Blocks."""
    frozen = load(credentials, base)
    from botocore.auth import S3SigV4Auth, SigV4Auth
    from botocore.awsrequest import AWSRequest

    request = AWSRequest(method=draft.method, url=draft.url, headers=dict(draft.headers), data=draft.body)
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(frozen, service, region).add_auth(request)
    return {name: value for name, value in request.headers.items() if draft.headers.get(name) != value}
