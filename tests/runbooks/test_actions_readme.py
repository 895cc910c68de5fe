"""The page about actions: every sample on it is a step that works."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import get_args

import pytest

import runbooks.actions
from runbooks.book import Book
from runbooks.model import AnyStep

PAGE = (Path(next(iter(runbooks.actions.__path__))) / "README.md").read_text(encoding="utf-8")
SAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
HEAD = """\
name: sample
title: A sample
parameters: {queue: {pattern: "[a-z]+", default: sales}, number: {pattern: "[0-9]+", default: "100"}}
endpoints: {api: "https://api.example.com"}
allow_hosts: [api.example.com, broker.example.com, sbc.example.com, connect.eu-central-1.amazonaws.com]
verify: [legacy_share >= 95%]
steps:
"""


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.splitlines()[0])
def test_each_sample_is_a_step_that_works(tmp_path: Path, sample: str) -> None:
    """Copied from the page into a runbook, it has no finding and can be shown."""
    (tmp_path / "sample.yaml").write_text(HEAD + "  - " + textwrap.indent(sample, "    ").lstrip())
    book = Book.load(tmp_path)
    assert [str(finding) for finding in book.findings] == []
    plan = book.plan("sample")
    assert plan is not None
    (row,) = plan.steps("d1", plan.filled({}))
    assert "cannot be filled" not in row.request


def test_every_action_has_its_sample() -> None:
    """An action that is not on the page is not there for a user."""
    shown = set(re.findall(r"^action: (\w+)", PAGE, re.MULTILINE))
    assert shown == {str(kind.__struct_config__.tag) for kind in get_args(AnyStep)}
