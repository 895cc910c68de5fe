"""The shipped catalogue: each runbook rehearsed, and run for real against both simulated platforms over real HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from monitor.cli.init import starting_point
from monitor.cli.rehearse import rehearse
from monitor.config_checks.unready import unready
from monitor.config_file import LoadedConfig, read
from monitor.demo.geography import QUEUES, SITES
from runbooks.actions.http import Http
from runbooks.actions.manual import Manual
from runbooks.actions.verify import Verify
from runbooks.book import Book, shipped
from runbooks.effect import Retry
from runbooks.model import AnyStep, Runbook
from tests.monitor.deciding.world import BEN
from tests.runbooks.platforms import Platforms, order, served_platforms
from tests.runbooks.rollback import Rollback

BOOK = Book.load(None)
NUMBER = "+448001234567"
AGENTS = tuple((f"/agents/{site}", {"target": 0}) for site in SITES)


class Case(NamedTuple):
    """A runbook, what people do in its manual steps, and what must have come of it."""

    parameters: dict[str, str]
    orders: tuple[str, ...]
    """Everything that was ordered, in this order; what people do at a console included."""
    after: dict[str, Any]
    """State of things by path, or of `routes` and `agents`, that is otherwise than before."""
    before: tuple[tuple[str, dict[str, Any]], ...] = ()
    """How the world was brought to where the runbook is needed."""
    people: tuple[tuple[str, tuple[tuple[str, dict[str, Any]], ...]], ...] = ()
    """What people order at a console while a manual step waits for them."""


ALL_BACK = {"routes": dict.fromkeys(QUEUES, 0.0), "agents": dict.fromkeys(SITES, 0)}
CASES = {
    "voice-back-to-legacy": Case(
        {},
        (*(f"PUT {path}" for path, _ in AGENTS), "PUT /routes/all"),
        ALL_BACK,
        people=(("agents-back", AGENTS),),
    ),
    "queue-back-to-legacy": Case(
        {"queue": "sales-de"},
        (*(f"PUT {path}" for path, _ in AGENTS), "PUT /routes/sales-de"),
        {
            "routes": {**dict.fromkeys(QUEUES, 100.0), "sales-de": 0.0},
            "agents": dict.fromkeys(SITES, 60),
        },
        people=(("agents-back", tuple((path, {"target": 40}) for path, _ in AGENTS)),),
    ),
    "pause-the-wave": Case({"wave": "wave-1"}, ("PUT /waves/wave-1",), {"/waves/wave-1": {"state": "paused"}}),
    "freeze-changes": Case({}, ("PUT /freeze/all",), {"/freeze/all": {"state": "frozen"}}),
    "fail-over-to-backup-line": Case({"site": "porto"}, ("PUT /lines/porto",), {"/lines/porto": {"line": "backup"}}),
    "toll-free-to-overflow": Case(
        {"number": NUMBER}, (f"PUT /numbers/{NUMBER}",), {f"/numbers/{NUMBER}": {"flow": "overflow"}}
    ),
    "crm-read-only": Case({}, ("PUT /integrations/crm",), {"/integrations/crm": {"mode": "read-only"}}),
    "stand-down": Case(
        {"wave": "wave-1"},
        ("PUT /waves/wave-1", "PUT /freeze/all"),
        {"/waves/wave-1": {"state": "closed"}, "/freeze/all": {"state": "open"}},
        before=(("/freeze/all", {"state": "frozen"}),),
    ),
}
SHIPPED = sorted(path.stem for path in shipped().glob("*.yaml"))


def book_of(name: str) -> Runbook:
    runbook = BOOK.get(name)
    assert runbook is not None
    return runbook


def pointed(runbook: Runbook, base: str) -> Runbook:
    """What its page asks of a user: the real address in place of the example. And nothing waits for minutes."""
    host = base.removeprefix("http://")
    steps = tuple(hurried(step) for step in runbook.steps)
    endpoints = dict.fromkeys(runbook.endpoints, base)
    return msgspec.structs.replace(
        runbook,
        endpoints=endpoints,
        allow_hosts=(host,),
        steps=steps,
        verify_hold=runbook.verify_hold / 300,
        verify_within=20.0,
    )


def hurried(step: AnyStep) -> AnyStep:
    if isinstance(step, Verify):
        return msgspec.structs.replace(step, hold=step.hold / 300, within=20.0)
    return msgspec.structs.replace(step, retry=Retry(times=step.retry.times, wait=0.05))


class Operation(Rollback):
    """A rollback over the simulated platforms, with people at their consoles."""

    def __init__(self, state: Path, runbook: Runbook, world: Platforms, case: Case) -> None:
        super().__init__(state, runbook)
        self.world = world
        self.case = case
        self.runbook = runbook
        self.parameters = case.parameters
        self.observe()

    def observe(self) -> None:
        self.signals = self.world.look()

    async def answer(self) -> bool:
        """Do what the step that waits asks for, and say so; False when none waits."""
        rows = [row for row in self.desk.waiting_rows() if row.kind == "manual"]
        if not rows:
            return False
        run, _, name = rows[0].id.partition("/")
        for path, body in dict(self.case.people).get(name, ()):
            await order(self.world, path, body)
        step = next(step for step in self.runbook.steps if step.name == name)
        assert isinstance(step, Manual)
        word = step.confirm.removeprefix("type:").format(**self.parameters)
        await self.measure()
        await self.desk.act_on_step(BEN, run, name, "resolve", "done", f"{word} all 84 of them".strip())
        await self.until(lambda: self.step(name).state != "waiting")
        return True

    async def carry_out(self) -> None:
        """Sign it and do the manual steps, until it is verified."""
        await self.sign()
        while self.decision.state != "rolled_back":
            await self.until(
                lambda: self.decision.state == "rolled_back" or bool(self.desk.waiting_rows()), within=25.0
            )
            stuck = [row for row in self.desk.waiting_rows() if row.kind != "manual"]
            assert not stuck, stuck
            await self.answer()


@pytest.fixture
async def world() -> AsyncIterator[Platforms]:
    async with served_platforms() as here:
        yield here


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> LoadedConfig:
    path = tmp_path_factory.mktemp("template") / "golive.yaml"
    path.write_text(starting_point("phased"))
    return read(path)


def test_the_catalogue_holds_what_a_contact_centre_needs() -> None:
    """At least eight runbooks are shipped, none has a mistake, and each is rehearsed and run below."""
    assert len(SHIPPED) >= 8
    assert set(SHIPPED) == set(CASES)
    assert BOOK.findings == ()


@pytest.mark.parametrize("name", SHIPPED)
def test_it_can_be_rehearsed_as_it_is_shipped(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every step is filled and shown, every request would go where the runbook says, and nothing is sent."""
    monkeypatch.chdir(tmp_path)
    given = [f"{key}={value}" for key, value in CASES[name].parameters.items()]
    assert rehearse(name, *given, yes=True, fast=True, json=True) == 0
    report = json.loads(capsys.readouterr().out)
    runbook = book_of(name)
    assert [step["state"] for step in report["steps"]] == ["done"] * len(runbook.steps)
    sent = [step["request"] for step in report["steps"] if step["action"] == "http" and step["effect"] == "keyed"]
    written = [shown for shown in CASES[name].orders if "/agents/" not in shown]
    for request, shown in zip(sent, written, strict=True):
        assert shown.replace("+", "%2B").split("/", 1)[1] in request
        assert "Idempotency-Key: rehearsal-" in request


@pytest.mark.parametrize("name", SHIPPED)
async def test_it_does_what_it_says_and_can_be_taken_back(name: str, world: Platforms, tmp_path: Path) -> None:
    """Signed and run to verified: effects in their order, each once however often it is sent; then undone."""
    case = CASES[name]
    for path, body in case.before:
        await order(world, path, body)
    for path in case.after:
        if path.startswith("/"):
            world.thing(path)
    world.orders.clear()
    before = world.state()
    runbook = pointed(book_of(name), world.base)
    async with Operation(tmp_path, runbook, world, case) as operation:
        await operation.carry_out()
        assert world.orders == list(case.orders)
        changed = {path: state for path, state in world.state().items() if state != before[path]}
        assert changed == case.after if name != "queue-back-to-legacy" else changed["routes"] == case.after["routes"]
        steps = [step for step in runbook.steps if isinstance(step, Http) and step.effect == "keyed"]
        await repeated(operation, steps)
        await taken_back(operation, steps, before)


async def repeated(operation: Operation, steps: list[Http]) -> None:
    """Every keyed step is sent once more under its key: answered as before, applied not again."""
    world = operation.world
    state, applied = world.state(), world.applied
    for step in steps:
        outcome = await step.perform(context_of(operation, step))
        assert outcome.kind == "done", outcome
    assert (world.state(), world.applied) == (state, applied)


async def taken_back(operation: Operation, steps: list[Http], before: dict[str, Any]) -> None:
    """Every undo is sent, the last step's first: what they moved is where it was. People are moved by people."""
    world = operation.world
    for step in reversed(steps):
        assert step.undo is not None
        undo = Http(name=f"undo-{step.name}", effect="keyed", request=step.undo)
        outcome = await undo.perform(context_of(operation, undo))
        assert outcome.kind == "done", outcome
    assert {**world.state(), "agents": None} == {**before, "agents": None}


def context_of(operation: Operation, step: AnyStep) -> Any:
    decision = operation.decision
    parameters = operation.runbook.filled(operation.parameters)
    return operation.runbook.context(decision.run, decision.id, step.name, parameters, operation.state)


@pytest.mark.parametrize("name", ["voice-back-to-legacy", "queue-back-to-legacy"])
async def test_calls_never_move_before_their_agents(name: str, world: Platforms, tmp_path: Path) -> None:
    """`done` while the agents are elsewhere is a failure, and skipping it asks again before any call moves."""
    case = CASES[name]
    async with Operation(tmp_path, pointed(book_of(name), world.base), world, case._replace(people=())) as operation:
        await operation.sign()
        await operation.until(lambda: bool(operation.desk.waiting_rows()))
        await operation.answer()
        await operation.reaches("paused")
        assert "the probe says legacy_agents_ready is 0" in operation.step("agents-back").outcome
        await operation.desk.act_on_step(BEN, operation.run.id, "agents-back", "skip", "", "in a hurry")
        await operation.reaches("paused")
        await operation.until(lambda: operation.step(operation.runbook.steps[1].name).state == "failed")
        assert "it needs agents-back, which was skipped" in operation.step(operation.runbook.steps[1].name).outcome
        assert world.orders == []


async def test_without_room_on_legacy_nothing_goes_back(world: Platforms, tmp_path: Path) -> None:
    """Return capacity is asked for before the first step: too little of it freezes the decision."""
    case = CASES["voice-back-to-legacy"]
    runbook = pointed(book_of("voice-back-to-legacy"), world.base)

    class Full(Operation):
        def observe(self) -> None:
            self.signals = {**self.world.look(), "legacy_capacity": 0.8}

    async with Full(tmp_path, runbook, world, case) as operation:
        await operation.sign()
        assert "legacy_capacity" in (await operation.reaches("frozen")).detail
        assert world.orders == []


@pytest.mark.parametrize("name", SHIPPED)
def test_its_page_says_what_a_person_must_know_at_night(name: str, template: LoadedConfig) -> None:
    """The page has its parts, a row for every step, and names all that `golive init` does not bring along."""
    text = (shipped() / f"{name}.md").read_text()
    runbook = book_of(name)
    assert text.startswith(f"# {name}: ")
    heads = re.findall(r"^\*\*([A-Z][a-z ]+?)\*\*", text, re.MULTILINE)
    wanted = ["Use it when", "Do not use it when", "What it does not do", "Watch", "It worked when", "To take it back"]
    assert [head for head in heads if head in wanted] == wanted
    assert heads[-1] == "Before the first use"
    assert len(text.splitlines()) <= 50, "short enough for 3 a.m."
    assert re.findall(r"^\| ([a-z-]+) \|", text, re.MULTILINE) == ["step", *(step.name for step in runbook.steps)]
    config = template.value
    assert config is not None
    known = {signal.name for signal in config.signals} | {rule.name for rule in config.rules}
    known |= {stage.name for stage in config.stages}
    known |= {duty for person in config.people for duty in person.duties}
    rules, signals = BOOK.names_used(name)
    owners = {step.owner for step in runbook.steps if step.owner}
    last = text[text.index("**Before the first use**") :]
    needed = (rules | signals | owners | ({runbook.back_to} - {None})) - known
    assert {word for word in needed if f"`{word}`" not in last} == set()
    if needed:
        (note,) = [line for line in unready(config, BOOK) if line.startswith(f"{name} is not ready")]
        assert {word for word in needed if word and word not in note} == set()


@pytest.mark.parametrize("name", SHIPPED)
def test_every_step_has_who_when_and_what_if(name: str) -> None:
    """An owner, a time and a title for each step; what changes something can be probed, taken back and ended in time."""
    for step in book_of(name).steps:
        assert (bool(step.owner), step.takes > 0, bool(step.title)) == (True, True, True), step.name
        if isinstance(step, Http) and step.effect != "read":
            assert step.effect == "keyed"
            assert step.probe is not None
            assert step.undo is not None
            assert step.deadline is not None
            assert step.expect.json is not None


@pytest.mark.parametrize(
    ("name", "parameter", "good", "bad"),
    [
        ("voice-back-to-legacy", "queue", ["sales-en", "a", "Sales.DE_1"], ["", "-x", "a/b", "a b", "ü", "a" * 65]),
        ("pause-the-wave", "wave", ["wave-1"], ["../x", "wave 1"]),
        ("fail-over-to-backup-line", "site", ["porto"], ["porto\n", "porto;reboot"]),
        ("toll-free-to-overflow", "number", [NUMBER, "+12025550123"], ["0800123456", "+0123456789", "+44 800", "112"]),
        ("crm-read-only", "integration", ["crm", "erp-2"], ["CRM", "-crm", "crm/../x"]),
    ],
)
def test_parameters_take_only_what_they_are_for(name: str, parameter: str, good: list[str], bad: list[str]) -> None:
    """Queues, waves, sites and numbers in E.164 (an emergency number is none); nothing that could steer a URL."""
    runbook = book_of(name)
    for value in good:
        assert runbook.filled({parameter: value})[parameter] == value
    for value in bad:
        with pytest.raises(ValueError, match=f"parameter {parameter}"):
            runbook.filled({parameter: value})


def test_the_check_says_what_each_runbook_still_needs(template: LoadedConfig) -> None:
    """One sentence for each that would get nowhere: signals, duties, and hosts that are examples."""
    config = template.value
    assert config is not None
    notes = {line.split()[0]: line for line in unready(config, BOOK)}
    assert set(notes) == set(SHIPPED), "all of them still name an example's host"
    assert notes["freeze-changes"] == (
        "freeze-changes is not ready: define the signal open_changes; "
        "in place of changes.example.com write your own into a copy of it in the folder runbooks/"
    )
    assert "give somebody the duties communications-lead, integration-lead" in notes["crm-read-only"]
    assert "define" not in notes["voice-back-to-legacy"]
