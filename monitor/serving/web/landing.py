"""The page at `/`: what this port is and where to go from it."""

from __future__ import annotations

from html import escape

from monitor.serving.snapshot import Snapshot

_BOARD = ("/board", "the board, for walls, phones and screen readers")
_LINKS = (
    ("/-/ready", "readiness"),
    ("/-/healthy", "health"),
    ("/api/v1/snapshot", "the whole state as JSON"),
    ("/api/v1/events", "the timeline as JSON"),
    ("/api/openapi.json", "description of this interface"),
)
_STYLE = "body{font:16px/1.5 monospace;max-width:60em;margin:2em auto;padding:0 1em;background:#111;color:#ddd}a{color:#56b4e9}"


def landing_page(
    snapshot: Snapshot | None, reason: str | None, telemetry_path: str = "/metrics", *, board: bool = False
) -> str:
    """HTML without scripts; all text from outside is escaped. reason: why the daemon is not ready. board: whether there is one."""
    places = (*((_BOARD,) if board else ()), (telemetry_path, "metrics for Prometheus"), *_LINKS)
    if snapshot is None:
        state = f"not ready: {escape(reason or 'no tick yet')}"
        title = "golive"
    else:
        verdict = snapshot.verdict
        where = f"{snapshot.cutover.environment} {snapshot.cutover.name}"
        title = escape(f"golive {where}: {verdict.verdict}")
        stage = snapshot.cutover.stage_title or snapshot.cutover.stage
        state = escape(f"{where}, stage {stage}: {verdict.verdict}. {verdict.reason}")
    links = "\n".join(f'<li><a href="{path}">{path}</a> {what}</li>' for path, what in places)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head>\n<body><h1>golive</h1>\n<p>{state}</p>\n<ul>\n{links}\n</ul>\n"
        "<p>The screen that acts is in the terminal: <code>golive watch</code></p></body></html>\n"
    )
