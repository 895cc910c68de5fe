"""The book: the shipped catalogue, the user's folder, and every mistake with its line."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from monitor.judging.expressions import parse
from runbooks.book import Book, shipped
from runbooks.effect import Retry
from runbooks.model import Parameter, Runbook
from runbooks.step import Step

GOOD = """\
name: mine
title: Mine
parameters:
  queue: {pattern: "[a-z]+", default: all}
endpoints: {routing: "http://127.0.0.1:8931"}
allow_hosts: ["127.0.0.1:8931"]
steps:
  - name: move
    action: http
    effect: keyed
    request: {method: PUT, url: "{routing}/routes/{queue}", json: {to: legacy, share: 0, all: true}}
    expect: {status: 200, json: {to: legacy}}
verify: [legacy_share >= 95%]
"""
SHIPPED = sorted(path.stem for path in shipped().glob("*.yaml"))


def loaded(folder: Path, text: str, name: str = "mine.yaml") -> Book:
    (folder / name).write_text(text)
    return Book.load(folder)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_runbook_decodes_and_has_its_page_for_the_human(name: str) -> None:
    """Each runbook of the catalogue has no finding, shows what it sends, names real expressions and has an .md."""
    book = Book.load(None)
    assert book.findings == ()
    runbook = book.get(name)
    assert runbook is not None
    page = (shipped() / f"{name}.md").read_text()
    for step in runbook.steps:
        assert f"| {step.name} |" in page, "the page says what happens where it stops"
    samples = {"number": "+448001234567"}
    defaults = {key: parameter.default or samples.get(key, "x") for key, parameter in runbook.parameters.items()}
    for row in runbook.rows("d1", runbook.filled(defaults)):
        assert row.request
        assert "cannot be filled" not in row.request
    for text in (*runbook.preflight, *runbook.verify):
        assert parse(text).text == text
    assert "Use it when" in page
    assert "It worked when" in page


def test_the_catalogue_is_not_empty() -> None:
    """At least the two runbooks a voice cutover needs are shipped."""
    assert {"voice-back-to-legacy", "pause-the-wave"} <= set(SHIPPED)


def test_a_users_runbook_is_read_with_its_types_and_its_reach(tmp_path: Path) -> None:
    """Text stays text, numbers stay numbers, and a reviewer sees everywhere it may reach."""
    book = loaded(tmp_path, GOOD)
    assert book.findings == ()
    plan = book.plan("mine")
    assert plan is not None
    (row,) = plan.steps("d1", plan.filled({}))
    assert row.request == (
        'PUT http://127.0.0.1:8931/routes/all {"to":"legacy","share":0,"all":true} (Idempotency-Key: d1/move)'
    )
    assert book.touches("mine").hosts == ("127.0.0.1:8931",)
    assert book.names_used("mine") == (frozenset(), frozenset({"legacy_share"}))


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ("effect: keyed", "effect: harmless", "10", "harmless"),
        ("    effect: keyed\n", "", "8", "effect"),
        ("effect: keyed", "effect: checked", "8", "probe"),
        ("name: mine", "name: other", "1", "called mine"),
        ("{routing}/routes/{queue}", "{routing}/routes/{nobody}", "8", "{nobody}"),
        ("{routing}/routes/{queue}", "http://{queue}/x", "8", "a parameter stands in the host"),
        ("{routing}/routes/{queue}", "http://elsewhere/x", "8", "allow_hosts"),
        ("{routing}/routes/{queue}", "file:///etc/passwd", "8", "only http and https"),
        ("{to: legacy, share", "{to: '{nobody}', share", "8", "{nobody}"),
        ("default: all", 'default: "--all"', "4", "dash"),
        ('"[a-z]+", default', '"[a-z", default', "4", "regular expression"),
        ("verify: [legacy_share >= 95%]", "verify: [legacy_share >>= 1]", "13", "column"),
        ("verify: [legacy_share >= 95%]", "verify: []", "13", "nothing verifies it"),
        ("  - name: move", "  - name: move\n    needs: [later]", "9", "not an earlier step"),
        ('allow_hosts: ["127.0.0.1:8931"]', 'allow_hosts: ["http://x"]', "6", "not a host"),
        ("parameters:\n  queue:", "parameters:\n  step:", "4", "cannot be a parameter"),
        ("action: http", "action: shell", "9", "shell"),
    ],
)
def test_each_mistake_is_found_with_its_line(tmp_path: Path, old: str, new: str, where: str, what: str) -> None:
    """A runbook with a mistake cannot be run, and the finding says where and what."""
    assert old in GOOD
    book = loaded(tmp_path, GOOD.replace(old, new))
    assert book.plan("mine") is None
    shown = [str(finding) for finding in book.findings]
    assert any(what in line and f"mine.yaml:{where}:" in line for line in shown), shown


def test_a_users_file_of_the_same_name_wins_also_when_it_is_broken(tmp_path: Path) -> None:
    """A broken copy never lets the shipped one run in its place."""
    ours = (shipped() / "pause-the-wave.yaml").read_text()
    book = loaded(tmp_path, ours.replace("Stop moving more", "Our way to stop moving"), "pause-the-wave.yaml")
    runbook = book.get("pause-the-wave")
    assert runbook is not None
    assert runbook.title.startswith("Our way")
    (tmp_path / "pause-the-wave.yaml").write_text("name: [")
    book.reread()
    assert book.plan("pause-the-wave") is None
    assert book.findings


def test_an_edited_file_has_another_digest_at_the_next_refresh(tmp_path: Path) -> None:
    """What is on disk is what is approved: comments do not count, words do."""
    book = loaded(tmp_path, GOOD)
    first = book.plan("mine")
    path = tmp_path / "mine.yaml"
    for text, same in ((f"# a remark\n{GOOD}", True), (GOOD.replace("to: legacy", "to: target"), False)):
        path.write_text(text)
        os.utime(path, ns=(path.stat().st_mtime_ns + 10**9,) * 2)
        asyncio.run(book.refresh())
        plan = book.plan("mine")
        assert first is not None
        assert plan is not None
        assert (plan.digest == first.digest) is same
    path.unlink()
    asyncio.run(book.refresh())
    assert book.plan("mine") is None


@pytest.mark.parametrize(
    ("given", "words"),
    [({"queue": "Sales!"}, "does not match"), ({"color": "red"}, "no parameter color"), ({"queue": "-v"}, "dash")],
)
def test_parameters_that_do_not_fit_are_named(tmp_path: Path, given: dict[str, str], words: str) -> None:
    """A missing, unknown or malformed value is refused before anybody is asked."""
    plan = loaded(tmp_path, GOOD).plan("mine")
    assert plan is not None
    with pytest.raises(ValueError, match=words):
        plan.filled(given)


def test_the_reference_names_every_field_of_a_runbook_and_of_a_step() -> None:
    """A field that can be written is explained in runbooks/README.md, in the table it belongs to."""
    text = (shipped().parent / "README.md").read_text()
    tables = text.split("\n## ")
    for struct, title in ((Runbook, "The runbook"), (Parameter, "The runbook"), (Step, "A step"), (Retry, "A step")):
        (table,) = [part for part in tables if part.startswith(title)]
        assert {name for name in struct.__struct_fields__ if f"`{name}`" not in table} == set()
