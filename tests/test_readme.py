"""What the first page shows is what works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.cli.check import check
from monitor.cli.init import init

PAGE = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_example_of_the_first_page_is_a_valid_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A collector, a rule, a gate and a trigger of the README take their places beside those that `golive init` writes."""
    found = re.search(r"```yaml\n(collectors:.*?)```", PAGE, re.DOTALL)
    assert found is not None
    parts = dict(re.findall(r"^([a-z]+):\n(.*?)(?=^[a-z]+:|\Z)", found[1], re.DOTALL | re.MULTILINE))
    assert set(parts) == {"collectors", "rules", "gates", "triggers"}
    twin = parts["rules"].replace("loss_target", "mos_target").replace("Packet loss", "MOS")
    parts["rules"] += twin  # the trigger names a second rule, which the page leaves out
    parts["gates"] = re.sub(r"name: (loss|smoke)", r"name: page_\1", parts["gates"])
    monkeypatch.chdir(tmp_path)
    for name in ("ca.pem", "broker.secret"):
        Path(name).write_text("of the tests")
        Path(name).chmod(0o600)
    assert init() == 0
    text = Path("golive.yaml").read_text(encoding="utf-8")
    for name, added in parts.items():
        shown = added.replace("voice_rollback", "page_rollback")
        text, times = re.subn(rf"^{name}:\n", f"{name}:\n{shown}", text, flags=re.MULTILINE)
        text += "" if times else f"{name}:\n{shown}"
    Path("golive.yaml").write_text(text, encoding="utf-8")
    assert check() == 0, capsys.readouterr().out
