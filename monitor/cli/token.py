"""`golive token`: who may act, as bearer tokens of named people."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from monitor.deciding.people import Role
from monitor.deciding.tokens import FILE, TokensError, make_token, revoke_tokens
from monitor.text import clean
from monitor.units import format_duration, parse_duration

token = App(name="token", help="Tokens with which named people act over HTTP and in the terminal.")

_LONGEST_NAME = 80
_StateDir = Annotated[Path, Parameter(help="State directory of the daemon.")]
_Name = Annotated[str, Parameter(help="The person, as `people` in golive.yaml names them.")]


def _usable(name: str) -> bool:
    return bool(name) and clean(name, _LONGEST_NAME) == name and name == name.strip()


@token.command
def new(
    *,
    name: _Name,
    role: Annotated[
        Role | None, Parameter(help="The most this token may do; default: all that the person may.")
    ] = None,
    expires: Annotated[str, Parameter(help="Span after which it is refused, such as 12h or 7d; default: never.")] = "",
    state_dir: _StateDir = Path("state"),
) -> int:
    """Make a token and print it once; only its hash is kept. It replaces the person's older ones.

    A running daemon knows it at once.
    """
    if not _usable(name):
        return _fail(
            f"{clean(name)!r} is not a name: 1 to {_LONGEST_NAME} visible characters; next: write it as in golive.yaml",
            2,
        )
    try:
        lasts = parse_duration(expires) if expires else None
    except ValueError as error:
        return _fail(f"--expires: {error}", 2)
    try:
        made, replaced = make_token(state_dir, name, role, time.time(), lasts)
    except TokensError as error:
        return _fail(str(error), 1)
    except OSError as error:
        return _fail(f"{state_dir}: {error.strerror}; no token was made; next: name a folder golive may write to", 1)
    sys.stdout.write(made + "\n")
    may = f"at most as {role}" if role else "in their role"
    ends = f", for {format_duration(lasts)}" if lasts is not None else ""
    instead = f"; {replaced} older one(s) of theirs no longer work" if replaced else ""
    sys.stderr.write(
        f"This is the token of {name}, {may}{ends}{instead}. It is shown once; {state_dir / FILE} keeps its hash. "
        "Next: put it in a file with mode 600 and give that to golive watch --token-file.\n"
    )
    return 0


@token.command
def revoke(*, name: _Name, state_dir: _StateDir = Path("state")) -> int:
    """Forget all tokens of a person; a running daemon refuses them at once."""
    try:
        count = revoke_tokens(state_dir, name)
    except TokensError as error:
        return _fail(str(error), 1)
    except OSError as error:
        return _fail(f"{state_dir}: {error.strerror}; nothing was revoked; next: name the daemon's state directory", 1)
    if not count:
        return _fail(f"{clean(name)} has no token in {state_dir / FILE}; next: look for the name in that file", 1)
    sys.stderr.write(f"{count} token(s) of {name} revoked.\n")
    return 0


def _fail(words: str, code: int) -> int:
    sys.stderr.write(f"golive token: {words}\n")
    return code
