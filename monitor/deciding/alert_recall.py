"""Acknowledgements and mutes as the journal tells of them: what holds when a daemon starts."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from monitor.deciding.attention import Ack, Attention, Mute
from monitor.deciding.entry import Entry

_Record = TypeVar("_Record", Ack, Mute)


def recall_ack(entry: Entry, cutover: str, attention: Attention) -> None:
    """A line of kind `ack`, in the order of the journal."""
    ack = _ack_of(entry, cutover)
    if ack is None:
        return
    if entry.state == "acknowledged":
        attention.take(ack)
    else:
        attention.let_go(ack.alert, ack.scopes)


def recall_mute(entry: Entry, attention: Attention) -> None:
    """A line of kind `mute`, in the order of the journal."""
    if entry.state == "muted":
        if (mute := _converted(entry.data, Mute)) is not None:
            attention.hush(mute)
    else:
        attention.speak(str(entry.data.get("alert", "")), str(entry.data.get("scope", "")))


def _ack_of(entry: Entry, cutover: str) -> Ack | None:
    """The acknowledgement of a line; those of older daemons say no more than the page's key."""
    if entry.state == "acknowledged" and entry.data:
        return _converted(entry.data, Ack)
    alert, scopes = entry.data.get("alert"), entry.data.get("scopes")
    if not isinstance(alert, str) or not isinstance(scopes, list):
        alert, _, scope = entry.object.removeprefix(f"{cutover}/").partition("/")
        scopes = [scope]
    names = tuple(str(scope) for scope in scopes)
    return Ack(page=entry.object, alert=alert, scopes=names, who=entry.who, via=entry.via, since=entry.at)


def _converted(data: dict[str, object], kind: type[_Record]) -> _Record | None:
    """A record of the journal; None for one that another version wrote."""
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError:
        return None
