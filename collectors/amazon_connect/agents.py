"""What agents are doing, from what Amazon says of each. Pure: no agent leaves this module but as one of a number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple, TypeAlias

from collectors.amazon_connect.queues import AGENTS
from collectors.amazon_connect.readings import Reading, dig, moment, tail

State: TypeAlias = Literal["available", "on_contact", "acw", "non_productive", "error", "offline"]
STATES: tuple[State, ...] = ("available", "on_contact", "acw", "non_productive", "error", "offline")
NAMES: Mapping[str, State] = {"Available": "available", "Offline": "offline"}
"""The two statuses that every instance has; all others are made by its people, and whoever is in one takes no contacts."""

_TALKING = frozenset({"INCOMING", "PENDING", "CONNECTING", "CONNECTED", "CONNECTED_ONHOLD"})
_AFTER = frozenset({"ENDED"})
_FAILED = frozenset({"MISSED", "ERROR", "REJECTED"})
_RINGING = frozenset({"INCOMING", "PENDING"})


class Contact(NamedTuple):
    """One contact that an agent has."""

    id: str
    state: str
    queue: str
    """Queue id."""
    at: float | None
    """Since when it is in that state, unix seconds."""


class Agent(NamedTuple):
    """What is known of one agent."""

    id: str
    status: State
    """By the agent's own choice, contacts left aside."""
    contacts: tuple[Contact, ...]


def doing(agent: Agent) -> State:
    """What an agent is really doing: contacts count more than the chosen status."""
    states = {contact.state for contact in agent.contacts}
    if states & _TALKING:
        return "on_contact"
    if states & _AFTER:
        return "acw"
    if agent.status == "offline":
        return "offline"
    return "error" if states & _FAILED else agent.status


def counted(agents: Iterable[Agent]) -> Iterator[Reading]:
    """How many agents are in each state: 0 is a number, since who is not among those found is not there."""
    return numbered(Counter(map(doing, agents)))


def numbered(found: Mapping[State, int]) -> Iterator[Reading]:
    """The readings of agents that were counted by state."""
    for state in STATES:
        yield Reading(AGENTS, (("state", state),), float(found.get(state, 0)))


def users(items: Iterable[object], names: Mapping[str, State]) -> dict[str, Agent]:
    """Agents by id, from the items of GetCurrentUserData; one that is found by several queues is one.

    names: what a status stands for, by its name or the id at the end of its ARN.
    """
    found: dict[str, Agent] = {}
    for item in items:
        who = dig(item, "User", "Id") or tail(dig(item, "User", "Arn"))
        if not isinstance(who, str) or not who:
            continue
        name, arn = dig(item, "Status", "StatusName"), tail(dig(item, "Status", "StatusArn"))
        status = names.get(name) if isinstance(name, str) else None
        status = status or names.get(arn) or ("non_productive" if name or arn else "error")
        given = dig(item, "Contacts")
        contacts = tuple(_contacts(given if isinstance(given, list) else (), "ContactId", "AgentContactState", "Id"))
        found[who] = Agent(who, status, contacts)
    return found


def snapshot(item: object) -> Agent | None:
    """The agent of an event of the agent event stream, from its current snapshot; None when it has none.

    The status' type counts: heart beats go on for up to an hour after an agent has logged off.
    """
    who, kind = tail(dig(item, "AgentARN")), dig(item, "CurrentAgentSnapshot", "AgentStatus", "Type")
    if not who or not isinstance(kind, str):
        return None
    status: State = "available" if kind == "ROUTABLE" else "offline" if kind == "OFFLINE" else "non_productive"
    if dig(item, "EventType") == "LOGOUT":
        return Agent(who, "offline", ())
    given = dig(item, "CurrentAgentSnapshot", "Contacts")
    contacts = tuple(_contacts(given if isinstance(given, list) else (), "ContactId", "State", "ARN"))
    return Agent(who, status, contacts)


def _contacts(items: Iterable[object], name: str, state: str, queue: str) -> Iterator[Contact]:
    for item in items:
        contact, is_in = dig(item, name), dig(item, state)
        if isinstance(contact, str) and contact and isinstance(is_in, str):
            yield Contact(
                contact, is_in.upper(), tail(dig(item, "Queue", queue)), moment(dig(item, "StateStartTimestamp"))
            )


def missed(agent: Agent) -> Iterator[Contact]:
    """Contacts that were offered to an agent and not taken."""
    return (contact for contact in agent.contacts if contact.state == "MISSED")


def ended(agent: Agent) -> Iterator[str]:
    """Ids of contacts that are over for an agent."""
    return (contact.id for contact in agent.contacts if contact.state in _AFTER)


def had(agent: Agent) -> Iterator[str]:
    """Ids of contacts that an agent is connected to."""
    return (contact.id for contact in agent.contacts if contact.state in _TALKING - _RINGING)
