"""Runbooks of one line against a target, for tests of what people do to a run."""

from __future__ import annotations

from runbooks.model import Runbook
from tests.runbooks.rollback import runbook
from tests.runbooks.target import Target

HEAD = """
name: line
title: A line of steps
allow_hosts: ["{host}"]
preflight: [legacy_up >= 1]
verify: [legacy_share >= 0.95]
verify_hold: 0s
verify_within: 3s
steps:
"""
MANUAL = "{name: floor, action: manual, effect: once, owner: wfm-lead, instructions: tell the floor}"


def book(target: Target, *steps: str) -> Runbook:
    """A runbook of these steps."""
    return runbook(HEAD.format(host=target.host) + "".join(f"  - {step}\n" for step in steps))


def http(target: Target, name: str, effect: str = "keyed", more: str = "") -> str:
    """A step that applies itself at the target, with a probe and an undo."""
    probe = f'probe: {{url: "{target.base}/state/{name}", expect: {{json: {{to: legacy}}}}}}'
    undo = f'undo: {{method: PUT, url: "{target.base}/apply/undo-{name}"}}'
    return (
        f'{{name: {name}, action: http, effect: {effect}, request: {{method: PUT, url: "{target.base}/apply/{name}",'
        f" json: {{to: legacy}}}}, expect: {{json: {{to: legacy}}}}, {probe}, {undo}{more}}}"
    )
