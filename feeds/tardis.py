"""Tardis CSV datasets: incremental_book_L2, trades and derivative_ticker.

https://docs.tardis.dev/downloadable-csv-files/data-types (read 2026-11-20).  Time is
`local_timestamp`.  Tardis writes microseconds; files that others converted carry milliseconds or
nanoseconds, and the number of digits tells which.  A file that mixes them is defective.
"""

from abc import abstractmethod
from collections.abc import Iterator
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    RecordedTrade,
    Side,
    UpdateDepth,
    UpdateFundingRate,
    UpdateIndexPrice,
    UpdateMarkPrice,
)
from exchange.core.units import RATE_ONE, SECOND, Lots, Nanos, Ticks, UnitError, exact
from exchange.feed import FeedItem
from feeds.defects import Defect, Names, OnDefect, RowError, TickFileError
from feeds.grid import nearest, nearest_price, price_grid, size_grid
from feeds.source import FileSource

DIGITS = {13: ("milliseconds", 1_000_000), 16: ("microseconds", 1_000), 19: ("nanoseconds", 1)}
"""Digits of a time since 1970, from 2001 to 2286, and its unit in ns."""
MICROSECONDS = 16
FUNDING_INTERVAL: Nanos = 8 * 3600 * SECOND
"""Between two funding payments, which the file does not say: most contracts pay every 8 h."""


class TardisSource(FileSource):
    """One dataset file of one instrument."""

    columns: tuple[str, ...]
    """What the rows must have, beside symbol and local_timestamp."""
    size_least: Lots = 0

    def __init__(
        self,
        path: str | Path,
        instrument: Instrument,
        on_defect: OnDefect | str = OnDefect.STOP,
        *,
        symbol: str = "",
        contract: str = "1",
    ) -> None:
        """Read `instrument`, which the file calls `symbol` if that is another name.

        `contract` is what an amount of 1 stands for, in the instrument's own unit of size: Tardis
        leaves amounts as the venue has them, and some venues count contracts.
        """
        super().__init__(path, on_defect)
        self.instrument = instrument
        self.symbol = instrument.symbol
        self._symbol_in_file = symbol or instrument.symbol
        self._prices = price_grid(instrument)
        unit = exact(contract or "1", "contract")
        self._sizes = size_grid(instrument, unit, least=self.size_least)
        self._digits = 0

    def items(self) -> Iterator[FeedItem]:
        """Every item of the file.  Raises TickFileError at a defect that stops it."""
        self._digits = 0
        lines = self._file.lines()
        first = next(lines, None)
        if first is None:
            raise TickFileError(f"{self.path}:1: the file is empty, expected a header row")
        yield from self._items(lines, header(first[1]))

    @abstractmethod
    def _items(self, lines: Iterator[tuple[int, bytes]], names: list[str]) -> Iterator[FeedItem]:
        """The items of the rows below the header."""

    def _rows(
        self, lines: Iterator[tuple[int, bytes]], names: list[str]
    ) -> Iterator[tuple[int, Nanos, tuple[str, ...]]]:
        """Row number, time and the wanted columns of each row that is whole and in order."""
        missing = [c for c in ("symbol", "local_timestamp", *self.columns) if c not in names]
        if missing:
            raise TickFileError(
                f"{self.path}:1: column {missing[0]!r} is missing, found {','.join(names)[:200]}"
            )
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise TickFileError(f"{self.path}:1: column {twice[:40]!r} is there twice")
        symbol, local = names.index("symbol"), names.index("local_timestamp")
        wanted = itemgetter(*(names.index(c) for c in self.columns))
        before = b""
        for row, line in lines:
            if line == before:
                self.notes["rows that are the one before them again"] += 1
            before = line
            try:
                fields = _split(line, len(names))
                self._know(fields[symbol])
                at = self._time.forward(row, self._nanos(fields[local]))
            except RowError as error:
                self._defects.caught(row, error)
            else:
                yield row, at, wanted(fields)
        if self._file.open_ended:
            self.notes["files whose last line has no line end"] += 1

    def _know(self, symbol: str) -> None:
        if symbol != self._symbol_in_file:
            text = f"symbol was {symbol[:40]!r}, expected {self._symbol_in_file}"
            raise RowError(Defect.UNKNOWN_SYMBOL, text)

    def _nanos(self, text: str) -> Nanos:
        """Nanoseconds, from a time in the unit that the file's first row has."""
        digits = len(text)
        if digits not in DIGITS or not (text.isdecimal() and text.isascii()):
            raise RowError(
                Defect.UNREADABLE, f"time was {text[:40]!r}, expected microseconds since 1970"
            )
        if digits != self._digits:
            self._choose_unit(digits, text)
        return int(text) * DIGITS[digits][1]

    def _choose_unit(self, digits: int, text: str) -> None:
        unit = DIGITS[digits][0]
        if self._digits:
            expected = DIGITS[self._digits][0]
            raise RowError(
                Defect.UNREADABLE, f"time was {text}, in {unit}, expected {expected} as before"
            )
        self._digits = digits
        if digits != MICROSECONDS:
            self.notes[f"files with time in {unit}"] += 1


def header(line: bytes) -> list[str]:
    """The names of the columns."""
    return line.decode("utf-8", errors="replace").strip().split(",")


def _split(line: bytes, width: int) -> list[str]:
    try:
        fields = line.decode("ascii").rstrip("\r").split(",")
    except UnicodeDecodeError:
        raise RowError(Defect.UNREADABLE, "the row is not plain text") from None
    if len(fields) != width:
        raise RowError(Defect.UNREADABLE, f"the row has {len(fields)} columns, expected {width}")
    return fields


class _DepthRow(NamedTuple):
    at: Nanos
    snapshot: bool
    bid: bool
    price: Ticks
    size: Lots


class TardisDepth(TardisSource):
    """incremental_book_L2: rows of one message (same local time, same is_snapshot) apply at once.

    Rows before the first snapshot are left out.  A snapshot replaces the book; an amount is the
    level's new size, and zero empties it.
    """

    columns = ("is_snapshot", "side", "price", "amount")

    def _items(self, lines: Iterator[tuple[int, bytes]], names: list[str]) -> Iterator[FeedItem]:
        synchronised = False
        rows = self._levels(lines, names)
        for (at, snapshot), group in groupby(rows, key=itemgetter(0, 1)):
            synchronised = synchronised or snapshot
            if not synchronised:
                self.notes["rows before the snapshot"] += sum(1 for _ in group)
                continue
            yield self._update(at, group, snapshot=snapshot)
        if not synchronised:
            self._defects.found(
                1, Defect.NO_SNAPSHOT, "the file has no snapshot row to begin a book from"
            )

    def _levels(self, lines: Iterator[tuple[int, bytes]], names: list[str]) -> Iterator[_DepthRow]:
        for row, at, (is_snapshot, side, price, amount) in self._rows(lines, names):
            try:
                snapshot = _one_of(is_snapshot, "is_snapshot", "true", "false")
                bid = _one_of(side, "side", "bid", "ask")
                level = _DepthRow(at, snapshot, bid, self._prices[price], self._sizes[amount])
            except (RowError, UnitError) as error:
                self._defects.caught(row, error)
            else:
                yield level

    def _update(self, at: Nanos, group: Iterator[_DepthRow], *, snapshot: bool) -> UpdateDepth:
        bids: dict[Ticks, Lots] = {}
        asks: dict[Ticks, Lots] = {}
        for level in group:
            (bids if level.bid else asks)[level.price] = level.size
        return UpdateDepth(
            at=at,
            symbol=self.symbol,
            bids=tuple(bids.items()),
            asks=tuple(asks.items()),
            snapshot=snapshot,
        )


class TardisTrades(TardisSource):
    """trades: `side` is the taker's; a trade of unknown side is left out."""

    columns = ("id", "side", "price", "amount")
    size_least = 1

    def _items(self, lines: Iterator[tuple[int, bytes]], names: list[str]) -> Iterator[FeedItem]:
        seen = Names("trade")
        for row, at, (trade, side, price, amount) in self._rows(lines, names):
            if side == "unknown":
                self.notes["trades of unknown side"] += 1
                continue
            try:
                seen.take(trade, side, price, amount)
                buys = _one_of(side, "side", "buy", "sell")
                ticks, lots = self._prices[price], self._sizes[amount]
            except (RowError, UnitError) as error:
                self._defects.caught(row, error)
                continue
            taker = Side.BUY if buys else Side.SELL
            yield RecordedTrade(at=at, symbol=self.symbol, side=taker, price=ticks, size=lots)


class TardisTicker(TardisSource):
    """derivative_ticker: mark price, index price and funding rate, each only when it changes.

    Any field may be empty.  Marks and indices are rounded half-even to the mark unit, and rates
    to a hundred-millionth: they are measured values with as many digits as their maker left.
    A funding rate waits until the time of its payment is known.
    """

    columns = ("funding_timestamp", "funding_rate", "index_price", "mark_price")

    def __init__(
        self,
        path: str | Path,
        instrument: Instrument,
        on_defect: OnDefect | str = OnDefect.STOP,
        *,
        symbol: str = "",
        contract: str = "1",
        funding_interval: Nanos = FUNDING_INTERVAL,
    ) -> None:
        """Read `instrument`, which is funded every `funding_interval`."""
        super().__init__(path, instrument, on_defect, symbol=symbol, contract=contract)
        self._funding_interval = funding_interval

    def _items(self, lines: Iterator[tuple[int, bytes]], names: list[str]) -> Iterator[FeedItem]:
        last: tuple[str, ...] = ("", "", "", "")
        for row, at, fields in self._rows(lines, names):
            known = tuple(new or old for new, old in zip(fields, last, strict=True))
            try:
                found = self._changes(at, last, known)
            except (RowError, UnitError) as error:
                self._defects.caught(row, error)
                continue
            last = known
            yield from found

    def _changes(self, at: Nanos, last: tuple[str, ...], known: tuple[str, ...]) -> list[FeedItem]:
        funding, rate, index, mark = known
        unit, symbol, found = self.instrument.mark_unit, self.symbol, list[FeedItem]()
        if index != last[2]:
            price = nearest_price(index, unit, f"{symbol} index price")
            found.append(UpdateIndexPrice(at=at, symbol=symbol, price=price))
        if (funding, rate) != last[:2] and funding and rate:
            found.append(self._funding(at, funding, rate))
        if mark != last[3]:
            price = nearest_price(mark, unit, f"{symbol} mark price")
            found.append(UpdateMarkPrice(at=at, symbol=symbol, price=price))
        return found

    def _funding(self, at: Nanos, timestamp: str, rate: str) -> UpdateFundingRate:
        return UpdateFundingRate(
            at=at,
            symbol=self.symbol,
            rate=nearest(rate, Fraction(1, RATE_ONE), f"{self.symbol} funding rate"),
            next_at=self._nanos(timestamp),
            interval=self._funding_interval,
        )


def _one_of(text: str, what: str, yes: str, no: str) -> bool:
    if text == yes:
        return True
    if text == no:
        return False
    raise RowError(Defect.UNREADABLE, f"{what} was {text[:40]!r}, expected {yes} or {no}")
