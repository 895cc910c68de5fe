"""Catalogue: customers waiting, answered, lost and satisfied."""

from __future__ import annotations

from monitor.catalogue.shapes import DAY, WEEK, count, ratio, seconds, signed_count, spans, total
from monitor.model import Direction, Metric, Tier

_ANSWER = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
_HANDLE = (10.0, 30.0, 60.0, 120.0, 180.0, 240.0, 300.0, 420.0, 600.0, 900.0, 1800.0, 3600.0)
_AFTER_WORK = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)

QUEUES: tuple[Metric, ...] = (
    count(
        "golive_queue_contacts_waiting",
        "Contacts waiting in a queue.",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
    ),
    seconds(
        "golive_queue_oldest_contact_age_seconds",
        "How long the contact at the head of a queue has waited.",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
        high=4 * WEEK,
    ),
    seconds(
        "golive_queue_estimated_wait_seconds",
        "Wait that the platform announces to the next contact.",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
        high=WEEK,
    ),
    total(
        "golive_queue_contacts_offered_total",
        "Contacts that entered a queue.",
        better=Direction.NEUTRAL,
        hurts=Tier.CUSTOMER,
    ),
    total(
        "golive_queue_contacts_answered_total",
        "Contacts that an agent answered.",
        better=Direction.HIGH,
        hurts=Tier.CUSTOMER,
    ),
    total(
        "golive_queue_contacts_abandoned_total",
        "Contacts that gave up waiting; short is true for those who left within the short-abandon time.",
        "short",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
    ),
    # Contacts may be counted twice or not at all, so the error has either sign.
    signed_count(
        "golive_queue_balance_error",
        "Contacts of a queue that are unaccounted for: offered less answered, abandoned and the change of waiting.",
        better=Direction.NEUTRAL,
        hurts=Tier.CUSTOMER,
    ),
    ratio(
        "golive_queue_service_level_ratio",
        "Share of contacts answered within the threshold, by the definition that counts them.",
        "definition",
        "threshold_seconds",
        better=Direction.HIGH,
        hurts=Tier.CUSTOMER,
    ),
    ratio(
        "golive_queue_abandonment_ratio",
        "Share of offered contacts that gave up waiting, without short abandons.",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
    ),
    # Platforms that tell averages only: as samples of the histograms below they would be waits that nobody had.
    seconds(
        "golive_queue_average_answer_seconds",
        "Average wait of answered contacts over a window, as the platform reports it.",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
        high=WEEK,
    ),
    seconds(
        "golive_queue_average_handle_seconds",
        "Average handle time of contacts over a window, as the platform reports it.",
        better=Direction.LOW,
        hurts=Tier.AGENT,
        high=WEEK,
    ),
    seconds(
        "golive_queue_average_after_contact_work_seconds",
        "Average work after a contact over a window, as the platform reports it.",
        better=Direction.LOW,
        hurts=Tier.AGENT,
        high=DAY,
    ),
    spans(
        "golive_queue_answer_seconds",
        "Wait of answered contacts; sum over count is the average speed of answer.",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
        high=WEEK,
        bounds=_ANSWER,
    ),
    spans(
        "golive_queue_abandon_seconds",
        "Wait of contacts that gave up.",
        better=Direction.NEUTRAL,
        hurts=Tier.CUSTOMER,
        high=WEEK,
        bounds=_ANSWER,
    ),
    spans(
        "golive_queue_handle_seconds",
        "Talk, hold and after-contact work of handled contacts; sum over count is the average handle time.",
        better=Direction.LOW,
        hurts=Tier.AGENT,
        high=WEEK,
        bounds=_HANDLE,
    ),
    spans(
        "golive_queue_after_contact_work_seconds",
        "Work after a contact, before the agent is free again.",
        better=Direction.LOW,
        hurts=Tier.AGENT,
        high=DAY,
        bounds=_AFTER_WORK,
    ),
    ratio(
        "golive_queue_transfer_ratio",
        "Share of handled contacts that were transferred.",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
    ),
    ratio(
        "golive_first_contact_resolution_ratio",
        "Share of contacts solved without a repeat within the agreed days.",
        "case_template",
        better=Direction.HIGH,
        hurts=Tier.CUSTOMER,
    ),
    ratio(
        "golive_customer_satisfaction_ratio",
        "Share of survey answers that were positive.",
        better=Direction.HIGH,
        hurts=Tier.CUSTOMER,
    ),
)
