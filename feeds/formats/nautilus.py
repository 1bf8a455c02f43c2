"""Nautilus Trader's Parquet catalogue: trade ticks, quote ticks and book deltas of one instrument.

Prices and sizes are whole numbers in little-endian bytes, of 1e-9 (8 bytes) or 1e-16 (16 bytes);
older files have them as plain integers of 1e-9.  The instrument stands in the file's metadata.
https://github.com/nautechsystems/nautilus_trader/tree/develop/crates/serialization/src/arrow
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from exchange.core.messages import RecordedTrade, Side, UpdateDepth
from exchange.core.units import Lots, Nanos, Ticks, UnitError
from feeds.best import Levels
from feeds.defects import Defect, Names, OnDefect, RowError
from feeds.figures import Figures
from feeds.format import Format, Opening
from feeds.listing import Carries, FileKind
from feeds.parquet_source import MAGIC, ParquetTable
from feeds.sample import Sample
from feeds.source import FileSource
from feeds.told import Quote, Said, Told
from feeds.venues import listing

TIME = "ts_init"
ADD, UPDATE, DELETE, CLEAR = 1, 2, 3, 4
BUY = 1


class Nautilus(FileSource):
    """One file of a catalogue; time is `ts_init`, when the recorder had it."""

    columns: tuple[str, ...] = ()

    def told(self) -> Iterator[Told]:
        """What every row in order says."""
        for row, at, fields in self._rows():
            try:
                found = self.row(at, fields)
            except (RowError, UnitError) as error:
                self._defects.caught(row, error)
                continue
            for said in found:
                yield row, said, 0

    def row(self, at: Nanos, fields: tuple[Any, ...]) -> Sequence[Said]:
        """What one row says.  Raises RowError or UnitError."""
        raise NotImplementedError

    def _rows(self) -> Iterator[tuple[int, Nanos, tuple[Any, ...]]]:
        table, scale = ParquetTable(self.path), self.scale
        self.prices, self.sizes = Figures(scale.prices), Figures(scale.sizes)
        self.trade_sizes = Figures(scale.trade_sizes)
        self._names = Names("trade")
        wanted = (TIME, *self.columns)
        for first, batch in table.batches(wanted):
            columns = [batch.column(name).to_pylist() for name in wanted]
            for row, (time, *fields) in enumerate(zip(*columns, strict=True), start=first):
                try:
                    at = self._time.forward(row, time)
                except RowError as error:
                    self._defects.caught(row, error)
                    continue
                yield row, at, tuple(fields)
            self._file.position = self._file.size * (first + batch.num_rows - 1) // table.count


class TradeTicks(Nautilus):
    """trade_tick: side 1 bought, 2 sold; 0 is not known and left out."""

    columns = ("price", "size", "aggressor_side", "trade_id")

    def row(self, at: Nanos, fields: tuple[Any, ...]) -> Sequence[Said]:
        """One trade."""
        price, size, side, name = fields
        if side not in {1, 2}:
            self.notes["trades of unknown side"] += 1
            return ()
        self._names.take(str(name), str(side), str(price), str(size))
        trade = RecordedTrade(
            at=at,
            symbol=self.symbol,
            side=Side.BUY if side == BUY else Side.SELL,
            price=self.prices[price],
            size=self.trade_sizes[size],
        )
        return (trade,)


class QuoteTicks(Nautilus):
    """quote_tick: the best bid and ask."""

    columns = ("bid_price", "bid_size", "ask_price", "ask_size")

    def row(self, at: Nanos, fields: tuple[Any, ...]) -> Sequence[Said]:
        """One quote."""
        bid, bid_size, ask, ask_size = fields
        quote = Quote(
            at=at,
            symbol=self.symbol,
            bid=self.prices[bid],
            bid_size=self.sizes[bid_size],
            ask=self.prices[ask],
            ask_size=self.sizes[ask_size],
        )
        return (quote,)


class BookDeltas(Nautilus):
    """order_book_delta of an L2 book: rows of one moment apply at once."""

    columns = ("action", "side", "price", "size")

    def told(self) -> Iterator[Told]:
        """One depth update for each moment.  Before the first clear or add there is no book."""
        levels, fresh = Levels(), True
        for at, group in groupby(self._rows(), key=itemgetter(1)):
            update, row = self._update(at, group, fresh=fresh)
            if update is not None:
                levels.apply(update)
                yield row, update, 0
                fresh = False

    def _update(
        self, at: Nanos, group: Iterator[tuple[int, Nanos, tuple[Any, ...]]], *, fresh: bool
    ) -> tuple[UpdateDepth | None, int]:
        bids: dict[Ticks, Lots] = {}
        asks: dict[Ticks, Lots] = {}
        snapshot, number = fresh, 0
        for row, _, (action, side, price, size) in group:
            number = row
            if action == CLEAR:
                bids.clear()
                asks.clear()
                snapshot = True
                continue
            try:
                if action not in {ADD, UPDATE, DELETE}:
                    raise RowError(Defect.UNREADABLE, f"action was {action}, expected 1 to 4")  # noqa: TRY301
                lots = 0 if action == DELETE else self.sizes[size]
                (bids if side == BUY else asks)[self.prices[price]] = lots
            except (RowError, UnitError) as error:
                self._defects.caught(row, error)
        if not (bids or asks or snapshot):
            return None, number
        rows = tuple(bids.items()), tuple(asks.items())
        update = UpdateDepth(
            at=at, symbol=self.symbol, bids=rows[0], asks=rows[1], snapshot=snapshot
        )
        return update, number


class Kind(NamedTuple):
    """One type of a catalogue."""

    title: str
    source: Callable[..., Nautilus]
    columns: frozenset[str]
    carries: Carries


KINDS = (
    Kind("trade ticks", TradeTicks, frozenset(TradeTicks.columns), Carries.TRADES),
    Kind("quote ticks", QuoteTicks, frozenset(QuoteTicks.columns), Carries.QUOTES),
    Kind("book deltas", BookDeltas, frozenset((*BookDeltas.columns, "order_id")), Carries.BOOK),
)


def _kind(sample: Sample) -> tuple[Kind, ParquetTable] | None:
    if sample.head[:4] != MAGIC:
        return None
    table = ParquetTable(sample.path)
    if "instrument_id" not in table.metadata or TIME not in table.names:
        return None
    found = [kind for kind in KINDS if kind.columns <= set(table.names)]
    return (found[0], table) if found else None


def _sniff(sample: Sample) -> FileKind | None:
    found = _kind(sample)
    if found is None:
        return None
    kind, table = found
    symbol, _, venue = table.metadata["instrument_id"].partition(".")
    return FileKind(
        format="nautilus",
        title=f"Nautilus {kind.title}",
        venue=venue.lower(),
        listings=(listing(venue.lower(), symbol, kind.carries),),
    )


def _open(opening: Opening) -> Nautilus:
    found = _kind(opening.sample)
    assert found is not None, "recognised before"
    policy: OnDefect = opening.on_defect
    return found[0].source(opening.path, opening.scale, opening.called, policy)


FORMAT = Format("nautilus", _sniff, _open)
