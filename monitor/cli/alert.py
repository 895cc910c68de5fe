"""`golive alert`: what fires and who has it; acknowledge, mute, note, the same as in the terminal; test what pages people."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from dashboards.terminal.acts import Act
from dashboards.terminal.alert_acts import ack_act, mute_act, note_act, release_act, unmute_act
from dashboards.terminal.client import DaemonClient
from dashboards.terminal.drawing.alerts import entries, listed
from dashboards.terminal.drawing.spans import visible
from monitor.cli.asking import HERE, USAGE, Reason, TokenFile, Url, ask, fail, say
from monitor.cli.status import plain_glyphs
from monitor.cli.trial import trial
from monitor.serving.alert_rows import AlertList
from monitor.serving.snapshot import Snapshot
from monitor.text import escaped_json
from monitor.units import parse_duration

alert = App(name="alert", help="Alerts: list them, acknowledge, mute, note; test the channels that page people.")
alert.command(trial, name="test")

_Alert = Annotated[str, Parameter(help="The alert's id or its code, as `golive alert list` shows them.")]
_Whole = Annotated[bool, Parameter(help="The rule wherever it is judged, instead of one place.")]
_Last = Annotated[str, Parameter(name="--for", help="How long, such as 30m or 2h.")]


@alert.command(name="list")
def list_(*, json: bool = False, url: Url = HERE, token_file: TokenFile = None) -> int:
    """List what fires, who has it and until when, and every mute. Exit code 1 when no daemon answers.

    Parameters
    ----------
    json:
        One JSON object.
    """

    async def errand(_client: DaemonClient, snapshot: Snapshot) -> int:
        if json:
            sys.stdout.write(escaped_json(msgspec.json.encode(listing(snapshot)).decode()) + "\n")
            return 0
        glyphs = plain_glyphs()
        for entry in entries(snapshot, grouped=False):
            for line in listed(entry, snapshot.at, glyphs):
                say(visible(line, glyphs))
        beside = snapshot.alerting
        more = f", {beside.left_out} more not listed" if beside.left_out else ""
        say(f"{len(snapshot.alerts)} fire, {len(beside.mutes)} muted, {beside.closed} closed today{more}")
        return 0

    return ask(url, token_file, errand, token_needed=False)


def listing(snapshot: Snapshot) -> AlertList:
    """What `--json` prints."""
    return AlertList(
        at=snapshot.at,
        environment=snapshot.cutover.environment,
        cutover=snapshot.cutover.name,
        alerts=snapshot.alerts,
        mutes=snapshot.alerting.mutes,
        left_out=snapshot.alerting.left_out,
        closed=snapshot.alerting.closed,
    )


@alert.command
def ack(
    name: _Alert, /, *, last: _Last = "30m", reason: Reason = "", url: Url = HERE, token_file: TokenFile = None
) -> int:
    """Acknowledge an alert, and with it all that was paged together with it. When the time is over it is asked for anew."""
    seconds = _span(last)
    return USAGE if seconds is None else _do(ack_act(name, seconds, reason), url, token_file)


@alert.command
def release(name: _Alert, /, *, reason: Reason = "", url: Url = HERE, token_file: TokenFile = None) -> int:
    """Let go of an alert: everybody is told that nobody has it."""
    return _do(release_act(name, reason), url, token_file)


@alert.command
def mute(
    name: _Alert,
    /,
    *,
    last: _Last,
    reason: Reason,
    whole: _Whole = False,
    url: Url = HERE,
    token_file: TokenFile = None,
) -> int:
    """Tell nobody of an alert until then. It stays as true, and its trigger as armed, as before.

    An operator may mute for an hour, an approver for twelve.
    """
    seconds = _span(last)
    return USAGE if seconds is None else _do(mute_act(name, seconds, reason, whole=whole), url, token_file)


@alert.command
def unmute(
    name: _Alert, /, *, reason: Reason = "", whole: _Whole = False, url: Url = HERE, token_file: TokenFile = None
) -> int:
    """Tell people again, at once when it still fires."""
    return _do(unmute_act(name, reason, whole=whole), url, token_file)


@alert.command
def note(name: _Alert, text: str, /, *, url: Url = HERE, token_file: TokenFile = None) -> int:
    """Write a note about an alert to the timeline.

    Parameters
    ----------
    text:
        What you saw, in at most 500 characters.
    """
    return _do(note_act(name, text), url, token_file)


def _span(text: str) -> float | None:
    try:
        return parse_duration(text)
    except ValueError as error:
        fail(f"--for: {error}", USAGE)
        return None


def _do(act: Act, url: str, token_file: Path | None) -> int:
    async def errand(client: DaemonClient, _snapshot: Snapshot) -> int:
        say(await client.told(act) or act.says)
        return 0

    return ask(url, token_file, errand)
