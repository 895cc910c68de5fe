"""`golive doctor --bundle`: what a helper needs to see, and nothing that they may not."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cli.doctor import doctor
from monitor.doctor.bundle import LARGEST, pack
from tests.rig.canaries import leaks
from tests.rig.mosquitto import free_port

SECRET = "tr0ub4dor-and-three"  # noqa: S105 - of nobody
CONFIG = """
schema: 1
cutover: {{name: night one, environment: TEST}}
stages: [{{name: full}}]
include: [more.yaml]
collectors:
  - name: crm
    kind: http
    every: 5s
    max_age: 15s
    steps: [{{name: up, request: {{url: "http://127.0.0.1:{port}/?token=abcdef123456"}}}}]
    # call +44 20 7946 0958 when it is down; password: {secret}
gates: [{{name: a, signed_by: lead}}]
"""


def unpacked(path: Path) -> dict[str, str]:
    """Texts of a bundle by name."""
    with tarfile.open(path) as archive:
        return {
            member.name: file.read().decode()
            for member in archive.getmembers()
            if (file := archive.extractfile(member))
        }


def made(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, str], str, int]:
    """The bundle of a configuration, what was said, and the exit code."""
    config = tmp_path / "golive.yaml"
    config.write_text(text)
    path = tmp_path / "support.tar.gz"
    code = doctor(
        "state",
        config=config,
        state_dir=tmp_path / "state",
        bundle=path,
        url=f"http://127.0.0.1:{free_port()}",
    )
    return unpacked(path), capsys.readouterr().out, code


def test_the_bundle_holds_what_helps_and_no_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Doctor's report, machine, every configuration file; a daemon that is not there is said to be so; no secret, no number."""
    (tmp_path / "more.yaml").write_text(f"# password: {SECRET}\n# 'api-key': \"{SECRET}\"\n# key: {{file: here}}\n")
    found, said, _ = made(tmp_path, CONFIG.format(port=free_port(), secret=SECRET), capsys)
    names = {name.removeprefix("golive-support/") for name in found}
    assert {"machine.txt", "doctor.json", "doctor.txt", "configuration/golive.yaml", "configuration/more.yaml"} <= names
    assert "no answer: " in found["golive-support/daemon/snapshot.json"]
    assert "golive-monitor " in found["golive-support/machine.txt"]
    assert "look through it before you pass it on" in said
    whole = "\n".join(found.values())
    assert leaks(whole, "abcdef123456") == leaks(whole, SECRET) == []
    assert "key: {file: here}" in whole
    assert "7946" not in whole
    assert (tmp_path / "support.tar.gz").stat().st_mode & 0o777 == 0o600


def test_a_broken_configuration_can_be_passed_on_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The findings and the file that caused them are in it, and the exit code still says that something failed."""
    found, _, code = made(tmp_path, "schema: 1\ncutover: 7\n", capsys)
    assert code == 1
    assert "cutover" in found["golive-support/doctor.txt"]
    assert found["golive-support/configuration/golive.yaml"] == "schema: 1\ncutover: 7\n"


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of that name stays as it is, and the exit code is 1."""
    path = tmp_path / "support.tar.gz"
    path.write_text("mine")
    config = tmp_path / "golive.yaml"
    config.write_text("schema: 1\n")
    assert doctor(config=config, state_dir=tmp_path, bundle=path, url="http://127.0.0.1:1") == 1
    assert path.read_text() == "mine"
    assert "was not written: File exists; next: " in capsys.readouterr().err


@given(st.dictionaries(st.text(st.sampled_from("abc./"), min_size=1, max_size=8), st.text(max_size=200), max_size=4))
def test_whatever_the_texts_the_bundle_can_be_read(texts: dict[str, str]) -> None:
    """As many members as texts, each for its owner alone."""
    with tarfile.open(fileobj=io.BytesIO(pack(texts, 0.0))) as archive:
        members = archive.getmembers()
    assert len(members) == len(texts)
    assert all(member.mode == 0o600 for member in members)


def test_a_text_that_is_too_long_is_cut_and_says_so() -> None:
    """A megabyte of it is kept."""
    with tarfile.open(fileobj=io.BytesIO(pack({"a": "x" * (LARGEST + 5)}, 0.0))) as archive:
        file = archive.extractfile("golive-support/a")
        assert file is not None
        assert file.read().decode().endswith("\n[5 more characters left out]\n")
