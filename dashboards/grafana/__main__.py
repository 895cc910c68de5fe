"""`make dashboards`: write the JSON beside this module. Needs the SDK of the development set; the daemon never loads it."""

from __future__ import annotations

from pathlib import Path

from dashboards.grafana.shelf import BOARDS

FOLDER = Path(__file__).parent

if __name__ == "__main__":
    for board in BOARDS:
        (FOLDER / f"{board.uid}.json").write_text(board.text_of_json(), encoding="utf-8")
