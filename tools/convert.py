"""plimsoll convert: tick files of any format into the tick store (see `feeds.store`)."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from exchange.core.units import decimal
from feeds.store import About, StoreWriter
from feeds.told import Told
from tools.markets import Found, found_in, grids, meanings, policy, reader
from tools.progress import reading
from tools.report import paper, print_json, table
from tools.text import clock

WIDE = 170
"""Columns that the table needs: a narrow terminal breaks lines rather than cut figures off."""
SHOWN_EVERY = 4_096
"""Items between two looks at the progress."""


class Converted(msgspec.Struct, frozen=True, kw_only=True):
    """One market that is in the store now."""

    file: str
    format: str
    venue: str
    market: str
    symbol: str
    tick: str
    lot: str
    first_at: int
    last_at: int
    days: int
    items: int
    rows: int
    bytes_read: int
    bytes_written: int
    defects: dict[str, int]
    seconds: float


def convert(
    files: Annotated[list[Path], typer.Argument(help="Tick files of any format that is known.")],
    store: Annotated[Path, typer.Option("--to", help="The store's folder.")] = Path("ticks"),
    instrument: Annotated[
        list[str] | None,
        typer.Option(help="SYMBOL:TICK:LOT, where the file's own figures are too coarse to tell."),
    ] = None,
    columns: Annotated[
        list[str] | None, typer.Option(help="MEANING=COLUMN, for a table with other names.")
    ] = None,
    on_defect: Annotated[str, typer.Option(help="stop, skip or repair bad rows.")] = "stop",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Turn tick files into exact, typed Parquet, one file for each market and day."""
    known, means = grids(tuple(instrument or ())), meanings(tuple(columns or ()))
    on_bad = policy(on_defect)
    done: list[Converted] = []
    for path in files:
        for found in found_in(path, means):
            writer = Writing(found, store, len(done), known.get(found.symbol), means)
            done.append(writer.carry_out(on_bad, quiet=as_json))
    if as_json:
        print_json({"store": str(store), "markets": done})
    else:
        tell(done, store)


class Writing:
    """One market on its way."""

    def __init__(
        self,
        found: Found,
        store: Path,
        rank: int,
        grid: tuple[str, str] | None,
        columns: dict[str, str],
    ) -> None:
        self._found = found
        self._store = store
        self._rank = rank
        self._grid = grid
        self._columns = columns

    def carry_out(self, on_defect: str, *, quiet: bool) -> Converted:
        """Read it all and write it all.  Raises TickFileError where a defect stops it."""
        found, began = self._found, time.monotonic()
        source, figures = reader(found, self._grid, policy(on_defect), self._columns)
        about = About(
            venue=found.kind.venue,
            listing=msgspec.structs.replace(found.listing, symbol=found.symbol, contract="1"),
            title=found.kind.title,
            source=found.path.name.removesuffix(".parquet"),
            rank=self._rank,
            price_step=figures.tick,
            size_step=figures.lot,
            mark_step=decimal(source.scale.mark_unit, 30),
            price=figures.price,
        )
        writer = StoreWriter(self._store, about, lambda: source.defects)
        with reading(f"{found.path.name} {found.symbol}", source, quiet=quiet) as show:
            writer.write(shown(source.begin(), show))
        quality = writer.quality
        return Converted(
            file=str(found.path),
            format=found.kind.title,
            venue=found.kind.venue,
            market=str(found.listing.market),
            symbol=found.symbol,
            tick=figures.tick,
            lot=figures.lot,
            first_at=quality.first_at,
            last_at=quality.last_at,
            days=len(writer.days),
            items=sum(day.items for day in writer.days),
            rows=sum(day.rows for day in writer.days),
            bytes_read=source.size,
            bytes_written=writer.bytes,
            defects=source.defects,
            seconds=round(time.monotonic() - began, 3),
        )


def shown(told: Iterator[Told], show: object) -> Iterator[Told]:
    """The same again, with a look at the progress now and then."""
    assert callable(show), "a way to show it"
    for number, one in enumerate(told):
        if number % SHOWN_EVERY == 0:
            show()
        yield one


def tell(done: list[Converted], store: Path) -> None:
    """What is in the store now."""
    made = table(
        ("Market", "left"), ("from", "left"), ("first", "left"), ("days", "right"),
        ("items", "right"), ("rows", "right"), ("MB", "right"), ("was", "right"),
        ("bad rows", "right"),
    )  # fmt: skip
    for one in done:
        made.add_row(
            f"{one.venue or 'unknown'} {one.symbol} {one.market}",
            one.format,
            clock(one.first_at)[:19],
            f"{one.days:,}",
            f"{one.items:,}",
            f"{one.rows:,}",
            f"{one.bytes_written / 1e6:,.1f}",
            f"{one.bytes_read / 1e6:,.1f}",
            f"{sum(one.defects.values()):,}",
        )
    out = paper()
    out.width = max(out.width, WIDE)
    out.print(made)
    out.print(f"Store  {store}", soft_wrap=True)
