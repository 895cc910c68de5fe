"""One login at one Asterisk: bytes to messages, questions with their answers told apart from events."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import Callable
from typing import Self

from collectors.ami.framing import Framing, Message, action
from monitor.intake.source import Misconfigured
from monitor.text import clean

_PIECE = 65536
MOST_ITEMS = 50_000
"""Items of one list beyond which the answer is not waited for any more."""


class AmiError(ConnectionError):
    """The session cannot go on: says why."""


class _Question:
    def __init__(self) -> None:
        self.items: list[Message] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def take(self, message: Message) -> None:
        """One message with this question's number."""
        if self.done.done():
            return
        if message.get("response", "").lower() == "error":
            self.done.set_exception(AmiError(f"the PBX refuses: {clean(message.get('message', 'without a word'))}"))
        elif message.get("eventlist", "").lower() == "complete" or message.get("event", "").lower().endswith(
            "complete"
        ):
            self.done.set_result(None)
        elif "event" in message:
            self.items.append(message)
            if len(self.items) > MOST_ITEMS:
                self.done.set_exception(AmiError(f"a list of more than {MOST_ITEMS} items"))
        elif message.get("eventlist", "").lower() != "start":
            self.items.append(message)
            self.done.set_result(None)


class Session:
    """Use as an asynchronous context: the connection ends with it."""

    def __init__(
        self,
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        *,
        patience: float,
        on_event: Callable[[Message], None],
        on_piece: Callable[[Framing, bytes], None],
    ) -> None:
        """patience: seconds to wait for a connection and for each answer. on_piece: called after each piece read."""
        self._host, self._port, self._tls = host, port, tls
        self._patience = patience
        self._on_event = on_event
        self._on_piece = on_piece
        self._framing = Framing()
        self._questions: dict[str, _Question] = {}
        self._numbers = 0
        self._reading: asyncio.Task[None]
        self._greeted = asyncio.Event()

    @property
    def release(self) -> str:
        """What greeted us, such as `Asterisk Call Manager/5.0.4`."""
        return clean(self._framing.greeting, 80)

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(self._patience):
                opened = asyncio.open_connection(self._host, self._port, ssl=self._tls)
                self._reader, self._writer = await opened
        except TimeoutError as error:
            raise AmiError(f"{self._host}:{self._port}: no connection within {self._patience:g} s") from error
        except OSError as error:
            raise AmiError(f"{self._host}:{self._port} cannot be reached: {error.strerror or error}") from error
        self._reading = asyncio.create_task(self._read(), name="ami")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._writer.transport.abort()

    async def login(self, username: str, secret: str) -> None:
        """Log in by challenge: the secret itself never crosses the line.

        Raises:
            Misconfigured: the PBX does not let us in.
            AmiError: it does not answer, or is no Asterisk.
        """
        try:
            async with asyncio.timeout(self._patience):
                await self._greeted.wait()
        except TimeoutError as error:
            raise AmiError(f"{self._host}:{self._port} does not greet as an Asterisk does") from error
        challenged = await self.ask("Challenge", AuthType="MD5")
        challenge = challenged[0].get("challenge", "") if challenged else ""
        key = hashlib.md5((challenge + secret).encode(), usedforsecurity=False).hexdigest()
        try:
            await self.ask("Login", AuthType="MD5", Username=username, Key=key, Events="agent,call,reporting")
        except AmiError as error:
            msg = f"login of {username}: {error}; next: manager.conf there, and username and secret here"
            raise Misconfigured(msg) from error

    async def ask(self, name: str, **fields: str) -> list[Message]:
        """Ask, and wait for the whole answer. AmiError when it does not come, or is a refusal."""
        self._numbers += 1
        number = f"golive-{self._numbers}"
        question = self._questions[number] = _Question()
        try:
            self._writer.write(action(name, number, **fields))
            async with asyncio.timeout(self._patience):
                await self._either(question.done)
        except TimeoutError as error:
            raise AmiError(f"no answer to {name} within {self._patience:g} s") from error
        finally:
            del self._questions[number]
        return question.items

    async def lost(self) -> None:
        """Wait for the end of the session and raise why."""
        try:
            await asyncio.shield(self._reading)
        except OSError as error:
            raise AmiError(f"the connection broke: {error.strerror or error}") from error
        raise AmiError("the PBX ended the session")

    async def _either(self, done: asyncio.Future[None]) -> None:
        """Wait for an answer, or for the end of the session."""
        await asyncio.wait({done, self._reading}, return_when=asyncio.FIRST_COMPLETED)
        if done.done():
            done.result()
            return
        await self.lost()

    async def _read(self) -> None:
        while piece := await self._reader.read(_PIECE):
            messages = self._framing.feed(piece)
            if self._framing.greeting:
                self._greeted.set()
            for message in messages:
                question = self._questions.get(message.get("actionid", ""))
                if question is not None:
                    question.take(message)
                elif "event" in message:
                    self._on_event(message)
            self._on_piece(self._framing, piece)
