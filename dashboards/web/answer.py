"""The top of the board: where, verdict, why, since when, how old, who is asked. Pure."""

from __future__ import annotations

from dashboards.terminal.drawing.header import too_late
from dashboards.terminal.drawing.marks import VERDICTS, WAITING, mark
from dashboards.terminal.drawing.phrases import clock
from dashboards.terminal.view import View
from dashboards.web.markup import Html, chip, name, since, tag, until, utc
from dashboards.web.table import section
from monitor.serving.snapshot import Snapshot, WaitingRow

MOST_WAITING = 8


def head(snapshot: Snapshot) -> Html:
    """Environment, cutover, stage, T+ and the clocks."""
    cutover, now = snapshot.cutover, snapshot.at
    parts = [
        tag("strong", name(cutover.environment), class_="environment"),
        tag("span", name(cutover.name)),
        tag(
            "span",
            f"stage {cutover.stage_index} of {cutover.stage_count}: ",
            name(cutover.stage_title or cutover.stage),
        ),
        tag("span", "T+", since(cutover.started_at, now, "elapsed")),
    ]
    if cutover.decide_by is not None:
        left = cutover.decide_by - now
        words = [Html("decide within "), until(cutover.decide_by, now)] if left > 0 else [Html("decide-by has passed")]
        parts.append(
            tag(
                "span",
                *words,
                f" ({clock(cutover.decide_by)} UTC)",
                class_=None if left > cutover.rollback_seconds else "loud",
            )
        )
    return tag("header", tag("p", *parts, class_="where"), id="where")


def verdict(snapshot: Snapshot) -> Html:
    """The answer in big type. What is read aloud when it changes names the gate, not its figures, which change all the time."""
    row, now = snapshot.verdict, snapshot.at
    state = mark(VERDICTS, row.verdict)
    gate = next((gate.title or gate.name for gate in snapshot.gates if gate.name == row.gate), row.gate)
    aloud = f"Verdict {state.word} since {clock(row.since)} UTC" + (f", decided by {gate}" if gate else "")
    old = since(now - row.oldest_age, now) if row.oldest_age is not None else "never heard"
    facts = [
        tag("span", "for ", tag("b", since(row.since, now)), ", since ", utc(row.since), " UTC"),
        tag("span", "oldest input ", tag("b", old), " ", name(row.oldest_source)),
    ]
    return tag(
        "section",
        tag(
            "h1",
            tag("span", "Verdict: ", class_="aside"),
            tag("span", "was ", class_="was"),
            chip(state),
            id="verdict-title",
        ),
        tag("p", aloud, class_="aside", role="status", aria_live="polite", aria_atomic="true", id="aloud"),
        tag("p", name(row.reason), class_="reason"),
        tag("p", *facts, class_="facts"),
        id="verdict",
        class_=state.role,
        aria_labelledby="verdict-title",
    )


def blank(why: str) -> Html:
    """The verdict while nothing was judged."""
    return tag(
        "section",
        tag("h1", tag("span", "Verdict: ", class_="aside"), chip(mark(VERDICTS, "UNKNOWN")), id="verdict-title"),
        tag(
            "p", "Verdict UNKNOWN, nothing is judged yet", class_="aside", role="status", aria_live="polite", id="aloud"
        ),
        tag("p", f"golive has not judged yet: {why}", class_="reason"),
        id="verdict",
        class_="unknown",
        aria_labelledby="verdict-title",
    )


def notices(snapshot: Snapshot) -> Html | None:
    """What must not be missed: the monitor is not whole, or it is too late for a rollback."""
    words = []
    if snapshot.monitor.degraded:
        words.append(f"The monitor is not whole: {snapshot.monitor.degraded}")
    if late := too_late(View(snapshot=snapshot, now=snapshot.at)):
        words.append(late[:1].upper() + late[1:])
    return tag("div", [tag("p", line) for line in words], class_="notice", id="notices") if words else None


def old_news(snapshot: Snapshot, now: float) -> Html:
    """The banner over a picture that is not the present; the page's script shows it too when the daemon is gone."""
    return tag(
        "p",
        tag("strong", "UNKNOWN: this is old."),
        " golive was last heard ",
        since(snapshot.at, now),
        " ago; what you see is from ",
        utc(snapshot.at),
        " UTC. It is tried again every 2 s.",
        id="old",
    )


def waiting(snapshot: Snapshot) -> Html:
    """What waits for a person, soonest end first."""
    rows = sorted(snapshot.waiting, key=lambda row: (row.deadline is None, row.deadline or row.since))
    if not rows:
        return section("waiting", "Waits for a person", tag("p", "Nothing waits for a person.", class_="none"))
    items = [_waiting(row, snapshot.at) for row in rows[:MOST_WAITING]]
    if len(rows) > MOST_WAITING:
        items.append(tag("li", f"and {len(rows) - MOST_WAITING} more"))
    return section("waiting", "Waits for a person", tag("ul", items), count=str(len(rows)))


def _waiting(row: WaitingRow, now: float) -> Html:
    left = [Html(" "), tag("b", until(row.deadline, now), class_="loud"), " left"] if row.deadline is not None else []
    detail = [Html(" · "), name(row.detail)] if row.detail else []
    time = left or [Html(" · for "), since(row.since, now)]
    return tag(
        "li",
        chip(mark(WAITING, row.kind)),
        " ",
        tag("b", name(row.title)),
        *detail,
        *time,
        data_key=f"{row.kind} {row.id}",
    )
