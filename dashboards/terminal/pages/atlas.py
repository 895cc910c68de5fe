"""Which page tells which kind of subject."""

from __future__ import annotations

from collections.abc import Callable

from dashboards.terminal.pages.canvas import Canvas, Item
from dashboards.terminal.pages.events import event_page
from dashboards.terminal.pages.group import group_page
from dashboards.terminal.pages.integration import integration_page
from dashboards.terminal.pages.judged import gate_page, rule_page
from dashboards.terminal.pages.message import message_page, sample_page
from dashboards.terminal.pages.series import series_page
from dashboards.terminal.pages.source import source_page
from dashboards.terminal.pages.work import step_page, work_page
from dashboards.terminal.subject import Kind, Subject

PAGES: dict[Kind, Callable[[Subject, Canvas], list[Item]]] = {
    "gate": gate_page,
    "rule": rule_page,
    "alert": rule_page,
    "source": source_page,
    "integration": integration_page,
    "queue": group_page,
    "trunk": group_page,
    "site": group_page,
    "codec": group_page,
    "device": group_page,
    "group": group_page,
    "series": series_page,
    "sample": sample_page,
    "message": message_page,
    "event": event_page,
    "decision": work_page,
    "run": work_page,
    "step": step_page,
}


def page(subject: Subject, canvas: Canvas) -> list[Item]:
    """Everything that is known of a subject, as lines."""
    return PAGES[subject.kind](subject, canvas)
