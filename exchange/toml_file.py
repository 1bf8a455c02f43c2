"""TOML read strictly into records: what does not fit is named, with what was found and expected."""

import re
from enum import Enum
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

T = TypeVar("T")

AT = re.compile(r"(?s)(.*?)(?: - at `\$(.*)`)?")
STEP = re.compile(r"\.(\w+)|\[(\d+|\.\.\.)\]")
WORDS = {
    "str": "text in quotes",
    "int": "a whole number",
    "float": "a number with a point",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}


class FieldError(ValueError):
    """A field that is not what its record takes: where, what was found, what was expected."""


def decode(data: bytes, kind: type[T]) -> T:
    """Read TOML text as a record.  Raises FieldError for what is no TOML or does not fit."""
    try:
        return msgspec.toml.decode(data.decode(), type=kind)
    except UnicodeDecodeError as error:
        raise FieldError(f"was no UTF-8 text: {error.reason} at byte {error.start}") from None
    except msgspec.ValidationError as error:
        raise FieldError(explained(str(error), kind)) from None
    except msgspec.DecodeError as error:
        raise FieldError(f"was no TOML: {error}") from None


def convert(value: object, kind: type[T]) -> T:
    """Read what TOML has been decoded to as a record.  Raises FieldError for what does not fit."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise FieldError(explained(str(error), kind)) from None


def explained(text: str, kind: type) -> str:
    """A complaint of msgspec's, with what was expected.

    >>> explained("Expected `str`, got `int` - at `$.deposits[...]`", dict)
    'deposits[...] was a whole number, expected text in quotes'
    """
    match = AT.fullmatch(text)
    assert match is not None
    complaint, place = match[1], (match[2] or "").removeprefix(".")
    if found := re.fullmatch(r"Object contains unknown field `(.*)`", complaint):
        known = ", ".join(expected_at(kind, place))
        return f"{inside(place, found[1])} is no field, expected one of {known}"
    if found := re.fullmatch(r"Object missing required field `(.*)`", complaint):
        return f"{inside(place, found[1])} was missing"
    if found := re.fullmatch(r"Invalid enum value (.*)", complaint):
        return f"{place} was {found[1]}, expected one of {', '.join(expected_at(kind, place))}"
    if found := re.fullmatch(r"Expected `(\w+)`, got `(\w+)`", complaint):
        expected, was = (WORDS.get(word, word) for word in found.groups())
        return f"{place or 'it'} was {was}, expected {expected}"
    return f"{place}: {complaint}"


def inside(place: str, field: str) -> str:
    """A field of the record at a place."""
    return f"{place}.{field}" if place else field


def expected_at(kind: type, place: str) -> list[str]:
    """The fields of the record at a place, or the values of the choice there."""
    node = plain(inspect.type_info(kind))
    for name, _number in STEP.findall(f".{place}" if place else ""):
        node = plain(part(node, name))
    if isinstance(node, inspect.StructType):
        return [field.encode_name for field in node.fields]
    if isinstance(node, inspect.EnumType):
        members: list[Enum] = list(node.cls)
        return [str(member.value) for member in members]
    return []


def part(node: inspect.Type, name: str) -> inspect.Type:
    """What a record has under a name, or what a list or table is made of."""
    if isinstance(node, inspect.StructType):
        return next(field.type for field in node.fields if field.encode_name == name)
    if isinstance(node, inspect.DictType):
        return node.value_type
    inner: Any = getattr(node, "item_type", None) or inspect.AnyType()
    assert isinstance(inner, inspect.Type)
    return inner


def plain(node: inspect.Type) -> inspect.Type:
    """A type without its description, and without the choice of leaving it out."""
    if isinstance(node, inspect.Metadata):
        return plain(node.type)
    if isinstance(node, inspect.UnionType):
        return plain(next(one for one in node.types if not isinstance(one, inspect.NoneType)))
    return node
