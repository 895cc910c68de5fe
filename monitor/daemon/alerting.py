"""All that the daemon knows and does about alerts, put together: who has them, their rows, what led to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as Family

from monitor.config import Config
from monitor.daemon.alert_board import AlertBoard
from monitor.daemon.alert_detail import AlertDetails
from monitor.daemon.pages import Pages
from monitor.daemon.trail import Trail
from monitor.deciding.alert_desk import AlertDesk
from monitor.intake.intake import Intake
from monitor.judging.engine import Engine
from monitor.model import Metric
from monitor.notify.sent import Sent


class Alerting:
    """Made once the pages are, which hear through the desk who wants to hear what."""

    def __init__(
        self,
        config: Callable[[], Config],
        catalogue: Mapping[str, Metric],
        engine: Engine,
        intake: Intake,
        pages: Pages,
        desk: AlertDesk,
        sent: Sent,
    ) -> None:
        """config: what is in force now."""
        if pages.pager is None:
            raise ValueError("alerts are listed where they are told")
        self.desk = desk
        self.trail = Trail()
        self.board = AlertBoard(config, engine, intake, pages.pager, desk, sent)
        self.details = AlertDetails(config, catalogue, engine, intake, self.board, pages.pager, self.trail)
        pages.on_look.append(desk.settle)

    def metrics(self) -> Iterable[Family]:
        """Acknowledgements and mutes, by what became of them, and how many hold."""
        desk = self.desk
        acks = CounterMetricFamily(
            "golive_acknowledgements",
            "Acknowledgements of alerts: given, released by a person, expired, or over with their alert.",
            labels=["state"],
        )
        mutes = CounterMetricFamily(
            "golive_mutes", "Mutes of alerts: given, lifted by a person, or expired.", labels=["state"]
        )
        refused = CounterMetricFamily(
            "golive_attention_refused", "Acknowledgements and mutes for which there was no room.", labels=["kind"]
        )
        for state, count in desk.acks.items():
            acks.add_metric([state], count)
        for state, count in desk.mutes.items():
            mutes.add_metric([state], count)
        for kind in ("ack", "mute"):
            refused.add_metric([kind], desk.attention.refused[kind])
        held = GaugeMetricFamily(
            "golive_acknowledgements_held", "Acknowledgements that hold now.", value=len(desk.attention.acks)
        )
        active = GaugeMetricFamily("golive_mutes_active", "Mutes that hold now.", value=len(desk.attention.mutes))
        return acks, held, mutes, active, refused
