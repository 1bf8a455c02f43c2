"""The tick store: recordings as exact whole numbers in Parquet, one file for each market and day.

    STORE/venue=binance/market=linear/instrument=BTCUSDT/day=2024-08-08/NAME.parquet

NAME is that of the file it was made from, so that what was recorded apart stays apart, and a
replay of the store is the replay of the originals.  Prices and sizes are in the steps that the
file's metadata names; a depth update is as many rows as it has levels, the last one marked.
Each day but the first opens with the market as it stood, for those who begin there.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from exchange.core.messages import (
    RecordedTrade,
    Side,
    UpdateDepth,
    UpdateFundingRate,
    UpdateIndexPrice,
    UpdateMarkPrice,
    UpdateOrders,
)
from exchange.core.units import SECOND, Nanos
from exchange.feed import BookCheck
from feeds.defects import TickFileError
from feeds.listing import Listing
from feeds.parquet_source import ParquetTable
from feeds.quality import Quality
from feeds.told import Liquidation, Quote, Said, Told
from feeds.window import Standing

ROWS = 65_536
"""In a row group."""
DAY: Nanos = 86_400 * SECOND
VERSION = "1"
KEY = "plimsoll"
"""Of the file's metadata: an `About` as JSON."""
SCHEMA = pa.schema(
    [
        pa.field("at", pa.timestamp("ns", tz="UTC"), nullable=False),
        pa.field("kind", pa.dictionary(pa.int8(), pa.string()), nullable=False),
        pa.field("side", pa.dictionary(pa.int8(), pa.string())),
        pa.field("price", pa.int64()),
        pa.field("size", pa.int64()),
        pa.field("number", pa.int64()),
        pa.field("snapshot", pa.bool_()),
        pa.field("last", pa.bool_(), nullable=False),
        pa.field("opening", pa.bool_(), nullable=False),
        pa.field("next_at", pa.int64()),
        pa.field("interval", pa.int64()),
        pa.field("row", pa.int64(), nullable=False),
    ]
)
Row = tuple[Any, ...]
"""side, price, size, number, snapshot, next_at, interval."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a file of the store is, in its metadata."""

    version: str = VERSION
    venue: str
    listing: Listing
    title: str
    """The format that it was made from."""
    source: str
    """The file that it was made from."""
    rank: int
    """Its place among the files that were converted together; a replay keeps to it."""
    price_step: str
    """What a price of 1 is; of marks and indices, `mark_step`."""
    size_step: str
    """What a size of 1 is, in the instrument's unit of size."""
    mark_step: str
    price: str
    """A price that was seen, in decimals."""
    rows: int = 0
    items: int = 0
    first_at: Nanos = 0
    last_at: Nanos = 0
    pause: Nanos = 0
    """The longest time without a word."""
    crossed: int = 0
    """Moments at which the book was crossed."""
    defects: dict[str, int] = {}
    """Rows that were left out or mended."""


class StoreWriter:
    """One market of one file, on its way into the store."""

    def __init__(
        self, store: Path, about: About, defects: Callable[[], Mapping[str, int]] = dict
    ) -> None:
        """`defects`: what the reader has left out or mended so far."""
        self._store = store
        self._defects = defects
        self._about = about
        self._standing = Standing()
        self.quality = Quality()
        self.days: list[About] = []
        """Of each file that was written."""
        self.bytes = 0

    def write(self, told: Iterator[Told]) -> None:
        """Write it all, a file for each day; a file appears when it is whole."""
        day, writer = -1, None
        try:
            for row, said, number in self.quality.watch(told):
                if said.at // DAY != day:
                    self._close(writer)
                    writer = self._open(said.at // DAY, opens=day >= 0)
                    day = said.at // DAY
                assert writer is not None, "every item has a day"
                writer.add(row, said, number)
                if not isinstance(said, (Quote, Liquidation, BookCheck)):
                    self._standing.take([said])
        except BaseException:
            if writer is not None:
                writer.abandon()
            raise
        self._close(writer)

    def _open(self, day: int, *, opens: bool) -> "DayWriter":
        """A day's file, which opens with the market as it stood, unless nothing was before it."""
        name = datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()
        about = self._about
        folder = (
            self._store
            / f"venue={about.venue or 'unknown'}"
            / f"market={about.listing.market}"
            / f"instrument={about.listing.symbol}"
            / f"day={name}"
        )
        folder.mkdir(parents=True, exist_ok=True)
        writer = DayWriter(folder / f"{about.source}.parquet")
        if opens:
            for item in self._standing.items(day * DAY):
                writer.add(0, item, 0, opening=True)
        return writer

    def _close(self, writer: "DayWriter | None") -> None:
        if writer is None:
            return
        crossed = self.quality.crossed.count - sum(day.crossed for day in self.days)
        counted = Counter(self._defects())
        for day in self.days:
            counted.subtract(day.defects)
        about = msgspec.structs.replace(self._about, crossed=crossed, defects=dict(+counted))
        self.days.append(writer.close(about))
        self.bytes += writer.path.stat().st_size


class DayWriter:
    """One file of the store."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._part = path.with_suffix(".part")
        self._columns: list[list[Any]] = [[] for _ in SCHEMA]
        self._items = self._rows = 0
        self._first: Nanos = 0
        self._last: Nanos = 0
        self._pause: Nanos = 0
        self._writer = pq.ParquetWriter(self._part, SCHEMA, compression="zstd")

    def add(self, row: int, said: Said, number: int, *, opening: bool = False) -> None:
        """One item, in as many rows as it needs."""
        if not opening:
            self._count(said.at)
        kind, rows = flattened(said, number)
        last = len(rows) - 1
        for index, (side, price, size, own, snapshot, next_at, interval) in enumerate(rows):
            values = (
                said.at, kind, side, price, size, own, snapshot, index == last, opening,
                next_at, interval, row,
            )  # fmt: skip
            for column, value in zip(self._columns, values, strict=True):
                column.append(value)
        if len(self._columns[0]) >= ROWS:
            self._flush()

    def close(self, about: About) -> About:
        """The day is over: the file gets its name.  Returns what its metadata says."""
        self._flush()
        about = msgspec.structs.replace(
            about,
            rows=self._rows,
            items=self._items,
            first_at=self._first,
            last_at=self._last,
            pause=self._pause,
        )
        self._writer.add_key_value_metadata({KEY: msgspec.json.encode(about).decode()})
        self._writer.close()
        self._part.replace(self.path)
        return about

    def abandon(self) -> None:
        """Nothing of a file that did not come to its end is kept."""
        self._writer.close()
        self._part.unlink(missing_ok=True)

    def _count(self, at: Nanos) -> None:
        self._items += 1
        if self._items == 1:
            self._first = self._last = at
        self._pause = max(self._pause, at - self._last)
        self._last = max(self._last, at)

    def _flush(self) -> None:
        if not self._columns[0]:
            return
        arrays = [
            pa.array(column, field.type)
            for column, field in zip(self._columns, SCHEMA, strict=True)
        ]
        self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=SCHEMA))
        self._rows += len(self._columns[0])
        for column in self._columns:
            column.clear()


def flattened(said: Said, number: int) -> tuple[str, list[Row]]:
    """The kind of an item, and its rows."""
    if isinstance(said, UpdateDepth):
        rows: list[Row] = [
            (side, price, size, number, said.snapshot, None, None)
            for side, levels in (("bid", said.bids), ("ask", said.asks))
            for price, size in levels
        ]
        return "depth", rows or [(None, None, None, number, said.snapshot, None, None)]
    if isinstance(said, UpdateOrders):
        rows = [
            (side, price, size, own, said.snapshot, None, None)
            for side, orders in (("bid", said.bids), ("ask", said.asks))
            for own, price, size in orders
        ]
        return "orders", rows or [(None, None, None, None, said.snapshot, None, None)]
    if isinstance(said, (Quote, BookCheck)):
        sized = said.sized if isinstance(said, Quote) else None
        return "quote" if isinstance(said, Quote) else "check", [
            ("bid", said.bid, said.bid_size, number, sized, None, None),
            ("ask", said.ask, said.ask_size, number, sized, None, None),
        ]
    if isinstance(said, (RecordedTrade, Liquidation)):
        kind = "trade" if isinstance(said, RecordedTrade) else "liquidation"
        side = "buy" if said.side is Side.BUY else "sell"
        return kind, [(side, said.price, said.size, number, None, None, None)]
    if isinstance(said, (UpdateMarkPrice, UpdateIndexPrice)):
        kind = "mark" if isinstance(said, UpdateMarkPrice) else "index"
        return kind, [(None, said.price, None, None, None, None, None)]
    assert isinstance(said, UpdateFundingRate), f"{type(said).__name__} is not a tick"
    return "funding", [(None, said.rate, None, None, None, said.next_at, said.interval)]


def series(folder: Path) -> list[Path]:
    """The markets in a store, or in a part of it: all days of each, as a path with a star.

    Of a day's own folder, that day alone.

    In the order in which they were converted.
    """
    one_day = any(part.startswith("day=") for part in folder.parts)
    found: dict[Path, int] = {}
    for path in sorted(folder.rglob("*.parquet")):
        about = about_of(path)
        if about is not None:
            days = path.parent.parent / "day=*" / path.name
            found.setdefault(path if one_day else days, about.rank)
    return sorted(found, key=lambda path: (found[path], path))


def about_of(path: Path) -> About | None:
    """What a file of the store says of itself; None for another Parquet file."""
    text = ParquetTable(path).metadata.get(KEY)
    if text is None:
        return None
    try:
        about = msgspec.json.decode(text, type=About)
    except msgspec.DecodeError as error:
        raise TickFileError(f"{path}: its metadata cannot be read: {error}") from None
    if about.version != VERSION:
        raise TickFileError(f"{path}: store version was {about.version}, expected {VERSION}")
    return about
