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
    tolerances,
)
from tools.vectors.figures import FigureError, figure
from tools.vectors.seeds import seed_results
from tools.vectors.topics import answer_to


def results(path: Path) -> Iterator[Result]:
    """Every vector of a file, answered.  Raises VectorError where the file cannot be read."""
    data = read(path)
    if isinstance(data, dict):
        yield from seed_results(data)
        return
    for number, row in enumerate(data):
        yield _of_row(row, number)


def _of_row(row: dict[str, Any], number: int) -> Result:
    """A vector as it stands in its file; one that is none is unsupported, and the others go on."""
    named = {"id": f"vector {number}", **row}
    try:
        vector = msgspec.convert(named | {"id": str(named["id"])}, Vector)
    except msgspec.ValidationError as error:
        return Result(
            id=str(named["id"]),
            venue=str(row.get("venue", "")),
            topic=str(row.get("topic", "")),
            status="unsupported",
            expected=row.get("expected"),
            found=None,
            detail=f"the vector is not as expected: {error}",
            source=str(row.get("source", "")),
        )
    return answered(vector)


def read(path: Path) -> Any:  # noqa: ANN401
    """A file's JSON: a list of vectors, or of one named `vectors`, or the seeds' own shape."""
    try:
        data = msgspec.json.decode(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except OSError as error:
        raise VectorError(f"{path}: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise VectorError(f"{path}: {error}") from None
    if isinstance(data, dict) and "formulas" in data:
        return data
    rows = data.get("vectors") if isinstance(data, dict) else data
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise VectorError(f"{path}: expected a list of vectors, or the figures of the seeds")
    if not rows:
        raise VectorError(f"{path}: the list of vectors is empty")
    if not any("topic" in row for row in rows):
        raise VectorError(f"{path}: no vector has a topic")
    return rows


def answered(vector: Vector) -> Result:
    """One vector: pass, fail, unsupported; disputed where its source contradicts itself."""
    found: Any = None
    case = Case(vector)
    try:
        found = answer_to(vector.topic)(case)
        same, found = compared(vector.expected, found, tolerances(vector.tolerance))
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
        if found and abs(figure(found) - hundredth) <= max(tolerances(vector.tolerance).values()):
            return "what is expected is a hundred times as much: a percentage is told as a share"
    return ""
