"""The workforce planner's export: who is planned and who is ready, posted to golive's own port, as a cron job beside it would."""

from __future__ import annotations

import asyncio
from collections import deque
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout

SOURCE = "workforce"
"""Whose samples are posted; all others go through the broker."""
WAITING = 60
"""Posts that wait while golive does not answer; of more the oldest is left out, and golive counts the gap."""
AGAIN = 0.25
"""Seconds between two tries."""
WITHIN = 2.0


class Poster:
    """Posts in order, each until it is taken."""

    def __init__(self, port: int, token_file: Path) -> None:
        """port: golive's, on 127.0.0.1. token_file: the collector's token, which may be written later."""
        self._door = f"http://127.0.0.1:{port}/-/ready"
        self._url = f"http://127.0.0.1:{port}/api/v1/samples"
        self._token_file = token_file
        self._waiting: deque[bytes] = deque(maxlen=WAITING)
        self._news = asyncio.Event()
        self.posted = 0
        self.reached = False
        """Whether golive has ever answered: an export that begins before would begin with news of long ago."""

    def post(self, body: bytes) -> None:
        """Have native samples posted."""
        self._waiting.append(body)
        self._news.set()

    async def run(self) -> None:
        """Post until cancelled."""
        async with ClientSession(timeout=ClientTimeout(total=WITHIN)) as session:
            while not await self._answers(session):  # noqa: ASYNC110 - nobody tells when golive comes
                await asyncio.sleep(AGAIN)
            self.reached = True
            while True:
                await self._news.wait()
                self._news.clear()
                while self._waiting:
                    body = self._waiting[0]
                    if not await self._taken(session, body):
                        await asyncio.sleep(AGAIN)
                    elif self._waiting and self._waiting[0] is body:
                        self._waiting.popleft()

    async def _answers(self, session: ClientSession) -> bool:
        """Whether golive is there, whatever it says."""
        try:
            async with session.get(self._door):
                return True
        except (OSError, ClientError, TimeoutError):
            return False

    async def _taken(self, session: ClientSession, body: bytes) -> bool:
        """Whether golive has it, or never will: a post that it calls wrong is not sent again."""
        try:
            token = (await asyncio.to_thread(self._token_file.read_text, "utf-8")).strip()
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            async with session.post(self._url, data=body, headers=headers) as answer:
                self.posted += answer.status == 200  # noqa: PLR2004 - taken
                return answer.status in (200, 422)
        except (OSError, ClientError, TimeoutError):
            return False
