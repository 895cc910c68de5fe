"""Events as EventBridge and the agent event stream write them."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from tests.collectors.amazon_connect.service import ARN, SALES


def iso(at: float) -> str:
    """A time as Amazon writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def contact(
    kind: str, name: str, at: float, *, queued: float | None = None, answered: float | None = None, **more: Any
) -> dict[str, Any]:
    """A contact event; times are unix seconds."""
    detail: dict[str, Any] = {
        "eventType": kind,
        "contactId": name,
        "channel": "VOICE",
        "instanceArn": ARN,
        "initiationMethod": "INBOUND",
        **more,
    }
    if queued is not None:
        detail["queueInfo"] = {
            "queueArn": f"{ARN}/queue/{SALES}",
            "queueType": "STANDARD",
            "enqueueTimestamp": iso(queued),
        }
    if answered is not None:
        detail["agentInfo"] = {"agentArn": f"{ARN}/agent/anna", "connectedToAgentTimestamp": iso(answered)}
    if kind == "DISCONNECTED":
        detail["disconnectTimestamp"] = iso(at)
    made = {
        "version": "0",
        "id": f"{name}-{kind}-{at}",
        "detail-type": "Amazon Connect Contact Event",
        "source": "aws.connect",
    }
    return {**made, "time": iso(at), "resources": [], "detail": detail}


def agent(
    name: str, at: float, status: str = "ROUTABLE", kind: str = "STATE_CHANGE", *contacts: tuple[str, str]
) -> dict[str, Any]:
    """An agent event; contacts: id and state."""
    return {
        "AgentARN": f"{ARN}/agent/{name}",
        "InstanceARN": ARN,
        "EventId": f"{name}-{kind}-{at}",
        "EventTimestamp": iso(at),
        "EventType": kind,
        "CurrentAgentSnapshot": {
            "AgentStatus": {"Type": status, "Name": "x"},
            "Configuration": {"Username": name},
            "Contacts": [
                {
                    "ContactId": one,
                    "State": state,
                    "StateStartTimestamp": iso(at - 1),
                    "Queue": {"ARN": f"{ARN}/queue/{SALES}"},
                }
                for one, state in contacts
            ],
        },
    }


def story(name: str, at: float) -> list[dict[str, Any]]:
    """A contact from its beginning to its end: 12 s in the queue, then an agent."""
    known = {"queued": at + 1}
    return [
        contact("INITIATED", name, at),
        contact("CONNECTED_TO_SYSTEM", name, at + 0.2),
        contact("QUEUED", name, at + 1, **known),
        contact("CONNECTED_TO_AGENT", name, at + 13, **known, answered=at + 13),
        contact("DISCONNECTED", name, at + 60, **known, answered=at + 13),
    ]


def firehose(*records: bytes) -> bytes:
    """A request of Firehose."""
    data = [{"data": base64.b64encode(record).decode()} for record in records]
    return json.dumps({"requestId": "ed4acda5", "timestamp": 1, "records": data}).encode()
