"""`golive runbook`: what can be done, what is being asked, and people's answers, the same as in the terminal."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote

from cyclopts import App, Parameter

from dashboards.terminal.acts import JsonValue
from dashboards.terminal.acts import attest as attestation
from dashboards.terminal.acts import break_glass as glass
from dashboards.terminal.acts import declare_point as declaration
from dashboards.terminal.acts import reject as rejection
from dashboards.terminal.acts import request_run as request
from dashboards.terminal.client import DaemonClient
from monitor.cli.asking import FAILED, HERE, NOT_ALLOWED, USAGE, Reason, TokenFile, Url, ask, fail, say
from monitor.cli.pairs import pairs
from monitor.cli.rehearsed import Rehearsed
from monitor.cli.signing import decision_lines, runbook_lines
from monitor.cli.steering import act_of, add_steering
from monitor.serving.snapshot import DecisionRow, Snapshot
from runbooks.book import Book

runbook = App(name="runbook", help="Runbooks: list, show and rehearse them, ask for one, sign or reject, steer a run.")
runbook.command("monitor.cli.rehearse:rehearse", name="rehearse", help="Run one with everything but its effects.")

_Folder = Annotated[Path, Parameter(help="Your runbooks; the shipped catalogue is always there beside them.")]


@runbook.command(name="list")
def list_(*, folder: _Folder = Path("runbooks"), state_dir: Path = Path("state")) -> int:
    """List the runbooks on this machine, and when each was last rehearsed. Exit code 1 when one of them has mistakes.

    Parameters
    ----------
    state_dir:
        The daemon's state directory, where rehearsals are kept.
    """
    book = Book.load(folder)
    try:
        rehearsed = Rehearsed(state_dir)
    except ValueError as error:
        return fail(f"{error}; next: golive audit verify --state-dir {state_dir}/rehearsals", FAILED)
    for name in book.names:
        found = book.get(name)
        if found is not None:
            takes = f" ({', '.join(found.parameters)})" if found.parameters else ""
            words = rehearsed.words(name, found.digest)
            say(f"{name:28} {len(found.steps):2} steps  {found.title}{takes}; {words}")
    for finding in book.findings:
        sys.stderr.write(f"{finding}\n")
    return FAILED if book.findings else 0


@runbook.command
def show(name: str, /, *, folder: _Folder = Path("runbooks"), url: Url = HERE, token_file: TokenFile = None) -> int:
    """Show a runbook of this machine with all it would send, or a decision of the daemon by its id.

    Parameters
    ----------
    name:
        A runbook's name or a decision's id.
    """
    book = Book.load(folder)
    found = book.get(name)
    if found is not None:
        say("\n".join(runbook_lines(found, book.touches(name))))
        return 0

    async def errand(_client: DaemonClient, snapshot: Snapshot) -> int:
        row = _find(snapshot, name)
        if row is None:
            return fail(f"no runbook and no decision is called {name!r}; next: golive runbook list", FAILED)
        say("\n".join(decision_lines(row, snapshot.cutover)))
        return 0

    return ask(url, token_file, errand, token_needed=False)


@runbook.command
def start(
    name: str,
    /,
    *parameters: str,
    yes_env: str = "",
    reason: Reason = "",
    break_glass: bool = False,
    confirm: str = "",
    key: str = "",
    url: Url = HERE,
    token_file: TokenFile = None,
) -> int:
    """Ask for a runbook; you are the requester, other people sign.

    Parameters
    ----------
    name:
        The runbook.
    parameters:
        Its parameters, each as name=value.
    yes_env:
        The environment's name, such as PROD: says that you know where this acts. Asked for where there is a terminal.
    break_glass:
        Start it alone: nobody else signs, everybody is told, a reason is needed. Pre-flight still holds.
    confirm:
        With --break-glass: the runbook's name and the environment, such as "voice-back-to-legacy PROD". Asked for where
        there is a terminal.
    key:
        Names this request: sent again under the same key it is the same request. Default: a new one for each call.
    """
    try:
        given = pairs(parameters)
    except ValueError as error:
        return fail(str(error), USAGE)

    async def errand(client: DaemonClient, snapshot: Snapshot) -> int:
        environment = snapshot.cutover.environment
        if break_glass:
            typed = confirm or _typed(f"This starts {name} on {environment} ALONE. Type `{name} {environment}`: ")
            act = glass(name, given, reason, typed)
        elif _confirmed(environment, yes_env):
            act = request(name, given, reason)
        else:
            return NOT_ALLOWED
        row = await client.decide(act, key or secrets.token_hex(8))
        if row is None:
            row = next((r for r in (await client.snapshot()).decisions if r.runbook == name and r.requester), None)
        if row is not None:
            told = f" ({row.answer})" if row.answer else ""
            verb = "started alone" if break_glass else "asked for"
            say(f"{verb}: decision {row.id} is {row.state}, {_missing(row)}{told}")
        return 0

    return ask(url, token_file, errand)


@runbook.command
def approve(
    decision: str,
    /,
    *,
    yes_env: str = "",
    after_decide_by: bool = False,
    reason: Reason = "",
    url: Url = HERE,
    token_file: TokenFile = None,
) -> int:
    """Sign a decision: prints what is signed, then signs exactly that.

    Parameters
    ----------
    decision:
        The decision's id.
    yes_env:
        The environment's name, such as PROD; a script must give it, a terminal asks for it.
    after_decide_by:
        Sign although decide-by has passed; needs a reason.
    """

    async def errand(client: DaemonClient, snapshot: Snapshot) -> int:
        row = _find(snapshot, decision)
        if row is None:
            return fail(f"there is no decision {decision!r}; next: golive status", FAILED)
        say("\n".join(decision_lines(row, snapshot.cutover)))
        if not _confirmed(snapshot.cutover.environment, yes_env):
            return NOT_ALLOWED
        body: dict[str, JsonValue] = {"digest": row.digest, "nonce": row.nonce, "reason": reason}
        if after_decide_by:
            body["late"] = True
        await client.act(act_of(f"decisions/{quote(row.id, safe='')}/approve", body))
        after = _find(await client.snapshot(), decision)
        say(f"signed: {after.state}, {_missing(after)}" if after is not None else "signed")
        return 0

    return ask(url, token_file, errand)


@runbook.command
def reject(decision: str, /, *, reason: Reason = "", url: Url = HERE, token_file: TokenFile = None) -> int:
    """Refuse a decision; it ends.

    Parameters
    ----------
    decision:
        The decision's id.
    """

    async def errand(client: DaemonClient, snapshot: Snapshot) -> int:
        row = _find(snapshot, decision)
        if row is None:
            return fail(f"there is no decision {decision!r}; next: golive status", FAILED)
        await client.act(rejection(row, reason))
        say(f"rejected: {row.runbook}")
        return 0

    return ask(url, token_file, errand)


@runbook.command
def rearm(decision: str, /, *, reason: Reason, url: Url = HERE, token_file: TokenFile = None) -> int:
    """Arm the triggers of a decision again that has ended in a run, or frozen, and let the cutover go forward again.

    Parameters
    ----------
    decision:
        The decision's id.
    """

    async def errand(client: DaemonClient, _snapshot: Snapshot) -> int:
        await client.act(act_of(f"decisions/{quote(decision, safe='')}/rearm", {"reason": reason}))
        say(f"armed again: {decision}; going forward also needs the runbook's pre-flight to hold")
        return 0

    return ask(url, token_file, errand)


@runbook.command
def attest(
    decision: str,
    item: str,
    /,
    *,
    evidence: str = "",
    yes_env: str = "",
    url: Url = HERE,
    token_file: TokenFile = None,
) -> int:
    """Vouch by name for one pre-flight condition that cannot be known; it counts for ten minutes.

    Parameters
    ----------
    decision:
        The decision's id.
    item:
        The condition exactly as `golive runbook show DECISION` prints it.
    evidence:
        What you saw, and where; needed.
    yes_env:
        The environment's name, such as PROD; a script must give it, a terminal asks for it.
    """

    async def errand(client: DaemonClient, snapshot: Snapshot) -> int:
        row = _find(snapshot, decision)
        if row is None:
            return fail(f"there is no decision {decision!r}; next: golive status", FAILED)
        say("\n".join(decision_lines(row, snapshot.cutover)))
        if not _confirmed(snapshot.cutover.environment, yes_env):
            return NOT_ALLOWED
        await client.act(attestation(row, item, evidence))
        say(f"attested: {item}")
        return 0

    return ask(url, token_file, errand)


@runbook.command
def point(
    name: str,
    state: Literal["passed", "not_passed"],
    /,
    *,
    reason: Reason = "",
    yes_env: str = "",
    url: Url = HERE,
    token_file: TokenFile = None,
) -> int:
    """Say that a point of no return is passed, or that it is not, whatever its signal says.

    Parameters
    ----------
    name:
        The point, as `golive status` lists it.
    state:
        passed: nothing begins in its scope any more. not_passed: needs an approver.
    reason:
        How you know; needed.
    yes_env:
        The environment's name, such as PROD; a script must give it, a terminal asks for it.
    """

    async def errand(client: DaemonClient, snapshot: Snapshot) -> int:
        if not _confirmed(snapshot.cutover.environment, yes_env):
            return NOT_ALLOWED
        await client.act(declaration(name, passed=state == "passed", reason=reason))
        say(f"{name}: {state}")
        return 0

    return ask(url, token_file, errand)


add_steering(runbook)


def _find(snapshot: Snapshot, decision: str) -> DecisionRow | None:
    return next((row for row in snapshot.decisions if row.id == decision), None)


def _missing(row: DecisionRow) -> str:
    votes = sum(vote.vote == "approve" for vote in row.votes)
    return f"{votes} of {row.quorum} signed"


def _typed(question: str) -> str:
    """What a person types; empty where there is no terminal."""
    if not sys.stdin.isatty():
        return ""
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def _confirmed(environment: str, given: str) -> bool:
    """Whether the person knows which environment this acts on."""
    given = given or _typed(f"This acts on {environment}. Type the environment's name to go on: ")
    if given == environment:
        return True
    fail(f"not sent: this acts on {environment}; next: say --yes-env {environment} if that is meant", NOT_ALLOWED)
    return False
