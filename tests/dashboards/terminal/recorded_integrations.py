"""The failing cutover with integrations in every state."""

from __future__ import annotations

import msgspec

from monitor.serving.integration_rows import IntegrationRow
from tests.dashboards.terminal.recorded import AT, FAILING


def probe(name: str, state: str, results: str, **more: object) -> IntegrationRow:
    """One that is probed; `more` overrides any column."""
    labels = {"integration": name, "platform": "target"}
    base = {
        "key": f"probe integration={name} platform=target",
        "kind": "probe",
        "labels": labels,
        "sources": ("systems-target",),
        "check": "login lookup open-record",
        "since": AT - 2280,
        "every": 15.0,
        "at": AT - 4,
        "next_try": AT + 11,
        "error_ratio": 0.0,
        "circuit": "closed",
        "depends_on": ("collector systems-target",),
        "gates": ("Integrations",),
    }
    return msgspec.convert({**base, "name": name, "state": state, "results": results, **more}, IntegrationRow)


def collector(name: str, state: str, results: str, **more: object) -> IntegrationRow:
    """One that collects."""
    base = {
        "key": f"collector {name}",
        "kind": "mqtt",
        "sources": (name,),
        "check": "heard every 5s",
        "since": AT - 6000,
        "every": 5.0,
        "at": AT - 2,
        "circuit": "closed",
    }
    return msgspec.convert({**base, "name": name, "state": state, "results": results, **more}, IntegrationRow)


INTEGRATIONS = (
    probe(
        "payment",
        "failed",
        "." * 24 + "x" * 16,
        since=AT - 120,
        failures=16,
        error_ratio=0.4,
        error="login: dns",
        phases={"dns": 0.31},
        next_try=AT + 3,
    ),
    probe("crm", "stale", "." * 34 + "o" * 6, since=AT - 41, at=AT - 131, p95=0.41, seconds=0.38),
    probe(
        "idp-sso",
        "slow",
        "....w..w...w.............w.............w",
        since=AT - 9,
        p95=1.9,
        seconds=2.1,
        slow_from=1.5,
        phases={"dns": 0.02, "connect": 0.04, "tls": 0.09, "first_byte": 1.85, "body": 0.1},
        tls_expires_at=AT + 5 * 86400,
        screen_pop=2.4,
        screen_pop_ratio=0.95,
    ),
    probe("ticketing", "ok", "." * 40, p95=0.12, seconds=0.1, tls_expires_at=AT + 88 * 86400),
    probe("kb", "unknown", "", at=None, next_try=None, error_ratio=None, check=""),
    collector("mqtt-legacy", "ok", "." * 40, error_ratio=0.0),
    collector(
        "crm-probe",
        "retrying",
        "." * 36 + "xxxx",
        kind="http",
        since=AT - 41,
        error_ratio=0.1,
        failures=4,
        error="connect to crm.example:443 timed out after 5s",
        next_try=AT + 9,
        circuit="half_open",
    ),
)
WITH_INTEGRATIONS = msgspec.structs.replace(FAILING, integrations=INTEGRATIONS)
