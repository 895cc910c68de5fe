"""Every key, once: bindings, the bottom line and the help are made from this table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from textual.binding import BindingType


class Key(NamedTuple):
    """A key of one place. `short` is the word in the bottom line; empty: in the help only."""

    key: str
    shown: str
    action: str
    short: str
    help: str


EVERYWHERE = (
    Key("1", "1", "go('board')", "Board", "the go/no-go board"),
    Key("2", "2", "go('calls')", "Calls", "call quality by trunk, site, device or codec"),
    Key("3", "3", "go('queues')", "Queues", "queues, old platform against new"),
    Key("4", "4", "go('integrations')", "Integr.", "integrations and collectors, the newest 40 results of each"),
    Key("5", "5", "go('alerts')", "Alerts", "what fires, who has it, what is muted"),
    Key("6", "6", "go('runbooks')", "Runbooks", "decisions, approvals, live runs"),
    Key("7", "7", "go('timeline')", "Timeline", "what happened, newest first"),
    Key("question_mark", "?", "help", "keys", "this list; ?? explains the number under the cursor"),
    Key(
        "colon",
        ":",
        "command",
        "command",
        "command bar: a screen's name and words to filter by, or an act; enter in an empty one lists the commands",
    ),
    Key("escape", "esc", "close", "", "up from details, out of the past; close the command bar, take the message away"),
    Key("minus", "-", "last", "", "out of the past; else back to the last place, and forth again"),
    Key("n", "n", "note", "", "open the dialog for a note to the timeline"),
    Key("comma", ",", "scrub(-1)", "", "ten seconds back: every screen shows that moment"),
    Key("full_stop", ".", "scrub(1)", "", "ten seconds forth, up to the newest moment of the record"),
    Key("left_curly_bracket", "{", "notable(-1)", "", "back to the last notable moment: verdict, stage, decision, run"),
    Key("right_curly_bracket", "}", "notable(1)", "", "forth to the next notable moment"),
    Key("tab", "tab", "app.focus_next", "", "next pane"),
    Key("shift+tab", "shift+tab", "app.focus_previous", "", "pane before"),
    Key("ctrl+p", "^p", "palette", "", "palette: find any key or command by its words"),
    Key("p", "p", "pause", "", "hold the display still, with a growing clock, or go on"),
    Key("z", "z", "zoom", "", "give the pane with the cursor all the room, or take it back"),
    Key("M", "M", "mouse", "", "leave the mouse to the terminal for selecting text, or take it again"),
    Key("b", "b", "browse", "", "copy and show the Grafana link for this, where web.grafana is configured"),
    Key("q,ctrl+c", "q", "leave", "leave", "leave this terminal; the daemon keeps running"),
)
FRAME = (
    Key("enter", "enter", "enter", "", "details of the row under the cursor, down to the raw message"),
    Key("y", "y", "copy", "", "copy what is shown, as text"),
    Key("x", "x", "export", "", "write what is shown to a file: CSV, JSON, SVG or text"),
)
"""Keys of the frame around every screen."""
LISTS = (
    Key("j,down", "j", "move(1)", "", "down"),
    Key("k,up", "k", "move(-1)", "", "up"),
    Key("g,home", "g", "end(-1)", "", "first"),
    Key("G,end", "G", "end(1)", "", "last"),
    Key("pagedown", "pgdn", "page(1)", "", "a page down"),
    Key("pageup", "pgup", "page(-1)", "", "a page up"),
)
TABLE = (
    Key("slash", "/", "filter", "filter", "filter the rows: word, !word, ~pattern, column:word, column:>value"),
    Key("s", "s", "sort", "sort", "choose the column to sort by; the same one again turns the order round"),
    Key("less_than_sign", "<", "beside(-1)", "", "sort by the column to the left"),
    Key("greater_than_sign", ">", "beside(1)", "", "sort by the column to the right"),
    Key("c", "c", "columns", "", "choose the columns"),
    Key("f", "f", "faults", "faults only", "show only rows that are not OK, or all again"),
    Key("w", "w", "wide", "", "show columns that are left out otherwise, or the usual ones"),
    Key("space", "space", "mark", "", "mark this row for copying and exporting, or take the mark away"),
    Key("y", "y", "copy", "", "copy the marked rows, or this one, to the clipboard"),
    Key("x", "x", "export", "export", "write what is shown to a file: CSV, JSON, SVG or text"),
)
CALLS = (
    Key("r", "r", "group", "by", "group by the next label: trunk, site, device, codec, as far as calls have it"),
    Key("d", "d", "split", "direction", "show each direction for itself, or both together"),
)
SIDES = (
    Key("o", "o", "sides", "old/new", "show both platforms, the old one, the new one, or the difference in a word"),
)
WINDOW = (Key("t", "t", "window", "window", "how far back: 5m, 15m, 1h, 4h, since T0; as far as the daemon remembers"),)
BOARD = (
    Key("f", "f", "faults", "faults only", "show only gates that are not OK, or all again"),
    Key("S", "S", "sign", "sign gate", "open the dialog that signs the gate under the cursor"),
    Key("V", "V", "advance", "advance", "open the dialog that agrees to go on to the next stage"),
    Key("L", "L", "hold", "hold", "open the dialog that holds this stage"),
    Key("K", "K", "back", "back", "open the dialog that goes back to the stage before"),
)
ALERTS = (
    Key("a", "a", "acknowledge", "ack", "open the dialog that acknowledges this alert, or lets go of it"),
    Key("m", "m", "mute", "mute", "open the dialog that mutes it with an end and a reason, or ends the mute"),
    Key("n", "n", "note", "note", "open the dialog for a note about this alert"),
    Key("r", "r", "runbook", "runbook", "go to the runbook that a trigger on it asks for"),
    Key("f", "f", "faults", "open only", "show only what nobody has and nobody muted, or all again"),
    Key("G", "G", "group", "group", "one row a rule, or one an alert again; end goes to the last"),
)
RUNBOOKS = (
    Key("A", "A", "approve", "approve", "open the dialog that signs this decision"),
    Key("J", "J", "reject", "reject", "open the dialog that refuses this decision"),
    Key("P", "P", "pause", "pause", "open the dialog that pauses this run, or lets it go on"),
    Key("B", "B", "abort", "abort", "open the dialog that aborts this run"),
    Key("T", "T", "attest", "attest", "open the dialog that vouches for an unknown pre-flight condition"),
    Key("H", "H", "takeover", "by hand", "open the dialog that takes this run over by hand"),
    Key("U", "U", "undo", "take back", "open the dialog that takes the last done or failed step back"),
    Key("E", "E", "rearm", "arm again", "open the dialog that arms the triggers of an ended decision again"),
    Key("R", "R", "retry", "retry", "open the dialog that tries the failed or parked step again"),
    Key("K", "K", "skip", "skip", "open the dialog that leaves the failed or parked step out"),
    Key("Y", "Y", "resolve('done')", "took effect", "open the dialog that says: the waiting step took effect"),
    Key("N", "N", "resolve('not_done')", "did not", "open the dialog that says: the waiting step did not take effect"),
)
CHOICE = (
    Key("escape,q", "esc", "cancel", "cancel", "close without choosing"),
    Key("enter", "enter", "choose", "choose", "take what the cursor stands on"),
    Key("space", "space", "switch", "on or off", "switch what the cursor stands on"),
)
TIMELINE = (
    Key("V", "V", "verify", "verify chain", "open the check of the journal: the daemon proves every line of its chain"),
    Key("H", "H", "handover", "hand-over", "open the hand-over: how things stand, who has what, what to watch"),
)
TEXT = (
    Key("escape,q,enter", "esc", "close_reading", "close", "close the text"),
    Key("y", "y", "copy", "copy", "copy all of it to the clipboard"),
)
DIALOG = (
    Key("escape", "esc", "cancel", "cancel", "close without doing anything"),
    Key("pagedown", "pgdn", "scroll(1)", "", "further facts"),
    Key("pageup", "pgup", "scroll(-1)", "", "facts above"),
)


READING = (
    Key("escape,q,question_mark", "esc", "shut", "close", "close; ? in the list of keys goes on to the explanation"),
)
"""Keys of texts that one only reads."""


def bindings(keys: tuple[Key, ...]) -> list[BindingType]:
    """The table as Textual bindings, each with the id by which `keys.yaml` may give it another key."""
    from textual.binding import Binding  # whoever lists keys without a screen need not load it

    return [Binding(key.key, key.action, key.help, key_display=key.shown, show=False, id=identity(key)) for key in keys]


def tables() -> dict[str, tuple[Key, ...]]:
    """Every table of keys by its name in small letters."""
    return {
        name.lower(): value
        for name, value in globals().items()
        if name.isupper() and isinstance(value, tuple) and value and all(isinstance(key, Key) for key in value)
    }


def screens() -> tuple[str, ...]:
    """Names of all screens, in the order of their keys."""
    return tuple(key.action[4:-2] for key in EVERYWHERE if key.action.startswith("go('"))


def identity(key: Key) -> str | None:
    """`place.key`, such as `board.f`; None for a key of no table."""
    return next((f"{name}.{key.shown}" for name, table in tables().items() if key in table), None)
