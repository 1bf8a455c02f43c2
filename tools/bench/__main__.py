"""Speed and memory: every engine at every size, interleaved, as a table and as JSON.

Rounds go over all engines before the next begins, so that a slow moment of the machine falls on
everybody.  Medians are shown, and ratios against the first engine of each piece of work; at the
end, what they should come to and whether they do.
"""

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from textwrap import shorten
from typing import Any

from rich.console import Console
from rich.padding import Padding

from tools.bench.targets import WORDS, lines, markdown
from tools.bench.works import WORKS, Work
from tools.report import table
from tools.run_folder import core_kind, plimsoll_version

PATIENCE = 900
"""Seconds for one measurement; slower, and it is left out."""
TENS = 100
WIDTH = 120
"""Columns where no terminal tells."""
MISSING = 60
"""Characters of a reason why there is no figure."""


def main(words: Sequence[str] | None = None) -> None:
    """Measure, show, and write the JSON.  `words`: the arguments, those of the process if None."""
    asked = arguments(words)
    if asked.markdown:
        sys.stdout.write(markdown(json.loads(Path(asked.markdown).read_text())))
        return
    results: dict[str, Any] = {"machine": machine(), "works": {}}
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    console.print(" · ".join(results["machine"].values()), style="dim")
    for name in asked.work or WORKS:
        work = WORKS[name]
        sizes = work.sizes[:1] if asked.quick else work.sizes + work.long * asked.long
        rows = [row for size in sizes for row in at_size(name, work, size, asked.rounds)]
        results["works"][name] = rows
        show(console, name, work, rows)
    show_targets(console, results["works"])
    if asked.json:
        Path(asked.json).write_text(json.dumps(results, indent=2) + "\n")
        console.print(f"\nwritten to {asked.json}")


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="plimsoll bench", description=__doc__)
    parser.add_argument("work", nargs="*", help=f"of {', '.join(WORKS)}; all if none is named")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each engine (3)")
    parser.add_argument("--quick", action="store_true", help="the smallest size only")
    parser.add_argument("--long", action="store_true", help="sizes that take minutes, too")
    parser.add_argument("--json", default="", metavar="FILE", help="write the figures here")
    parser.add_argument(
        "--markdown",
        metavar="FILE",
        default="",
        help="measure nothing; the targets as Markdown, from figures that --json wrote",
    )
    asked = parser.parse_args(words)
    for name in asked.work:
        if name not in WORKS:
            parser.error(f"work was {name!r}, expected {', '.join(WORKS)}")
    return asked


def machine() -> dict[str, str]:
    """Where and when this was measured."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "plimsoll": f"plimsoll {plimsoll_version()}, core {core_kind()}",
        "python": f"Python {platform.python_version()}",
        "cpu": processor(),
    }


def processor() -> str:
    """The processor's name, where the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if "model name" in line), "")


def at_size(name: str, work: Work, size: int, rounds: int) -> list[dict[str, Any]]:
    """A row for each engine, at one size."""
    found: dict[str, list[dict[str, Any]]] = {engine: [] for engine in work.engines}
    for _ in range(rounds):
        for engine, measurements in found.items():
            if not measurements or "nanos" in measurements[-1]:
                measurements.append(measured(name, engine, size))
    rows = [summary(engine, size, taken) for engine, taken in found.items()]
    disagree(name, rows)
    first = next((row["nanos"] for row in rows if row["nanos"]), None)
    for row in rows:
        row["ratio"] = row["nanos"] / first if row["nanos"] and first else None
    return rows


def measured(name: str, engine: str, size: int) -> dict[str, Any]:
    """One measurement, in a process of its own."""
    # As this process was started: -P keeps the source tree from hiding the installed wheel.
    safe = ["-P"] if sys.flags.safe_path else []
    command = [sys.executable, *safe, "-m", "tools.bench.one", name, engine, str(size)]
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return {"missing": f"took more than {PATIENCE} s"}
    if done.returncode:
        return {"missing": (done.stderr.strip().splitlines() or ["failed"])[-1]}
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def summary(engine: str, size: int, taken: list[dict[str, Any]]) -> dict[str, Any]:
    """The median of an engine's measurements."""
    nanos = [one["nanos"] / one["count"] for one in taken if "nanos" in one]
    last = taken[-1]
    return {
        "engine": engine,
        "size": size,
        "nanos": median(nanos) if nanos else None,
        "spread": max(nanos) / min(nanos) if nanos else None,
        "answers": last.get("answers", {}),
        "facts": last.get("facts", {}),
        "missing": last.get("missing", ""),
    }


def disagree(name: str, rows: list[dict[str, Any]]) -> None:
    """End here if two engines came to different answers: then they did not do the same work."""
    seen: dict[str, tuple[str, Any]] = {}
    for row in rows:
        for key, value in row["answers"].items():
            engine, before = seen.setdefault(key, (row["engine"], value))
            if before != value:
                sys.exit(f"{name}: {key} was {value} in {row['engine']}, {before} in {engine}")


def show(console: Console, name: str, work: Work, rows: list[dict[str, Any]]) -> None:
    """The rows as a table, and under it what else there is to tell of them."""
    made = table(
        (f"{name}  {work.title}", "left"),
        ("size", "right"),
        (f"ns each {work.unit}", "right"),
        ("a second", "right"),
        ("ratio", "right"),
    )
    for row in rows:
        made.add_row(row["engine"], f"{row['size']:,}", *figures(row))
    console.print()
    console.print(made)
    for row in rows:
        told = ", ".join(notes(row))
        if told:
            line = f"{row['engine']}, {row['size']:,}: {told}"
            console.print(Padding(line, (0, 0, 0, 2), expand=False), style="dim")


def show_targets(console: Console, works: dict[str, list[dict[str, Any]]]) -> None:
    """What the figures should come to, and whether they do; of works that were measured."""
    made = table(("Target", "left"), ("", "left"), ("measured", "right"), ("holds", "left"))
    for target, measured_here, holds in lines(works):
        if target.work in works:
            what = f"{target.work}  {target.title}"
            made.add_row(what, target.aim, measured_here, WORDS[holds])
    if made.row_count:
        console.print()
        console.print(made)


def figures(row: dict[str, Any]) -> tuple[str, str, str]:
    """Nanoseconds, rate and ratio as text; dashes where there are none."""
    nanos = row["nanos"]
    if not nanos:
        return "-", "-", "-"
    digits = 0 if nanos >= TENS else 1
    return f"{nanos:,.{digits}f}", f"{1e9 / nanos:,.0f}", f"{row['ratio']:,.2f}"


def notes(row: dict[str, Any]) -> Iterator[str]:
    """What else there is to tell of a row."""
    if row["missing"]:
        yield shorten(row["missing"], MISSING)
    for key, value in row["facts"].items():
        yield f"{key} {value:,}" if isinstance(value, int) else f"{key} {value}"


if __name__ == "__main__":
    main()
