"""Every cross check of a configuration, in one pure function; what needs the disk stands in surroundings.py."""

from __future__ import annotations

from monitor.config_checks.clocks import clock_problems
from monitor.config_checks.derived import derived_problems
from monitor.config_checks.inhibiting import inhibition_problems
from monitor.config_checks.names import name_problems
from monitor.config_checks.paging import paging_problems
from monitor.config_checks.plan import plan_problems
from monitor.config_checks.ruler import ruler_problems
from monitor.config_checks.rules import rule_problems
from monitor.config_checks.sources import source_problems
from monitor.config_checks.subject import Subject
from monitor.config_checks.triggers import trigger_problems
from monitor.documents.finding import Finding

CHECKS = (
    name_problems,
    plan_problems,
    source_problems,
    derived_problems,
    rule_problems,
    ruler_problems,
    trigger_problems,
    inhibition_problems,
    paging_problems,
    clock_problems,
)


def problems(subject: Subject) -> list[Finding]:
    """Everything that is wrong between the parts of a configuration."""
    return [finding for check in CHECKS for finding in check(subject)]
