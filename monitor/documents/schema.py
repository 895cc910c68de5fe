"""Composed nodes to a msgspec Struct, collecting every problem instead of stopping at the first.

msgspec's own decoder reports one error an object and no position; this walks the same type information
(`msgspec.inspect`) over the nodes. An entry that does not fit is dropped from a list of the top level and noted,
and so is an optional field of the document or of one of its sections, so that the rest can still be checked.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from msgspec import inspect

from monitor.documents.finding import Finding, Place, listed, meant, quoted, shown_key
from monitor.documents.nodes import Mapping, Node, Refused, Scalar, Sequence
from monitor.documents.positions import Positions
from monitor.documents.scalars import Mistake, check_length, described, read_plain, read_scalar, shown, takes_scalar


class Read(NamedTuple):
    """A value and where its parts stood."""

    value: object
    positions: Positions


@cache
def _information(kind: type) -> inspect.Type:
    return inspect.type_info(kind)


def convert(node: Node, kind: type) -> tuple[Read | None, list[Finding]]:
    """Turn a node into `kind`; None when too much is wrong to build one. With findings, entries may be missing."""
    walker = _Walker(node)
    return walker.value(node, _information(kind)), walker.findings


def _unwrapped(info: inspect.Type) -> inspect.Type:
    return info.type if isinstance(info, inspect.Metadata) else info


def _choices(info: inspect.Type) -> tuple[inspect.Type, ...]:
    return info.types if isinstance(info, inspect.UnionType) else (info,)


def _structs(info: inspect.Type) -> list[inspect.StructType]:
    return [kind for kind in map(_unwrapped, _choices(info)) if isinstance(kind, inspect.StructType)]


class _Walker:
    """One conversion: the findings so far and a method for each shape a type can have."""

    def __init__(self, root: Node) -> None:
        self.findings: list[Finding] = []
        self._forgiving = (
            {id(root), *(id(node) for node in root.entries.values())} if isinstance(root, Mapping) else set()
        )

    def value(self, node: Node, info: inspect.Type) -> Read | None:
        """Read a node as a type; None when it does not fit, with the findings written."""
        kinds = [_unwrapped(kind) for kind in _choices(info)]
        if isinstance(node, Refused):
            return None
        if any(isinstance(kind, inspect.AnyType) for kind in kinds):
            return self._plain(node)
        if isinstance(node, Scalar):
            return self._scalar(node, info)
        if isinstance(node, Mapping):
            return self._mapping(node, info)
        return self._sequence(node, info)

    def _wrong(self, place: Place, what: str, hint: str = "") -> None:
        self.findings.append(place.finding(what, hint))

    def _scalar(self, node: Scalar, info: inspect.Type) -> Read | None:
        options = _choices(info)
        if node.null and any(isinstance(kind, inspect.NoneType) for kind in options):
            return Read(None, Positions(node.place))
        options = tuple(kind for kind in options if not isinstance(kind, inspect.NoneType))
        words = sorted((kind for kind in options if takes_scalar(kind)), key=_text_last) or list(options[:1])
        for kind in words:
            try:
                return Read(read_scalar(node, kind), Positions(node.place))
            except Mistake as mistake:
                if len(words) == 1:
                    self._wrong(node.place, mistake.what, mistake.hint)
                    return None
        self._wrong(node.place, f"{shown(node, info)} does not fit", f"write {described(info)}")
        return None

    def _plain(self, node: Node) -> Read | None:
        """Data without a schema of ours, such as the JSON body of a request."""
        if isinstance(node, Scalar):
            try:
                return Read(read_plain(node), Positions(node.place))
            except Mistake as mistake:
                self._wrong(node.place, mistake.what, mistake.hint)
        if isinstance(node, Sequence):
            return self._entries(node, [inspect.AnyType()] * len(node.items), list)
        if isinstance(node, Mapping):
            return self._pairs(node, inspect.StrType(), inspect.AnyType())
        return None

    def _sequence(self, node: Sequence, info: inspect.Type) -> Read | None:
        for kind in map(_unwrapped, _choices(info)):
            try:
                if isinstance(kind, inspect.TupleType):
                    return self._fixed(node, kind)
                if isinstance(kind, inspect.CollectionType):
                    check_length(len(node.items), kind)
                    return self._entries(node, [kind.item_type] * len(node.items), _BUILDERS[type(kind)])
            except Mistake as mistake:
                self._wrong(node.place, mistake.what, mistake.hint)
                return None
        self._wrong(node.place, "a list stands here", f"write {described(info)}")
        return None

    def _fixed(self, node: Sequence, kind: inspect.TupleType) -> Read | None:
        count = len(kind.item_types)
        if len(node.items) != count:
            raise Mistake(f"has {len(node.items)} entries", f"it takes exactly {count}")
        return self._entries(node, list(kind.item_types), tuple)

    def _entries(
        self, node: Sequence, kinds: list[inspect.Type], build: Callable[[list[object]], object]
    ) -> Read | None:
        values: list[object] = []
        positions = Positions(node.place)
        whole = True
        for item, kind in zip(node.items, kinds, strict=True):
            read = self.value(item, kind)
            if read is not None:
                positions.children[len(values)] = read.positions
                values.append(read.value)
            elif _structs(kind) and id(node) in self._forgiving:
                positions.dropped.append(_name(item))
            else:
                whole = False
        return Read(build(values), positions) if whole else None

    def _mapping(self, node: Mapping, info: inspect.Type) -> Read | None:
        structs = _structs(info)
        if structs:
            struct = self._kind(node, structs)
            return self._struct(node, struct) if struct is not None else None
        for kind in map(_unwrapped, _choices(info)):
            if isinstance(kind, inspect.DictType):
                try:
                    check_length(len(node.entries), kind)
                except Mistake as mistake:
                    self._wrong(node.place, mistake.what, mistake.hint)
                    return None
                return self._pairs(node, kind.key_type, kind.value_type)
        self._wrong(node.place, "a mapping of keys to values stands here", f"write {described(info)}")
        return None

    def _pairs(self, node: Mapping, key_type: inspect.Type, value_type: inspect.Type) -> Read | None:
        pairs: dict[object, object] = {}
        positions = Positions(node.place)
        whole = True
        for key, item in node.entries.items():
            word = self.value(Scalar(node.keys[key], key, plain=False), key_type)
            read = self.value(item, value_type)
            if word is None or read is None:
                whole = False
                continue
            pairs[word.value] = read.value
            positions.children[key] = read.positions
        return Read(pairs, positions) if whole else None

    def _kind(self, node: Mapping, structs: list[inspect.StructType]) -> inspect.StructType | None:
        """Which of several Structs a mapping is, by its tag."""
        tag_field = structs[0].tag_field
        if tag_field is None:
            return structs[0]
        kinds = {str(struct.tag): struct for struct in structs}
        tag = node.entries.get(tag_field)
        if tag is None:
            self._wrong(node.place, f"has no {tag_field}", f"write {tag_field}: {listed(kinds)}")
            return None
        if not isinstance(tag, Scalar):
            self._wrong(tag.place, f"{tag_field} must be a word", f"write {listed(kinds)}")
            return None
        if tag.text not in kinds:
            self._wrong(tag.place, f"{quoted(tag.text)} is not a {tag_field} there is", meant(tag.text, kinds))
            return None
        return kinds[tag.text]

    def _struct(self, node: Mapping, struct: inspect.StructType) -> Read | None:
        fields = {field.encode_name: field for field in struct.fields}
        known = {*fields, struct.tag_field} if struct.tag_field else {*fields}
        for key, place in node.keys.items():
            if key not in known and struct.forbid_unknown_fields:
                self._wrong(place, f"there is no key {shown_key(key)} here", meant(key, known))
        values: dict[str, object] = {}
        positions = Positions(node.place)
        whole = True
        for key, field in fields.items():
            if key in node.entries:
                read = self.value(node.entries[key], field.type)
                if read is not None:
                    values[field.name] = read.value
                    positions.children[field.name] = read.positions
                elif id(node) in self._forgiving and not field.required:
                    positions.children[field.name] = Positions(node.entries[key].place, dropped=[None])
                else:
                    whole = False
            elif field.required:
                whole = False
                self._wrong(node.place, f"the key {key} is missing", f"write {key}: {described(field.type)}")
        if not whole:
            return None
        try:
            return Read(struct.cls(**values), positions)
        except (ValueError, TypeError) as error:
            self._wrong(node.place, str(error))
            return None


def _text_last(info: inspect.Type) -> bool:
    return isinstance(_unwrapped(info), inspect.StrType)


def _name(node: Node) -> str | None:
    name = node.entries.get("name") if isinstance(node, Mapping) else None
    return name.text if isinstance(name, Scalar) else None


_BUILDERS: dict[type[inspect.Type], Callable[[list[object]], object]] = {
    inspect.VarTupleType: tuple,
    inspect.ListType: list,
    inspect.SetType: set,
    inspect.FrozenSetType: frozenset,
    inspect.CollectionType: list,
}
