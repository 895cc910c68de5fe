"""AWS Signature Version 4, by botocore's own signer, for any service that asks for it (an API Gateway, say)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from monitor.outbound import aws
from monitor.outbound.draft import Draft
from monitor.outbound.http import RequestError
from monitor.plan import Section
from monitor.secrets import MASK
from runbooks.context import Context
from runbooks.mistake import Mistake
from runbooks.setting import Setting


class Sigv4(Section, frozen=True, kw_only=True, tag="sigv4", tag_field="kind"):
    """Signs method, address, query, body and every header of the runbook."""

    service: str
    """The service's name in the signature, such as `execute-api`."""
    region: str
    credentials: aws.Credentials | None = None
    """Default: what botocore finds (environment, shared files, the machine's role)."""

    def shown(self, context: Context) -> str:  # noqa: ARG002 - every scheme is asked the same way
        """How it will be proved who sends, secrets masked."""
        return f"AWS4-HMAC-SHA256 {self.service} {self.region} {aws.shown(self.credentials)} {MASK}"

    def mistakes(self, setting: Setting, *, body: bool) -> Iterator[Mistake]:  # noqa: ARG002 - the same
        """A machine that cannot sign so."""
        if why := aws.missing():
            yield Mistake(("auth",), why, aws.INSTALL)

    async def sign(self, draft: Draft, context: Context, now: float) -> dict[str, str]:  # noqa: ARG002 - the same
        """The headers to add; RequestError, nothing sent, without botocore or credentials."""
        try:
            return await asyncio.to_thread(aws.signed, draft, self.service, self.region, self.credentials, context.base)
        except aws.AwsError as error:
            raise RequestError(f"not sent: {error}", sent=False) from error
