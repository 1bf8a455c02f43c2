"""The tick store's own files (see `feeds.store`): one file is one day, `day=*` is all of them."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa

from exchange.core.messages import (
    RecordedTrade,
    Side,
    UpdateDepth,
    UpdateFundingRate,
    UpdateIndexPrice,
    UpdateMarkPrice,
    UpdateOrders,
)
from exchange.core.units import Nanos, UnitError, decimal, exact
from exchange.feed import BookCheck
from feeds.defects import Defect, RowError, TickFileError
from feeds.format import Format, Opening
from feeds.grid import Grid, half_even
from feeds.listing import FileKind
from feeds.parquet_source import MAGIC, ParquetTable
from feeds.sample import Sample
from feeds.source import FileSource
from feeds.store import About, about_of
from feeds.told import Liquidation, Quote, Said, Told

COLUMNS = (
    "at", "kind", "side", "price", "size", "number", "snapshot", "last", "opening", "next_at",
    "interval", "row",
)  # fmt: skip
Fields = tuple[Any, ...]


class Steps(dict[int, int]):
    """Whole numbers of the store's step as whole numbers of another grid's.  Raises UnitError."""

    def __init__(self, step: Fraction, grid: Grid) -> None:
        super().__init__()
        self._step = step
        self._grid = grid

    def __missing__(self, count: int) -> int:
        found = self._grid[decimal(count * self._step, 30)]
        self[count] = found
        return found


class Store(FileSource):
    """One market, over one day or all of them."""

    def __init__(self, opening: Opening, about: About) -> None:
        super().__init__(opening.path, opening.scale, opening.called, opening.on_defect)
        self._days = opening.sample.files
        self._about = about
        self._done = 0
        self._size = sum(path.stat().st_size for path in self._days)

    @property
    def position(self) -> int:
        """Bytes on disk that have been read, of all days."""
        return self._done

    @property
    def size(self) -> int:
        """Bytes on disk, of all days."""
        return self._size

    def told(self) -> Iterator[Told]:
        """Every item, day after day; only the first day's opening is needed."""
        about, scale = self._about, self.scale
        self._prices = Steps(exact(about.price_step, "price step"), scale.prices)
        self._sizes = Steps(exact(about.size_step, "size step"), scale.sizes)
        self._marks = exact(about.mark_step, "mark step") / scale.mark_unit
        self._makers: dict[str, Callable[[Nanos, list[Fields]], Said]] = {
            "depth": self._depth,
            "orders": self._orders,
            "quote": self._quote,
            "check": self._quote,
            "trade": self._trade,
            "liquidation": self._trade,
            "mark": self._price,
            "index": self._price,
            "funding": self._funding,
        }
        before = 0
        for path in self._days:
            size = path.stat().st_size
            for row, rows in self._items(path, with_opening=before == 0):
                self._done = before + size * row // max(self._count, 1)
                try:
                    at = self._time.forward(row, rows[0][0])
                    said, number = self._said(at, rows)
                except (RowError, UnitError) as error:
                    self._defects.caught(row, error)
                    continue
                yield rows[0][11], said, number
            before += size
        self._done = before

    def _items(self, path: Path, *, with_opening: bool) -> Iterator[tuple[int, list[Fields]]]:
        """The rows of each item, with the number of the last one in the file."""
        table = ParquetTable(path)
        self._count = table.count
        rows: list[Fields] = []
        for first, batch in table.batches(COLUMNS):
            at = batch.column("at").cast(pa.int64()).to_pylist()
            rest = [batch.column(name).to_pylist() for name in COLUMNS[1:]]
            for row, fields in enumerate(zip(at, *rest, strict=True), start=first):
                rows.append(fields)
                if fields[7]:
                    if with_opening or not fields[8]:
                        yield row, rows
                    rows = []
        if rows:
            raise TickFileError(f"{path}:{table.count}: the file ends within an item")

    def _said(self, at: Nanos, rows: list[Fields]) -> tuple[Said, int]:
        kind = rows[0][1]
        make = self._makers.get(kind)
        if make is None:
            raise RowError(Defect.UNREADABLE, f"kind was {kind!r}, expected one of a tick store's")
        return make(at, rows), 0 if kind == "orders" else rows[0][5] or 0

    def _trade(self, at: Nanos, rows: list[Fields]) -> Said:
        _, kind, side, price, size, *_ = rows[0]
        make = RecordedTrade if kind == "trade" else Liquidation
        return make(
            at=at,
            symbol=self.symbol,
            side=Side.BUY if side == "buy" else Side.SELL,
            price=self._prices[price],
            size=self._sizes[size],
        )

    def _price(self, at: Nanos, rows: list[Fields]) -> Said:
        make = UpdateMarkPrice if rows[0][1] == "mark" else UpdateIndexPrice
        price = half_even(rows[0][3] * self._marks.numerator, self._marks.denominator)
        return make(at=at, symbol=self.symbol, price=price)

    def _funding(self, at: Nanos, rows: list[Fields]) -> Said:
        next_at, interval = rows[0][9:11]
        return UpdateFundingRate(
            at=at, symbol=self.symbol, rate=rows[0][3], next_at=next_at, interval=interval
        )

    def _depth(self, at: Nanos, rows: list[Fields]) -> UpdateDepth:
        prices, sizes = self._prices, self._sizes
        return UpdateDepth(
            at=at,
            symbol=self.symbol,
            bids=tuple([(prices[row[3]], sizes[row[4]]) for row in rows if row[2] == "bid"]),
            asks=tuple([(prices[row[3]], sizes[row[4]]) for row in rows if row[2] == "ask"]),
            snapshot=rows[0][6],
        )

    def _orders(self, at: Nanos, rows: list[Fields]) -> UpdateOrders:
        """The price of an order that is gone is no price."""
        sides: tuple[list[tuple[int, int, int]], ...] = ([], [])
        for row in rows:
            if row[2] is not None:
                price = self._prices[row[3]] if row[3] else 0
                sides[row[2] == "ask"].append((row[5], price, self._sizes[row[4]]))
        return UpdateOrders(
            at=at,
            symbol=self.symbol,
            bids=tuple(sides[0]),
            asks=tuple(sides[1]),
            snapshot=rows[0][6],
        )

    def _quote(self, at: Nanos, rows: list[Fields]) -> Said:
        prices = [self._prices[row[3]] if row[3] else 0 for row in rows]
        sizes = [self._sizes[row[4]] for row in rows]
        if rows[0][1] == "check":
            return BookCheck(
                at=at,
                symbol=self.symbol,
                bid=prices[0],
                bid_size=sizes[0],
                ask=prices[1],
                ask_size=sizes[1],
            )
        return Quote(
            at=at,
            symbol=self.symbol,
            bid=prices[0],
            bid_size=sizes[0],
            ask=prices[1],
            ask_size=sizes[1],
            sized=bool(rows[0][6]),
        )


def _sniff(sample: Sample) -> FileKind | None:
    about = about_of(sample.files[0]) if sample.head[:4] == MAGIC else None
    if about is None:
        return None
    return FileKind(
        format="store",
        title=f"tick store of {about.title}",
        venue=about.venue,
        listings=(about.listing,),
    )


def _open(opening: Opening) -> Store:
    about = about_of(opening.sample.files[0])
    assert about is not None, "recognised before"
    return Store(opening, about)


def _measured(sample: Sample) -> tuple[str, str, str]:
    about = about_of(sample.files[0])
    assert about is not None, "recognised before"
    return about.price_step, about.size_step, about.price


FORMAT = Format("store", _sniff, _open, measured=_measured)
