"""Tardis CSV datasets.

https://docs.tardis.dev/downloadable-csv-files/data-types (read 2026-11-20).  Time is
`local_timestamp`.  Tardis writes microseconds; files that others converted carry milliseconds or
nanoseconds, and the number of digits tells which.  A file that mixes them is defective.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from exchange.core.messages import (
    Side,
    UpdateDepth,
    UpdateFundingRate,
    UpdateIndexPrice,
    UpdateMarkPrice,
)
from exchange.core.units import SECOND, Lots, Nanos, Ticks, UnitError
from feeds.best import changes
from feeds.clock_text import Clock, Digits
from feeds.csv_source import CsvSource, one_of
from feeds.defects import Defect, RowError, TickFileError
from feeds.format import Format, Opening
from feeds.listing import Carries, FileKind
from feeds.sample import Sample
from feeds.told import Liquidation, Quote, Said, Told
from feeds.trade_rows import TradeRows
from feeds.venues import listing

MICROSECONDS = 16
"""Digits."""
FUNDING_INTERVAL: Nanos = 8 * 3600 * SECOND
"""Between two funding payments, which the file does not say: most contracts pay every 8 h."""


class TardisSource(CsvSource):
    """One dataset file of one instrument."""

    symbol_column = "symbol"
    time_column = "local_timestamp"

    def clock(self) -> Clock:
        """Microseconds, as a rule."""
        self._clock = Digits(MICROSECONDS, self.notes)
        return self._clock

    def row(self, at: Nanos, fields: tuple[str, ...]) -> Sequence[tuple[Said, int]]:
        """Datasets whose rows do not stand alone have their own `told`."""
        raise NotImplementedError


class _DepthRow(NamedTuple):
    at: Nanos
    snapshot: bool
    row: int
    bid: bool
    price: Ticks
    size: Lots


class Depth(TardisSource):
    """incremental_book_L2: rows of one message (same local time, same is_snapshot) apply at once.

    Rows before the first snapshot are left out.  A snapshot replaces the book; an amount is the
    level's new size, and zero empties it.
    """

    columns = ("is_snapshot", "side", "price", "amount")

    def told(self) -> Iterator[Told]:
        """One depth update for each message."""
        synchronised = False
        for (at, snapshot), group in groupby(self._levels(), key=itemgetter(0, 1)):
            synchronised = synchronised or snapshot
            if not synchronised:
                self.notes["rows before the snapshot"] += sum(1 for _ in group)
                continue
            yield self._update(at, group, snapshot=snapshot)
        if not synchronised:
            self._defects.found(
                1, Defect.NO_SNAPSHOT, "the file has no snapshot row to begin a book from"
            )

    def _levels(self) -> Iterator[_DepthRow]:
        prices, sizes = self.scale.prices, self.scale.sizes
        for row, at, (is_snapshot, side, price, amount) in self._rows():
            try:
                snapshot = one_of(is_snapshot, "is_snapshot", "true", "false")
                bid = one_of(side, "side", "bid", "ask")
                level = _DepthRow(at, snapshot, row, bid, prices[price], sizes[amount])
            except (RowError, UnitError) as error:
                self._defects.caught(row, error)
            else:
                yield level

    def _update(self, at: Nanos, group: Iterator[_DepthRow], *, snapshot: bool) -> Told:
        bids: dict[Ticks, Lots] = {}
        asks: dict[Ticks, Lots] = {}
        row = 0
        for level in group:
            row = level.row
            (bids if level.bid else asks)[level.price] = level.size
        update = UpdateDepth(
            at=at,
            symbol=self.symbol,
            bids=tuple(bids.items()),
            asks=tuple(asks.items()),
            snapshot=snapshot,
        )
        return row, update, 0


class Snapshots(TardisSource):
    """book_snapshot_5 and book_snapshot_25: the best levels after each change among them.

    A level that leaves the range that is shown leaves the book: nothing is known of it.  Each row
    becomes the changes since the one before, so that a queue is not begun anew.
    """

    def told(self) -> Iterator[Told]:
        """One depth update for each row that changes the book."""
        self.columns = self._columns()
        bids: dict[Ticks, Lots] = {}
        asks: dict[Ticks, Lots] = {}
        first = True
        for row, at, fields in self._rows():
            try:
                new_asks, new_bids = (
                    self._side(fields[0::4], fields[1::4]),
                    self._side(fields[2::4], fields[3::4]),
                )
            except UnitError as error:
                self._defects.caught(row, error)
                continue
            rows = changes(bids, new_bids), changes(asks, new_asks)
            bids, asks = new_bids, new_asks
            if any(rows):
                update = UpdateDepth(
                    at=at, symbol=self.symbol, bids=rows[0], asks=rows[1], snapshot=first
                )
                yield row, update, 0
                first = False

    def _columns(self) -> tuple[str, ...]:
        depth = sum(name.endswith("].price") for name in Sample(self.path).names) // 2
        names = ("asks[{}].price", "asks[{}].amount", "bids[{}].price", "bids[{}].amount")
        return tuple(name.format(level) for level in range(depth) for name in names)

    def _side(self, prices: tuple[str, ...], sizes: tuple[str, ...]) -> dict[Ticks, Lots]:
        """A level that is not there has empty fields."""
        ticks, lots = self.scale.prices, self.scale.sizes
        return {
            ticks[price]: lots[size] for price, size in zip(prices, sizes, strict=True) if price
        }


class Quotes(TardisSource):
    """quotes and book_ticker: the best bid and ask.  A side with nothing on it has empty fields."""

    columns = ("bid_price", "bid_amount", "ask_price", "ask_amount")

    def row(self, at: Nanos, fields: tuple[str, ...]) -> Sequence[tuple[Said, int]]:
        """One quote."""
        bid, bid_size, ask, ask_size = fields
        quote = Quote(
            at=at,
            symbol=self.symbol,
            bid=self.scale.prices[bid] if bid else 0,
            bid_size=self.scale.sizes[bid_size] if bid else 0,
            ask=self.scale.prices[ask] if ask else 0,
            ask_size=self.scale.sizes[ask_size] if ask else 0,
        )
        return ((quote, 0),)


class Trades(TradeRows, TardisSource):
    """trades: `side` is the taker's."""

    columns = ("id", "side", "price", "amount")


class Liquidations(Trades):
    """liquidations: `side` is the order's; a long is liquidated by selling."""

    def made(self, at: Nanos, side: Side, price: Ticks, size: Lots) -> Said:
        """A forced order that was filled."""
        return Liquidation(at=at, symbol=self.symbol, side=side, price=price, size=size)


class Ticker(TardisSource):
    """derivative_ticker: mark price, index price and funding rate, each only when it changes.

    Any field may be empty.  Marks and indices are rounded half-even to the mark unit, and rates
    to a hundred-millionth: they are measured values with as many digits as their maker left.
    A funding rate waits until the time of its payment is known.
    """

    columns = ("funding_timestamp", "funding_rate", "index_price", "mark_price")

    def told(self) -> Iterator[Told]:
        """What changes with each row."""
        self._last: tuple[str, ...] = ("", "", "", "")
        return super().told()

    def row(self, at: Nanos, fields: tuple[str, ...]) -> Sequence[tuple[Said, int]]:
        """Index, funding and mark, as far as they are new."""
        last = self._last
        known = tuple(new or old for new, old in zip(fields, last, strict=True))
        funding, rate, index, mark = known
        scale, symbol, found = self.scale, self.symbol, list[tuple[Said, int]]()
        if index != last[2]:
            price = scale.mark(index, "index price")
            found.append((UpdateIndexPrice(at=at, symbol=symbol, price=price), 0))
        if (funding, rate) != last[:2] and funding and rate:
            found.append((self._funding(at, funding, rate), 0))
        if mark != last[3]:
            price = scale.mark(mark, "mark price")
            found.append((UpdateMarkPrice(at=at, symbol=symbol, price=price), 0))
        self._last = known
        return found

    def _funding(self, at: Nanos, timestamp: str, rate: str) -> UpdateFundingRate:
        return UpdateFundingRate(
            at=at,
            symbol=self.symbol,
            rate=self.scale.rate(rate),
            next_at=self._clock.read(timestamp),
            interval=FUNDING_INTERVAL,
        )


class Dataset(NamedTuple):
    """How one kind of dataset is told by its columns, and who reads it."""

    name: str
    columns: frozenset[str]
    source: type[TardisSource]
    carries: tuple[Carries, ...]


COMMON = {"exchange", "symbol", "local_timestamp"}
DATASETS = (
    Dataset(
        "incremental_book_L2",
        frozenset({"is_snapshot", "side", "price", "amount"}),
        Depth,
        (Carries.BOOK,),
    ),
    Dataset("book_snapshot", frozenset({"asks[0].price"}), Snapshots, (Carries.BOOK,)),
    Dataset("quotes", frozenset(Quotes.columns), Quotes, (Carries.QUOTES,)),
    Dataset(
        "derivative_ticker",
        frozenset({"funding_rate", "index_price", "mark_price"}),
        Ticker,
        (Carries.MARK, Carries.INDEX, Carries.FUNDING),
    ),
    Dataset("liquidations", frozenset(Trades.columns), Liquidations, (Carries.LIQUIDATIONS,)),
    Dataset("trades", frozenset(Trades.columns), Trades, (Carries.TRADES,)),
)  # fmt: skip


def _sniff(sample: Sample) -> FileKind | None:
    names = set(sample.names)
    if not names >= COMMON:
        return None
    dataset = _dataset(sample, names)
    if dataset is None:
        raise TickFileError(
            f"{sample.path}:1: columns were {','.join(sample.names)[:200]}, expected those of "
            "a Tardis dataset"
        )
    venue, symbols = sample.column("exchange"), _symbols(sample)
    if not symbols:
        raise TickFileError(f"{sample.path}:2: no row after the header")
    listings = tuple(listing(venue, symbol, *dataset.carries) for symbol in symbols)
    return FileKind(format="tardis", title=f"Tardis {dataset.name}", venue=venue, listings=listings)


def _dataset(sample: Sample, names: set[str]) -> Dataset | None:
    """Trades and liquidations have the same columns; only the file's name tells."""
    for dataset in DATASETS:
        if names >= dataset.columns:
            if dataset.name == "liquidations" and dataset.name not in sample.path.as_posix():
                continue
            return dataset
    return None


def _symbols(sample: Sample) -> list[str]:
    """The instrument of the first row; files grouped by Tardis (PERPETUALS, ...) have many."""
    if not sample.rows:
        return []
    number = sample.names.index("symbol")
    grouped = any(group in sample.name for group in ("PERPETUALS", "FUTURES", "SPOT", "OPTIONS"))
    rows = [row for row in sample.rows if len(row) == len(sample.names)]
    found = list(dict.fromkeys(row[number] for row in rows))
    return found if grouped else found[:1] or [sample.column("symbol")]


def _open(opening: Opening) -> TardisSource:
    sample = opening.sample
    dataset = _dataset(sample, set(sample.names))
    assert dataset is not None, "recognised before"
    return dataset.source(
        opening.path, opening.scale, opening.called, opening.on_defect, alone=opening.alone
    )


FORMAT = Format("tardis", _sniff, _open)
