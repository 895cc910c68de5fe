"""Whether a change of Amazon Connect took effect, asked by its own Describe and Get calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from monitor.text import clean
from runbooks.connect.distribution import LEGS, same

Call: TypeAlias = Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""Asks one operation; raises Unanswered when there is no answer to read."""
Seen: TypeAlias = tuple[bool | None, str]


class Unanswered(Exception):  # noqa: N818 - an answer, not a fault
    """A call that said nothing: why."""


async def distribution(call: Call, wanted: Mapping[str, Any]) -> Seen:
    """GetTrafficDistribution: every leg that was asked for is as it was asked for."""
    found = await call("GetTrafficDistribution", {"Id": wanted["Id"]})
    if silent := [leg for leg in LEGS if leg in wanted and leg not in found]:
        return None, f"GetTrafficDistribution does not say {', '.join(silent)}"
    why = same(wanted, found)
    return not why, f"GetTrafficDistribution says {why or 'the wanted distribution'}"


async def queue_status(call: Call, wanted: Mapping[str, Any]) -> Seen:
    """DescribeQueue: the queue has the wanted status."""
    found = await call("DescribeQueue", {"InstanceId": wanted["InstanceId"], "QueueId": wanted["QueueId"]})
    status = found.get("Queue", {}).get("Status")
    if status not in ("ENABLED", "DISABLED"):
        return None, "DescribeQueue says no status"
    return status == wanted["Status"], f"DescribeQueue says {status}"


async def number_home(call: Call, wanted: Mapping[str, Any]) -> Seen:
    """DescribePhoneNumber: the number is claimed where it was to go."""
    found = await call("DescribePhoneNumber", {"PhoneNumberId": wanted["PhoneNumberId"]})
    number = found.get("ClaimedPhoneNumberSummary", {})
    status = number.get("PhoneNumberStatus", {}).get("Status", "CLAIMED")
    if status == "IN_PROGRESS":
        return None, "DescribePhoneNumber says that the move is in progress"
    homes = {field: number.get(field) for field in ("TargetArn", "InstanceId") if field in wanted}
    if not homes or None in homes.values():
        return None, "DescribePhoneNumber does not say where the number is"
    there = all(value == wanted[field] for field, value in homes.items())
    shown = clean(", ".join(map(str, homes.values())), 120)
    return there and status == "CLAIMED", f"DescribePhoneNumber says {status} at {shown}"


async def number_flow(call: Call, wanted: Mapping[str, Any]) -> Seen:
    """DescribePhoneNumber for the number's ARN, then BatchGetFlowAssociation: the number leads to the wanted flow."""
    found = await call("DescribePhoneNumber", {"PhoneNumberId": wanted["PhoneNumberId"]})
    arn = found.get("ClaimedPhoneNumberSummary", {}).get("PhoneNumberArn")
    if not arn:
        return None, "DescribePhoneNumber does not say the number's ARN"
    asked = {"InstanceId": wanted["InstanceId"], "ResourceIds": [arn], "ResourceType": "VOICE_PHONE_NUMBER"}
    flows = (await call("BatchGetFlowAssociation", asked)).get("FlowAssociationSummaryList")
    if flows is None:
        return None, "BatchGetFlowAssociation says nothing"
    flow = next((entry.get("FlowId", "") for entry in flows if entry.get("ResourceId") == arn), "")
    there = bool(flow) and flow.rpartition("/")[2] == str(wanted["ContactFlowId"]).rpartition("/")[2]
    return there, f"BatchGetFlowAssociation says {clean(flow, 120) or 'no flow'}"


async def flow_content(call: Call, wanted: Mapping[str, Any]) -> Seen:
    """DescribeContactFlow: its published content is the wanted one, whatever its spacing and order."""
    asked = {"InstanceId": wanted["InstanceId"], "ContactFlowId": wanted["ContactFlowId"]}
    content = (await call("DescribeContactFlow", asked)).get("ContactFlow", {}).get("Content")
    if content is None:
        return None, "DescribeContactFlow says no content"
    there = _json(content) == _json(wanted["Content"])
    return there, f"DescribeContactFlow says {'the wanted' if there else 'other'} content"


def _json(text: str) -> Any:  # noqa: ANN401 - JSON is any of its types
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text


LOOKS: dict[str, Callable[[Call, Mapping[str, Any]], Awaitable[Seen]]] = {
    "UpdateTrafficDistribution": distribution,
    "UpdateQueueStatus": queue_status,
    "UpdatePhoneNumber": number_home,
    "AssociatePhoneNumberContactFlow": number_flow,
    "UpdateContactFlowContent": flow_content,
}
"""How each change is looked for; what is not here cannot be looked for."""
