"""Series in shorthand: what promtool expands, expanded alike, and what is no point told at its column."""

from __future__ import annotations

import math
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.scenarios.notation import MOST_POINTS, Gap, NotationError, Point, expand
from tests.rig.programs import program

SILENT, STALE = Gap.SILENCE, Gap.STALE


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("4.2", (4.2,)),
        ("4.2x3", (4.2,) * 4),
        ("0+1x3", (0.0, 1.0, 2.0, 3.0)),
        ("-2+4x3", (-2.0, 2.0, 6.0, 10.0)),
        ("1-2x4", (1.0, -1.0, -3.0, -5.0, -7.0)),
        ("1x0", (1.0,)),
        ("1 _x3 stale", (1.0, SILENT, SILENT, SILENT, STALE)),
        ("_ 1e3 .5 5.", (SILENT, 1000.0, 0.5, 5.0)),
        ("nullx2 error empty", (Gap.NULL, Gap.NULL, Gap.ERROR, Gap.EMPTY)),
        ("", ()),
    ],
)
def test_points_are_written_shortly(text: str, points: tuple[Point, ...]) -> None:
    """A number and xN is one and N more, a word and xN is N."""
    assert expand(text) == points


@pytest.mark.parametrize(
    ("text", "column"), [("4.2y3", 1), ("1 2 x3", 5), ("1 1+2", 3), ("1 nul", 3), ("0x10 0x1x", 6), ("--1", 1)]
)
def test_what_is_no_point_is_told_at_its_column(text: str, column: int) -> None:
    """The reader is led to the very word."""
    with pytest.raises(NotationError) as caught:
        expand(text)
    assert caught.value.column == column


def test_a_bomb_of_points_is_refused() -> None:
    """A short text cannot fill the memory."""
    with pytest.raises(NotationError, match="more than 100,000 points"):
        expand("1x999999999")
    with pytest.raises(NotationError, match="more than 100,000 points"):
        expand(f"1x{MOST_POINTS - 1} 1")


@given(st.text(alphabet="0123456789.+-x_ estalnurIfNe", max_size=30))
def test_any_text_is_points_or_an_error_with_its_column(text: str) -> None:
    """No text gets past the notation, none breaks it."""
    wrong: NotationError | None = None
    points: tuple[Point, ...] = ()
    try:
        points = expand(text)
    except NotationError as error:
        wrong = error
    assert all(isinstance(point, float | Gap) for point in points)
    assert wrong is None or 1 <= wrong.column <= len(text) + 1


ORACLE = (
    "4.2x3 3.1x6 4.2x4",
    "0+1x9",
    "1-1x4",
    "-2+4x3 _ 7",
    "0.1+0.1x12",
    "1 _x3 5x2",
    "1e2-0.5x3 +4 -3x1",
    "_x2 .5 5. 1x0",
)


@pytest.mark.real
def test_promtool_expands_the_same_points(tmp_path: Path) -> None:
    """Whoever knows the notation from promtool reads it right here: every point of every series, to the last digit."""
    lines = ["rule_files: []", "evaluation_interval: 1m", "tests:"]
    for text in ORACLE:
        lines += ["  - interval: 1m", "    input_series:", f"      - {{series: s, values: '{text}'}}"]
        lines.append("    promql_expr_test:")
        for number, point in enumerate(expand(text)):
            found = f"[{{labels: '{{}}', value: {point!r}}}]" if isinstance(point, float) else "[]"
            expression = "sum(last_over_time(s[30s]))"
            lines.append(f"      - {{expr: '{expression}', eval_time: {number}m, exp_samples: {found}}}")
        beyond = len(expand(text))
        lines.append(f"      - {{expr: 'sum(last_over_time(s[30s]))', eval_time: {beyond}m, exp_samples: []}}")
    path = tmp_path / "points.yml"
    path.write_text("\n".join(lines) + "\n")
    run = subprocess.run([program("promtool"), "test", "rules", path], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_what_is_to_be_refused_can_be_written() -> None:
    """Not-a-number and infinity reach the inlet as they are."""
    nan, high, low = expand("NaN Inf -Inf")
    assert isinstance(nan, float)
    assert math.isnan(nan)
    assert (high, low) == (math.inf, -math.inf)
