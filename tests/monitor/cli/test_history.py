"""`golive history` as an operator meets it: the night before, with a report of the PBX in hand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from monitor.cli.check import check
from monitor.cli.history import import_, show
from monitor.history.archive import FILE, Archive, Slot

CONFIG = """\
schema: 1
cutover:
  name: night
  timezone: Europe/Lisbon
  window: {start: 2026-12-05T22:00:00Z, end: 2026-12-06T00:00:00Z}
  rollback_budget: 10m
  holidays: [2026-11-21]
stages: [{name: only}]
rules:
  - name: offered
    metric: golive_queue_contacts_offered_total
    match: {platform: target}
    by: [queue]
    estimator: increase
    window: 15m
    operator: "<"
    breach: 0.4
    min_count: 3
    baseline: {from: history, weeks: 4, need_slots: 3}
    missing: {no_data: hold, null: insufficient, error: unknown, stale: unknown}
  - name: plain
    metric: golive_media_mos
    estimator: mean
    window: 5m
    operator: "<"
    breach: 3.6
    missing: {no_data: hold, null: insufficient, error: unknown, stale: unknown}
"""
FIGURE = (
    'offered: increase of golive_queue_contacts_offered_total{platform="legacy"}; '
    "needs 3 of 4 weeks, 3 or more samples in each slot"
)
NOW = datetime.fromisoformat("2026-12-02T12:00:00+00:00").timestamp()


@pytest.fixture
def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration, three days before the cutover."""
    (tmp_path / "golive.yaml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("monitor.cli.history.time.time", lambda: NOW)
    return tmp_path


def rows(*days: str, since: int = 22, until: int = 24) -> str:
    lines = ["start;queue;value;samples"]
    for day in days:
        for quarter in range(since * 4, until * 4):
            at = datetime.fromisoformat(day) + timedelta(minutes=15 * quarter)
            lines.append(f"{at:%Y-%m-%d %H:%M};sales;{quarter};{quarter}")
    return "\n".join(lines) + "\n"


def test_a_report_becomes_weeks_and_the_same_report_again_changes_nothing(
    night: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Imported once or twice, the slots are the same; what was left out and what to do next is said."""
    (night / "r.csv").write_text(rows("2026-11-28", "2026-11-14") + "2026-11-13 22:00;sales;1;2\n")
    assert import_(Path("r.csv"), rule="offered") == 0
    first = capsys.readouterr().out
    assert "offered: 17 rows, 16 quarter hours; 1 rows below min_count left out; 16 new or changed in" in first
    assert "A running daemon compares with them within ten seconds" in first
    assert import_(Path("r.csv"), rule="offered") == 0
    assert "; 0 new or changed in" in capsys.readouterr().out


def test_one_wrong_row_imports_nothing(night: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All wrong rows with file and line, exit 1, and not one slot on disk; mended, the whole file goes in."""
    sound = rows("2026-11-28")
    (night / "r.csv").write_text(sound + "2026-11-28 21:45;sales;many;9\n28.11.;sales;1;9\n")
    assert import_(Path("r.csv"), rule="offered") == 1
    told = capsys.readouterr()
    assert [line.split(": ")[0] for line in told.out.splitlines()] == ["r.csv:10:1", "r.csv:11:1"]
    assert "nothing was imported; next: mend" in told.err
    assert not (night / "state" / FILE).exists()
    (night / "r.csv").write_text(sound)
    assert import_(Path("r.csv"), rule="offered") == 0


def test_a_dry_run_imports_nothing(night: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file can be tried on another machine."""
    (night / "r.csv").write_text(rows("2026-11-28"))
    assert import_(Path("r.csv"), rule="offered", dry_run=True) == 0
    assert "a dry run, nothing was imported" in capsys.readouterr().out
    assert not (night / "state").exists()


def test_show_tells_whether_there_will_be_enough_at_the_cutover(
    night: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By week and local time, with the holiday that does not count and the quarter hours that are short."""
    assert show() == 0
    assert "nothing is recorded yet; next: golive history import FILE.csv --rule offered" in capsys.readouterr().out
    text = rows("2026-11-28", "2026-11-21", "2026-11-14") + rows("2026-11-07", since=23).partition("\n")[2]
    (night / "r.csv").write_text(text)
    import_(Path("r.csv"), rule="offered")
    capsys.readouterr()
    assert show(rule="offered") == 0
    told = capsys.readouterr().out.splitlines()
    assert told[-1].startswith("imported 2026-12-02 12:00: 28 slots of offered imported from r.csv (sha256 ")
    assert told[:-1] == [
        "for 2026-12-05 22:00 to 2026-12-06 00:00 by the clock of Europe/Lisbon",
        FIGURE,
        "  queue=sales: 4 of 8 quarter hours have enough weeks; too few at 2026-12-05 22:00-23:00",
        "    2026-11-28  8 of 8  22:00-00:00",
        "    2026-11-21  0 of 8, 8 left out",
        "    2026-11-14  8 of 8  22:00-00:00",
        "    2026-11-07  4 of 8  23:00-00:00",
        "    in all 28 slots from 2026-11-07 to 2026-11-28, 28 imported",
    ]


def test_show_for_programs(night: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One JSON object, for one quarter hour."""
    (night / "r.csv").write_text(rows("2026-11-28"))
    import_(Path("r.csv"), rule="offered")
    capsys.readouterr()
    assert show(at="2026-12-05T22:20:00Z", json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["timezone"], told["to"] - told["from"]) == (1, "Europe/Lisbon", 900)
    sales = told["rules"][0]["scopes"][0]
    assert (sales["scope"], sales["enough"], sales["of"]) == ({"queue": "sales"}, 0, 1)
    assert [week["slots"] for week in sales["weeks"]] == [1, 0, 0, 0]


def test_slots_of_another_figure_are_told_and_not_counted(night: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever changed what the rule measures sees why its weeks are gone."""
    archive = Archive(night / "state" / FILE)
    archive.put([Slot("offered", "mean of another", (("queue", "sales"),), 1_795_900_500, 1.0, 9)])
    archive.close()
    assert show() == 0
    assert (
        "1 slots are not used: too thin, or recorded when the rule measured something else" in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        (lambda: import_(Path("r.csv"), rule="offred"), 2, "there is no rule 'offred'; did you mean offered?"),
        (lambda: import_(Path("r.csv"), rule="plain"), 2, "'plain' is not compared with recorded weeks; next: write"),
        (
            lambda: import_(Path("no.csv"), rule="offered"),
            1,
            "no.csv: No such file or directory; next: name the report",
        ),
        (lambda: import_(Path("latin.csv"), rule="offered"), 1, "is no UTF-8 at byte 3; next: save the report as CSV"),
        (lambda: import_(Path("r.csv"), rule="offered", config=Path("bad.yaml")), 3, "is invalid, nothing was done"),
        (lambda: import_(Path("r.csv"), rule="offered", state_dir=Path("garbage")), 1, "is not a database"),
        (lambda: show(state_dir=Path("garbage")), 1, "recorded weeks cannot be"),
        (lambda: show(rule="plain"), 2, "is not compared with recorded weeks"),
        (lambda: show(at="tonight"), 2, "--at: 'tonight' is not a time"),
        (lambda: show(at="0001-01-01T00:00:00Z"), 2, "is in no year in which"),
    ],
)
def test_what_cannot_be_done_says_why_and_what_next(
    night: Path, capsys: pytest.CaptureFixture[str], call: Callable[[], int], code: int, words: str
) -> None:
    """Each with its exit code."""
    (night / "r.csv").write_text(rows("2026-11-28"))
    (night / "latin.csv").write_bytes(b"caf\xe9\n")
    (night / "bad.yaml").write_text(CONFIG.replace("breach: 0.4", "breach: low"))
    (night / "garbage").mkdir()
    (night / "garbage" / FILE).write_bytes(b"not a database at all" * 200)
    assert call() == code
    assert words in capsys.readouterr().err


def test_check_says_by_which_clock_weeks_are_compared(night: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An operator in Lisbon sees at once when the clock is that of UTC, and which days are left out."""
    assert check(night / "golive.yaml") == 0
    told = capsys.readouterr().out
    assert (
        "offered: recorded weeks are compared by the clock of Europe/Lisbon (cutover.timezone), without 2026-11-21"
        in told
    )
    (night / "golive.yaml").write_text(CONFIG.replace("  timezone: Europe/Lisbon\n", ""))
    assert check(night / "golive.yaml") == 0
    assert "by the clock of UTC" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Europe/Lisbon", "Europe/Lisboa", "cutover.timezone: 'Europe/Lisboa' is not a time zone"),
        ("[2026-11-21]", "[2026-11-21, 21.11.2026]", "cutover.holidays[1]: '21.11.2026' is no day; write YYYY-MM-DD"),
        (
            "holidays: [2026-11-21]",
            "holidays: [2026-11-21]\n  incident_days: [2026-11-21]",
            "cutover.incident_days[0]: '2026-11-21' is left out already; name each day once",
        ),
        ("need_slots: 3", "need_slots: 5", "5 of 4 weeks can never be met"),
        ("need_slots: 3", "need_slots: 3, min_count: 0", "0 samples are no baseline; write at least 1"),
        ("by: [queue]", "by: [queue, platform]", "groups by platform have no counterpart on legacy"),
    ],
)
def test_check_refuses_a_baseline_that_could_never_be_had(
    night: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, words: str
) -> None:
    """Found before the night, with its place."""
    assert old in CONFIG
    (night / "golive.yaml").write_text(CONFIG.replace(old, new))
    assert check(night / "golive.yaml") == 3
    assert words in capsys.readouterr().out


@pytest.mark.e2e
def test_from_a_shell(night: Path) -> None:
    """`golive history import` explains the columns, imports with the words of the shell, and ends with its codes."""

    def golive(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from monitor.cli.main import main; main()", "history", *words]
        return subprocess.run(command, cwd=night, capture_output=True, text=True, timeout=30, check=False)

    told = golive("import", "--help").stdout
    assert all(word in told for word in ("start:", "value:", "samples:", "--interval", "--dry-run"))
    long_ago = datetime.now().replace(hour=22, minute=0) - timedelta(days=7)  # noqa: DTZ005 - local words of a report
    (night / "r.csv").write_text(f"start,queue,value,samples\n{long_ago:%Y-%m-%d} 22:00,sales,9,9\n")
    assert golive("import", "r.csv", "--rule", "offered", "--interval", "30m").returncode == 0
    assert "2 imported" in golive("show").stdout
    assert golive("import", "r.csv", "--rule", "offered", "--interval", "7m").returncode == 2
