"""All dashboards, in the order in which a person needs them."""

from __future__ import annotations

from dashboards.grafana.board import Board
from dashboards.grafana.calls import CALLS
from dashboards.grafana.integrations import INTEGRATIONS
from dashboards.grafana.itself import ITSELF
from dashboards.grafana.overview import OVERVIEW
from dashboards.grafana.queues import QUEUES
from dashboards.grafana.runs import RUNS

BOARDS: tuple[Board, ...] = (OVERVIEW, CALLS, QUEUES, INTEGRATIONS, RUNS, ITSELF)
