"""An SMTP server of this machine that takes mails and keeps them as they came (RFC 5321, the commands a sender needs)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Mailbox:
    """What was sent: envelopes and raw mails."""

    def __init__(self) -> None:
        self.port = 0
        self.mails: list[bytes] = []
        self.recipients: list[str] = []
        self.refuse = False

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One session."""

        async def say(words: str) -> None:
            writer.write(words.encode() + b"\r\n")
            await writer.drain()

        try:
            await say("220 mailbox")
            while line := await reader.readline():
                command = line.strip().upper()
                if command == b"DATA":
                    await say("354 go on")
                    mail = await reader.readuntil(b"\r\n.\r\n")
                    self.mails.append(mail[: -len(b".\r\n")])
                elif command.startswith(b"RCPT"):
                    if self.refuse:
                        await say("550 no such mailbox")
                        continue
                    self.recipients.append(line.decode().strip())
                elif command == b"QUIT":
                    await say("221 bye")
                    return
                await say("250 ok")
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def mailbox() -> AsyncIterator[Mailbox]:
    """A mail server on a free port."""
    box = Mailbox()
    server = await asyncio.start_server(box.talk, "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    async with server:
        yield box
