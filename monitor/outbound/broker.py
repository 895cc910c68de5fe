"""Which MQTT broker, how to reach it, and its refusals in words."""

from __future__ import annotations

from typing import Literal

import msgspec

from monitor.outbound.tls import Tls
from monitor.plan import Section
from monitor.secrets import SecretRef
from monitor.units import Duration

_PLAIN_PORT, _TLS_PORT = 1883, 8883


class MqttError(ConnectionError):
    """A broker that could not be used: says which, why and what to do.

    `code` is the broker's own reason code where it gave one; `lasting` is true when trying again the same way
    cannot help (a wrong password, say).
    """

    def __init__(self, words: str, *, code: int | None = None, lasting: bool = False) -> None:
        super().__init__(words)
        self.code = code
        self.lasting = lasting


class Broker(Section, frozen=True, kw_only=True):
    """A broker and how to log in there."""

    host: str
    port: int | None = None
    """Default 1883, with `tls` 8883."""
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    """auto: MQTT 5, and 3.1.1 when the broker refuses it or does not answer."""
    username: str | None = None
    password: SecretRef | None = None
    tls: Tls | None = None
    client_id: str = ""
    """Default: made from the name of what connects. Two clients with one id throw each other out."""
    keepalive: Duration = 30.0
    """A link without a sign of life for twice this is taken as dead."""
    connect_timeout: Duration = 5.0
    """How long the broker may take to answer, for each protocol that is tried."""
    session_expiry: Duration = 3600.0
    """How long the broker keeps messages for us while we are away (MQTT 5)."""
    clean: bool = False
    """Start without a session: what is published while we are away is lost."""

    def __post_init__(self) -> None:
        if self.password is not None and self.username is None:
            msg = "a password needs a username"
            raise ValueError(msg)
        if not self.host:
            msg = "host is empty"
            raise ValueError(msg)

    @property
    def real_port(self) -> int:
        """The port to connect to."""
        return self.port if self.port is not None else _TLS_PORT if self.tls else _PLAIN_PORT

    @property
    def where(self) -> str:
        """The address as messages name it."""
        return f"{self.host}:{self.real_port}"

    def named(self, client_id: str) -> Broker:
        """The same broker with a client id, unless the configuration gives one."""
        return self if self.client_id else msgspec.structs.replace(self, client_id=client_id)


TAKEN_OVER = 0x8E

_OLD_WORDS = {
    1: "it does not speak this version of MQTT",
    2: "it does not take our client id",
    3: "it is not available",
    4: "bad user name or password",
    5: "not authorised",
}
"""Return codes of CONNACK in MQTT 3.1.1 (3.2.2.3)."""

_WORDS = {
    0x00: "it closed the connection",
    0x80: "unspecified error",
    0x81: "malformed packet",
    0x82: "protocol error",
    0x83: "the broker's own limits",
    0x84: "it does not speak this version of MQTT",
    0x85: "it does not take our client id",
    0x86: "bad user name or password",
    0x87: "not authorised",
    0x88: "it is not available",
    0x89: "it is busy",
    0x8A: "we are banned",
    0x8B: "it is shutting down",
    0x8C: "bad authentication method",
    0x8D: "it heard nothing from us within the keepalive",
    TAKEN_OVER: "another client took over our session: the same client id is used twice",
    0x8F: "the topic filter is invalid",
    0x90: "the topic name is invalid",
    0x93: "we left more messages unacknowledged than we announced",
    0x95: "a packet was too large",
    0x96: "messages came too fast",
    0x97: "a quota is exceeded",
    0x98: "an administrator closed it",
    0x99: "the payload has the wrong format",
    0x9A: "it does not retain messages",
    0x9B: "it does not offer this QoS",
    0x9C: "it asks us to use another server",
    0x9D: "it has moved",
    0x9E: "it does not offer shared subscriptions",
    0x9F: "we connected too often",
    0xA1: "it does not offer subscription identifiers",
    0xA2: "it does not offer wildcard subscriptions",
}
"""Reason codes of MQTT 5 (2.4)."""

VERSION_CODES = frozenset({1, 0x84})
"""Refusals that another version of the protocol may mend."""
LASTING_CODES = frozenset({2, 4, 5, 0x85, 0x86, 0x87, 0x8A, 0x8C, 0x90})
"""Refusals that trying again cannot mend."""


def reason(code: int) -> str:
    """A broker's reason code in words, with its number."""
    words = _OLD_WORDS.get(code) or _WORDS.get(code, "unknown reason")
    return f"{words} (0x{code:02x})"
