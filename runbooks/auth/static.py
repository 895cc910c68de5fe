"""Credentials that are sent as they are: a bearer token, or a name with a password."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from monitor.outbound.draft import Draft
from monitor.outbound.http import RequestError
from monitor.plan import Section
from monitor.secrets import MASK, SecretRef
from runbooks.auth.draft import reveal
from runbooks.context import Context
from runbooks.mistake import Mistake
from runbooks.setting import Setting


class Bearer(Section, frozen=True, kw_only=True, tag="bearer", tag_field="kind"):
    """A token that was given to us beforehand (RFC 6750 2.1)."""

    token: SecretRef

    def shown(self, context: Context) -> str:  # noqa: ARG002 - every scheme is asked the same way
        """How it will be proved who sends, secrets masked."""
        return f"bearer {MASK}"

    def mistakes(self, setting: Setting, *, body: bool) -> Iterator[Mistake]:  # noqa: ARG002 - the same
        """Nothing that can be seen beforehand."""
        yield from ()

    async def sign(self, draft: Draft, context: Context, now: float) -> dict[str, str]:  # noqa: ARG002 - the same
        """The headers to add; RequestError when the token cannot be read."""
        return {"Authorization": f"Bearer {await reveal(self.token, context)}"}


class Basic(Section, frozen=True, kw_only=True, tag="basic", tag_field="kind"):
    """A name and a password (RFC 7617), in UTF-8."""

    username: str | SecretRef
    password: SecretRef

    def shown(self, context: Context) -> str:  # noqa: ARG002 - every scheme is asked the same way
        """How it will be proved who sends, secrets masked."""
        return f"basic {self.username if isinstance(self.username, str) else MASK}:{MASK}"

    def mistakes(self, setting: Setting, *, body: bool) -> Iterator[Mistake]:  # noqa: ARG002 - the same
        """A name that would be read as the beginning of the password."""
        if isinstance(self.username, str) and ":" in self.username:
            yield Mistake(("auth", "username"), "a user name cannot hold a colon", "see RFC 7617, section 2")

    async def sign(self, draft: Draft, context: Context, now: float) -> dict[str, str]:  # noqa: ARG002 - the same
        """The headers to add; RequestError when a secret cannot be read."""
        name = await reveal(self.username, context)
        if ":" in name:
            raise RequestError("not sent: a user name cannot hold a colon", sent=False)
        pair = f"{name}:{await reveal(self.password, context)}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
