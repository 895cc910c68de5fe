"""Does what was typed into the command bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from dashboards.terminal import acts, consents, questions, stage_acts
from dashboards.terminal.acts import Act
from dashboards.terminal.commands import Command
from dashboards.terminal.link import Link
from dashboards.terminal.questions import Question
from dashboards.terminal.view import View
from monitor.instants import moment


class Console(Protocol):
    """What an order may do with the terminal."""

    @property
    def link(self) -> Link:
        """The line to the daemon."""
        ...

    def say(self, text: str) -> None:
        """Show a message."""
        ...

    def draw(self) -> None:
        """Draw this moment."""
        ...

    def ask(self, question: Question | str) -> None:
        """Open a dialog, or say why there is none."""
        ...

    def send(self, act: Act | None) -> None:
        """Send an act."""
        ...

    def jump(self, at: float) -> None:
        """To a moment of the past, unix seconds."""
        ...

    def to_now(self) -> None:
        """Back to now."""
        ...

    def action_go(self, name: str) -> None:
        """Another screen."""
        ...

    def narrow(self, text: str) -> None:
        """Filter that screen."""
        ...

    def action_help(self) -> None:
        """The keys."""
        ...

    def action_leave(self) -> None:
        """Leave."""
        ...


_QUESTIONS: dict[str, Callable[[Command, View], Question | str]] = {
    "run": lambda command, view: questions.request_run(command.text, command.parameters, view),
    "break-glass": lambda command, view: consents.break_glass(command.text, command.parameters, view),
    "point": lambda command, view: consents.point(command.text, command.parameters["state"], view),
    "advance": lambda command, view: stage_acts.advance(view, command.text),
    "hold": lambda _, view: stage_acts.hold(view),
    "back": lambda command, view: stage_acts.back(view, command.text),
}
"""Commands that open a dialog."""
ACTING = frozenset({"arm", "run", "break-glass", "point", "note", "advance", "hold", "back"})
"""What is not done while a moment of the past is shown."""


def obey(console: Console, command: Command | str) -> None:
    """Do a command; a text says what was wrong with it."""
    if isinstance(command, str):
        console.say(command)
        return
    verb = command.verb
    if _timely(console, command):
        return
    if verb in ("arm", "lock"):
        _arm(console, arm=verb == "arm")
    elif verb == "help":
        console.action_help()
    elif verb == "quit":
        console.action_leave()
    elif verb in _QUESTIONS:
        console.ask(_QUESTIONS[verb](command, console.link.view))
    elif verb == "note":
        _note(console, command.text)
    else:
        _go(console, command)


def _go(console: Console, command: Command) -> None:
    console.action_go(command.verb)
    if command.text:
        console.narrow(command.text)


def _timely(console: Console, command: Command) -> bool:
    """Go to another time, or refuse what is not done in the past; whether that is all there was to do."""
    if command.verb == "past":
        _jump(console, command.text)
    elif command.verb == "now":
        console.to_now()
    elif command.verb in ACTING and console.link.view.past:
        console.say(acts.IN_THE_PAST)
    else:
        return False
    return True


def _note(console: Console, text: str) -> None:
    refusal = acts.refusal(console.link.view)
    if refusal:
        console.say(refusal)
    else:
        console.send(acts.note(text))


def _jump(console: Console, text: str) -> None:
    view = console.link.live
    now = view.now if view.snapshot is not None else console.link.view.now
    try:
        at = moment(text.removeprefix("-"), now)
    except ValueError as error:
        console.say(str(error))
        return
    if at > now:
        console.say(f"{text} is not past yet")
    else:
        console.jump(at)


def _arm(console: Console, *, arm: bool) -> None:
    if not arm:
        console.link.lock()
        console.say("locked")
    elif console.link.view.person is None:
        console.say("nobody is signed in: start with --token-file FILE, or set GOLIVE_TOKEN")
    else:
        console.link.arm()
        console.say("armed: keys may act, each asks first; locks itself after 15 minutes without a key")
    console.draw()
