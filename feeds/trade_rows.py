"""CSV files with a trade in each row: its id, the taker's side, price and size."""

from collections.abc import Iterator, Sequence

from exchange.core.messages import RecordedTrade, Side
from exchange.core.units import Lots, Nanos, Ticks
from feeds.csv_source import CsvSource, one_of
from feeds.defects import Names
from feeds.told import Said, Told


class TradeRows(CsvSource):
    """Trades; one of unknown side is left out, one that was there before is a defect."""

    columns = ("id", "side", "price", "size")
    """In this order, as the file calls them."""

    def told(self) -> Iterator[Told]:
        """One trade for each row."""
        self._names = Names("trade")
        return super().told()

    def row(self, at: Nanos, fields: tuple[str, ...]) -> Sequence[tuple[Said, int]]:
        """One trade."""
        name, side, price, size = fields
        side = side.lower()
        if side == "unknown":
            self.notes["trades of unknown side"] += 1
            return ()
        self._names.take(name, side, price, size)
        buys = one_of(side, "side", "buy", "sell")
        ticks, lots = self.scale.prices[price], self.scale.trade_sizes[size]
        return ((self.made(at, Side.BUY if buys else Side.SELL, ticks, lots), 0),)

    def made(self, at: Nanos, side: Side, price: Ticks, size: Lots) -> Said:
        """What a row becomes."""
        return RecordedTrade(at=at, symbol=self.symbol, side=side, price=price, size=size)
