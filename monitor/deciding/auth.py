"""Who is calling: bearer tokens to named people."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from monitor.deciding.people import Person, Role
from monitor.deciding.tokens import FILE, TokenEntry, TokensError, hashed, read_tokens
from monitor.secrets import SecretError
from monitor.serving.acts import Actor
from monitor.text import clean

_LOG = logging.getLogger(__name__)
_RANK: dict[Role, int] = {"viewer": 0, "operator": 1, "approver": 2, "admin": 3}
_SHORTEST = 16
"""Least characters of a token from a file or the environment: it is not one of ours, so it may not be random."""
_LONGEST = 512
ATTEMPTS = 5
"""Wrong tokens a minute from one peer that are each answered and journalled as such."""
_WINDOW = 60.0
_PEERS = 1024

_Mark = tuple[int, int, int]


class _Known(NamedTuple):
    sha256: str
    actor: Actor
    expires_at: float | None


class Authority:
    """Knows the people and their tokens. `load` or `refresh` reads the tokens; until then nobody is known."""

    def __init__(
        self, people: Iterable[Person], state_dir: Path, base: Path, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Know these people.

        state_dir: where tokens.json lies. base: what the paths of `token: {file: ...}` are relative to.
        clock: unix seconds, for tokens that expire.
        """
        self._people = {person.name: person for person in people}
        self._state_dir = state_dir
        self._base = base
        self._clock = clock
        self._known: tuple[_Known, ...] = ()
        self._marks: dict[Path, _Mark | None] = {}
        self._complaint = ""

    def load(self) -> None:
        """Read all tokens. Blocks: call it at start, or in a thread.

        Raises:
            TokensError: tokens.json cannot be used.
            SecretError: a `token: {file: ...}` or `{env: ...}` cannot be used.
        """
        marks = self._look()
        known = []
        for person in self._people.values():
            if person.token is not None:
                token = person.token.read(self._base).reveal()
                if len(token) < _SHORTEST:
                    raise SecretError(
                        f"the token of {person.name} is shorter than {_SHORTEST} characters and could be guessed; "
                        f"next: golive token new --name {person.name}, and leave `token` out"
                    )
                known.append(_Known(hashed(token), _actor(person, None), None))
        strangers = []
        for entry in read_tokens(self._state_dir):
            actor = self._actor(entry)
            if actor is None:
                strangers.append(entry.name)
            else:
                known.append(_Known(entry.sha256, actor, entry.expires_at))
        if strangers:
            _LOG.warning(
                "%s has tokens of %s, whom `people` does not name: they are refused; next: add them there, "
                "or golive token revoke",
                self._state_dir / FILE,
                ", ".join(sorted(map(clean, strangers))),
            )
        self._known = tuple(known)
        self._marks = marks

    async def refresh(self) -> None:
        """Read the tokens again when a file changed. What cannot be read is logged once and the old ones stay."""
        await asyncio.to_thread(self._refresh)

    def identify(self, bearer: str) -> Actor | None:
        """The person whose token this is, or None. Takes the same time whichever token it is, or none."""
        return self.known(hashed(bearer[:_LONGEST]))

    def known(self, offered: str) -> Actor | None:
        """The person whose token has this hash, or None; as long as it is neither revoked nor expired."""
        found = None
        for known in self._known:
            if hmac.compare_digest(known.sha256, offered):
                found = known
        if found is None or (found.expires_at is not None and self._clock() >= found.expires_at):
            return None
        return found.actor

    def _actor(self, entry: TokenEntry) -> Actor | None:
        """Whom a token of tokens.json stands for. Where golive.yaml names people, it names all of them."""
        if not self._people:
            return Actor(name=entry.name, role=entry.role or "viewer")
        person = self._people.get(entry.name)
        return None if person is None else _actor(person, entry.role)

    def _refresh(self) -> None:
        try:
            if not self._marks or self._look() != self._marks:
                self.load()
            self._complaint = ""
        except (TokensError, SecretError) as error:
            if str(error) != self._complaint:
                self._complaint = str(error)
                _LOG.error("tokens are not read again, those known stay: %s", error)

    def _look(self) -> dict[Path, _Mark | None]:
        files = [self._base / p.token.file for p in self._people.values() if p.token is not None and p.token.file]
        return {path: _mark(path) for path in (self._state_dir / FILE, *files)}


def _mark(path: Path) -> _Mark | None:
    """What changes when a file is written or replaced."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _actor(person: Person, at_most: Role | None) -> Actor:
    role = person.role if at_most is None or _RANK[person.role] <= _RANK[at_most] else at_most
    return Actor(name=person.name, role=role, duties=person.duties)


class Attempts:
    """Counts wrong tokens a peer, so that a flood of them neither fills the journal nor goes on at full speed.

    A right token is always taken, whatever came before it: on loopback all people share one peer, and nobody
    may be locked out of a rollback by somebody else's guessing. 256 random bits need no lock.
    """

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def wrong(self, peer: str, now: float) -> float:
        """Note a wrong token; returns the seconds to wait before the next one, 0 within the allowed number.

        now: monotonic seconds.
        """
        times = self._wrong.setdefault(peer, deque(maxlen=ATTEMPTS))
        self._wrong.move_to_end(peer)
        while len(self._wrong) > _PEERS:
            self._wrong.popitem(last=False)
        if len(times) == ATTEMPTS and now - times[0] < _WINDOW:
            return _WINDOW - (now - times[0])
        times.append(now)
        return 0.0
