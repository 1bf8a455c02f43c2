"""What became of vectors, as a table and as facts for machines."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from tools.report import table
from tools.vectors.cases import Result, plain
from tools.vectors.topics import Topic

STYLES: Final = {"pass": "green", "fail": "bold red", "unsupported": "yellow", "disputed": "cyan"}
WIDE: Final = 40
GAPS: Final = 2


def counts(results: Sequence[Result]) -> dict[str, int]:
    """How many passed, failed, and so on."""
    found = Counter(result.status for result in results)
    return {status: found[status] for status in STYLES}


def facts(results: Sequence[Result]) -> dict[str, Any]:
    """For machines."""
    return {
        "vectors": len(results),
        **counts(results),
        "repeated_ids": repeated(results),
        "results": list(results),
    }


def repeated(results: Sequence[Result]) -> list[str]:
    """Ids that several vectors have."""
    found = Counter(result.id for result in results)
    return [name for name, count in found.items() if count > 1]


def tell_vectors(out: Console, results: Sequence[Result]) -> None:
    """Each vector in a row, then why those that did not pass did not, and the sums.

    Nothing is cut off but long lists of figures: a terminal may break a line, with the topic last.
    """
    heads = ("Vector", "", "expected", "found", "venue", "topic")
    rows = [
        (one.id, one.status, cut(shown(one.expected)), _found(one), one.venue, one.topic)
        for one in results
    ]
    widths = [max(len(row[n]) for row in (heads, *rows)) for n in range(len(heads))]
    out.width = max(out.width, sum(widths) + GAPS * len(widths))
    made = table(*[(head, "left") for head in heads])
    for row in rows:
        made.add_row(row[0], Text(row[1], style=STYLES[row[1]]), *row[2:])
    out.print(made)
    for one in results:
        if one.status in ("unsupported", "fail"):
            out.print(f"{one.id}: {_why(one)}", soft_wrap=True)
    for name in repeated(results):
        out.print(f"{name}: more than one vector has this id", soft_wrap=True)
    found = ", ".join(f"{count} {status}" for status, count in counts(results).items() if count)
    out.print(f"{len(results)} vector{'s' if len(results) != 1 else ''}: {found}")


def _found(one: Result) -> str:
    return "-" if one.status == "unsupported" else cut(shown(one.found))


def _why(one: Result) -> str:
    """Why a vector did not pass; figures that the table has no room for, in full."""
    if one.status == "unsupported" or len(shown(one.expected)) + len(shown(one.found)) <= WIDE:
        return one.detail or f"expected {shown(one.expected)}, found {shown(one.found)}"
    full = f"expected {shown(one.expected)}; found {shown(one.found)}"
    return f"{full}; {one.detail}" if one.detail else full


def shown(value: Any) -> str:  # noqa: ANN401
    """A figure, or several, on one line."""
    if isinstance(value, Mapping):
        if "dec" in value:
            return str(value["dec"])
        return ", ".join(f"{name} {shown(part)}" for name, part in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(shown(part) for part in value)
    return str(plain(value))


def cut(text: str) -> str:
    """As much of a text as a column has room for."""
    return text if len(text) <= WIDE else f"{text[: WIDE - 1]}\u2026"


def tell_topics(out: Console, rows: Iterable[Topic]) -> None:
    """Each topic, what is answered, and the inputs it takes."""
    for topic, what, inputs in rows:
        out.print(Text(topic, style="bold"))
        out.print(f"  {what}", markup=False, highlight=False)
        if inputs:
            out.print(f"  inputs: {inputs}", markup=False, highlight=False)
