"""Messages as Alertmanager sends them."""

from __future__ import annotations

import time
from typing import Any

import msgspec

EDITION = "0a1b2c3d"


def alert(**more: Any) -> dict[str, Any]:
    """A breach of loss_target on one trunk; what is named differs."""
    labels = {
        "alertname": "GoliveLossTarget",
        "golive": more.pop("golive", "breach"),
        "rule": more.pop("rule", "loss_target"),
        "scope": "trunk=t1",
        "trunk": more.pop("trunk", "t1"),
    }
    notes = {
        "at": f"{more.pop('at', time.time()):.3f}",
        "value": "0.02",
        "limit": "0.01",
        "operator": ">=",
        "unit": "ratio",
        "by": "trunk",
        "edition": EDITION,
    }
    status = more.pop("status", "firing")
    notes |= {name: str(value) for name, value in more.items()}
    return {
        "status": status,
        "labels": labels,
        "annotations": notes,
        "startsAt": "2026-03-07T01:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph",
        "fingerprint": "c4ca4238a0b92382",
    }


def message(*alerts: dict[str, Any], **more: Any) -> bytes:
    """A whole message."""
    return msgspec.json.encode(
        {
            "version": "4",
            "groupKey": '{}:{rule="loss_target"}',
            "truncatedAlerts": 0,
            "status": "firing",
            "receiver": "golive",
            "groupLabels": {"rule": "loss_target"},
            "commonLabels": {},
            "commonAnnotations": {},
            "externalURL": "http://alertmanager.example",
            "alerts": list(alerts),
            **more,
        }
    )
