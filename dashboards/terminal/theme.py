"""Palettes: which colour each role has. Okabe and Ito's eight colours, told apart by every kind of eye."""

from __future__ import annotations

from textual.theme import Theme

_COLOUR_BLIND = {
    "go-good": "#2fbf93",
    "go-warn": "#e69f00",
    "go-bad": "#ff7a2f",
    "go-blind": "#56b4e9",
    "go-stale": "#8a93a0",
    "go-ask": "#f0e442",
    "go-run": "#56b4e9",
    "go-key": "#cc79a7",
    "go-dim": "#9aa3b0",
    "go-text": "#e6e9ee",
    "go-ground": "#10141a",
    "go-raised": "#1d2530",
    "go-edge": "#3a4655",
    "ansi-background": "#10141a",
}
"""Bluish green and vermillion are lighter than in print, for contrast of 7:1 on the dark ground."""

_MONO = dict.fromkeys(_COLOUR_BLIND, "ansi_default")

COLOUR_BLIND = "golive"
MONO = "golive-mono"
THEMES = (
    Theme(
        name=COLOUR_BLIND,
        primary="#56b4e9",
        foreground=_COLOUR_BLIND["go-text"],
        background=_COLOUR_BLIND["go-ground"],
        surface=_COLOUR_BLIND["go-ground"],
        panel=_COLOUR_BLIND["go-raised"],
        variables=_COLOUR_BLIND,
    ),
    Theme(
        name=MONO,
        primary="ansi_default",
        foreground="ansi_default",
        background="ansi_default",
        surface="ansi_default",
        panel="ansi_default",
        ansi=True,
        variables=_MONO,
    ),
)
DEFAULTS = _COLOUR_BLIND
"""Stands in for variables of a theme that is not ours, so that the stylesheet always parses."""
ROLES = (
    "ok", "warn", "breach", "unknown", "stale", "hold", "run", "fail", "dim", "strong", "head", "key", "spark",
    "past", "environment", "locked", "armed", "attention", "alarm", "notice", "cursor", "sorted",
)  # fmt: skip
"""Every role a span may have; each is styled in terminal.tcss."""
