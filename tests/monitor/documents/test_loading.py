"""Documents: what may be written, what is refused, and that every refusal says where."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.config import Config
from monitor.documents.finding import MAX_FINDINGS
from monitor.documents.loading import Loaded, load, load_text
from monitor.documents.nodes import MAX_BYTES, MAX_NODES
from monitor.model import Direction
from monitor.units import Duration, Moment, Number


class Circle(msgspec.Struct, frozen=True, tag="circle", tag_field="kind", forbid_unknown_fields=True):
    """One of two shapes."""

    radius: Annotated[float, msgspec.Meta(gt=0)]


class Square(msgspec.Struct, frozen=True, tag="square", tag_field="kind", forbid_unknown_fields=True):
    """The other."""

    side: float
    name: str = ""

    def __post_init__(self) -> None:
        if self.side > 100:
            msg = "a square this large does not fit on the wall"
            raise ValueError(msg)


class Everything(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field of every type a document may ask for."""

    text: str = ""
    code: Annotated[str, msgspec.Meta(pattern="^[a-z]+$", max_length=5)] = "a"
    flag: bool = False
    count: Annotated[int, msgspec.Meta(ge=0, le=10)] = 0
    plain: float = 0.0
    span: Duration = 0.0
    number: Number | None = None
    moment: Moment | None = None
    word: Literal["up", "down"] = "up"
    side: Direction = Direction.HIGH
    shapes: tuple[Circle | Square, ...] = ()
    only: Square | None = None
    pair: tuple[int, str] = (1, "a")
    words: list[str] = []
    labels: dict[str, str] = {}
    named: dict[str, Square] = {}
    either: int | list[int] | None = None
    secret: str | Square = ""
    body: Any = None
    few: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=2)] = ("a",)


def everything(text: str) -> Loaded[Everything]:
    return load_text(text, "f", Everything)


def lines(loaded: Loaded[Any]) -> list[str]:
    return [str(finding).removeprefix("f:") for finding in loaded.findings]


def test_every_type_reads() -> None:
    """A document that says everything gives the value it says."""
    loaded = everything(
        """
text: no
code: abc
flag: true
count: 7
plain: -1.5e3
span: 1h30m
number: 8%
moment: 2026-03-07T02:00:00+01:00
word: down
side: low
shapes: [{kind: circle, radius: 2}, {kind: square, side: 3}]
only: {kind: square, side: 1}
pair: [3, x]
words:
  - 1:30
  - "null"
labels: {null: a, b: 017}
named: {a: {kind: square, side: 4}}
either: [1, 2]
secret: {kind: square, side: 5}
body: {to: legacy, deep: [1, -2.5, true, null, "1", {x: []}], 1: yes}
few: [a, b]
"""
    )
    assert lines(loaded) == []
    assert loaded.value == Everything(
        text="no",
        code="abc",
        flag=True,
        count=7,
        plain=-1500.0,
        span=5400.0,
        number=0.08,
        moment=1772845200.0,
        word="down",
        side=Direction.LOW,
        shapes=(Circle(2.0), Square(3.0)),
        only=Square(1.0),
        pair=(3, "x"),
        words=["1:30", "null"],
        labels={"null": "a", "b": "017"},
        named={"a": Square(4.0)},
        either=[1, 2],
        secret=Square(5.0),
        body={"to": "legacy", "deep": [1, -2.5, True, None, "1", {"x": []}], "1": "yes"},
        few=("a", "b"),
    )


@pytest.mark.parametrize("null", ["", "~", "null", "Null"])
def test_null_is_null_only_where_nothing_may_stand(null: str) -> None:
    """An empty value is None for an optional number and a mistake for a text."""
    assert everything(f"number: {null}").value == Everything()
    assert lines(everything(f"text: {null}"))[0].startswith("1:")


MISTAKES = {
    "flag: yes": "1:7: flag: 'yes' is not a truth value; only the words true and false are truth values here",
    "flag: True": "1:7: flag: 'True' is not a truth value; only the words true and false are truth values here",
    "count: 017": "1:8: count: '017' starts with a zero, which some read as octal; write the number without it",
    "count: 1.5": "1:8: count: '1.5' is not a whole number; write digits only, such as 3",
    "count: 1_0": "1:8: count: '1_0' is not a whole number; write digits only, such as 3",
    "count: 11": "1:8: count: 11 is out of range; it must be at most 10",
    "count: -1": "1:8: count: -1 is out of range; it must be at least 0",
    "count: \u0661": "1:8: count: '\u0661' is not a whole number; write digits only, such as 3",
    "plain: nan": "1:8: plain: 'nan' is not a finite number; write it plainly, such as 0.08",
    "plain: .inf": "1:8: plain: '.inf' is not a finite number; write it plainly, such as 0.08",
    "plain: 1e999": "1:8: plain: '1e999' is not a finite number; write it plainly, such as 0.08",
    "number: 1e999": "1:9: number: '1e999' is not a finite number",
    "number: NaN": "1:9: number: 'NaN' is not a finite number; write it plainly, such as 0.08, 8% or 30ms",
    "span: 1:30": "1:7: span: '1:30' is not a duration; write a number with a unit, such as 250ms, 20s, 8m, 1h30m or 2d",
    "span: 20": "1:7: span: '20' is not a duration; write a number with a unit, such as 250ms, 20s, 8m, 1h30m or 2d",
    "moment: 2026-03-07T01:00:00": (
        "1:9: moment: '2026-03-07T01:00:00' is not a time; write date, time and offset, "
        "such as 2026-03-07T01:00:00Z or 2026-03-07T02:00:00+01:00"
    ),
    "moment: 2026-02-30T01:00:00Z": (
        "1:9: moment: '2026-02-30T01:00:00Z' is not a time; day is out of range for month"
    ),
    "word: sideways": "1:7: word: 'sideways' is not one of down or up; choose one of them",
    "side: hig": "1:7: side: 'hig' is not one of high, low or neutral; did you mean high?",
    "txet: x": "1:1: txet: there is no key txet here; did you mean text?",
    "code: abcdef": "1:7: code: has 6 characters; it may have at most 5",
    "code: A": "1:7: code: 'A' does not match ^[a-z]+$",
    "text: [a]": "1:7: text: a list stands here; write text",
    "text: {a: b}": "1:7: text: a mapping of keys to values stands here; write text",
    "words: a": "1:8: words: 'a' stands where a list belongs; write [a] or one `- item` a line",
    "labels: a": (
        "1:9: labels: 'a' stands where a mapping of keys to values belongs; "
        "write keys below it, indented, each with its value"
    ),
    "shapes: [{radius: 1}]": "1:10: shapes[0]: has no kind; write kind: circle or square",
    "shapes: [{kind: cirlce, radius: 1}]": (
        "1:17: shapes[0].kind: 'cirlce' is not a kind there is; did you mean circle?"
    ),
    "shapes: [{kind: [a]}]": "1:17: shapes[0].kind: kind must be a word; write circle or square",
    "shapes: [{kind: circle}]": "1:10: shapes[0]: the key radius is missing; write radius: a number",
    "shapes: [{kind: circle, radius: 0}]": "1:33: shapes[0].radius: 0 is out of range; it must be greater than 0",
    "only: {kind: square, side: 101}": "1:7: only: a square this large does not fit on the wall",
    "pair: [1]": "1:7: pair: has 1 entries; it takes exactly 2",
    "pair: [a, b]": "1:8: pair[0]: 'a' is not a whole number; write digits only, such as 3",
    "few: []": "1:6: few: has 0 entries; it needs at least 1",
    "few: [a, b, c]": "1:6: few: has 3 entries; it may have at most 2",
    "either: x": "1:9: either: 'x' is not a whole number; write digits only, such as 3",
    "body: {a: 017}": (
        "1:11: body.a: '017' may be a number or text; put it in quotes if it is text, else drop the zero"
    ),
    "body: {a: .nan}": "1:11: body.a: .nan is not a finite number; put it in quotes if it is text",
    "body: [1e999]": "1:8: body[0]: '1e999' is not a finite number; put it in quotes if it is text",
    "text: a\ntext: b": "2:1: text: the key text stands here again, first on line 1; keep one of them",
    "text: &a b": "1:7: text: anchors (&) are not supported; write the value out where it is used",
    "text: *a": "1:7: text: aliases (*) are not supported; write the value out",
    "text: !!str b": "1:7: text: tags (!) are not supported; leave it out: the schema knows the type",
    "body: !!python/object/apply:os.system [x]": (
        "1:7: body: tags (!) are not supported; leave it out: the schema knows the type"
    ),
    "labels: {<<: a}": "1:10: labels.?: merge keys (<<) are not supported; write the values out",
    "labels: {? [a] : b}": "1:12: labels.?: a key must be a word; lists and mappings cannot be keys",
    "text: a\n---\ntext: b": "2:1: a second document starts here; keep one document in a file",
    'text: "\\e[31m"': "1:7: text: holds the control character '\\x1b'; leave it out: it could steer a terminal or break a line",
    'text: "\\u202e"': "1:7: text: holds the control character '\\u202e'; leave it out: it could steer a terminal or break a line",
    "": "is empty; start from `golive init`",
    "# nothing": "is empty; start from `golive init`",
    "- a": "1:1: a list stands here; write a mapping of keys to values",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_named_with_its_place_and_a_remedy(text: str) -> None:
    """Each mistake gives one line: where it is, what is wrong, how to write it."""
    loaded = everything(text)
    assert [line.removeprefix(" ") for line in lines(loaded)] == [MISTAKES[text].removeprefix("f: ")]
    assert loaded.value is None


def test_all_mistakes_are_listed_in_the_order_of_lines() -> None:
    """One run shows every problem, not the first."""
    loaded = everything("words: 3\nflag: no\nshapes:\n  - {kind: circle}\n  - {kind: square, side: x}\nfoo: 1\n")
    assert [(finding.line, finding.where) for finding in loaded.findings] == [
        (1, "words"),
        (2, "flag"),
        (4, "shapes[0]"),
        (5, "shapes[1].side"),
        (6, "foo"),
    ]


def test_a_syntax_error_is_a_finding_with_its_line() -> None:
    """What is not YAML is told like any other mistake."""
    (finding,) = everything("text: [a\nflag: true\n").findings
    assert (finding.line, finding.what.split(":")[0]) == (2, "this is not YAML")


def test_a_tab_is_explained() -> None:
    """A tab in the indentation gets a hint that names tabs."""
    (finding,) = everything("labels:\n\ta: b\n").findings
    assert finding.line == 2
    assert "tabs cannot indent" in finding.hint


def test_positions_point_into_the_value() -> None:
    """A later check finds the line of a part, or of what surrounds a part left to its default."""
    loaded = everything("shapes:\n  - {kind: circle, radius: 1}\n  - {kind: square,\n     side: 2}\n")
    assert loaded.positions.at(("shapes", 1, "side")).line == 4
    assert loaded.positions.at(("shapes", 1, "name")).line == 3
    assert str(loaded.positions.finding(("shapes", 1, "side"), "is odd")) == "f:4:12: shapes[1].side: is odd"


def test_entries_that_do_not_fit_are_left_out_but_known_by_name() -> None:
    """The rest of a document can be checked when one entry is wrong, and its name is not called unknown."""
    loaded = everything("shapes:\n  - {kind: square, name: a, side: x}\n  - {kind: square, name: b, side: 1}\n  - 5\n")
    assert loaded.value is None
    assert loaded.partial == Everything(shapes=(Square(1.0, "b"),))
    assert loaded.positions.dropped_at(("shapes",)) == ("a", None)
    assert loaded.positions.at(("shapes", 0, "name")).line == 3


TRAPS = {
    "brackets": b"body: " + b"[" * 5000,
    "closed brackets": b"body: " + b"[" * 5000 + b"]" * 5000,
    "braces": b"body: " + b"{a: " * 5000,
    "dashes": b"- " * 5000,
    "question marks": b"? " * 5000,
    "ten megabytes": b"text: " + b"x" * 10_000_000,
    "many values": b"words: [" + b"a," * 400_000 + b"]",
    "many keys": b"\n".join(b"k%d: 1" % number for number in range(60_000)),
    "one long line": b"text: '" + b"x " * 400_000,
    "blank lines": b"\n" * 900_000,
    "byte order mark": b"\xef\xbb\xbftext: a",
    "utf-16": "text: a".encode("utf-16"),
    "utf-16 without mark": "text: a".encode("utf-16-le"),
    "utf-32": "text: a".encode("utf-32"),
    "latin-1": "text: caf\xe9".encode("latin-1"),
    "nul": b"text: a\x00b",
    "escape": b"text: \x1b[31m",
    "bad escape": b'text: "\\UFFFFFFFF"',
    "surrogate": b'text: "\\ud800"',
    "bomb": b"a: &a [x,x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\n",
    "directive": b"%YAML 1." + b"9" * 5000 + b"\n---\ntext: a\n",
}


@pytest.mark.parametrize("trap", TRAPS)
def test_a_trap_is_refused_within_a_second(trap: str, tmp_path: Path) -> None:
    """Hostile or broken bytes give findings, quickly, and never a value."""
    path = tmp_path / "golive.yaml"
    path.write_bytes(TRAPS[trap])
    began = time.process_time()  # of our own work: the machine may be busy with other things
    loaded = load(path, Everything)
    assert time.process_time() - began < 1.0
    assert loaded.value is None
    assert loaded.findings
    assert str(loaded.findings[0]).startswith(str(path))


def test_limits_are_named() -> None:
    """What is too large, too deep or too much says so."""
    assert "larger than 1 MiB" in str(everything("x" * (MAX_BYTES + 1)).findings[0])
    assert "deeper than 50" in str(everything("body: " + "[" * 60).findings[0])
    assert str(MAX_NODES) in str(everything("words: [" + "a," * (MAX_NODES + 1) + "]").findings[0])


def test_findings_are_bounded_and_the_rest_counted() -> None:
    """A file of mistakes lists the first and counts the others."""
    loaded = everything("shapes:\n" + "  - {kind: x}\n" * (MAX_FINDINGS + 50))
    assert len(loaded.findings) == MAX_FINDINGS + 1
    assert loaded.findings[-1].what == "50 more problems are not listed"


def test_a_file_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    """A missing file and a folder are told, not raised."""
    assert load(tmp_path / "none.yaml", Everything).findings[0].what == "does not exist"
    assert load(tmp_path, Everything).findings[0].what == "is not a file"


def test_bytes_that_are_not_utf8_are_found_by_line_and_column(tmp_path: Path) -> None:
    """A stray byte says where it stands."""
    path = tmp_path / "f.yaml"
    path.write_bytes(b"flag: true\ntext: caf\xe9\n")
    (finding,) = load(path, Everything).findings
    assert (finding.line, finding.column) == (2, 10)


YAML_ISH = st.text(
    alphabet=st.sampled_from(list("abk:- \n\t[]{},\"'&*!|>?#%@`~0.1\\x\x00\x85\ufeff\ud800é")), max_size=80
)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=200), YAML_ISH))
@example("? [a]\n: b\n")
@example('"\\U00110000": 1')
@example("%TAG ! x\n---\n!<a> b")
@example("rules: [{name: a, m_of_n: [1, 2]}]")
def test_no_text_raises(text: str) -> None:
    """Whatever the text, the answer is a value or findings that can be shown."""
    for kind in (Everything, Config):
        loaded: Loaded[Any] = load_text(text, "f", kind)
        assert (loaded.value is None) == bool(loaded.findings)
        assert all(str(finding).isprintable() for finding in loaded.findings)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_raise(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    """Whatever the bytes, the answer is a value or findings."""
    path = tmp_path_factory.getbasetemp() / "bytes.yaml"
    path.write_bytes(raw)
    loaded = load(path, Everything)
    assert (loaded.value is None) == bool(loaded.findings)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet=st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(alphabet="abcdef", min_size=1, max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_plain_data_comes_back_as_it_was_written(data: Any) -> None:
    """JSON written into a document is read as the same data."""
    loaded = everything(f"body: {msgspec.json.encode(data).decode()}")
    assert lines(loaded) == []
    assert loaded.value is not None
    assert loaded.value.body == data
