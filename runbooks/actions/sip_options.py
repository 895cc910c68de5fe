"""The step that asks a SIP server or trunk whether it is there: one OPTIONS, and the status it must answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Literal

from monitor.outbound.tls import Tls, TlsError
from monitor.template import TemplateError, fill
from monitor.text import clean
from monitor.units import Duration
from runbooks.context import Context
from runbooks.effect import Outcome
from runbooks.expect import Expect
from runbooks.mistake import Mistake
from runbooks.setting import Setting, effects
from runbooks.sip.client import TIMER_F, Peer, SipError, ask
from runbooks.sip.message import USER
from runbooks.step import Step

_PORTS = {"udp": 5060, "tcp": 5060, "tls": 5061}


class SipOptions(Step, frozen=True, kw_only=True, tag="sip_options", tag_field="action"):
    """OPTIONS changes nothing (RFC 3261 11). Over UDP it is sent again as that RFC says until a reply comes."""

    host: str
    port: int | None = None
    """Default 5060, with TLS 5061."""
    transport: Literal["udp", "tcp", "tls"] = "udp"
    tls: Tls | None = None
    """Files for TLS; default: the certificates that the system trusts."""
    to: str = ""
    """The user that is asked for, such as `{number}`; empty asks for the server itself."""
    caller: str = "golive"
    status: int | str | tuple[int | str, ...] = 200
    """The status that counts as alive, a class such as `2xx`, or a list: many trunks answer 404 or 405 to OPTIONS."""
    timeout: Duration = 10.0
    """At most 32 s, when RFC 3261 gives up."""

    def __post_init__(self) -> None:
        _ = self._expect
        if self.tls is not None and self.transport != "tls":
            msg = "tls is for transport: tls"
            raise ValueError(msg)

    @property
    def _expect(self) -> Expect:
        return Expect(status=self.status)

    @property
    def real_port(self) -> int:
        """The port that is asked."""
        return self.port if self.port is not None else _PORTS[self.transport]

    @property
    def where(self) -> str:
        """The place as messages name it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.real_port}"

    def request_text(self, context: Context) -> str:
        """Who is asked, over which transport, and what must come back."""
        to = fill(self.to, context.values)
        wanted = " or ".join(map(str, self._expect.statuses))
        return f"SIP OPTIONS {f'{to} at ' if to else ''}{self.where} over {self.transport}, expects {wanted}"

    def templates(self) -> Iterator[str]:
        """Whom it asks for, beside what every step has."""
        yield from Step.templates(self)
        yield self.to

    def hosts(self) -> Iterator[str]:
        """The server."""
        yield self.where

    def deeds(self) -> Iterator[str]:
        """The question."""
        yield f"SIP OPTIONS {self.where} over {self.transport}"

    def mistakes(self, setting: Setting) -> Iterator[Mistake]:
        """An effect class that it does not have, a place that is not allowed, a user that no address can hold."""
        yield from effects(self.effect, ("read",), "it changes nothing")
        yield from setting.reach(("host",), self.host, self.real_port)
        yield from users(self, ("caller",))
        if self.timeout > TIMER_F:
            yield Mistake(("timeout",), f"SIP gives up after {TIMER_F:g} s", "wait less")

    async def perform(self, context: Context) -> Outcome:
        """Ask once."""
        try:
            user = address_user(self.to, context)
            files = self.tls or Tls()
            tls = await asyncio.to_thread(files.context, context.base) if self.transport == "tls" else None
            peer = Peer(self.host, self.real_port, self.transport, user, self.caller, tls)
            answered = await ask(
                peer, context.allow_hosts, timeout=self.timeout, on_sent=lambda: context.reach("step.after_send")
            )
        except (TemplateError, TlsError) as error:
            return Outcome(kind="failed", detail=clean(f"not sent: {error}"), sent=False)
        except SipError as error:
            return Outcome(kind="failed", detail=clean(str(error)), sent=error.sent)
        await context.reach("step.after_reply")
        found = answered.reply
        again = f", asked {answered.transmissions} times" if answered.transmissions > 1 else ""
        words = f"{found.status} {found.reason} from {self.where} in {answered.seconds * 1000:.0f} ms{again}"
        if self._expect.takes(found.status):
            return Outcome(kind="done", detail=words)
        return Outcome(kind="failed", detail=f"{words}, expected {' or '.join(map(str, self._expect.statuses))}")


def users(step: object, fields: tuple[str, ...]) -> Iterator[Mistake]:
    """Fields that cannot be the user of a SIP address."""
    for field in fields:
        value = getattr(step, field)
        if not USER.fullmatch(value) or not value:
            yield Mistake((field,), f"{value!r} cannot be the user of a SIP address", "letters, digits and + are safe")


def address_user(text: str, context: Context) -> str:
    """The user part of an address with its parameters put in; TemplateError when no address can hold it."""
    user = fill(text, context.values)
    if not USER.fullmatch(user) or user.startswith("-"):
        raise TemplateError(f"{user!r} cannot be the user of a SIP address")
    return user
