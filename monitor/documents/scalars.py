"""Text to value: what one scalar of a document may say where the schema expects a type."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from msgspec import inspect

from monitor.documents.finding import listed, meant, quoted
from monitor.documents.nodes import Scalar
from monitor.units import parse_duration, parse_moment, parse_number

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_LEADING_ZERO = re.compile(r"[+-]?0[0-9_]")
_NOT_FINITE = re.compile(r"[+-]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_TRUTH = {"yes", "no", "on", "off", "y", "n", "true", "false", "1", "0"}


class Mistake(Exception):  # noqa: N818 - the reader's, not the program's
    """A scalar that does not fit: what is wrong and how to write it."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


def _text(node: Scalar, info: inspect.Type) -> str:
    if node.null:
        raise Mistake("has no value", "write one, leave the key out, or put the word in quotes if it is meant as text")
    if isinstance(info, inspect.StrType):
        _length(len(node.text), info.min_length, info.max_length, "characters")
        if info.pattern is not None and not re.search(info.pattern, node.text):
            raise Mistake(f"{quoted(node.text)} does not match {info.pattern}")
    return node.text


def _truth(node: Scalar, _info: inspect.Type) -> bool:
    if node.text in ("true", "false"):
        return node.text == "true"
    hint = "write true or false"
    if node.text.lower() in _TRUTH:
        hint = "only the words true and false are truth values here"
    raise Mistake(f"{quoted(node.text)} is not a truth value", hint)


def _integer(node: Scalar, info: inspect.Type) -> int:
    _no_leading_zero(node.text)
    if not _INTEGER.fullmatch(node.text):
        raise Mistake(f"{quoted(node.text)} is not a whole number", "write digits only, such as 3")
    value = int(node.text)
    _range(value, info)
    return value


def _float(node: Scalar, info: inspect.Type) -> float:
    _no_leading_zero(node.text)
    value = float(node.text) if _FLOAT.fullmatch(node.text) else math.nan
    if not math.isfinite(value):
        raise Mistake(f"{quoted(node.text)} is not a finite number", "write it plainly, such as 0.08")
    _range(value, info)
    return value


def _literal(node: Scalar, info: inspect.Type) -> object:
    values = info.values if isinstance(info, inspect.LiteralType) else ()
    for value in values:
        if node.text == str(value):
            return value
    raise _not_one_of(node.text, [str(value) for value in values])


def _member(node: Scalar, info: inspect.Type) -> object:
    members = list(info.cls) if isinstance(info, inspect.EnumType) else []
    for member in members:
        if node.text == str(member.value):
            return member
    raise _not_one_of(node.text, [str(member.value) for member in members])


def _not_one_of(text: str, words: list[str]) -> Mistake:
    near = meant(text, words)
    hint = near if near.startswith("did") else "choose one of them" if len(words) > 1 else f"write {words[0]}"
    return Mistake(f"{quoted(text)} is not {'one of ' if len(words) > 1 else ''}{listed(words)}", hint)


def _nothing(node: Scalar, _info: inspect.Type) -> None:
    if not node.null:
        raise Mistake(f"{quoted(node.text)} stands where nothing may stand", "write null or leave the key out")


_READERS: dict[type[inspect.Type], Callable[[Scalar, inspect.Type], object]] = {
    inspect.StrType: _text,
    inspect.BoolType: _truth,
    inspect.IntType: _integer,
    inspect.FloatType: _float,
    inspect.LiteralType: _literal,
    inspect.EnumType: _member,
    inspect.NoneType: _nothing,
}
_UNITS: dict[str, Callable[[str], float]] = {
    "duration": parse_duration,
    "number": parse_number,
    "moment": parse_moment,
}
_WORDS: dict[str, str] = {
    "duration": "a duration such as 20s or 8m",
    "number": "a number",
    "moment": "a time such as 2026-03-07T01:00:00Z",
}
_DESCRIPTIONS: dict[type[inspect.Type], str] = {
    inspect.StrType: "text",
    inspect.BoolType: "true or false",
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
    inspect.NoneType: "null",
    inspect.AnyType: "any value",
    inspect.StructType: "a mapping of keys to values",
    inspect.DictType: "a mapping of keys to values",
}


def described(info: inspect.Type) -> str:
    """Say what a type takes, for a message: `a duration such as 20s or 8m`."""
    if isinstance(info, inspect.Metadata):
        return _WORDS.get(unit_of(info), "") or described(info.type)
    if isinstance(info, inspect.UnionType):
        words = [described(kind) for kind in info.types if not isinstance(kind, inspect.NoneType)]
        return listed(dict.fromkeys(words))
    if isinstance(info, inspect.LiteralType):
        return listed(str(value) for value in info.values)
    if isinstance(info, inspect.EnumType):
        return listed(str(member.value) for member in info.cls)
    if isinstance(info, inspect.TupleType):
        return f"[{', '.join(described(item) for item in info.item_types)}]"
    return _DESCRIPTIONS.get(type(info), "a list")


def unit_of(info: inspect.Metadata) -> str:
    """The unit that monitor.units wrote beside a type; empty for none."""
    return str((info.extra or {}).get("unit", ""))


def takes_scalar(info: inspect.Type) -> bool:
    """Whether a scalar can be this type at all."""
    kind = info.type if isinstance(info, inspect.Metadata) else info
    return type(kind) in _READERS


def read_scalar(node: Scalar, info: inspect.Type) -> object:
    """Read one scalar as one type; Mistake says what does not fit."""
    if isinstance(info, inspect.Metadata):
        unit = unit_of(info)
        if unit:
            return _measure(node, unit, info.type)
        return read_scalar(node, info.type)
    reader = _READERS.get(type(info))
    if reader is None:
        raise Mistake(f"{shown(node, info)} stands where {described(info)} belongs", _remedy(node, info))
    if node.null and type(info) is not inspect.NoneType:
        return _text(node, inspect.NoneType())
    return reader(node, info)


def shown(node: Scalar, info: inspect.Type) -> str:
    """Show a scalar that does not fit; not where a Struct belongs, since that may be a secret written out."""
    kinds = info.types if isinstance(info, inspect.UnionType) else (info,)
    if any(isinstance(kind, inspect.StructType) for kind in kinds):
        return "a word"
    return "nothing" if node.null else quoted(node.text)


def _remedy(node: Scalar, info: inspect.Type) -> str:
    if node.null:
        return "leave the key out, or fill it"
    if isinstance(info, inspect.StructType | inspect.DictType):
        return "write keys below it, indented, each with its value"
    if isinstance(info, inspect.TupleType):
        return "write its values between brackets, with commas"
    return f"write [{node.text[:40]}] or one `- item` a line"


def _measure(node: Scalar, unit: str, info: inspect.Type) -> float:
    if node.null:
        _text(node, info)
    if unit != "moment":
        _no_leading_zero(node.text)
    if len(node.text) > 64:  # noqa: PLR2004 - no number of ours is longer
        raise Mistake(f"{quoted(node.text)} is not {_WORDS[unit]}")
    try:
        value = _UNITS[unit](node.text)
    except ValueError as error:
        what, parted, hint = str(error).rpartition(": ")
        raise Mistake(what, hint) if parted else Mistake(hint) from error
    _range(value, info)
    return value


def _no_leading_zero(text: str) -> None:
    if _LEADING_ZERO.match(text):
        raise Mistake(f"{quoted(text)} starts with a zero, which some read as octal", "write the number without it")


def _range(value: float, info: inspect.Type) -> None:
    if not isinstance(info, inspect.IntType | inspect.FloatType):
        return
    checks = (
        (info.ge is None or value >= info.ge, f"at least {info.ge}"),
        (info.gt is None or value > info.gt, f"greater than {info.gt}"),
        (info.le is None or value <= info.le, f"at most {info.le}"),
        (info.lt is None or value < info.lt, f"less than {info.lt}"),
        (not info.multiple_of or value % info.multiple_of == 0, f"a multiple of {info.multiple_of}"),
    )
    for holds, limit in checks:
        if not holds:
            raise Mistake(f"{value:g} is out of range", f"it must be {limit}")


def _length(count: int, least: int | None, most: int | None, of: str) -> None:
    if least is not None and count < least:
        raise Mistake(f"has {count} {of}", f"it needs at least {least}")
    if most is not None and count > most:
        raise Mistake(f"has {count} {of}", f"it may have at most {most}")


def check_length(count: int, info: inspect.Type) -> None:
    """Hold a list or a mapping against the lengths its type allows; Mistake when it does not fit."""
    _length(count, getattr(info, "min_length", None), getattr(info, "max_length", None), "entries")


def read_plain(node: Scalar) -> object:
    """Read a scalar of plain data by the core types of YAML 1.2: null, true, false, numbers, else text.

    What is a number to one reader and text to another (`017`) and what is not finite is refused.
    """
    text = node.text
    if not node.plain:
        return text
    if node.null:
        return None
    if text.lower() in ("true", "false") and text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text.lower() == "true"
    if _NOT_FINITE.fullmatch(text):
        raise Mistake(f"{text} is not a finite number", "put it in quotes if it is text")
    if _LEADING_ZERO.match(text) and _FLOAT.fullmatch(text):
        raise Mistake(f"{quoted(text)} may be a number or text", "put it in quotes if it is text, else drop the zero")
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        value = float(text)
        if not math.isfinite(value):
            raise Mistake(f"{quoted(text)} is not a finite number", "put it in quotes if it is text")
        return value
    return text
