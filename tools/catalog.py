"""plimsoll catalog: what is there in a folder of tick files, or in a tick store."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from exchange.core.units import SECOND
from feeds import TickFileError, describe
from feeds.store import About, about_of
from tools.report import paper, print_json, table
from tools.text import clock

STORE = "day=*"
WIDE = 180
"""Columns that the tables need: a narrow terminal breaks lines rather than cut figures off."""


def catalog(
    folder: Annotated[Path, typer.Argument(help="A tick store, or any folder.")] = Path("ticks"),
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """List what is there.  Of a store: spans, rows, pauses, crossed moments, bad rows.

    Of other files: what they are.  They are not read to their end; `plimsoll inspect` does that.
    """
    if not folder.is_dir():
        raise TickFileError(f"{folder}: no such folder")
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    entries = [entry for path in files for entry in seen(path)]
    stored = merged([entry for entry in entries if entry["kind"] == "store"])
    others = [entry for entry in entries if entry["kind"] != "store"]
    if as_json:
        print_json({"folder": str(folder), "store": stored, "files": others})
        return
    out = paper()
    out.width = max(out.width, WIDE)
    if stored:
        out.print(store_table(stored))
    if others:
        out.print(file_table(others, folder))
    if not entries:
        out.print(f"{folder}: there is nothing")


def seen(path: Path) -> Iterator[dict[str, Any]]:
    """What one file is: an entry for each market, or one that says why it is none."""
    if path.suffix == ".part":
        return
    try:
        about = about_of(path) if path.suffix == ".parquet" else None
        if about is not None:
            yield stored_entry(path, about)
            return
        kind = describe(path)
    except TickFileError as error:
        yield {"kind": "unknown", "file": str(path), "bytes": path.stat().st_size,
               "why": str(error).removeprefix(f"{path}").lstrip(":1 ")}  # fmt: skip
        return
    for listing in kind.listings:
        yield {
            "kind": "file",
            "file": str(path),
            "bytes": path.stat().st_size,
            "format": kind.title,
            "venue": kind.venue,
            "symbol": listing.symbol,
            "market": str(listing.market),
            "tells": [str(what) for what in listing.carries],
        }


def stored_entry(path: Path, about: About) -> dict[str, Any]:
    """One day of one market."""
    return {
        "kind": "store",
        "path": str(path.parent.parent / STORE / path.name),
        "venue": about.venue,
        "symbol": about.listing.symbol,
        "market": str(about.listing.market),
        "tells": [str(what) for what in about.listing.carries],
        "format": about.title,
        "days": 1,
        "first_at": about.first_at,
        "last_at": about.last_at,
        "items": about.items,
        "rows": about.rows,
        "bytes": path.stat().st_size,
        "longest_pause_seconds": about.pause / SECOND,
        "crossed_moments": about.crossed,
        "bad_rows": sum(about.defects.values()),
    }


def merged(days: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The days of each market together."""
    whole: dict[str, dict[str, Any]] = {}
    for day in days:
        known = whole.setdefault(day["path"], dict(day, days=0, items=0, rows=0, bytes=0,
                                                   crossed_moments=0, bad_rows=0))  # fmt: skip
        for count in ("days", "items", "rows", "bytes", "crossed_moments", "bad_rows"):
            known[count] += day[count]
        known["first_at"] = min(known["first_at"], day["first_at"])
        known["last_at"] = max(known["last_at"], day["last_at"])
        pause = "longest_pause_seconds"
        known[pause] = max(known[pause], day[pause])
    return list(whole.values())


def told(entry: dict[str, Any]) -> str:
    """What a market tells, in short."""
    return ", ".join(kind.removesuffix(" price").removesuffix(" rate") for kind in entry["tells"])


def store_table(entries: list[dict[str, Any]]) -> Any:  # noqa: ANN401 (a table of rich's)
    """Markets of a store."""
    made = table(
        ("Market", "left"), ("tells", "left"), ("first", "left"), ("last", "left"),
        ("days", "right"), ("items", "right"), ("MB", "right"), ("longest pause", "right"),
        ("crossed", "right"), ("bad rows", "right"),
    )  # fmt: skip
    for entry in entries:
        made.add_row(
            f"{entry['venue'] or 'unknown'} {entry['symbol']} {entry['market']}",
            told(entry),
            clock(entry["first_at"])[:16],
            clock(entry["last_at"])[:16],
            f"{entry['days']:,}",
            f"{entry['items']:,}",
            f"{entry['bytes'] / 1e6:,.1f}",
            f"{entry['longest_pause_seconds']:,.1f} s",
            f"{entry['crossed_moments']:,}",
            f"{entry['bad_rows']:,}",
        )
    return made


def file_table(entries: list[dict[str, Any]], folder: Path) -> Any:  # noqa: ANN401 (a table of rich's)
    """Other files."""
    made = table(
        ("File", "left"), ("MB", "right"), ("format", "left"), ("market", "left"), ("tells", "left")
    )
    for entry in entries:
        name, size = Path(entry["file"]).relative_to(folder), f"{entry['bytes'] / 1e6:,.1f}"
        if entry["kind"] == "unknown":
            made.add_row(str(name), size, "not known", "", entry["why"][:60])
            continue
        market = f"{entry['venue']} {entry['symbol']} {entry['market']}".strip()
        made.add_row(str(name), size, entry["format"], market, told(entry))
    return made
