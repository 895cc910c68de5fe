"""golive.yaml as one typed structure: joins the sections, each of which lives in its own module."""

from __future__ import annotations

from collectors.kinds import AnyCollector
from monitor.deciding.journal import JournalConfig
from monitor.deciding.people import Person
from monitor.judging.derived_config import Derived
from monitor.judging.rules import Rule, Signal
from monitor.judging.triggers import Trigger
from monitor.model import Metric
from monitor.notify.channels import AnyChannel, Paging
from monitor.notify.inhibition import Inhibition
from monitor.plan import Cutover, Gate, PointOfNoReturn, Section, Site, Stage, Wave
from monitor.serving.past.settings import PastConfig
from monitor.serving.web_config import WebConfig


class Config(Section, frozen=True, kw_only=True):
    """The whole configuration, after its includes are merged."""

    schema: int
    cutover: Cutover
    people: tuple[Person, ...] = ()
    sites: tuple[Site, ...] = ()
    waves: tuple[Wave, ...] = ()
    stages: tuple[Stage, ...]
    gates: tuple[Gate, ...] = ()
    points_of_no_return: tuple[PointOfNoReturn, ...] = ()
    collectors: tuple[AnyCollector, ...] = ()
    metrics: tuple[Metric, ...] = ()
    derived: Derived = Derived()
    signals: tuple[Signal, ...] = ()
    rules: tuple[Rule, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    inhibit: tuple[Inhibition, ...] = ()
    """What follows from what, so that the symptoms of one fault do not ring each."""
    notify: tuple[AnyChannel, ...] = ()
    paging: Paging = Paging()
    web: WebConfig = WebConfig()
    journal: JournalConfig = JournalConfig()
    past: PastConfig = PastConfig()
    runbooks: str = "runbooks"
    """Folder of the runbooks, relative to this file; the shipped catalogue is always there beside it."""
