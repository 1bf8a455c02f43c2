"""Vector files, read and answered: `plimsoll vectors FILE`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from exchange.core.units import UnitError
from tools.vectors.cases import (
    Case,
    MissingInputError,
    Result,
    UnsupportedError,
    Vector,
    VectorError,
    compared,
    plain,
)
from tools.vectors.figures import FigureError, figure
from tools.vectors.seeds import seed_results
from tools.vectors.topics import answer_to, tolerance_of


def results(path: Path) -> Iterator[Result]:
    """Every vector of a file, answered.  Raises VectorError where the file cannot be read."""
    data = read(path)
    if isinstance(data, dict):
        yield from seed_results(data)
        return
    for number, row in enumerate(data):
        try:
            vector = msgspec.convert(row, Vector)
        except msgspec.ValidationError as error:
            raise VectorError(f"{path}: vector {number}: {error}") from None
        yield answered(vector)


def read(path: Path) -> Any:  # noqa: ANN401
    """A file's JSON: a list of vectors, or the seeds' own shape."""
    try:
        data = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise VectorError(f"{path}: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise VectorError(f"{path}: {error}") from None
    if not isinstance(data, list) and not (isinstance(data, dict) and "formulas" in data):
        raise VectorError(f"{path}: expected a list of vectors, or the figures of the seeds")
    return data


def answered(vector: Vector) -> Result:
    """One vector: pass, fail, unsupported; disputed where its source contradicts itself."""
    found: Any = None
    case = Case(vector)
    try:
        found = answer_to(vector.topic)(case)
        same, found = compared(vector.expected, found, tolerance_of(vector.tolerance))
        status, detail = ("pass", "") if same else ("fail", _hint(case, vector, found))
    except (UnsupportedError, MissingInputError, FigureError, UnitError) as error:
        status, detail, found = "unsupported", str(error), plain(found)
    except (
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:
        what = f"{type(error).__name__}: {error}"
        status, detail, found = "unsupported", f"the inputs do not fit the topic ({what})", None
    if not vector.verified and status != "unsupported":
        agrees = "agrees" if status == "pass" else "differs"
        status, detail = "disputed", f"the venue {agrees}; {vector.note or 'not verified'}"
    return Result(
        id=vector.id,
        venue=vector.venue,
        topic=vector.topic,
        status=status,
        expected=vector.expected,
        found=found,
        detail=detail,
        source=vector.source,
    )


def _hint(case: Case, vector: Vector, found: Any) -> str:  # noqa: ANN401
    """The likeliest reason why another figure was found.

    Inputs that the topic has no use for, or a percentage where the venue tells a share.
    """
    unused = case.unused()
    if unused:
        return f"the topic does not use {', '.join(unused)}"
    if isinstance(vector.expected, (int, float, str)) and isinstance(found, (int, float)):
        hundredth = figure(vector.expected) / 100
        if found and abs(figure(found) - hundredth) <= tolerance_of(vector.tolerance):
            return "what is expected is a hundred times as much: a percentage is told as a share"
    return ""
