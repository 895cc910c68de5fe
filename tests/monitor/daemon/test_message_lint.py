"""U16 for every message that is no alert: verdicts, decisions, reminders, points of no return, channels, notes, tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.cli.trial import message as trial_message
from monitor.config_file import LoadedConfig, read
from monitor.daemon import pages as pages_module
from monitor.daemon.messenger import Messenger
from monitor.daemon.pages import Pages
from monitor.daemon.witness import Sight
from monitor.doctor.channels import _trial
from monitor.judging.verdict import Ruling
from monitor.model import Verdict
from monitor.notify.fault import Scene
from monitor.notify.message import SEVERITIES, SUMMARY_LENGTH, Message
from monitor.notify.trouble import channel_message
from monitor.notify.wording import BODY_LENGTH, WORDS
from monitor.notify.worker import Worker
from monitor.plan import Cutover
from monitor.serving.snapshot import PointRow
from monitor.text import clean
from runbooks.outlets import Note
from tests.monitor.serving.boards import decision

NOW = 1_795_294_546.0
ROOT = Path(__file__).parents[3]
NAMES = st.text(st.characters(), max_size=200).map(clean).filter(bool)
SCENE = Scene(
    now=NOW, environment="PROD", cutover="night", started_at=NOW - 6120, verdict="HOLD", waiting="nothing waits"
)


class Pager:
    """Knows how things stand."""

    def scene(self, now: float) -> Scene:
        return msgspec.structs.replace(SCENE, now=now)

    def carries(self, _ruling: Ruling, _rules: frozenset[str]) -> bool:
        return False


def all_pages(words: str) -> list[Message]:
    """Everything that `Pages` can say, about the same words."""
    sent: list[Message] = []
    pages = Pages("night", "PROD", sent.append, pager=Pager(), remind=1.0)  # type: ignore[arg-type]
    for verdict in (Verdict.NO_GO, Verdict.UNKNOWN, Verdict.GO):
        pages.verdict(Ruling(verdict, words, "voice"), NOW)
    row = msgspec.structs.replace(decision("awaiting"), title=words)
    for kind in pages_module._LOUD:
        pages.decision(kind, row, words, NOW)
    for state in ("open", "passed", "unknown"):
        pages.point(PointRow(name="port", state=state, after="freeze"), words, NOW)

    return sent


def reminders(words: str) -> list[Message]:
    """That a decision still waits."""
    sent: list[Message] = []
    row = msgspec.structs.replace(decision("awaiting"), title=words)
    pages = Pages("night", "PROD", sent.append, pager=Pager(), remind=1.0)  # type: ignore[arg-type]
    for at in (NOW, NOW + 10):
        pages._remind_of(Sight(at, Ruling(Verdict.HOLD, "", ""), NOW, (), lambda: (row,)))
    return sent


def channel_messages(words: str) -> Iterator[Message]:
    """That a channel fails, is broken, and works again."""

    async def never(_: Message) -> None: ...

    worker = Worker("pd", never, lambda *_: None, lambda *_: None, lambda: 0.0)  # type: ignore[arg-type]
    about = all_pages("x")[0]
    for state in ("failing", "broken", "ok"):
        worker.state, worker.trouble = state, words
        yield channel_message(worker, about, NOW)


def linted(message: Message) -> None:
    """What holds of each message: a line for a lock screen, how bad and where first; a body that no screen cuts."""
    line = message.summary
    assert len(line) <= SUMMARY_LENGTH
    assert line == clean(line)
    word, environment, *rest = line.split(" ")
    assert word in {*WORDS.values(), "OK", "TEST"}
    assert environment == "PROD"
    assert rest
    assert message.severity in SEVERITIES
    assert message.dedupe_key.startswith("night/")
    assert len(message.body) <= BODY_LENGTH
    assert all(part == clean(part) for part in message.body.split("\n"))


@settings(max_examples=60, deadline=None)
@given(words=NAMES)
def test_every_message_about_the_cutover_is_a_line_for_a_lock_screen(words: str) -> None:
    """Whatever people and sources wrote into it: 140 characters, severity, environment, what, and never a broken line."""
    for message in [*all_pages(words), *reminders(words), *channel_messages(words)]:
        linted(message)


def test_what_fits_says_when_it_is() -> None:
    """With words of ordinary length each message about the cutover ends in T+; the time in UTC is in the body."""
    assert reminders("x")
    for message in (*all_pages("loss 3.2% >= 1.0%"), *reminders("voice back")):
        assert message.summary.endswith("T+1:42"), message.summary
        assert "UTC" in message.body


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedConfig:
    """The least configuration."""
    (tmp_path / "golive.yaml").write_text(
        "schema: 1\ncutover: {name: night, environment: PROD}\nstages: [{name: only}]\n"
    )
    return read(tmp_path / "golive.yaml")


def test_tests_and_trials_say_that_nothing_is_wrong(loaded: LoadedConfig) -> None:
    """Whoever is woken by one reads in the same line that there is nothing to do, and which channel it was."""
    told = trial_message("pager-of-the-night", loaded, NOW)
    linted(told)
    assert "pager-of-the-night" in told.summary
    assert "nothing is wrong" in told.summary
    assert loaded.value is not None
    trial = _trial(loaded.value)
    linted(trial)
    assert "nothing need be done" in trial.summary


@pytest.mark.parametrize("severity", SEVERITIES)
def test_what_a_runbook_tells_is_linted_too(severity: str) -> None:
    """A notify step's text stands behind severity and environment, cut where a lock screen would cut it."""
    messenger = Messenger((), Cutover(name="night", environment="PROD"), Path(), lambda: NOW)
    note = Note(id="run-1/tell", severity=severity, text="voice goes back " * 40, subject="run/run-1")  # type: ignore[arg-type]
    linted(messenger._message(note))


def test_the_shipped_alerts_have_headlines_that_fit() -> None:
    """A summary of alerts.yml is one static line of at most 140 characters; the description names the instance or what it is
    about, and never the raw set of labels."""
    groups = yaml.safe_load((ROOT / "dashboards" / "prometheus" / "alerts.yml").read_text())["groups"]
    for rule in (rule for group in groups for rule in group["rules"] if "alert" in rule):
        summary, description = rule["annotations"]["summary"], rule["annotations"]["description"]
        assert len(summary) <= SUMMARY_LENGTH
        assert "\n" not in summary
        assert "{{" not in summary
        assert "$labels }}" not in description
        assert description.strip()[-1] in ".}'"
