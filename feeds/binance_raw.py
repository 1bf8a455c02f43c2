"""Raw Binance recordings: depth, trades and mark prices as commands, bookTicker as checks.

Reads USD-M and COIN-M perpetuals and spot.  Time is the local receive time, the first column:
the moment at which a trader on that machine knew.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    RecordedTrade,
    Side,
    UpdateDepth,
    UpdateFundingRate,
    UpdateIndexPrice,
    UpdateMarkPrice,
)
from exchange.core.units import RATE_ONE, SECOND, Nanos, UnitError, exact
from exchange.feed import FeedItem
from feeds.binance_messages import (
    BookTicker,
    DepthDiff,
    DepthSnapshot,
    MarkPrice,
    Message,
    Rows,
    Trade,
    message,
    received,
)
from feeds.book_checks import BookChecks
from feeds.defects import (
    Defect,
    Numbers,
    OnDefect,
    RowError,
    TickFileError,
    not_again,
)
from feeds.depth_chain import DepthChain, Link
from feeds.grid import nearest, nearest_price, price_grid, size_grid
from feeds.source import FileSource

BUFFER_MAX = 20_000
"""Depth updates kept while there is no snapshot; minutes of the busiest stream."""
FUNDING_INTERVAL: Nanos = 8 * 3600 * SECOND
"""Between two funding payments, where the stream does not say: most contracts pay every 8 h."""


class BinanceRaw(FileSource):
    """One recording of one instrument.

    Trades before the first snapshot are left out, because there is no book yet, and so are
    trades that did not happen in the book (insurance fund, ADL, price 0).
    """

    def __init__(
        self,
        path: str | Path,
        instrument: Instrument,
        on_defect: OnDefect | str = OnDefect.STOP,
        *,
        symbol: str = "",
        contract: str = "",
        funding_interval: Nanos = FUNDING_INTERVAL,
    ) -> None:
        """Read `instrument`, which the file calls `symbol` if that is another name.

        Sizes in the file are in the base asset; on COIN-M in contracts, and a contract is a lot
        unless `contract` gives its worth.
        """
        super().__init__(path, on_defect)
        self.instrument = instrument
        self.symbol = instrument.symbol
        self._symbol_in_file = symbol or instrument.symbol
        self._funding_interval = funding_interval
        unit = exact(contract, "contract") if contract else Fraction(1)
        if instrument.is_inverse and not contract:
            unit = instrument.lot_size
        self._prices = price_grid(instrument)
        self._sizes = size_grid(instrument, unit)
        self._trade_sizes = size_grid(instrument, unit, least=1)

    def items(self) -> Iterator[FeedItem]:
        """Every item of the recording.  Raises TickFileError at a defect that stops it."""
        self._chain = DepthChain()
        self._buffer: list[tuple[int, DepthDiff]] = []
        self._checks = BookChecks(self.notes)
        self._trades = Numbers("trade", self.notes)
        self._synchronised = False
        try:
            yield from self._read()
        except TickFileError:
            yield from self._checks.rest()
            raise
        yield from self._checks.rest()

    def _read(self) -> Iterator[FeedItem]:
        row, before = 0, b""
        for row, line in self._file.lines():
            try:
                not_again(line, before)
                before = line
                at, body = received(line)
                found = message(body)
                at = self._time.forward(row, at)
                self._take(row, at, found)
            except (RowError, UnitError) as error:
                self._defects.caught(row, error)
            yield from self._checks.ready()
        if not self._synchronised:
            self._defects.found(
                row, Defect.NO_SNAPSHOT, "the file ends without a depth snapshot to begin from"
            )

    def _take(self, row: int, at: Nanos, found: Message | None) -> None:
        if found is None:
            self.notes["messages of other kinds"] += 1
            return
        if found.symbol and found.symbol != self._symbol_in_file:
            text = f"symbol was {found.symbol}, expected {self._symbol_in_file}"
            raise RowError(Defect.UNKNOWN_SYMBOL, text)
        if isinstance(found, BookTicker):
            self._quote(found)
        elif isinstance(found, Trade):
            self._trade(at, found)
        elif isinstance(found, DepthDiff):
            self._diff(row, at, found)
        elif isinstance(found, MarkPrice):
            self._mark(at, found)
        else:
            self._snapshot(at, found)

    # ---------------------------------------------------------------------------- depth

    def _snapshot(self, at: Nanos, snapshot: DepthSnapshot) -> None:
        if self._chain.last is not None:
            self.notes["snapshots not needed"] += 1
            return
        update = self._update(at, snapshot.bids, snapshot.asks, snapshot=True)
        self._synchronised = True
        self._chain.start(snapshot.last)
        self._checks.depth(update, snapshot.last)
        buffered, self._buffer = self._buffer, []
        for row, diff in buffered:
            try:
                self._diff(row, at, diff)
            except (RowError, UnitError) as error:
                self._defects.caught(row, error)

    def _diff(self, row: int, at: Nanos, diff: DepthDiff) -> None:
        link = self._chain.link(diff)
        if link is Link.GAP:
            link = self._gap(row, diff)
        if link is Link.FOLLOWS:
            update = self._update(at, diff.bids, diff.asks)
            self._chain.extend(diff)
            self._checks.depth(update, diff.last)
        elif link is Link.WAITS:
            self._wait(row, diff)
        elif link is Link.OLD:
            self.notes["depth updates older than the snapshot"] += 1
        else:
            text = f"depth update {diff.last} is repeated, the book stands at {self._chain.last}"
            raise RowError(Defect.REPEATED, text)

    def _gap(self, row: int, diff: DepthDiff) -> Link:
        """Stop, or go on from what there is, or wait for the next snapshot."""
        begins = diff.first if diff.previous is None else diff.previous
        text = f"depth updates are missing: the book stands at {self._chain.last}, and this update"
        self._defects.found(row, Defect.GAP, f"{text} follows {begins}")
        if self._defects.on_defect is OnDefect.REPAIR:
            self._chain.lose()
            return Link.WAITS
        return Link.FOLLOWS

    def _wait(self, row: int, diff: DepthDiff) -> None:
        if len(self._buffer) == BUFFER_MAX:
            raise TickFileError(
                f"{self.path}:{row}: {BUFFER_MAX} depth updates and no snapshot to put them on"
            )
        self._buffer.append((row, diff))

    def _update(self, at: Nanos, bids: Rows, asks: Rows, *, snapshot: bool = False) -> UpdateDepth:
        prices, sizes = self._prices, self._sizes
        return UpdateDepth(
            at=at,
            symbol=self.symbol,
            bids=tuple([(prices[price], sizes[size]) for price, size in bids]),
            asks=tuple([(prices[price], sizes[size]) for price, size in asks]),
            snapshot=snapshot,
        )

    # ------------------------------------------------------------------- quotes and trades

    def _quote(self, quote: BookTicker) -> None:
        prices, sizes = self._prices, self._sizes
        bid, bid_size = prices[quote.bid], sizes[quote.bid_size]
        ask, ask_size = prices[quote.ask], sizes[quote.ask_size]
        self._checks.quote(quote.id, (bid, bid_size, ask, ask_size))

    def _trade(self, at: Nanos, trade: Trade) -> None:
        self._trades.take(trade.id)
        if trade.origin != "MARKET" or not trade.price.strip("0."):
            self.notes["trades outside the book"] += 1
        elif not self._synchronised:
            self.notes["trades before the snapshot"] += 1
        else:
            side = Side.SELL if trade.buyer_is_maker else Side.BUY
            price, size = self._prices[trade.price], self._trade_sizes[trade.size]
            self._checks.other(
                RecordedTrade(at=at, symbol=self.symbol, side=side, price=price, size=size)
            )

    def _mark(self, at: Nanos, mark: MarkPrice) -> None:
        unit = self.instrument.mark_unit
        index_price = nearest_price(mark.index, unit, f"{self.symbol} index price")
        mark_price = nearest_price(mark.mark, unit, f"{self.symbol} mark price")
        rate = nearest(mark.rate, Fraction(1, RATE_ONE), f"{self.symbol} funding rate")
        self._checks.other(UpdateIndexPrice(at=at, symbol=self.symbol, price=index_price))
        self._checks.other(
            UpdateFundingRate(
                at=at,
                symbol=self.symbol,
                rate=rate,
                next_at=mark.next_funding * 1_000_000,
                interval=self._funding_interval,
            )
        )
        self._checks.other(UpdateMarkPrice(at=at, symbol=self.symbol, price=mark_price))
