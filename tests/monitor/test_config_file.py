"""golive.yaml on the disk: includes, secrets, rights, digest."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config_file import LoadedConfig, read
from monitor.documents.including import MAX_FILES
from tests.monitor.config_base import BASE

TRIGGERS = BASE[BASE.index("triggers:") : BASE.index("notify:")]
ALONE = BASE.replace(TRIGGERS, "")
RULES = BASE[BASE.index("rules:") : BASE.index("triggers:")]
MISSING = "missing: {no_data: hold, null: insufficient, error: unknown, stale: unknown}"
EXTRA = f"""\
rules:
  - {{name: loss, metric: golive_media_packet_loss_ratio, estimator: mean, window: 5m, operator: ">", breach: 1%, {MISSING}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "golive.yaml").write_text(ALONE)
    return tmp_path


def lines(folder: Path, loaded: LoadedConfig) -> list[str]:
    return [str(finding).replace(f"{folder}/", "") for finding in loaded.findings]


def add(folder: Path, text: str) -> LoadedConfig:
    (folder / "golive.yaml").write_text(ALONE + text)
    return read(folder / "golive.yaml")


def test_a_correct_file_gives_a_configuration(folder: Path) -> None:
    """What is right is read whole, with its folder, its catalogue and its runbooks."""
    loaded = read(folder / "golive.yaml")
    assert lines(folder, loaded) == []
    assert loaded.value is not None
    assert [rule.name for rule in loaded.value.rules] == ["mos", "jitter"]
    assert loaded.folder == folder
    assert "my_ratio" in loaded.catalogue
    assert "golive_media_mos" in loaded.catalogue
    assert loaded.book is not None


def test_lists_of_included_files_are_joined(folder: Path) -> None:
    """An included file adds to the lists; an included file may include further ones."""
    (folder / "more").mkdir()
    (folder / "more" / "a.yaml").write_text("include: [b.yaml]\nsites: [{name: faro}]\n")
    (folder / "more" / "b.yaml").write_text(EXTRA)
    loaded = add(folder, "include: [more/a.yaml]\n")
    assert lines(folder, loaded) == []
    assert loaded.value is not None
    assert [rule.name for rule in loaded.value.rules] == ["mos", "jitter", "loss"]
    assert [site.name for site in loaded.value.sites] == ["porto", "faro"]


def test_a_finding_names_the_included_file_and_the_path_inside_it(folder: Path) -> None:
    """A mistake in an included rule points into that file, whatever its number in the joined list."""
    (folder / "a.yaml").write_text(
        EXTRA.replace("breach: 1%", "warn: 2%, breach: 1%").replace("window: 5m", "windw: 5m")
    )
    (folder / "b.yaml").write_text(EXTRA.replace("name: loss", "name: mos").replace("5m", "0s"))
    assert lines(folder, add(folder, "include: [a.yaml, b.yaml]\n")) == [
        "a.yaml:2:5: rules[0]: the key window is missing; write window: a duration such as 20s or 8m",
        "a.yaml:2:75: rules[0].windw: there is no key windw here; did you mean window?",
        "b.yaml:2:12: rules[0].name: the name 'mos' stands here again, first at golive.yaml:30; give each entry of rules a name of its own",
        "b.yaml:2:82: rules[0].window: a window of no length holds nothing; write one such as 5m",
    ]


def test_a_cycle_is_a_finding_at_the_include(folder: Path) -> None:
    """Files that include each other are told once, where the circle closes."""
    (folder / "a.yaml").write_text("include: [golive.yaml]\n")
    assert lines(folder, add(folder, "include: [a.yaml]\n")) == [
        "a.yaml:1:11: include[0]: includes itself, by way of the files between; remove one of the includes"
    ]


def test_a_circle_of_symbolic_links_is_a_finding(folder: Path) -> None:
    """Links that lead to each other, and names no file can have, are told like any missing file."""
    (folder / "a.yaml").symlink_to(folder / "b.yaml")
    (folder / "b.yaml").symlink_to(folder / "a.yaml")
    first, second = lines(folder, add(folder, f"include: [a.yaml, {'x' * 5000}]\n"))
    assert "include[0]: a.yaml does not exist" in first
    assert "cannot be read: File name too long" in second


def test_an_include_is_read_once(folder: Path) -> None:
    """The same file twice is told, since its rules would stand twice."""
    (folder / "a.yaml").write_text(EXTRA)
    (found,) = lines(folder, add(folder, "include: [a.yaml, ./a.yaml]\n"))
    assert "include[1]: is already included" in found


def test_a_missing_include_does_not_make_its_names_unknown(folder: Path) -> None:
    """What a file that cannot be read might have said is not held against the others."""
    loaded = add(folder.joinpath(), TRIGGERS.replace("mos and jitter", "mos and other") + "include: [nowhere.yaml]\n")
    found = lines(folder, loaded)
    assert [line for line in found if "runbook" not in line] == [
        "golive.yaml:63:11: include[0]: nowhere.yaml does not exist; a relative name starts at the folder of this file"
    ]


@pytest.mark.parametrize(
    ("include", "what"),
    [
        ("a.yaml", "include: is not a list; write include: [rules.yaml]"),
        ("[[a]]", "include[0]: is not a file name; write include: [rules.yaml]"),
        ("['']", "include[0]: is not a file name; write include: [rules.yaml]"),
        ("[golive:rulse]", "include[0]: golive ships no file 'rulse' to include; did you mean rules?"),
        ("[.]", "is not a file"),
    ],
)
def test_a_wrong_include_is_a_finding(folder: Path, include: str, what: str) -> None:
    """What cannot be included is told at the include."""
    (found,) = lines(folder, add(folder, f"include: {include}\n"))
    assert what in found


def test_a_section_stands_in_one_file(folder: Path) -> None:
    """Two files that set the same thing to different values are told; the same schema twice is fine."""
    (folder / "a.yaml").write_text("schema: 1\nweb: {listen: '127.0.0.1:1'}\n")
    assert lines(folder, add(folder, "include: [a.yaml]\n")) == [
        "a.yaml:2:1: web: is already set in golive.yaml on line 56; say it in one file; only lists are joined"
    ]


def test_a_broken_include_names_its_own_file(folder: Path) -> None:
    """Bytes, syntax and shape of an included file are told with its name."""
    for text, what in (("a: [", "a.yaml:"), ("- 1", "a.yaml:1:1: the file is not a mapping"), ("", "a.yaml: is empty")):
        (folder / "a.yaml").write_text(text)
        assert lines(folder, add(folder, "include: [a.yaml]\n"))[0].startswith(what)


def test_includes_are_bounded(folder: Path) -> None:
    """A hundred files are enough."""
    for number in range(MAX_FILES + 5):
        (folder / f"{number}.yaml").write_text("sites: []\n")
    names = ", ".join(f"{number}.yaml" for number in range(MAX_FILES + 5))
    loaded = add(folder, f"include: [{names}]\n")
    assert {finding.what for finding in loaded.findings} == {f"more than {MAX_FILES} files"}


def test_the_digest_covers_every_file(folder: Path) -> None:
    """A change of one byte in any file changes the digest; nothing else does."""
    (folder / "a.yaml").write_text(EXTRA)
    first = add(folder, "include: [a.yaml]\n").digest
    assert read(folder / "golive.yaml").digest == first
    (folder / "a.yaml").write_text(EXTRA + "# a remark\n")
    assert read(folder / "golive.yaml").digest != first


def test_the_shipped_rules_can_be_included(folder: Path) -> None:
    """golive:rules brings the shipped thresholds, and they are without mistakes."""
    loaded = add(folder, "include: [golive:rules]\n")
    assert lines(folder, loaded) == []
    assert loaded.value is not None
    assert {"media_mos", "queue_abandonment", "integration_up"} <= {rule.name for rule in loaded.value.rules}


def test_a_secret_that_cannot_be_read_is_a_finding(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing, empty, or open to others: each is told at its line, and no value is shown."""
    monkeypatch.delenv("GOLIVE_TEST_TOKEN", raising=False)
    (folder / "open").write_text("hunter2")
    (folder / "open").chmod(0o644)
    (folder / "good").write_text("hunter2\n")
    (folder / "good").chmod(0o600)
    (folder / "people.yaml").write_text(
        "people:\n"
        "  - {name: a, role: viewer, token: {file: nowhere}}\n"
        "  - {name: b, role: viewer, token: {file: open}}\n"
        "  - {name: c, role: viewer, token: {env: GOLIVE_TEST_TOKEN}}\n"
        "  - {name: d, role: viewer, token: {file: good}}\n"
    )
    found = lines(folder, add(folder, "include: [people.yaml]\n"))
    assert [line.split(": ")[0:2] for line in found] == [
        ["people.yaml:2:36", "people[0].token"],
        ["people.yaml:3:36", "people[1].token"],
        ["people.yaml:4:36", "people[2].token"],
    ]
    assert "chmod 600" in found[1]
    assert "hunter2" not in "".join(found)


def test_a_configuration_that_everybody_may_change_is_refused(folder: Path) -> None:
    """Who can write the configuration decides what golive does, so others may not."""
    (folder / "golive.yaml").chmod(0o666)
    (found,) = lines(folder, read(folder / "golive.yaml"))
    assert found.startswith("golive.yaml: everybody on this machine may change it; chmod o-w")


def test_a_metric_that_cannot_be_taken_is_a_finding(folder: Path) -> None:
    """A user's metric may not take a name of the catalogue."""
    more = "metrics:\n  - {name: golive_media_mos, kind: gauge, unit: score, help: Mine.}\n"
    (folder / "a.yaml").write_text(more)
    (found,) = lines(folder, add(folder, "include: [a.yaml]\n"))
    assert found.startswith(
        "a.yaml:2:12: metrics[0].name: metric 'golive_media_mos': the name is already in the catalogue;"
    )


def test_a_runbook_folder_that_is_named_must_be_there(folder: Path) -> None:
    """A folder that was written down and is missing is told; the default one may be missing."""
    (found,) = lines(folder, add(folder, "runbooks: plans\n"))
    assert found == "golive.yaml:57:11: runbooks: there is no folder 'plans'; make it, or leave the key out"


def test_no_file_is_a_finding(tmp_path: Path) -> None:
    """Nothing to read is told, with nothing else."""
    loaded = read(tmp_path / "golive.yaml")
    assert lines(tmp_path, loaded) == ["golive.yaml: does not exist; check the path"]


def test_tls_files_must_be_there_and_the_key_private(folder: Path) -> None:
    """A missing certificate and a private key that others may read are told at their lines."""
    for name, mode in (("client.pem", 0o644), ("client.key", 0o640)):
        (folder / name).write_text("x")
        (folder / name).chmod(mode)
    text = ALONE.replace(
        "broker: {host: 127.0.0.1}", "broker: {host: a, tls: {ca: no.pem, cert: client.pem, key: client.key}}"
    )
    (folder / "golive.yaml").write_text(text)
    first, second = lines(folder, read(folder / "golive.yaml"))
    assert "collectors[0].broker.tls.ca: no.pem: No such file or directory" in first
    assert "collectors[0].broker.tls.key: client.key: others may read this private key; chmod 600 client.key" in second
