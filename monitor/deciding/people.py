"""Who may do what: people, roles and duties as golive.yaml names them."""

from __future__ import annotations

from typing import Literal, TypeAlias

from monitor.plan import Section
from monitor.secrets import SecretRef

Role: TypeAlias = Literal["viewer", "operator", "approver", "admin"]


class Person(Section, frozen=True, kw_only=True):
    """A named person. The role is permission, the duties are what a plan asks for; both must fit."""

    name: str
    role: Role
    duties: tuple[str, ...] = ()
    """Such as cutover-manager or telephony-lead."""
    token: SecretRef | None = None
    """Bearer token; default: made by `golive token new`, kept as a hash in the state directory."""
