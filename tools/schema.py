"""JSON schemas of the files that people write, each field with what its class says of it."""

import ast
import inspect
import re
from collections.abc import Iterator
from textwrap import dedent
from typing import Any

import msgspec
from msgspec.inspect import Metadata, StructType, type_info


def schema(described: type[msgspec.Struct]) -> dict[str, Any]:
    """The schema of a kind of file.

    A field is described in its annotation, by the docstring below it, or else by what it holds.
    """
    made = msgspec.json.schema(described)
    kinds = made["$defs"]
    for cls in structs(type_info(described)):
        told, fields = field_docs(cls), _fields(cls, kinds[cls.__name__])
        for name, field in fields.items():
            about = told.get(name) or _of_held(field, kinds)
            if about and "description" not in field:
                field["description"] = about
    return made


def _fields(cls: type[msgspec.Struct], component: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The schemas of a struct's fields by name; of one written as a row, of its places."""
    places = component.get("prefixItems")
    if places is None:
        return component["properties"]  # type: ignore[no-any-return]
    named = dict(zip(cls.__struct_fields__, places, strict=True))
    for name, place in named.items():
        place["title"] = name
    return named


def _of_held(field: dict[str, Any], kinds: dict[str, Any]) -> str:
    """What the first kind that a field refers to says of itself."""
    found = re.search(r"#/\$defs/(\w+)", str(field))
    text = kinds[found[1]].get("description", "") if found else ""
    return str(text).split("\n\n")[0]


def structs(info: object, seen: set[type] | None = None) -> Iterator[type[msgspec.Struct]]:
    """Every struct that a type is made of, once."""
    seen = set() if seen is None else seen
    if isinstance(info, StructType):
        if info.cls in seen:
            return
        seen.add(info.cls)
        yield info.cls
    for part in _parts(info):
        yield from structs(part, seen)


def _parts(info: object) -> Iterator[object]:
    """The types that a type is directly made of."""
    if isinstance(info, StructType):
        yield from (field.type for field in info.fields)
    elif isinstance(info, Metadata):
        yield info.type
    elif isinstance(info, msgspec.inspect.UnionType):
        yield from info.types
    elif isinstance(info, msgspec.inspect.DictType):
        yield info.value_type
    elif isinstance(info, msgspec.inspect.TupleType):
        yield from info.item_types
    elif isinstance(info, msgspec.inspect.CollectionType):
        yield info.item_type


def field_docs(cls: type) -> dict[str, str]:
    """What the docstrings below its fields say, one line each; its own before its bases'."""
    told: dict[str, str] = {}
    for one in reversed(cls.__mro__):
        if issubclass(one, msgspec.Struct) and one is not msgspec.Struct:
            told |= _written(one)
    return told


def _written(cls: type) -> dict[str, str]:
    (body,) = ast.parse(dedent(inspect.getsource(cls))).body
    assert isinstance(body, ast.ClassDef)
    told: dict[str, str] = {}
    for field, below in zip(body.body, body.body[1:], strict=False):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                told[name] = " ".join(text.split())
    return told
