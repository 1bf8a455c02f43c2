"""LOBSTER's pairs of files: every event of a NASDAQ book, and the levels after each of them.

https://lobsterdata.com/info/DataStructure.php (read 2026-11-20).  The message file is opened; the
order book file beside it, row for row, is read with it: it tells what stood there before the first
message, what came into its range unseen, and the best prices that the rebuilt book is held
against.  Time is in seconds after midnight in New York; prices are in ten-thousandths.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from exchange.core.messages import RecordedTrade, Side
from exchange.core.units import SECOND, Lots, Nanos, Ticks, UnitError
from exchange.feed import BookCheck
from feeds.clock_text import DecimalSeconds, day_in, midnight
from feeds.csv_source import split
from feeds.defects import Defect, Defects, OnDefect, RowError, TickFileError
from feeds.figures import Figures
from feeds.format import Format, Opening
from feeds.listing import Carries, FileKind
from feeds.order_mirror import OrderMirror
from feeds.sample import Sample
from feeds.source import FileSource
from feeds.tick_file import TickFile
from feeds.told import Told
from feeds.venues import listing

NAME = re.compile(
    r"(?P<symbol>[A-Z.]+)_(?P<day>\d{4}-\d\d-\d\d)_\d+_\d+_(?P<kind>message|orderbook)_\d+\.csv"
)
PRICE_PLACES = 4
NEW, SHRUNK, DELETED, EXECUTED, HIDDEN, CROSS, HALT = range(1, 8)
KINDS = {str(kind): kind for kind in range(1, 8)}
EMPTY = 9_999_999_999
"""The price of a level that is not there; below zero on the side of bids."""
UNSEEN = 1 << 60
"""Orders that were never told by themselves have numbers from here on, one for each level."""
NEW_YORK = "America/New_York"


class Lobster(FileSource):
    """Every order of one day of one share."""

    book: TickFile | None = None
    """The order book file."""

    def told(self) -> Iterator[Told]:
        """Orders and trades; a check of the book after each, where the other file is there."""
        self._mirror = OrderMirror(self.symbol)
        self._unseen: dict[tuple[bool, Ticks], int] = {}
        self._prices = Figures(self.scale.prices, PRICE_PLACES)
        self._sizes = Figures(self.scale.sizes, 0)
        self._trade_sizes = Figures(self.scale.trade_sizes, 0)
        clock = DecimalSeconds(_midnight(self.path, self.notes))
        levels = iter(()) if self.book is None else self.book.lines()
        for row, line in self._file.lines():
            _, told_levels = next(levels, (0, b""))
            try:
                fields = split(line, 6)
                at = self._time.forward(row, clock.read(fields[0]))
                yield from self._event(row, at, fields)
                if self.book is not None:
                    yield from self._compare(row, at, told_levels)
            except (RowError, UnitError) as error:
                self._defects.caught(row, error)

    def _event(self, row: int, at: Nanos, fields: list[str]) -> Iterator[Told]:
        kind = KINDS.get(fields[1])
        if kind is None:
            raise RowError(Defect.UNREADABLE, f"type was {fields[1][:40]!r}, expected 1 to 7")
        if kind in {HIDDEN, CROSS, HALT}:
            self.notes[f"events outside the visible book (type {kind})"] += 1
            return
        number, size, price = (_whole(text) for text in fields[2:5])
        buy = _is_bid(fields[5])
        ticks, lots = self._prices[price], self._trade_sizes[size]
        if kind == EXECUTED:
            taker = Side.SELL if buy else Side.BUY
            trade = RecordedTrade(at=at, symbol=self.symbol, side=taker, price=ticks, size=lots)
            yield row, trade, 0
        self._change(kind, number, ticks, lots, buy=buy)
        if self.book is None:
            yield from self._update(row, at)

    def _change(self, kind: int, number: int, price: Ticks, size: Lots, *, buy: bool) -> None:
        mirror = self._mirror
        if kind == NEW:
            mirror.put(number, price, size, buy=buy)
            return
        if number not in mirror.known:
            number = self._unseen.get((buy, price), 0)
        left = mirror.size(number)
        if not left:
            self.notes["changes of orders that were never told"] += 1
            return
        mirror.put(number, price, 0 if kind == DELETED else max(left - size, 0), buy=buy)

    def _update(self, row: int, at: Nanos) -> Iterator[Told]:
        update = self._mirror.update(at)
        if update is not None:
            yield row, update, 0

    def _compare(self, row: int, at: Nanos, line: bytes) -> Iterator[Told]:
        """Let every level that the book file shows have the size that it shows."""
        figures = [_whole(text) for text in split(line, line.count(b",") + 1)]
        sides: list[list[tuple[Ticks, Lots]]] = []
        for buy, first in ((False, 0), (True, 2)):
            pairs = zip(figures[first::4], figures[first + 1 :: 4], strict=True)
            told = [(price, size) for price, size in pairs if abs(price) < EMPTY]
            sides.append([(self._prices[price], self._sizes[size]) for price, size in told])
            for price, size in sides[-1]:
                self._fit(price, size, buy=buy)
        yield from self._update(row, at)
        ask, ask_size = sides[0][0] if sides[0] else (0, 0)
        bid, bid_size = sides[1][0] if sides[1] else (0, 0)
        check = BookCheck(
            at=at, symbol=self.symbol, bid=bid, bid_size=bid_size, ask=ask, ask_size=ask_size
        )
        yield row, check, 0

    def _fit(self, price: Ticks, size: Lots, *, buy: bool) -> None:
        """What a level has beyond the orders that are known is one order, never told by itself."""
        mirror = self._mirror
        here = mirror.at(price, buy=buy)
        if here == size:
            return
        number = self._unseen.setdefault((buy, price), UNSEEN + len(self._unseen))
        own = mirror.size(number)
        if own + size - here < 0:
            self.notes["levels smaller than their known orders"] += 1
        mirror.put(number, price, max(own + size - here, 0), buy=buy)


def _whole(text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isdecimal() and digits.isascii()) or len(digits) > 18:  # noqa: PLR2004 (64 bits)
        raise RowError(Defect.UNREADABLE, f"figure was {text[:40]!r}, expected a whole number")
    return int(text)


def _is_bid(text: str) -> bool:
    if text not in {"1", "-1"}:
        raise RowError(Defect.UNREADABLE, f"direction was {text[:40]!r}, expected 1 or -1")
    return text == "1"


def _midnight(path: Path, notes: dict[str, int]) -> Nanos:
    """In New York, where the machine knows time zones; else in UTC, which is noted."""
    day = day_in(path.name)
    if day is None:
        raise TickFileError(f"{path}: its name has no day")
    try:
        there = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(NEW_YORK))
    except ZoneInfoNotFoundError:
        notes["times read as UTC, because this machine does not know New York's"] = 1
        return midnight(day)
    return int(there.timestamp()) * SECOND


# ------------------------------------------------------------------------------ recognition


def _sniff(sample: Sample) -> FileKind | None:
    found = NAME.fullmatch(sample.name)
    if found is None:
        return None
    if found["kind"] == "orderbook":
        beside = sample.path.name.replace("orderbook", "message")
        raise TickFileError(
            f"{sample.path}: the levels of a LOBSTER pair, expected {beside}, which is read with it"
        )
    title = "LOBSTER messages"
    if _beside(sample.path) is not None:
        title += " and order book"
    market = listing("lobster", found["symbol"], Carries.ORDERS, Carries.TRADES)
    return FileKind(format="lobster", title=title, venue="nasdaq", listings=(market,))


def _beside(path: Path) -> Path | None:
    other = path.with_name(path.name.replace("message", "orderbook"))
    return other if other.is_file() else None


def _open(opening: Opening) -> Lobster:
    source = Lobster(opening.path, opening.scale, opening.called, opening.on_defect)
    other = _beside(opening.path)
    if other is not None:
        source.book = TickFile(other, Defects(other, OnDefect(opening.on_defect)))
    return source


FORMAT = Format("lobster", _sniff, _open)
