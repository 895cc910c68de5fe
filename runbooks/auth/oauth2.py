"""OAuth 2.0 client credentials (RFC 6749 4.4): a token for the request, kept in memory until shortly before it ends."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import math
from collections.abc import Iterator
from typing import Literal
from urllib.parse import quote_plus, urlencode

import msgspec

from monitor.outbound.addresses import Forbidden, allowed, target_of
from monitor.outbound.draft import Draft
from monitor.outbound.http import Answer, RequestError
from monitor.outbound.http import request as send
from monitor.plan import Section
from monitor.redaction import learn
from monitor.secrets import MASK, Secret, SecretRef
from monitor.units import Duration
from runbooks.auth.draft import reveal
from runbooks.context import Context
from runbooks.endpoint import split
from runbooks.expect import excerpt
from runbooks.mistake import Mistake
from runbooks.setting import Setting

MARGIN = 30.0
"""Seconds before its end at which a token is not used any more; a tenth of its life where that is less."""
UNSTATED = 60.0
"""Seconds that a token is kept when its issuer does not say how long it holds (`expires_in` is only recommended)."""
LONGEST = 86400.0
_OK = 200


class Oauth2(Section, frozen=True, kw_only=True, tag="oauth2", tag_field="kind"):
    """Asks `token_url` for a token, under the same outbound policy as every request."""

    token_url: str
    """May start with `{endpoint}` as a request's URL may."""
    client_id: str | SecretRef
    client_secret: SecretRef
    scope: str = ""
    audience: str = ""
    """For issuers that ask for one beside the scope."""
    send_as: Literal["basic", "body"] = "basic"
    """Where id and secret go: in the Authorization header, or among the form's fields."""
    timeout: Duration = 10.0

    def address(self, context: Context) -> str:
        """The URL of the token endpoint."""
        return "".join(split(self.token_url, context.endpoints))

    def shown(self, context: Context) -> str:
        """How it will be proved who sends, secrets masked."""
        client = self.client_id if isinstance(self.client_id, str) else MASK
        scope = f" for {self.scope}" if self.scope else ""
        return f"bearer {MASK} from {self.address(context)} as {client}{scope}"

    def mistakes(self, setting: Setting, *, body: bool) -> Iterator[Mistake]:  # noqa: ARG002 - every scheme is asked the same way
        """A token endpoint that cannot be spoken to."""
        address = self.address(setting.context)
        path = ("auth", "token_url")
        if "{" in address or "}" in address:
            yield Mistake(path, f"{self.token_url}: no parameter is put into a token's address", "name an endpoint")
            return
        try:
            allowed(target_of(address), setting.allow_hosts)
        except Forbidden as error:
            yield Mistake(path, str(error), "name the host in allow_hosts")
        except ValueError:
            return

    async def sign(self, draft: Draft, context: Context, now: float) -> dict[str, str]:  # noqa: ARG002 - the same
        """The headers to add; RequestError, nothing sent, when there is no token."""
        clock = asyncio.get_running_loop().time
        client, secret = await reveal(self.client_id, context), await reveal(self.client_secret, context)
        place = self._place(context, client, secret)
        token = context.outlets.tokens.get(place, clock())
        if token is None:
            asked = clock()
            token, span = await self._ask(context, client, secret)
            context.outlets.tokens.put(place, token, asked + span)
        return {"Authorization": f"Bearer {token.reveal()}"}

    async def forget(self, context: Context) -> None:
        """Drop the token that the target refused, so that the next request asks for another."""
        client, secret = await reveal(self.client_id, context), await reveal(self.client_secret, context)
        context.outlets.tokens.forget(self._place(context, client, secret))

    def _place(self, context: Context, client: str, secret: str) -> tuple[str, ...]:
        proof = hashlib.sha256(secret.encode()).hexdigest()
        return (self.address(context), client, proof, self.scope, self.audience, self.send_as)

    async def _ask(self, context: Context, client: str, secret: str) -> tuple[Secret, float]:
        form = {"grant_type": "client_credentials", "scope": self.scope, "audience": self.audience}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if self.send_as == "basic":
            pair = base64.b64encode(f"{quote_plus(client)}:{quote_plus(secret)}".encode()).decode()
            learn(pair)
            headers["Authorization"] = f"Basic {pair}"
        else:
            form |= {"client_id": client, "client_secret": secret}
        body = urlencode({name: value for name, value in form.items() if value}).encode()
        where = self.address(context)
        try:
            answer = await send(
                "POST", where, allow_hosts=context.allow_hosts, headers=headers, body=body, timeout=self.timeout
            )
        except RequestError as error:
            raise RequestError(f"not sent: no token from {where}: {error}", sent=False) from error
        try:
            return granted(answer)
        except ValueError as error:
            raise RequestError(f"not sent: no token from {where}: {error}", sent=False) from error


class _Grant(msgspec.Struct, frozen=True):
    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - a kind, not a token
    expires_in: float | None = None


def granted(answer: Answer) -> tuple[Secret, float]:
    """Read a token endpoint's answer (RFC 6749 5.1): the token and the seconds for which it may be used.

    ValueError says in what way it grants nothing; never shows the token.
    """
    if answer.status != _OK:
        raise ValueError(f"it answered {answer.status}: {excerpt(answer.body)}")
    try:
        grant = msgspec.json.decode(answer.body, type=_Grant, strict=False)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError("its answer is not a token in JSON") from error
    token = Secret(grant.access_token)
    if not grant.access_token or not grant.access_token.isascii() or not grant.access_token.isprintable():
        raise ValueError("its token is not one that a header can carry")
    if grant.token_type.lower() != "bearer":
        raise ValueError("its token is not a bearer token")
    span = UNSTATED if grant.expires_in is None else grant.expires_in
    if not math.isfinite(span):
        raise ValueError("its token holds for no time that can be read")
    span = min(span, LONGEST)
    return token, max(0.0, span - min(MARGIN, span / 10))
