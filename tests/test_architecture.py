"""The shape of the project itself: sizes, layers, what may be loaded, what a test must say."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("monitor", "collectors", "dashboards", "runbooks")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
LONGEST_FILE, LONGEST_CLASS, LONGEST_APP = 400, 200, 150


def classes(path: Path) -> Iterator[ast.ClassDef]:
    """Classes of a file."""
    return (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef))


def test_no_module_outgrows_its_job() -> None:
    """At most 400 lines a module, 200 a class, 150 the terminal's App and each part of it; half of the modules under 120."""
    lengths = {path: len(path.read_text().splitlines()) for path in SOURCES if path.stat().st_size}
    assert [f"{p.relative_to(ROOT)}: {n}" for p, n in lengths.items() if n > LONGEST_FILE] == []
    assert sorted(lengths.values())[len(lengths) // 2] <= 120
    found = [(path, node) for path in SOURCES for node in classes(path)]
    apps = {"App"}
    while more := {node.name for _, node in found if bases(node) & apps} - apps:
        apps |= more
    assert "Terminal" in apps
    long = []
    for path, node in found:
        limit = LONGEST_APP if node.name in apps else LONGEST_CLASS
        if (node.end_lineno or 0) - node.lineno + 1 > limit:
            long.append(f"{path.relative_to(ROOT)}: {node.name}")
    assert long == []


def bases(node: ast.ClassDef) -> set[str]:
    """Names of what a class derives from."""
    return {getattr(base, "id", getattr(getattr(base, "value", None), "id", "")) for base in node.bases}


def test_nothing_lies_about_in_the_repository() -> None:
    """What the project's own folder holds is known by name: no file that a screen exported or a program left behind."""
    known = {
        "monitor",
        "collectors",
        "dashboards",
        "runbooks",
        "tests",
        "docs",
        ".ci",
        ".gitignore",
        "LICENSE",
        "Makefile",
    }
    known |= {"pyproject.toml", "requirements.lock", "requirements-dev.lock"}
    known |= {f"{name}.md" for name in ("README", "ARCHITECTURE", "CONTRIBUTING", "SECURITY", "CHANGELOG")}
    command = ["git", "-c", "safe.directory=*", "ls-files"]
    kept = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {path.split("/")[0] for path in kept.splitlines()} - known == set()


def test_every_package_file_is_empty() -> None:
    """Importing a package imports nothing else."""
    assert [str(path) for path in SOURCES if path.name == "__init__.py" and path.stat().st_size] == []


def test_every_module_of_the_core_has_its_place_in_the_layers() -> None:
    """A new room in monitor/ is named in the contract, or the contract would not guard it."""
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    named = {name.strip("() ") for layer in contract["layers"] for name in layer.split("|")}
    rooms = {
        f"monitor.{path.stem}"
        for path in (ROOT / "monitor").iterdir()
        if path.name not in {"__init__.py", "__pycache__"} and (path.is_dir() or path.suffix == ".py")
    }
    missing = {room for room in rooms if not any(n == room or n.startswith(room + ".") for n in named)}
    assert missing == set()


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_test_says_in_a_sentence_what_it_promises(path: Path) -> None:
    """A failing test tells its reader what is broken for a user."""
    silent = [
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def loaded_by(code: str) -> set[str]:
    """Top-level modules that a piece of code loads, in a process of its own."""
    script = f"{code}\nimport sys; print(' '.join(sorted({{m.split('.')[0] for m in sys.modules}})))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=50)
    return set(run.stdout.split())


def test_the_daemon_never_loads_the_terminal() -> None:
    """A screen's libraries have no place in the process that must outlive every screen."""
    assert "textual" not in loaded_by("import monitor.daemon.daemon, monitor.cli.run")


def test_help_starts_without_the_heavy_libraries() -> None:
    """`golive --help` loads neither the daemon nor the terminal."""
    loaded = loaded_by(
        "from monitor.cli.main import build\ntry:\n    build('')(['--help'])\nexcept SystemExit:\n    pass"
    )
    assert loaded.isdisjoint({"textual", "numpy", "aiohttp", "sqlalchemy", "gmqtt"})


def test_nothing_is_left_open_and_no_machine_is_named() -> None:
    """No note to a later self, no package index, no path of one machine."""
    words = ("TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error", "--index" + "-url", "pypi" + ".org", "/wo" + "rk/")
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found = []
    for name in tracked.stdout.splitlines():
        path = ROOT / name
        if path.suffix in {".py", ".toml", ".yaml", ".md", ".sh", ".txt", ".lock", ""} and path.is_file():
            text = path.read_text(errors="replace")
            found += [f"{name}: {word}" for word in words if word in text]
    assert found == []
