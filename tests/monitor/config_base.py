"""A small configuration without a mistake, and the mistakes other tests put into it."""

from __future__ import annotations

from monitor.catalogue.inventory import CATALOGUE
from monitor.config import Config
from monitor.config_checks.problems import problems
from monitor.config_checks.subject import Subject
from monitor.documents.finding import bounded
from monitor.documents.loading import load_text

BASE = """\
schema: 1
cutover:
  name: retail
  window: {start: 2026-03-07T01:00:00Z, end: 2026-03-07T07:00:00Z}
  decide_by: 2026-03-07T05:30:00Z
  rollback_budget: 18m
people:
  - {name: anna, role: approver, duties: [manager]}
  - {name: ben, role: approver, duties: [telephony]}
  - {name: cara, role: operator, duties: [telephony]}
sites:
  - {name: porto, agents: 12}
waves:
  - {name: one, sites: [porto], queues: [sales], agents: 12}
stages:
  - {name: legacy, share: 0}
  - {name: pilot, share: 10, gate: {needs: [voice], quorum: 2}}
gates:
  - {name: voice, rules: [mos, jitter], active_in: [pilot]}
  - {name: smoke, signed_by: telephony}
points_of_no_return:
  - {name: port, signal: ported, when: ">= 1"}
collectors:
  - {name: east, kind: mqtt, every: 5s, max_age: 10s, broker: {host: 127.0.0.1}, subscriptions: [{topic: a/b, decode: {format: native}}]}
metrics:
  - {name: my_ratio, kind: gauge, unit: ratio, help: Mine., high: 1, direction: low}
signals:
  - {name: ported, metric: my_ratio, estimator: last, window: 1m}
rules:
  - name: mos
    metric: golive_media_mos
    match: {platform: target}
    by: [site]
    estimator: p50
    window: 5m
    bucket: 1m
    m_of_n: [3, 5]
    operator: "<"
    warn: 4
    breach: 3.6
    clear: 3.8
    hold: 1m
    missing: {no_data: hold, null: insufficient, error: unknown, stale: unknown}
  - name: jitter
    metric: golive_media_jitter_seconds
    estimator: p95
    window: 5m
    operator: ">="
    warn: 20ms
    breach: 30ms
    clear: 25ms
    active_in: [pilot]
    missing: {no_data: hold, null: insufficient, error: unknown, stale: unknown}
triggers:
  - name: back
    when: mos and jitter and ported < 1
    runbook: rollback
    cooldown: 25m
    approval: {duties: [manager, telephony], quorum: 2, deadline: 4m}
notify:
  - {name: pager, kind: webhook, url: "https://pager.example/x"}
web: {listen: "127.0.0.1:8930"}
"""


def found(text: str, runbooks: frozenset[str] | None = frozenset({"rollback"})) -> list[str]:
    """All findings of a configuration, as the lines that `golive check` prints, without the file."""
    loaded = load_text(text, "f", Config)
    every = list(loaded.findings)
    if loaded.partial is not None:
        catalogue = {**CATALOGUE, **{metric.name: metric for metric in loaded.partial.metrics}}
        every += problems(Subject(loaded.partial, catalogue, loaded.positions, runbooks))
    return [str(finding).removeprefix("f:") for finding in bounded(every)]
