"""What people are paged for when somebody acts on their own name, and how loudly."""

from __future__ import annotations

import pytest

from monitor.daemon.pages import Pages
from monitor.notify.message import Message
from monitor.serving.snapshot import PointRow
from tests.monitor.serving.boards import decision


@pytest.mark.parametrize(
    ("kind", "severity"),
    [
        ("break_glass", "critical"),
        ("locked", "critical"),
        ("frozen", "critical"),
        ("overdue", "critical"),
        ("reminder", "warning"),
        ("asked", "warning"),
        ("attested", "info"),
    ],
)
def test_each_is_told_as_loudly_as_it_is_serious(kind: str, severity: str) -> None:
    """One message, with the decision's dedupe key, its environment and the sentence."""
    sent: list[Message] = []
    Pages("night one", "PROD", sent.append).decision(kind, decision(), "anna BREAKS THE GLASS", 1000.0)
    (message,) = sent
    assert (message.severity, message.state, message.object) == (severity, kind, "decision/d-1")
    assert "PROD" in message.summary
    assert "anna BREAKS THE GLASS" in message.details["text"]


@pytest.mark.parametrize(("state", "severity"), [("passed", "critical"), ("open", "warning")])
def test_a_point_of_no_return_is_told(state: str, severity: str) -> None:
    """Its passing wakes people; that somebody opened it again is said as well, under the same key."""
    sent: list[Message] = []
    row = PointRow(name="did-port", state=state, after="freeze")
    Pages("night one", "PROD", sent.append).point(row, "point of no return did-port", 1000.0)
    (message,) = sent
    assert (message.severity, message.dedupe_key) == (severity, "night one/point/did-port")
