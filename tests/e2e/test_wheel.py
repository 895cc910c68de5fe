"""What is built is what is needed: the wheel alone, in an environment of its own, tells the whole story."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def golive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `golive` command of a fresh environment with the wheel in it; its dependencies are borrowed, its code is not."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (wheel,) = folder.glob("*.whl")
    fresh = folder / "fresh"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", fresh], check=True, timeout=60)
    python = fresh / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(pip, check=True, timeout=60)
    (site,) = (fresh / "lib").glob("python*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return fresh / "bin" / "golive"


def test_catalogue_styles_rules_and_runbooks_travel_with_the_wheel(golive: Path, tmp_path: Path) -> None:
    """`init` and `check` find the shipped files, dashboards and alerts are there, and every module comes from the wheel."""
    where = subprocess.run(
        [golive.parent / "python", "-c", "import monitor, dashboards; print(monitor.__file__, dashboards.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert str(ROOT / "monitor") not in where.stdout
    subprocess.run([golive, "init"], cwd=tmp_path, check=True, capture_output=True, timeout=30)
    checked = subprocess.run([golive, "check"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    styles = golive.parent.parent.glob("lib/python*/site-packages/dashboards/terminal/*.tcss")
    assert list(styles)
    packaged = next(iter(golive.parent.parent.glob("lib/python*/site-packages/dashboards")))
    assert len(list(packaged.glob("grafana/*.json"))) == 6
    assert {path.name for path in packaged.glob("web/board.*")} >= {"board.css", "board.js", "board.py"}
    listed = subprocess.run([golive, "schema"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=30)
    published = {path.stem for path in packaged.parent.glob("monitor/serving/schema/*.json")}
    assert published == {line.split()[0] for line in listed.stdout.splitlines()}
    assert len(list(packaged.glob("grafana/provisioning/*/*.yaml"))) == 3
    assert {"alerts.yml", "alertmanager.yml", "prometheus.yml"} <= {path.name for path in packaged.glob("prometheus/*")}


def test_the_wheel_alone_runs_the_rollback_story(golive: Path, tmp_path: Path) -> None:
    """From GO to ROLLED_BACK and the legacy stage's GO, outside the repository, within a minute of wall time."""
    run = subprocess.run(
        [golive, "demo", "--scenario", "rollback", "--headless", "--json", "--seed", "7", "--dir", tmp_path / "demo"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert run.returncode == 0, run.stderr
    assert lines[-1]["event"] == "end"
    assert "ROLLED_BACK" in lines[-1]["what"]
    assert lines[-1]["at"] - lines[0]["at"] < 60
