"""Any table of trades, quotes or bars, CSV or Parquet, its columns known by name or told.

Columns are recognised by the names that people give them; `columns` tells others, such as
`time=when price=px size=vol side=way`.  Times are whole numbers since 1970, seconds with decimals,
or words; sides are buy and sell, b and s, or a flag for the maker's side.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice, pairwise
from typing import TypeAlias

from exchange.core.messages import RecordedTrade, Side
from exchange.core.units import SECOND, Nanos, Ticks
from feeds.bars import Bar, trades
from feeds.clock_text import Clock, DecimalSeconds, Digits, Written, day_in, midnight
from feeds.csv_source import CsvSource
from feeds.defects import Defect, RowError, TickFileError
from feeds.format import Format, Opening
from feeds.listing import Carries, FileKind
from feeds.parquet_source import MAGIC, ParquetSource, ParquetTable
from feeds.sample import Sample
from feeds.scale import Scale
from feeds.source import FileSource
from feeds.told import Quote, Said
from feeds.venues import listing

NAMES: dict[str, tuple[str, ...]] = {
    "time": (
        "time", "timestamp", "ts", "datetime", "date_time", "date", "open_time", "ts_event",
        "local_timestamp", "event_time", "unix", "t",
    ),
    "symbol": ("symbol", "instrument", "ticker", "pair", "market"),
    "side": ("side", "direction", "taker_side", "aggressor_side"),
    "maker": ("is_buyer_maker", "buyer_maker", "isbuyermaker"),
    "price": ("price", "px", "trade_price", "last"),
    "size": ("size", "amount", "qty", "quantity", "volume", "vol"),
    "bid": ("bid", "bid_price", "best_bid", "best_bid_price", "bid_px"),
    "bid_size": ("bid_size", "bid_amount", "bid_qty", "best_bid_size", "best_bid_qty", "bid_sz"),
    "ask": ("ask", "ask_price", "best_ask", "best_ask_price", "ask_px"),
    "ask_size": ("ask_size", "ask_amount", "ask_qty", "best_ask_size", "best_ask_qty", "ask_sz"),
    "open": ("open", "o"),
    "high": ("high", "h"),
    "low": ("low", "l"),
    "close": ("close", "c"),
    "volume": ("volume", "vol", "v", "amount", "base_volume"),
}  # fmt: skip
"""What a column means, and the names it may have, in lower case; the first there is, is taken."""
BUYS = {"buy", "b", "bid", "1", "long", "buyer"}
SELLS = {"sell", "s", "ask", "a", "-1", "2", "short", "seller"}
ROWS_TIMED = 50
Meanings: TypeAlias = dict[str, str]
"""Names of columns by what they mean."""


class Days(Clock):
    """Dates without a time, for bars of a day."""

    def read(self, text: str) -> Nanos:
        """Midnight, UTC."""
        day = day_in(text)
        if day is None:
            raise RowError(Defect.UNREADABLE, f"time was {text[:40]!r}, expected a date")
        return midnight(day)


class Rows(ABC):
    """What the rows of one table say."""

    title = ""
    needs: tuple[str, ...] = ()
    may_have: tuple[str, ...] = ()
    carries: tuple[Carries, ...] = ()

    def __init__(self, scale: Scale, means: Sequence[str], length: Nanos) -> None:
        """`means`: the meanings of the fields of a row.  `length`: between two rows."""
        self.scale = scale
        self.means = means
        self.length = length
        self.last: Ticks = 0

    def read(self, at: Nanos, fields: Sequence[str]) -> Sequence[tuple[Said, int]]:
        """What a row says.  Raises RowError or UnitError."""
        return self.said(at, dict(zip(self.means, fields, strict=True)))

    @abstractmethod
    def said(self, at: Nanos, row: Mapping[str, str]) -> Sequence[tuple[Said, int]]:
        """As `read`, with the fields by what they mean."""


class Trades(Rows):
    """A trade in each row.  Without a side, an uptick was bought and a downtick sold."""

    title = "trades"
    needs = ("time", "price", "size")
    may_have = ("side", "maker")
    carries = (Carries.TRADES,)

    def said(self, at: Nanos, row: Mapping[str, str]) -> Sequence[tuple[Said, int]]:
        """One trade."""
        price, size = self.scale.prices[row["price"]], self.scale.trade_sizes[row["size"]]
        buys = self._buys(row, price)
        self.last = price
        trade = RecordedTrade(
            at=at,
            symbol=self.scale.symbol,
            side=Side.BUY if buys else Side.SELL,
            price=price,
            size=size,
        )
        return ((trade, 0),)

    def _buys(self, row: Mapping[str, str], price: Ticks) -> bool:
        if "side" in row:
            side = row["side"].lower()
            if side not in BUYS | SELLS:
                found = row["side"][:40]
                raise RowError(Defect.UNREADABLE, f"side was {found!r}, expected buy or sell")
            return side in BUYS
        if "maker" in row:
            return row["maker"].lower() not in {"true", "1", "t"}
        return price >= self.last


class Quotes(Rows):
    """The best bid and ask in each row."""

    title = "quotes"
    needs = ("time", "bid", "bid_size", "ask", "ask_size")
    carries = (Carries.QUOTES,)

    def said(self, at: Nanos, row: Mapping[str, str]) -> Sequence[tuple[Said, int]]:
        """One quote; a side with nothing on it is empty."""
        bid, bid_size = self._side(row["bid"], row["bid_size"])
        ask, ask_size = self._side(row["ask"], row["ask_size"])
        quote = Quote(
            at=at,
            symbol=self.scale.symbol,
            bid=bid,
            bid_size=bid_size,
            ask=ask,
            ask_size=ask_size,
        )
        return ((quote, 0),)

    def _side(self, price: str, size: str) -> tuple[int, int]:
        if not price.strip("0."):
            return 0, 0
        return self.scale.prices[price], self.scale.sizes[size]


class Bars(Rows):
    """A bar in each row, expanded to a path (see `feeds.bars`)."""

    title = "bars"
    needs = ("time", "open", "high", "low", "close", "volume")
    carries = (Carries.TRADES,)

    def said(self, at: Nanos, row: Mapping[str, str]) -> Sequence[tuple[Said, int]]:
        """Four trades."""
        figures = [row[name] for name in ("open", "high", "low", "close")]
        bar = Bar(at, self.length, *(self.scale.prices[text] for text in figures))
        if not bar.is_whole and bar.low != bar.high:
            raise RowError(
                Defect.BAD_NUMBER,
                f"open, high, low and close were {', '.join(figures)}, expected low and high to "
                "enclose them",
            )
        made = trades(bar, self.scale.sizes[row["volume"]], self.scale.symbol, self.last)
        self.last = bar.close
        return [(trade, 0) for trade in made]


class CsvTable(CsvSource):
    """A CSV file with a header."""

    rows: Rows
    make_clock: Callable[[Counter[str]], Clock]

    def clock(self) -> Clock:
        """As the first row has it."""
        self.rows.last = 0
        return self.make_clock(self.notes)

    def row(self, at: Nanos, fields: tuple[str, ...]) -> Sequence[tuple[Said, int]]:
        """What its columns mean."""
        return self.rows.read(at, fields)


class ParquetTableSource(ParquetSource):
    """A Parquet file."""

    rows: Rows
    make_clock: Callable[[Counter[str]], Clock]

    def clock(self) -> Clock:
        """As the first row has it."""
        self.rows.last = 0
        return self.make_clock(self.notes)

    def row(self, at: Nanos, fields: tuple[str, ...]) -> Sequence[tuple[Said, int]]:
        """What its columns mean."""
        return self.rows.read(at, fields)


# ------------------------------------------------------------------------------ recognition

KINDS: tuple[type[Rows], ...] = (Bars, Quotes, Trades)


class Found:
    """A table whose columns are known."""

    def __init__(
        self, kind: type[Rows], meanings: Meanings, rows: Sequence[Mapping[str, str]]
    ) -> None:
        self.kind = kind
        self.meanings = meanings
        self.rows = rows
        """The first few, by column."""

    @property
    def times(self) -> list[str]:
        """Times of the first rows, as text."""
        return [row[self.meanings["time"]] for row in self.rows]

    @property
    def fields(self) -> list[str]:
        """Meanings of the columns that are read, beside the time."""
        wanted = (*self.kind.needs, *self.kind.may_have)
        return [name for name in wanted if name in self.meanings and name != "time"]

    @property
    def symbols(self) -> list[str]:
        """Instruments of the first rows; one without a name where there is no such column."""
        column = self.meanings.get("symbol")
        return list(dict.fromkeys(row[column] for row in self.rows)) if column else [""]

    def clock(self) -> Callable[[Counter[str]], Clock]:
        """What reads the times."""
        first = self.times[0] if self.times else ""
        if first.isdecimal():
            return partial(Digits, len(first))
        if first.replace(".", "", 1).isdecimal():
            return lambda _: DecimalSeconds()
        if day_in(first) is not None and ":" not in first:
            return lambda _: Days()
        return lambda _: Written()

    def length(self) -> Nanos:
        """The shortest time between two of the first rows; a minute where that does not show."""
        clock = self.clock()(Counter())
        times = []
        for text in self.times:
            try:
                times.append(clock.read(text))
            except RowError:
                continue
        steps = [later - at for at, later in pairwise(times) if later > at]
        return min(steps, default=60 * SECOND)


def _found(sample: Sample) -> Found | None:
    if sample.head[:4] == MAGIC:
        table = ParquetTable(sample.path)
        meanings = _meanings(sample, table.names)
        kind = _kind(sample, meanings)
        if kind is None:
            return None
        columns = list(dict.fromkeys(meanings.values()))
        rows = [dict(zip(columns, row, strict=True)) for _, row in islice(table.rows(columns), 50)]
        return Found(kind, meanings, rows)
    meanings = _meanings(sample, sample.names)
    kind = _kind(sample, meanings)
    if kind is None:
        return None
    width = len(sample.names)
    whole = [row for row in sample.rows[:ROWS_TIMED] if len(row) == width]
    return Found(kind, meanings, [dict(zip(sample.names, row, strict=True)) for row in whole])


def _meanings(sample: Sample, names: Sequence[str]) -> Meanings:
    """Columns by what they mean: as told, else by their names."""
    for meaning, column in sample.columns.items():
        if meaning not in NAMES or column not in names:
            known = ", ".join(NAMES if meaning not in NAMES else names)[:200]
            what = meaning if meaning not in NAMES else column
            raise TickFileError(f"{sample.path}: column was {what!r}, expected one of {known}")
    lower = {name.lower().strip(): name for name in reversed(names)}
    found = dict(sample.columns)
    for meaning, usual in NAMES.items():
        named = [lower[name] for name in usual if name in lower]
        if named:
            found.setdefault(meaning, named[0])
    return found


def _kind(sample: Sample, meanings: Meanings) -> type[Rows] | None:
    fitting = [kind for kind in KINDS if set(kind.needs) <= set(meanings)]
    if len(fitting) > 1 and sample.columns:
        fitting = [kind for kind in fitting if set(sample.columns) & set(kind.needs[1:])]
    return fitting[0] if fitting else None


def _sniff(sample: Sample) -> FileKind | None:
    found = _found(sample)
    if found is None:
        return None
    if not found.rows:
        raise TickFileError(f"{sample.path}:2: no row after the header")
    markets = tuple(listing("", symbol, *found.kind.carries) for symbol in found.symbols)
    return FileKind(
        format="table", title=f"table of {found.kind.title}", venue="", listings=markets
    )


def _open(opening: Opening) -> FileSource:
    found = _found(opening.sample)
    assert found is not None, "recognised before"
    rows = found.kind(opening.scale, found.fields, found.length())
    place = (opening.path, opening.scale, opening.called, opening.on_defect)
    source: CsvTable | ParquetTableSource
    if opening.sample.head[:4] == MAGIC:
        source = ParquetTableSource(*place)
    else:
        source = CsvTable(*place, alone=opening.alone)
    source.time_column = found.meanings["time"]
    source.symbol_column = found.meanings.get("symbol", "")
    source.columns = tuple(found.meanings[name] for name in found.fields)
    source.rows, source.make_clock = rows, found.clock()
    return source


FORMAT = Format("table", _sniff, _open, guesses=True)
