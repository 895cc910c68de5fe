"""Does what was typed into the command bar."""

from __future__ import annotations

from typing import Protocol

from dashboards.terminal import acts, consents, questions
from dashboards.terminal.acts import Act
from dashboards.terminal.commands import Command
from dashboards.terminal.link import Link
from dashboards.terminal.questions import Question


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


def obey(console: Console, command: Command | str) -> None:
    """Do a command; a text says what was wrong with it."""
    if isinstance(command, str):
        console.say(command)
        return
    verb = command.verb
    if verb in ("arm", "lock"):
        _arm(console, arm=verb == "arm")
    elif verb == "help":
        console.action_help()
    elif verb == "quit":
        console.action_leave()
    elif verb == "run":
        console.ask(questions.request_run(command.text, command.parameters, console.link.view))
    elif verb == "break-glass":
        console.ask(consents.break_glass(command.text, command.parameters, console.link.view))
    elif verb == "point":
        console.ask(consents.point(command.text, command.parameters["state"], console.link.view))
    elif verb == "note":
        refusal = acts.refusal(console.link.view)
        if refusal:
            console.say(refusal)
        else:
            console.send(acts.note(command.text))
    else:
        _go(console, command)


def _go(console: Console, command: Command) -> None:
    console.action_go(command.verb)
    if command.text:
        console.narrow(command.text)


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
