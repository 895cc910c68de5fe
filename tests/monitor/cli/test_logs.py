"""The daemon's log lines in the forms that log stores read."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cli.logs import Fields
from monitor.redaction import learn

GOLIVE = (sys.executable, "-c", "from monitor.cli.main import main; main()")
_LOGFMT = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S+)(?: |$)')


def record(message: str, level: int = logging.INFO) -> logging.LogRecord:
    """A log record with this message."""
    return logging.LogRecord("golive.web", level, "x.py", 1, message, None, None)


@given(st.text(max_size=200))
def test_a_line_stays_one_line_with_its_fields_whatever_the_message_holds(message: str) -> None:
    """Quotes, newlines and control characters can neither break a line nor forge a field."""
    line = Fields("json").format(record(message))
    assert "\n" not in line
    assert set(json.loads(line)) == {"ts", "level", "component", "msg"}
    line = Fields("logfmt").format(record(message))
    assert "\n" not in line
    assert [name for name, _ in _LOGFMT.findall(line)] == ["ts", "level", "component", "msg"]


def test_levels_are_called_as_prometheus_programs_call_them() -> None:
    """warn, not WARNING; and the time is UTC with milliseconds."""
    said = json.loads(Fields("json").format(record("x", logging.WARNING)))
    assert said["level"] == "warn"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", said["ts"])


@pytest.mark.parametrize("form", ["json", "logfmt"])
def test_secrets_and_tracebacks_are_masked_and_kept_on_their_line(form: str) -> None:
    """A secret in an exception is not written down."""
    learn("hunter2-hunter2")
    made = record("it failed")
    try:
        raise ValueError("token hunter2-hunter2")  # noqa: TRY301 - the traceback is what is tested
    except ValueError:
        made.exc_info = sys.exc_info()
    line = Fields(form).format(made)  # type: ignore[arg-type] # one of the two
    assert "hunter2" not in line
    assert "ValueError" in line
    assert "\n" not in line


@pytest.mark.e2e
def test_the_daemon_takes_the_flags_that_a_prometheus_user_knows(tmp_path: Path) -> None:
    """--web.telemetry-path that cannot be is exit 3 with words; --log.level, --log.format and --version are there."""
    words = "schema: 1\ncutover: {name: n, environment: TEST}\nstages: [{name: a}]\n"
    (tmp_path / "golive.yaml").write_text(words)
    command = [
        *GOLIVE,
        "run",
        "--web.telemetry-path=/api/metrics",
        "--web.max-requests=4",
        "--log.level=warn",
        "--log.format=json",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 3
    assert "telemetry_path '/api/metrics' is not a path of its own" in done.stderr
    elsewhere = [*GOLIVE, "run", "--web.listen-address=127.0.0.1:0", "--web.listen-address=here"]
    done = subprocess.run(elsewhere, cwd=tmp_path, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 3
    assert "'here' is not an address" in done.stderr
    assert "Traceback" not in done.stderr
    shown = subprocess.run([*GOLIVE, "--version"], capture_output=True, text=True, timeout=50, check=True)
    assert re.match(r"golive \d", shown.stdout)
