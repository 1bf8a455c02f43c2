"""Bars: open, high, low and close of even stretches of virtual time, from trades or marks."""

from collections.abc import Callable
from enum import StrEnum
from typing import final

import msgspec

from exchange.core.messages import MarkPriceChanged, Traded
from exchange.core.units import Lots, MarkPrice, Nanos, Ticks
from exchange.scheduler import Timeline, Turn


class BarSource(StrEnum):
    """What a bar is made of."""

    TRADES = "trades"
    """Prices in ticks."""
    MARKS = "marks"
    """Prices in mark units; no volume."""


@final
class Bar(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True, kw_only=True):
    """What happened from `begin` up to, and not at, `end`.

    Where nothing did, all four prices are the last close.  Bars begin at whole multiples of their
    length since 1970.
    """

    symbol: str
    source: BarSource
    begin: Nanos
    end: Nanos
    open: Ticks | MarkPrice
    high: Ticks | MarkPrice
    low: Ticks | MarkPrice
    close: Ticks | MarkPrice
    volume: Lots
    turnover: int
    """Price times size of every trade, in ticks times lots."""
    count: int
    """Trades, or changes of the mark."""

    @property
    def length(self) -> Nanos:
        """How long it is."""
        return self.end - self.begin


class BarMaker:
    """Makes the bars of one instrument, one length and one source, from its first price on."""

    def __init__(
        self,
        timeline: Timeline,
        symbol: str,
        length: Nanos,
        source: BarSource,
        publish: Callable[[Bar], None],
    ) -> None:
        self._timeline = timeline
        self._symbol = symbol
        self._length = length
        self._source = source
        self._publish = publish
        self._end: Nanos = 0
        self._open = self._high = self._low = self._close = 0
        self._volume = self._turnover = self._count = 0

    def take(self, event: Traded | MarkPriceChanged) -> None:
        """Put a price into the bar under way."""
        if self._end == 0:
            self._end = (self._timeline.now // self._length + 1) * self._length
            self._timeline.schedule(self._end, Turn.MARK, self._tick)
        self._close_until_now()
        price = event.price
        if self._count == 0:
            self._open = self._high = self._low = price
        self._high, self._low = max(self._high, price), min(self._low, price)
        self._close = price
        self._count += 1
        if isinstance(event, Traded):
            self._volume += event.size
            self._turnover += price * event.size

    def _tick(self) -> None:
        self._close_until_now()
        self._timeline.schedule(self._end, Turn.MARK, self._tick)

    def _close_until_now(self) -> None:
        """A price of the very end belongs to the next bar, whichever comes first in its turn."""
        if self._timeline.now < self._end:
            return
        bar = Bar(
            symbol=self._symbol,
            source=self._source,
            begin=self._end - self._length,
            end=self._end,
            open=self._open,
            high=self._high,
            low=self._low,
            close=self._close,
            volume=self._volume,
            turnover=self._turnover,
            count=self._count,
        )
        self._end += self._length
        self._open = self._high = self._low = self._close
        self._volume = self._turnover = self._count = 0
        self._publish(bar)
