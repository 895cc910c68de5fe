"""Queues, old against new: the same figures of both platforms beside each other."""

from __future__ import annotations

from dashboards.grafana.board import Board, Row
from dashboards.grafana.panes import Pane, Query, equal, now, of

_PQ = ('platform=~"$platform"', 'queue=~"$queue"')
_RATE = "[$__rate_interval]"


def _mean(metric: str) -> str:
    total, count = (f"sum by (platform) (rate({of(metric + part, *_PQ)}{_RATE}))" for part in ("_sum", "_count"))
    return f"{total} / {count}"


def _share(above: str, below: str) -> str:
    top, bottom = (f"sum by (platform) (rate({of(metric, *_PQ)}[5m]))" for metric in (above, below))
    return f"{top} / ({bottom} > 0)"


EACH = Row(
    "Queue $queue",
    (
        Pane(
            "trend",
            "Waiting",
            "Contacts in the queue now.",
            (Query(f"sum by (platform) ({of('golive_queue_contacts_waiting', *_PQ)})", "{{platform}}"),),
            span=6,
        ),
        Pane(
            "trend",
            "Oldest contact",
            "How long the oldest contact has waited.",
            (Query(f"max by (platform) ({of('golive_queue_oldest_contact_age_seconds', *_PQ)})", "{{platform}}"),),
            unit="s",
            span=6,
        ),
        Pane(
            "trend",
            "Service level",
            "By the one definition that golive computes for both platforms.",
            (
                Query(
                    f"min by (platform, definition) ({of('golive_queue_service_level_ratio', *_PQ)})",
                    "{{platform}} {{definition}}",
                ),
            ),
            unit="percentunit",
            span=6,
        ),
        Pane(
            "trend",
            "Abandoned",
            "Contacts abandoned of contacts offered over five minutes: a ratio of sums, not a mean of ratios.",
            (
                Query(
                    _share("golive_queue_contacts_abandoned_total", "golive_queue_contacts_offered_total"),
                    "{{platform}}",
                ),
            ),
            unit="percentunit",
            span=6,
        ),
        Pane(
            "trend",
            "Speed of answer",
            "Mean wait of those who were answered.",
            (Query(_mean("golive_queue_answer_seconds"), "{{platform}}"),),
            unit="s",
            span=6,
        ),
        Pane(
            "trend",
            "Handle time",
            "Mean handle time.",
            (Query(_mean("golive_queue_handle_seconds"), "{{platform}}"),),
            unit="s",
            span=6,
        ),
        Pane(
            "trend",
            "Arrivals",
            "Contacts offered a second.",
            (
                Query(
                    f"sum by (platform) (rate({of('golive_queue_contacts_offered_total', *_PQ)}{_RATE}))",
                    "{{platform}}",
                ),
            ),
            unit="cps",
            span=6,
        ),
        Pane(
            "trend",
            "Answered",
            "Contacts answered a second.",
            (
                Query(
                    f"sum by (platform) (rate({of('golive_queue_contacts_answered_total', *_PQ)}{_RATE}))",
                    "{{platform}}",
                ),
            ),
            unit="cps",
            span=6,
        ),
    ),
    repeat="queue",
)
ALL = Row(
    "All queues",
    (
        Pane(
            "figure",
            "Moved to the new platform",
            "Share of the contacts offered in five minutes that the target platform took.",
            (
                Query(
                    f"sum(increase({of('golive_queue_contacts_offered_total', equal('platform', 'target'))}[5m])) / "
                    f"(sum(increase({of('golive_queue_contacts_offered_total')}[5m])) > 0)",
                    "moved",
                ),
            ),
            unit="percentunit",
            span=6,
        ),
        Pane(
            "trend",
            "Balance error",
            "Offered minus answered, abandoned and waiting: where it is not about zero, a platform counts wrongly.",
            (Query(f"max by (platform, queue) ({of('golive_queue_balance_error')})", "{{platform}} {{queue}}"),),
            span=6,
        ),
        Pane(
            "trend",
            "Agents by state",
            "Agents logged in, by platform and state.",
            (Query(f"sum by (platform, state) ({of('golive_agents')})", "{{platform}} {{state}}"),),
            span=6,
        ),
        Pane(
            "figure",
            "Agents ready",
            "Agents that are ready of those that were planned, by site.",
            (Query(now("golive_agents_ready_ratio"), "{{site}}"),),
            unit="percentunit",
            span=6,
        ),
    ),
)
QUEUES = Board("golive-queues", "Queues, old against new", "The same figures of both platforms.", (ALL, EACH))
