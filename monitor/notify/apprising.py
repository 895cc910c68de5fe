"""Messages to any service that the apprise library knows, each attempt in a thread of its own with a limit on its time."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections import Counter
from pathlib import Path
from typing import Any, Self

from monitor.notify.channels import Apprise
from monitor.notify.message import Message
from monitor.notify.outcome import Outcome, failed
from monitor.secrets import SecretError

_LOG = logging.getLogger(__name__)
_MISSING = "apprise is not installed; next: pip install 'golive-monitor[notify]'"
MOST_HANGING = 3
"""Attempts on one channel that may hang at the same time; no further one is begun before one of them ends."""
_STATUS = re.compile(r"\berror\s*=\s*(\d{3})\b")
_PASSING = frozenset({408, 409, 425, 429})
_SPECIAL = str.maketrans({"<": "\u2039", ">": "\u203a", "[": "(", "]": ")", "`": "'", "@": "(at) "})
_hanging: Counter[str] = Counter()


async def deliver(channel: Apprise, message: Message, base: Path, _now: float) -> Outcome:
    """Send a message once. The address, which carries keys, is in no answer and no log line of this."""
    try:
        secret = await asyncio.to_thread(channel.url.read, base)
    except SecretError as error:
        return failed(error)
    if _hanging[channel.name] >= MOST_HANGING:
        words = f"{MOST_HANGING} earlier attempts still hang"
        return Outcome(delivered=False, again=True, wait=0.0, detail=words, reached="no")
    addresses = secret.reveal().split()
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Outcome] = loop.create_future()

    def finish(outcome: Outcome) -> None:
        _hanging[channel.name] -= 1
        if not done.done():
            done.set_result(outcome)

    def work() -> None:
        outcome = _attempt(addresses, message, channel.timeout)
        if not loop.is_closed():
            loop.call_soon_threadsafe(finish, outcome)

    _hanging[channel.name] += 1
    threading.Thread(target=work, name=f"apprise {channel.name}", daemon=True).start()
    try:
        async with asyncio.timeout(channel.timeout):
            return await done
    except TimeoutError:
        words = f"no answer within {channel.timeout:g} s"
        return Outcome(delivered=False, again=True, wait=0.0, detail=words, reached="unknown")


def warm() -> None:
    """Load the library, so that the first page need not wait for it. Blocks for about a second."""
    try:
        import apprise

        with _Ear():
            apprise.Apprise.instantiate("json://localhost")
    except ImportError:
        _LOG.warning(_MISSING)


def _attempt(addresses: list[str], message: Message, limit: float) -> Outcome:
    """In a thread: every address once; delivered when one of them took it."""
    try:
        import apprise
    except ImportError:
        return Outcome(delivered=False, again=False, wait=0.0, detail=_MISSING, reached="no")
    took, said = 0, []
    for address in addresses:
        box = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False, app_id="golive", app_desc="golive"))
        with _Ear() as ear:
            try:
                known = bool(box.add(address))
                for service in box if known else ():
                    tailor(service, message, limit)
                # One by one, in this thread: the library's own notify would use further threads of its own.
                sent = known and all(
                    service.notify(
                        body=words_of(message),
                        title=neutral(message.summary),
                        notify_type=_kind(message),
                        body_format=apprise.NotifyFormat.TEXT,
                    )
                    for service in box
                )
            except Exception as error:  # noqa: BLE001 - a plugin's fault is this attempt's, and its words may hold keys
                sent, known = False, True
                ear.said.append(type(error).__name__)
        took += bool(sent)
        if not sent:
            said.append(_verdict(ear.said) if known else ("this is no address that apprise knows", False))
    if took:
        return Outcome(True, False, 0.0, f"taken by {took} of {len(addresses)} services")  # noqa: FBT003 - an Outcome's fields
    words = "; ".join(dict.fromkeys(what for what, _ in said)) or "there is no address"
    return Outcome(delivered=False, again=any(again for _, again in said), wait=0.0, detail=words)


def _verdict(said: list[str]) -> tuple[str, bool]:
    """What went wrong, from what the library logged, and whether another attempt can help."""
    found = next((match for text in said if (match := _STATUS.search(text))), None)
    if found is None:
        return "the service could not be reached, or did not take it", True
    status = int(found[1])
    passing = status in _PASSING or status >= 500  # noqa: PLR2004 - server errors, RFC 9110 15.6
    if passing:
        return f"the service answered {status}", True
    return f"the service refuses it: {status}; next: check the address of this channel", False


def tailor(service: Any, message: Message, limit: float) -> None:  # noqa: ANN401 - a plugin is whatever the library made
    """Give a service what it can take beside the text: key, class, component; and the time it has."""
    service.socket_connect_timeout = service.socket_read_timeout = max(limit / 2, 0.1)
    place = ", ".join(message.labels.values())
    fields = {"dedup": message.dedupe_key, "alias": message.dedupe_key, "class_id": message.alert, "component": place}
    for name, value in {**fields, "group": message.cutover}.items():
        if hasattr(service, name) and value:
            setattr(service, name, value)
    if hasattr(service, "dedup"):
        service.action = "resolve" if message.status == "resolved" else "trigger"


def words_of(message: Message) -> str:
    """Body, then the configured links, each on a line."""
    links = [f"{name}: {url}" for name, url in message.links.items()]
    return "\n".join([neutral(message.body or message.summary), *links])


def neutral(text: str) -> str:
    """Text that stays letters in HTML, Markdown and chat: no tags, no links, no mentions."""
    return text.translate(_SPECIAL).replace("://", ":\u2215\u2215")


def _kind(message: Message) -> Any:  # noqa: ANN401 - the library's own enumeration
    import apprise

    if message.status == "resolved":
        return apprise.NotifyType.SUCCESS
    words = {"critical": apprise.NotifyType.FAILURE, "warning": apprise.NotifyType.WARNING}
    return words.get(message.severity, apprise.NotifyType.INFO)


class _Ear(logging.Handler):
    """Hears what the library logs in this thread, and keeps it from every other log: it may hold keys."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []
        self._thread = threading.get_ident()
        self._logger = logging.getLogger("apprise")

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line of this thread."""
        if record.thread == self._thread:
            self.said.append(record.getMessage())

    def __enter__(self) -> Self:
        self._logger.propagate = False
        self._logger.setLevel(logging.WARNING)  # below that it writes addresses with their keys
        self._logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)
