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
WIDE: Final = 34


def counts(results: Sequence[Result]) -> dict[str, int]:
    """How many passed, failed, and so on."""
    found = Counter(result.status for result in results)
    return {status: found[status] for status in STYLES}


def facts(results: Sequence[Result]) -> dict[str, Any]:
    """For machines."""
    return {"vectors": len(results), **counts(results), "results": list(results)}


def tell_vectors(out: Console, results: Sequence[Result]) -> None:
    """Each vector in a row, and the sums below."""
    made = table(
        ("Vector", "left"),
        ("venue", "left"),
        ("topic", "left"),
        ("", "left"),
        ("expected", "left"),
        ("found", "left"),
    )
    for one in results:
        status = Text(one.status, style=STYLES[one.status])
        found = one.detail if one.status == "unsupported" else shown(one.found)
        row = (cut(one.id), one.venue, cut(one.topic), status, shown(one.expected), found)
        made.add_row(*row)
    out.print(made)
    for one in results:
        if one.detail and one.status in ("unsupported", "fail"):
            out.print(f"{one.id}: {one.detail}")
    found = ", ".join(f"{count} {status}" for status, count in counts(results).items() if count)
    out.print(f"{len(results)} vectors: {found}")


def shown(value: Any) -> str:  # noqa: ANN401
    """A figure, or several, on one line."""
    if isinstance(value, Mapping):
        if "dec" in value:
            return str(value["dec"])
        return cut(", ".join(f"{name} {shown(part)}" for name, part in value.items()))
    if isinstance(value, (list, tuple)):
        return cut(", ".join(shown(part) for part in value))
    return cut(str(plain(value)))


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
