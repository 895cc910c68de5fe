"""What an agent of a queue is doing, from a QueueMember message. Pure.

Device states are those of Asterisk's devicestate.h (AST_DEVICE_*): 0 unknown, 1 not in use, 2 in use, 3 busy, 4 invalid,
5 unavailable, 6 ringing, 7 ringing while in use, 8 on hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal, TypeAlias

from collectors.ami.framing import Message
from collectors.ami.numbers import flag, number, whole

State: TypeAlias = Literal["available", "on_contact", "acw", "non_productive", "error", "offline"]
STATES: tuple[State, ...] = ("available", "on_contact", "acw", "non_productive", "error", "offline")

_BUSY = frozenset({2, 3, 6, 7, 8})
_OFFLINE = frozenset({5})
_FREE = frozenset({1})
_RANK: dict[State, int] = {"on_contact": 5, "acw": 4, "available": 3, "non_productive": 2, "error": 1, "offline": 0}
"""Where an agent's queues differ, what the agent is really doing: one who is paused in one queue works in another."""


def state(member: Message, now: float) -> State:
    """The state of a member; now in unix seconds, for the wrap-up time after its last call."""
    device = whole(member, "status")
    if device in _OFFLINE:
        return "offline"
    if device in _BUSY or flag(member, "incall"):
        return "on_contact"
    last, wrapup = number(member, "lastcall"), number(member, "wrapuptime")
    if last and wrapup and last <= now < last + wrapup:
        return "acw"
    if flag(member, "paused"):
        return "non_productive"
    return "available" if device in _FREE else "error"


def who(member: Message) -> str:
    """What tells an agent from others, whatever queue it is in: the interface whose state counts."""
    return member.get("stateinterface") or member.get("location") or member.get("name", "")


def counted(members: Iterable[Message], now: float) -> Counter[State]:
    """How many agents are in each state; an agent of several queues counts once."""
    agents: dict[str, State] = {}
    for member in members:
        doing, name = state(member, now), who(member)
        before = agents.get(name)
        if before is None or _RANK[doing] > _RANK[before]:
            agents[name] = doing
    return Counter(agents.values())
