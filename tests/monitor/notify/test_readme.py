"""The page about being paged shows what golive takes."""

from __future__ import annotations

import re
from pathlib import Path

import monitor.notify
from tests.monitor.config_base import BASE, found

README = Path(monitor.notify.__path__[0]) / "README.md"


def test_the_channels_of_the_page_are_a_valid_configuration() -> None:
    """Every kind of channel as the page writes it, put into a configuration, has no mistake."""
    (block,) = re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    kinds = set(re.findall(r"kind: (\w+)", block))
    assert kinds == {"apprise", "slack", "alertmanager", "webhook", "alertmanager_webhook", "heartbeat"}
    old = 'notify:\n  - {name: pager, kind: webhook, url: "https://pager.example/x"}\n'
    assert old in BASE
    assert found(BASE.replace(old, block)) == []


def test_the_line_of_the_page_is_one_that_golive_writes() -> None:
    """The example is no longer than what it promises, and in the order of the code."""
    line = README.read_text(encoding="utf-8").split("```\n")[1].strip()
    assert len(line) <= 140
    assert line.startswith("CRIT PROD sales-en, porto Abandonment 11.8% (limit 8.0%, old 6.1%) for 3m00s")
