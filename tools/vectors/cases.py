"""A test vector: what a source gives, what it says comes out, and what the venue found instead."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import msgspec

from tools.vectors.figures import FigureError, figure

FOUND_PLACES = 12
NAMES = ("symbol", "asset", "coin", "currency", "ccy", "id", "name", "account", "instrument")
"""What the rows of a list are told apart by."""
SEVERAL = (
    "positions",
    "assets",
    "collateral",
    "balances",
    "wallets",
    "coins",
    "details",
    "accounts",
    "A",
    "B",
)
"""Inputs that are several things by name."""


class VectorError(ValueError):
    """A vector file that cannot be read."""


class Vector(msgspec.Struct, frozen=True, kw_only=True):
    """One vector of a file; fields that are not listed are remarks."""

    id: str
    topic: str
    venue: str = "generic"
    inputs: dict[str, Any] = {}
    expected: Any = None
    tolerance: float | str | dict[str, float | str] | None = 0
    """How far what is found may be off: for all figures, or for each by name."""
    source: str = ""
    verified: bool = True
    note: str = ""


class MissingInputError(LookupError):
    """An input that the topic needs and the vector does not give."""


class UnsupportedError(LookupError):
    """A topic, or a figure of it, that the venue has nothing to say about."""


class Case:
    """A vector's inputs by any of the names they go by, in `snake_case` or `camelCase`."""

    def __init__(self, vector: Vector, used: set[str] | None = None) -> None:
        self.vector = vector
        self.inputs = vector.inputs
        self.venue = vector.venue.lower()
        self.topic = vector.topic.lower().replace("-", "_").replace(" ", "_")
        self.used: set[str] = set() if used is None else used
        """Inputs that were looked at."""
        self._keys = {plain_name(key): key for key in reversed(list(self.inputs))}
        self._inner = dict(reversed(list(_inner(self.inputs))))

    def raw(self, *names: str) -> Any:  # noqa: ANN401
        """The first of these inputs that is given, as it stands; None where none is."""
        for name in names:
            key = name if name in self.inputs else self._keys.get(plain_name(name))
            if key is not None and self.inputs[key] is not None:
                self.used.add(key)
                return self.inputs[key]
        return None

    def _figure(self, *names: str) -> Any:  # noqa: ANN401
        """The first of these that is given as a figure, be it a level further in."""
        for name in names:
            value = self.raw(name)
            if isinstance(value, (Mapping, list)) and "exact" not in value:
                value = value.get("value") if isinstance(value, Mapping) else None
            if value is None and plain_name(name) in self._inner:
                key, value = self._inner[plain_name(name)]
                self.used.add(key)
            if value is not None:
                return value
        return None

    def rows(self, *names: str) -> dict[str, Mapping[str, Any]]:
        """Several things by name, given as an object or as a list; empty where none is."""
        given = self.raw(*names)
        if isinstance(given, list):
            rows = [row for row in given if isinstance(row, Mapping)]
            given = {}
            for row in rows:
                name = next((str(row[key]) for key in NAMES if row.get(key) is not None), "")
                taken = not name or name in given
                given[f"{name} {len(given) + 1}".strip() if taken else name] = row
        return given if isinstance(given, dict) else {}

    def unused(self) -> list[str]:
        """Figures among the inputs that were not looked at."""
        figures = {k for k, v in self.inputs.items() if not isinstance(v, (bool, type(None)))}
        return sorted(key for key in figures - self.used if not _is_label(self.inputs[key]))

    def maybe(self, *names: str) -> Fraction | None:
        """The first of these inputs that is given, as a figure."""
        value = self._figure(*names)
        return None if value is None else figure(value, self.inputs)

    def number(self, *names: str, default: object = None) -> Fraction:
        """The same, where it must be there unless there is a default.  Raises MissingInputError."""
        found = self.maybe(*names)
        if found is not None:
            return found
        if default is None:
            others = f", nor {names[1]} or another name for it" if len(names) > 1 else ""
            raise MissingInputError(f"{names[0]} was not given{others}")
        return figure(default, self.inputs)

    def other(self, inputs: dict[str, Any]) -> "Case":
        """The same question of other inputs."""
        return Case(msgspec.structs.replace(self.vector, inputs=inputs), self.used)

    def within(self, part: Mapping[str, Any]) -> "Case":
        """The case of a part of the inputs, such as one position."""
        inputs = {k: v for k, v in self.inputs.items() if not isinstance(v, (dict, list))}
        return self.other({**inputs, **part})


def _inner(inputs: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, Any]]]:
    """Figures inside of an object, such as `{"position": {"size": 1}}`, by their plain names.

    Not of several things by name, such as assets: those are no figures of the whole.
    """
    for key, part in inputs.items():
        if isinstance(part, Mapping) and key not in SEVERAL:
            for name, value in part.items():
                if not isinstance(value, (Mapping, list, type(None))):
                    yield plain_name(name), (key, value)


def plain_name(name: str) -> str:
    """A name without what differs between ways of writing it.

    >>> plain_name("entryPrice") == plain_name("entry_price") == plain_name("ENTRY-PRICE")
    True
    """
    return name.replace("_", "").replace("-", "").replace(" ", "").lower()


def _is_label(value: object) -> bool:
    """Whether an input is only words."""
    if not isinstance(value, str):
        return False
    try:
        figure(value)
    except FigureError:
        return True
    return False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a vector."""

    id: str
    venue: str
    topic: str
    status: str
    """pass, fail, unsupported, or disputed: a source that contradicts itself proves nothing."""
    expected: Any
    found: Any
    detail: str = ""
    source: str = ""


def tolerances(told: float | str | Mapping[str, float | str] | None) -> dict[str, Fraction]:
    """How far each figure may be off, by its plain name; under no name, any other.

    >>> tolerances({"liqPrice": 0.5})
    {'': Fraction(0, 1), 'liqprice': Fraction(1, 2)}
    """
    if isinstance(told, Mapping):
        each = {plain_name(name): figure(value) for name, value in told.items()}
        return {"": Fraction(0), **each}
    return {"": Fraction(0) if told is None else figure(told)}


def compared(
    expected: Any,  # noqa: ANN401
    found: Any,  # noqa: ANN401
    tolerance: Mapping[str, Fraction],
    name: str = "",
) -> tuple[bool, Any]:
    """Whether what was found is what was expected, and what was found of it.

    Raises UnsupportedError for a figure that nothing was found for.
    """
    if isinstance(expected, Mapping) and "exact" not in expected:
        return _each_compared(expected, found, tolerance)
    if isinstance(expected, (list, tuple)):
        found = list(found) if isinstance(found, (list, tuple)) else [found]
        pairs = [compared(e, f, tolerance, name) for e, f in zip(expected, found, strict=False)]
        same = len(expected) == len(found) and all(ok for ok, _ in pairs)
        return same, [plain(one) for one in found]
    if found is None and expected is not None:
        # Some venues print a price of zero, or one below it, where none can be reached.
        return not isinstance(expected, bool) and _is_no_price(expected), None
    if isinstance(found, Fraction):
        return _is_near(expected, found, tolerance.get(name, tolerance[""])), plain(found)
    if isinstance(found, bool) and isinstance(expected, str):
        return expected.lower() in (YES if found else NO), found
    return found == expected, plain(found)


def _is_near(expected: Any, found: Fraction, within: Fraction) -> bool:  # noqa: ANN401
    try:
        return abs(found - figure(expected)) <= within
    except FigureError:
        return False


def _is_no_price(expected: Any) -> bool:  # noqa: ANN401
    try:
        return figure(expected) <= 0
    except FigureError:
        return str(expected).lower() in {"none", "nan", "null", "infinity", "never", ""}


def _each_compared(
    expected: Mapping[str, Any],
    found: Any,  # noqa: ANN401
    tolerance: Mapping[str, Fraction],
) -> tuple[bool, Any]:
    """The same of several figures by name."""
    if not isinstance(found, Mapping):
        raise UnsupportedError(f"one figure was found, {', '.join(map(str, expected))} expected")
    parts = {}
    by_name = {plain_name(str(key)): part for key, part in found.items()}
    for told, value in expected.items():
        made = by_name.get(plain_name(str(told)))
        if made is None:
            raise UnsupportedError(f"nothing was found for {told!r}")
        parts[told] = compared(value, made, tolerance, plain_name(str(told)))
    return all(ok for ok, _ in parts.values()), {n: part for n, (_, part) in parts.items()}


YES = ("true", "yes", "liquidate", "liquidated", "liquidation")
NO = ("false", "no", "open", "safe", "not liquidated", "stays open")


def plain(value: Any) -> Any:  # noqa: ANN401
    """A found figure as JSON has it: a whole number, or the nearest decimal."""
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else round(float(value), FOUND_PLACES)
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value
