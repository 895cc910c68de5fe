from __future__ import annotations

import stat
from pathlib import Path

import pytest

from monitor.config_file import read
from monitor.deciding.state_lock import AlreadyRunning, StateLock
from monitor.demo.configuration import PEOPLE, OccupiedError, Setup, claim, write
from monitor.demo.geography import SITES
from monitor.demo.secret_files import SECRETS
from monitor.demo.world import Ports

NOW = 1_795_294_546.0
WORLD = Ports(broker=1884, routing=8932, pbx={"porto": 5041, "berlin": 5042, "dublin": 5043}, connect=8934)


def written(directory: Path) -> Setup:
    claim(directory, NOW)
    return write(directory, port=8931, sip=5060, pager=8933, world=WORLD)


def test_the_directory_is_made_and_private(tmp_path: Path) -> None:
    """A missing directory is created, for its owner alone, and so is every token."""
    setup = written(tmp_path / "new" / "state")
    assert stat.S_IMODE(setup.directory.stat().st_mode) == 0o700
    for person in PEOPLE:
        file = setup.token_file(person)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.read_text(encoding="utf-8").strip() == setup.tokens[person]
    assert len(set(setup.tokens.values())) == len(PEOPLE)
    shared = [setup.directory / name for name in SECRETS.values()]
    assert {stat.S_IMODE(file.stat().st_mode) for file in shared} == {0o600}
    told = [file.read_text(encoding="utf-8").strip() for file in shared] + list(setup.tokens.values())
    assert len(set(told)) == len(SECRETS) + len(PEOPLE)


def test_the_ports_are_filled_in(tmp_path: Path) -> None:
    """No placeholder is left, and every port stands where it is used."""
    setup = written(tmp_path)
    text = setup.config.read_text(encoding="utf-8")
    runbook = (tmp_path / "runbooks" / "voice-back-to-legacy.yaml").read_text(encoding="utf-8")
    assert "$" not in text + runbook
    assert "listen: 127.0.0.1:8931" in text
    assert text.count("port: 1884") == 5
    assert [text.count(f"port: {WORLD.pbx[site]}") for site in SITES] == [1, 1, 1]
    assert text.count("http://127.0.0.1:8932/systems/") == 10
    assert "http://127.0.0.1:8933/notify" in text
    assert "carrier: http://127.0.0.1:8932" in runbook
    assert 'allow_hosts: ["127.0.0.1:8932"]' in runbook


def test_an_earlier_demo_is_moved_aside(tmp_path: Path) -> None:
    """Starting again in the same directory begins a new cutover and keeps the old one's files."""
    first = written(tmp_path)
    (tmp_path / "journal.sqlite").write_text("history", encoding="utf-8")
    second = written(tmp_path)
    assert first.tokens != second.tokens
    (aside,) = tmp_path.glob("earlier-*")
    assert (aside / "journal.sqlite").read_text(encoding="utf-8") == "history"
    assert not (tmp_path / "journal.sqlite").exists()


def test_two_demos_in_one_second_keep_both(tmp_path: Path) -> None:
    """The folder of an earlier demo is never written over."""
    for _ in range(3):
        written(tmp_path)
    assert sorted(len(list(aside.glob("golive.yaml"))) for aside in tmp_path.glob("earlier-*")) == [1, 1]


def test_foreign_files_are_left_alone(tmp_path: Path) -> None:
    """A directory with anything else in it is refused, and nothing in it changes."""
    (tmp_path / "golive.yaml").write_text("schema: 1\n", encoding="utf-8")
    with pytest.raises(OccupiedError, match=r"golive\.yaml.*--dir"):
        claim(tmp_path, NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["golive.yaml"]


def test_a_directory_at_work_is_refused(tmp_path: Path) -> None:
    """While a daemon holds the directory nothing is moved."""
    written(tmp_path)
    lock = StateLock.acquire(tmp_path, NOW)
    try:
        with pytest.raises(AlreadyRunning):
            claim(tmp_path, NOW)
    finally:
        lock.release()
    assert (tmp_path / "golive.yaml").exists()


@pytest.mark.parametrize("port", [0, 8931])
def test_golive_check_finds_nothing(tmp_path: Path, port: int) -> None:
    """The demo's configuration and runbook pass the same check as anybody's."""
    claim(tmp_path, NOW)
    setup = write(tmp_path, port=port, sip=5060, pager=8933, world=WORLD)
    loaded = read(setup.config)
    assert not loaded.findings
    assert loaded.book
    assert "voice-back-to-legacy" in loaded.book.names
