"""Rows about alerts: what people should know of, who has it, who does not want to hear of it, and what was sent."""

from __future__ import annotations

from monitor.serving.row import Row


class SentRow(Row, frozen=True, kw_only=True):
    """What one channel was told of an alert."""

    channel: str
    state: str
    """waiting: not tried yet. trying: it failed and is tried again. ok: it took the newest message. failed: given up.
    told: by the daemon before this one."""
    failed: int = 0
    """Attempts that failed since a message last got through."""
    at: float | None = None
    """When that was, unix seconds."""


class AlertRow(Row, frozen=True, kw_only=True):
    """A breach or blindness that somebody should know about."""

    id: str
    """Rule and scope, such as `abandon:queue=sales-en`: stays the same however often it comes back."""
    name: str
    """The rule; `no-data` for a source that is silent, `rule-broken` for a rule that cannot be computed."""
    scope: str
    state: str
    value: float | None
    limit: float | None
    operator: str
    unit: str
    since: float
    acked_by: str = ""
    summary: str = ""
    code: str = ""
    """Six letters and digits that stand for the id on a command line."""
    key: str = ""
    """cutover/rule/scope: the dedupe key that a page of this alert alone has in every channel."""
    page: str = ""
    """Dedupe key of the page that carries it, together with what broke at the same time; empty: nobody was paged."""
    together: int = 0
    """How many alerts that page is about."""
    title: str = ""
    severity: str = ""
    """critical where it decides a required gate or arms a trigger, else warning."""
    peak: float | None = None
    """The worst value since it began, as often as a snapshot was taken."""
    changed: float = 0.0
    """When its state, its owner or its mute last changed."""
    flags: tuple[str, ...] = ()
    """acked, muted, inhibited (it follows from another alert), and what else must be known beside the state."""
    acked_at: float | None = None
    acked_until: float | None = None
    """When the acknowledgement ends by itself; None: with the alert."""
    ack_reason: str = ""
    muted_by: str = ""
    muted_at: float | None = None
    muted_until: float | None = None
    mute_reason: str = ""
    muted_whole: bool = False
    """Whether its whole rule is muted."""
    quiet: str = ""
    """Why nobody is told of it: a mute, or a fault that it follows from; empty: people are told."""
    runbook: str = ""
    """The runbook that a trigger on this rule asks for."""
    sent: tuple[SentRow, ...] = ()


class MuteRow(Row, frozen=True, kw_only=True):
    """A mute that holds, whether its alert is there or not."""

    alert: str
    scope: str
    """`*`: the whole rule."""
    by: str
    reason: str
    since: float
    until: float


class AlertsRow(Row, frozen=True, kw_only=True):
    """What there is beside the listed alerts."""

    mutes: tuple[MuteRow, ...] = ()
    left_out: int = 0
    """Alerts beyond the bound of the list."""
    closed: int = 0
    """Listed alerts that ended since midnight UTC, or since the daemon started."""


class AlertList(Row, frozen=True, kw_only=True):
    """What `golive alert list --json` prints."""

    schema: int = 1
    at: float
    environment: str
    cutover: str
    alerts: tuple[AlertRow, ...]
    mutes: tuple[MuteRow, ...]
    left_out: int
    closed: int


class PointOfTimeRow(Row, frozen=True, kw_only=True):
    """A rule's value at an earlier instant."""

    at: float
    value: float | None
    state: str


class NeighbourRow(Row, frozen=True, kw_only=True):
    """Another rule in the same place."""

    rule: str
    title: str
    state: str
    value: float | None
    unit: str


class GuardRow(Row, frozen=True, kw_only=True):
    """A trigger that this rule is a part of, and what it lacks."""

    trigger: str
    runbook: str
    mode: str
    when: str
    """Its expression as configured."""
    truth: str
    """true, false or unknown, in this alert's scope."""
    sources: int = 0
    """Independent sources that its rules rest on."""
    sources_needed: int = 1
    decision: str = ""
    """The decision that is open on it."""
    words: str = ""
    """The same as a sentence."""


class AlertDetail(Row, frozen=True, kw_only=True):
    """What only the view of one alert needs."""

    id: str
    says: str = ""
    """What the rule does, as a sentence."""
    windows: tuple[PointOfTimeRow, ...] = ()
    """Its value over the last minutes, oldest first."""
    firing: tuple[NeighbourRow, ...] = ()
    """Rules in the same place that are in breach too."""
    fine: tuple[NeighbourRow, ...] = ()
    """Rules in the same place that are measured and not in breach."""
    blind: tuple[NeighbourRow, ...] = ()
    """Rules in the same place of which nothing is known."""
    guards: tuple[GuardRow, ...] = ()
