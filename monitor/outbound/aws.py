"""What golive takes from botocore: credentials and signatures. Loaded only where a configuration or a runbook asks for AWS.

Everything here blocks (the default chain may read files or ask the machine's own role), so it runs in a thread.
"""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path
from typing import Any

from monitor.outbound.draft import Draft
from monitor.plan import Section
from monitor.redaction import learn
from monitor.secrets import SecretError, SecretRef

INSTALL = "pip install 'golive-monitor[aws]'"
_NO_CREDENTIALS = (
    "there are no AWS credentials; next: name them in the runbook or the collector, or give this machine a role"
)


class AwsError(Exception):
    """Nothing could be signed or described: says why and what to do."""


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


class Keys:
    """Whose signature it is; temporary keys of the default chain are renewed by botocore as they expire."""

    def __init__(self, credentials: Credentials | None, base: Path) -> None:
        """Read secrets, relative to `base`, or ask the default chain. AwsError when there are none."""
        quieted()
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
            found = self._chain.get_frozen_credentials()
        except (BotoCoreError, ClientError) as error:
            raise AwsError(f"{_NO_CREDENTIALS} ({error})") from error
        for secret in (found.secret_key, found.token):
            learn(secret or "")
        return found


def load(credentials: Credentials | None, base: Path) -> Any:  # noqa: ANN401 - botocore ships no types
    """Frozen credentials of botocore for one signature; AwsError when there are none."""
    return Keys(credentials, base).frozen()


def signed(draft: Draft, service: str, region: str, credentials: Credentials | None, base: Path) -> dict[str, str]:
    """The headers that sign a request; AwsError when it cannot be signed."""
    return signed_by(load(credentials, base), draft, service, region)


def signed_by(frozen: Any, draft: Draft, service: str, region: str) -> dict[str, str]:  # noqa: ANN401 - botocore ships no types
    """The headers that sign a request with keys of this moment."""
    from botocore.auth import S3SigV4Auth, SigV4Auth
    from botocore.awsrequest import AWSRequest

    request = AWSRequest(method=draft.method, url=draft.url, headers=dict(draft.headers), data=draft.body)
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(frozen, service, region).add_auth(request)
    return {name: value for name, value in request.headers.items() if draft.headers.get(name) != value}
