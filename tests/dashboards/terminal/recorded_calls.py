"""The failing cutover with its calls: one trunk in breach, one fine, an old one beside them."""

from __future__ import annotations

import msgspec

from monitor.serving.recent_rows import HeatRow, RecentCalls, RecentCallsRow, RecentGroup, WorstCallRow
from tests.dashboards.terminal.recorded import AT, FAILING
from tests.dashboards.terminal.recorded_queues import rule

RULES = (
    rule(
        "mos_target",
        "media_mos",
        "trunk=sbc-fra-2",
        "breach",
        3.31,
        estimator="p10",
        unit="score",
        operator="<",
        warn=4.0,
        breach=3.6,
        since=AT - 125,
    ),
    rule(
        "loss_target",
        "media_packet_loss_ratio",
        "trunk=sbc-fra-1",
        "ok",
        0.002,
        warn=0.005,
        breach=0.01,
        since=AT - 2280,
    ),
    rule(
        "jitter",
        "media_jitter_seconds",
        "trunk=sbc-fra-2",
        "warn",
        0.024,
        estimator="p95",
        unit="seconds",
        warn=0.02,
        breach=0.03,
    ),
)
MOMENT = msgspec.structs.replace(FAILING, rules=RULES)


def row(group: str, platform: str, **more: object) -> RecentCallsRow:
    """A healthy group; `more` overrides any column."""
    base = {
        "reports": 390,
        "mos_p10": 4.02,
        "mos_p50": 4.31,
        "loss": 0.002,
        "jitter_p95": 0.014,
        "round_trip_p50": 0.061,
        "one_way": 0.0,
        "age": 6.0,
    }
    return msgspec.convert({**base, "group": group, "platform": platform, **more}, RecentCallsRow)


def page(by: str, *rows: RecentCallsRow) -> bytes:
    """An answer."""
    return msgspec.json.encode(
        RecentCalls(
            at=AT - 2,
            asked=900.0,
            covered=900.0,
            by=by,
            groupings=("trunk", "site", "codec"),
            rows=rows,
            loss_covered=300.0,
        )
    )


BAD = {"mos_p10": 3.31, "mos_p50": 4.11, "loss": 0.031, "jitter_p95": 0.024, "round_trip_p50": 0.088, "one_way": 1.0}
TRUNKS = page(
    "trunk",
    row("sbc-fra-2", "target", reports=412, **BAD),
    row("sbc-fra-1", "target"),
    row("pstn-old-a", "legacy", reports=201, mos_p10=3.91, mos_p50=4.2, stale=True, age=41.0),
    row("lab", "target", mos_p10=None, mos_p50=None, why="2 methods of scoring, which cannot be compared"),
)
SITES = page(
    "site",
    row("porto", "target", reports=802, **BAD),
    row("porto", "legacy", reports=201),
    row("berlin", "target"),
    row("berlin", "legacy", mos_p10=4.0, jitter_p95=0.018),
)
GOOD = tuple(10 + i % 4 for i in range(30))
HEAT = HeatRow(
    platform="target",
    bands=(4.3, 4.0, 3.6),
    step=60.0,
    cells=(
        (0, 0, 0, *GOOD[3:]),
        (0, 0, 0, *(6 for _ in range(27))),
        (0, 0, 0, *(i % 3 for i in range(27))),
        (*(0 for _ in range(22)), 1, 3, 5, 8, 12, 15, 19, 22),
    ),
    p10=(*(None for _ in range(3)), *(4.1 - i / 30 for i in range(27))),
)
GROUP = RecentGroup(
    at=AT - 2,
    heat=(HEAT,),
    worst=tuple(
        WorstCallRow(
            at=AT - 60 * i - 9,
            mos=2.1 + i / 10,
            labels={"platform": "target", "trunk": "sbc-fra-2", "site": "porto", "codec": "PCMU", "direction": "heard"},
        )
        for i in range(8)
    ),
    below=85,
)
ANSWERS = {
    "/api/v1/recent/calls/trunk?seconds=900": TRUNKS,
    "/api/v1/recent/calls/site?seconds=900": SITES,
    "/api/v1/recent/calls/trunk/sbc-fra-2": msgspec.json.encode(GROUP),
    "/api/v1/recent/calls/site/porto": msgspec.json.encode(
        msgspec.structs.replace(GROUP, heat=(HEAT, msgspec.structs.replace(HEAT, platform="legacy")))
    ),
}
