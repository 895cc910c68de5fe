"""What `--json` prints is what its published schema says, for every command that has one."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cyclopts import App
from hypothesis import given
from hypothesis import strategies as st

from dashboards.terminal.handover import handover as put_together
from monitor.cli.asking import say
from monitor.cli.main import COMMANDS
from monitor.cli.schema import SHAPES, schema
from monitor.demo.printer import Printer
from monitor.history.keeper import WEEK
from monitor.intake.transcripts import Transcripts, shown
from monitor.serving.schema.describing import encoded, field_notes, schema_of
from monitor.serving.schema.published import PUBLISHED
from monitor.serving.snapshot import GateRow, Snapshot
from monitor.text import escaped_json
from tests.dashboards.terminal import recorded, recorded_alerts
from tests.monitor.cli.test_audit import written
from tests.monitor.cli.test_history import CONFIG, rows
from tests.monitor.cli.test_rehearse import write
from tests.monitor.cli.test_status import daemon, golive
from tests.monitor.serving.desk import opened
from tests.rig.schema import problems

MAIN = (sys.executable, "-c", "from monitor.cli.main import main; main()")


def publish(name: str) -> dict[str, Any]:
    """The schema as it is shipped."""
    shape: dict[str, Any] = json.loads(PUBLISHED[name])
    return shape


async def status_of(snapshot: Snapshot, *words: str) -> tuple[int, str, str]:
    """What a command says of a daemon that shows this."""
    async with daemon([snapshot]) as url:
        return await golive(*words, url=url)


def holds(name: str, output: str) -> None:
    """The whole output, or each of its lines, is what the schema says, and there is something to see."""
    texts = output.splitlines() if SHAPES[name].each_line else [output]
    assert texts
    for text in texts:
        assert problems(json.loads(text), publish(name)) == []


def run(folder: Path, *words: str, typed: str = "") -> str:
    """Standard output of a command in a folder."""
    done = subprocess.run(
        [*MAIN, *words], cwd=folder, input=typed, capture_output=True, text=True, timeout=50, check=False
    )
    assert done.stdout, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", SHAPES)
def test_the_published_schema_is_that_of_the_type(name, capsys) -> None:
    """Who changes what is printed publishes it: `make schemas`."""
    assert schema(name) == 0
    assert capsys.readouterr().out.encode() == PUBLISHED[name]
    assert set(PUBLISHED) == set(SHAPES)


def asking() -> set[str]:
    """Every command that has --json."""
    found = set()
    for name, (where, _) in COMMANDS.items():
        module, _, attribute = where.partition(":")
        command = getattr(import_module(module), attribute)
        if isinstance(command, App):
            parts = {f"{name} {part}": command[part].default_command for part in command if not part.startswith("-")}
        else:
            parts = {name: command}
        found |= {
            words for words, act in parts.items() if act is not None and "json" in inspect.signature(act).parameters
        }
    return found


def test_every_command_with_json_has_a_published_schema() -> None:
    """No command prints JSON that nobody said the shape of."""
    assert asking() == {command for shape in SHAPES.values() for command in shape.commands}


@pytest.mark.parametrize("moment", recorded.MOMENTS)
async def test_status(moment) -> None:
    """`golive status --json`."""
    async with daemon([recorded.MOMENTS[moment]]) as url:
        _, out, _ = await golive("status", "--json", url=url)
    holds("snapshot", out)


@pytest.mark.parametrize("moment", recorded.MOMENTS)
async def test_alerts_and_handover(moment, capsys) -> None:
    """`golive alert list --json` and `golive handover --json`; a long one with letters of every kind stays whole."""
    snapshot = msgspec.structs.replace(recorded.MOMENTS[moment], alerts=recorded_alerts.FIRING.alerts)
    _, out, _ = await status_of(snapshot, "alert", "list", "--json")
    holds("alerts", out)
    said = put_together(snapshot, [], 3600.0, whole=True)
    said = msgspec.structs.replace(said, watch=["漢字の待ち行列 " * 800])
    assert json.loads(escaped_json(msgspec.json.encode(said).decode()))["watch"] == said.watch
    holds("handover", msgspec.json.encode(said).decode())
    say(escaped_json(msgspec.json.encode(said).decode()))
    assert json.loads(capsys.readouterr().out)["watch"] == said.watch


def test_keys(tmp_path: Path) -> None:
    """`golive keys --json`."""
    holds("keys", run(tmp_path, "keys", "--json"))


def test_check_and_doctor(tmp_path: Path) -> None:
    """`golive check --json` with problems and without, `golive doctor --json`."""
    run(tmp_path, "init")
    holds("check", run(tmp_path, "check", "--json"))
    holds("doctor", run(tmp_path, "doctor", "state", "clock", "--json"))
    (tmp_path / "golive.yaml").write_text("schema: 1\ncutover: {name: n}\nrules: [{name: x}]\n")
    out = run(tmp_path, "check", "--json")
    assert json.loads(out)["findings"]
    holds("check", out)
    holds("doctor", run(tmp_path, "doctor", "--json"))


def test_journal(tmp_path: Path) -> None:
    """`golive audit show --json`, each line."""
    written(tmp_path)
    holds("journal", run(tmp_path, "audit", "show", "--state-dir", str(tmp_path), "--json"))


def test_rehearsal(tmp_path: Path) -> None:
    """`golive runbook rehearse --json`."""
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "token").write_text("hunter2-hunter2-hunter2")
    (tmp_path / "token").chmod(0o600)
    write(tmp_path, "127.0.0.1:8931")
    holds("rehearsal", run(tmp_path, "runbook", "rehearse", "mine", "queue=sales", "--yes", "--fast", "--json"))


def test_trial(tmp_path: Path) -> None:
    """`golive collector test --json`, each line, of a source that is not there."""
    run(tmp_path, "init")
    out = run(tmp_path, "collector", "test", "voice", "--for", "1s", "--json")
    assert json.loads(out.splitlines()[-1])["kind"] == "summary"
    holds("trial", out)


def test_history(tmp_path: Path) -> None:
    """`golive history show --json`, with imported weeks."""
    (tmp_path / "golive.yaml").write_text(CONFIG)
    (tmp_path / "r.csv").write_text(rows("2026-11-28"))
    run(tmp_path, "history", "import", "r.csv", "--rule", "offered")
    out = run(tmp_path, "history", "show", "--json")
    assert json.loads(out)["imports"]
    holds("history", out)


def test_transcript() -> None:
    """`golive collector transcript --json` is the daemon's own answer."""
    kept = Transcripts()
    kept.add(b"good \xff", WEEK)
    kept.add(b"bad", WEEK + 1, sent=b"GET /", fault="timeout")
    holds("transcript", msgspec.json.encode(shown("crm", kept, kept.raw())).decode())


def test_demo(capsys) -> None:
    """`golive demo --json`, each line: where it listens, a line of the journal, a page, the end."""
    printer = Printer(as_json=True)
    printer.say("demo", "it begins", url="http://x", port=1, scenario="calm", seed=7, dir="d")
    printer.event(recorded.FAILING.events[0])
    printer.page({"summary": "CRIT", "links": [{"href": "x"}]})
    printer.say("end", "it ended", ok=True, scenario="calm")
    out = capsys.readouterr().out
    assert "who" not in json.loads(out.splitlines()[0])
    holds("demo", out)


def test_schemas_are_listed_and_an_unknown_one_is_a_wrong_call(capsys) -> None:
    """`golive schema` names each with its command; a typo is 2 with the names there are."""
    assert schema() == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in SHAPES)
    assert schema("snapshoot") == 2
    assert "snapshot" in capsys.readouterr().err


def test_the_words_under_a_field_are_its_description() -> None:
    """Units and meanings that stand in the source stand in the schema, without line breaks."""
    operator = publish("snapshot")["$defs"]["GateRow"]["properties"]["operator"]
    assert operator["description"] == field_notes(GateRow)["operator"] == "The side that is bad."


def drop(value: dict[str, Any]) -> None:
    """Leave a field out that must be there."""
    del value["verdict"]["reason"]


def text(value: dict[str, Any]) -> None:
    """Put text where a number stands."""
    value["gates"][0]["samples"] = "many"


def blank(value: dict[str, Any]) -> None:
    """Put nothing where something must stand."""
    value["sources"][0]["rate"] = None


def truth(value: dict[str, Any]) -> None:
    """Put a truth value where a number stands."""
    value["at"] = True


@pytest.mark.parametrize("break_", [drop, text, blank, truth])
def test_an_output_that_differs_is_found(break_: Callable[[dict[str, Any]], None]) -> None:
    """The check can fail: a missing field, text for a number, null, a truth value."""
    value = json.loads(msgspec.json.encode(recorded.FAILING))
    assert problems(value, publish("snapshot")) == []
    break_(value)
    assert len(problems(value, publish("snapshot"))) == 1


def test_a_reader_of_today_can_read_an_answer_of_tomorrow() -> None:
    """A field that a later version adds is allowed by the schema."""
    value = json.loads(msgspec.json.encode(recorded.FAILING))
    value["weather"] = {"rain": True}
    assert problems(value, publish("snapshot")) == []


class Small(msgspec.Struct):
    """One of each kind that is printed."""

    a: int | None = None
    b: tuple[float, ...] = ()
    c: dict[str, bool] = {}
    d: str = ""


SMALL = st.builds(
    Small,
    a=st.none() | st.integers(),
    b=st.lists(st.floats()).map(tuple),
    c=st.dictionaries(st.text(), st.booleans()),
    d=st.text(),
)


@given(SMALL)
def test_whatever_a_type_can_hold_its_schema_allows(value) -> None:
    """Any value of a type is encoded to what the type's schema says, numbers without a value as null excepted."""
    finite = all(number == number and abs(number) != float("inf") for number in value.b)  # noqa: PLR0124 - NaN
    found = problems(json.loads(msgspec.json.encode(value)), json.loads(encoded(schema_of(Small, "small"))))
    assert (found == []) or not finite


async def test_it_is_served_too(tmp_path: Path) -> None:
    """GET /api/v1/schema/snapshot is the same file; a name that is none is 404 with those that are."""
    async with opened(tmp_path) as house:
        found = await house.ask("GET", "/api/v1/schema/snapshot")
        assert found.text.encode() == PUBLISHED["snapshot"]
        assert problems((await house.ask("GET", "/api/v1/snapshot")).json, found.json) == []
        for name in ("nothing", "..%2Fsnapshot", "published.py"):
            missing = await house.ask("GET", f"/api/v1/schema/{name}")
            assert missing.status == 404
        assert "snapshot" in missing.text


def test_a_snapshot_is_the_same_after_writing_and_reading() -> None:
    """What is printed can be read back into the type without loss."""
    raw = msgspec.json.encode(recorded.PARKED)
    assert msgspec.json.decode(raw, type=Snapshot) == recorded.PARKED
