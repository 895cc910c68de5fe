"""`golive alert`: what pages people."""

from __future__ import annotations

from cyclopts import App

from monitor.cli.trial import trial

alert = App(name="alert", help="Alerts: test the channels that page people.")
alert.command(trial, name="test")
