"""`golive runbook pause ... resolve`: a person's acts on a run that is under way, the same as in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import quote

from cyclopts import App

from dashboards.terminal.acts import Act, JsonValue
from dashboards.terminal.client import DaemonClient
from monitor.cli.asking import HERE, USAGE, Reason, TokenFile, Url, ask, fail, say
from monitor.serving.snapshot import Snapshot


def act_of(path: str, body: dict[str, JsonValue]) -> Act:
    """One request of the HTTP API."""
    return Act(path=f"/api/v1/{path}", body=body, says=path)


def add_steering(app: App) -> None:
    """Give `golive runbook` the commands that steer a run."""
    for command in (abort, pause, resume, takeover, retry, skip, undo, resolve):
        app.command(command)


def _steer(run: str, verb: str, reason: str, url: str, token_file: Path | None) -> int:
    async def errand(client: DaemonClient, _snapshot: Snapshot) -> int:
        await client.act(act_of(f"runs/{quote(run, safe='')}/{verb}", {"reason": reason}))
        for row in (await client.snapshot()).runs:
            if row.id == run:
                say(f"{row.state}: {row.detail}")
        return 0

    return ask(url, token_file, errand)


def _steer_step(step: str, verb: str, outcome: str, reason: str, url: str, token_file: Path | None) -> int:
    run, slash, name = step.partition("/")
    if not slash or not name:
        return fail(f"{step!r} is not RUN/STEP", USAGE)

    async def errand(client: DaemonClient, _snapshot: Snapshot) -> int:
        path = f"runs/{quote(run, safe='')}/steps/{quote(name, safe='')}/{verb}"
        await client.act(act_of(path, {"outcome": outcome, "reason": reason}))
        say(f"{step}: {outcome or verb}")
        return 0

    return ask(url, token_file, errand)


def abort(run: str, /, *, reason: Reason = "", url: Url = HERE, token_file: TokenFile = None) -> int:
    """Stop a run: no further step begins; what is half done is said.

    Parameters
    ----------
    run:
        The run's id.
    """
    return _steer(run, "abort", reason, url, token_file)


def pause(run: str, /, *, reason: Reason = "", url: Url = HERE, token_file: TokenFile = None) -> int:
    """Begin no further step until somebody resumes the run; the step in flight ends.

    Parameters
    ----------
    run:
        The run's id.
    """
    return _steer(run, "pause", reason, url, token_file)


def resume(run: str, /, *, reason: Reason = "", url: Url = HERE, token_file: TokenFile = None) -> int:
    """Go on with a paused run.

    Parameters
    ----------
    run:
        The run's id.
    """
    return _steer(run, "resume", reason, url, token_file)


def takeover(run: str, /, *, reason: Reason = "", url: Url = HERE, token_file: TokenFile = None) -> int:
    """Take a run over by hand: golive sends nothing more and asks what you did, step by step; then it verifies.

    Parameters
    ----------
    run:
        The run's id.
    reason:
        Why; needed.
    """
    return _steer(run, "takeover", reason, url, token_file)


def retry(step: str, /, *, reason: Reason = "", url: Url = HERE, token_file: TokenFile = None) -> int:
    """Try a failed or parked step again.

    Parameters
    ----------
    step:
        RUN/STEP, as `golive status` lists what waits.
    """
    return _steer_step(step, "retry", "", reason, url, token_file)


def skip(step: str, /, *, reason: Reason = "", url: Url = HERE, token_file: TokenFile = None) -> int:
    """Leave a failed, parked or waiting step out and go on.

    Parameters
    ----------
    step:
        RUN/STEP, as `golive status` lists what waits.
    """
    return _steer_step(step, "skip", "", reason, url, token_file)


def undo(step: str, /, *, reason: Reason = "", url: Url = HERE, token_file: TokenFile = None) -> int:
    """Take a done or failed step of a paused run back, by the undo that the runbook states.

    Parameters
    ----------
    step:
        RUN/STEP.
    reason:
        Why; needed.
    """
    return _steer_step(step, "undo", "", reason, url, token_file)


def resolve(
    step: str,
    outcome: Literal["done", "not_done"],
    /,
    *,
    reason: Reason = "",
    url: Url = HERE,
    token_file: TokenFile = None,
) -> int:
    """Answer for a manual or parked step, or for one that you did by hand.

    Parameters
    ----------
    step:
        RUN/STEP, as `golive status` lists what waits.
    outcome:
        What really happened. A parked step that was not done is sent again.
    reason:
        What you saw; needed for a parked step.
    """
    return _steer_step(step, "resolve", outcome, reason, url, token_file)
