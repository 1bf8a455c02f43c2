"""Bars (open, high, low, close, volume) as a path of prices, by a rule that needs no chance.

A bar begins at its open and ends at its close; between them it touches first the extreme against
its direction: low before high in a bar that rises, high before low in one that falls.  The four
prices stand at 0, 1/4, 1/2 and 3/4 of the bar's time, and each has a quarter of the volume (the
close what remains of it), but a lot at least: the path must not depend on how large a lot is.
Which way a trade went: up was bought, down was sold, and where the price stands still the bar's
own direction.
"""

from collections.abc import Iterator
from typing import NamedTuple

from exchange.core.messages import RecordedTrade, Side
from exchange.core.units import Lots, Nanos, Ticks

POINTS = 4


class Bar(NamedTuple):
    """One bar, in whole numbers of any unit."""

    at: Nanos
    """When it begins."""
    length: Nanos
    open: int
    high: int
    low: int
    close: int

    @property
    def rises(self) -> bool:
        """Its direction; a bar that ends where it began rises."""
        return self.close >= self.open

    @property
    def is_whole(self) -> bool:
        """Whether open and close lie between low and high, above 0."""
        inner = (self.open, self.close)
        return 0 < self.low <= min(inner) and max(inner) <= self.high

    def path(self) -> Iterator[tuple[Nanos, int]]:
        """Its four prices and their moments."""
        extremes = (self.low, self.high) if self.rises else (self.high, self.low)
        for number, price in enumerate((self.open, *extremes, self.close)):
            yield self.at + number * self.length // POINTS, price


def trades(bar: Bar, volume: Lots, symbol: str, last: Ticks) -> Iterator[RecordedTrade]:
    """The trades of a bar whose prices are ticks; `last` is the price before it, 0 for none.

    None where nothing was traded.
    """
    if not volume:
        return
    quarter = volume // POINTS
    for number, (at, price) in enumerate(bar.path(), start=1):
        size = volume - (POINTS - 1) * quarter if number == POINTS else quarter
        rises = bar.rises if price == last or not last else price > last
        last = price
        side = Side.BUY if rises else Side.SELL
        yield RecordedTrade(at=at, symbol=symbol, side=side, price=price, size=max(size, 1))
