"""How good a recording is, seen in one pass: pauses, crossed books, marks that stand still.

What is defective row by row the reader's own defects tell; here is what only shows over time.
"""

from collections import Counter
from collections.abc import Iterator

from exchange.core.messages import (
    RecordedTrade,
    UpdateDepth,
    UpdateFundingRate,
    UpdateIndexPrice,
    UpdateMarkPrice,
    UpdateOrders,
)
from exchange.core.units import SECOND, Nanos, Ticks
from exchange.feed import BookCheck
from feeds.best import Levels
from feeds.order_mirror import OrderMirror
from feeds.told import Liquidation, Quote, Said, Told

STALE_AFTER: Nanos = 60 * SECOND
"""A mark or an index that does not change for so long, while the market does, stands still."""
LISTED = 20
KINDS: dict[type[Said], str] = {
    UpdateDepth: "depth updates",
    UpdateOrders: "order updates",
    RecordedTrade: "trades",
    Liquidation: "liquidations",
    Quote: "quotes",
    BookCheck: "book checks",
    UpdateMarkPrice: "mark prices",
    UpdateIndexPrice: "index prices",
    UpdateFundingRate: "funding rates",
}


class Finding:
    """One kind of thing that is odd: how often, and at which rows first."""

    def __init__(self) -> None:
        self.count = 0
        self.rows: list[tuple[int, Nanos, str]] = []

    def add(self, row: int, at: Nanos, text: str) -> None:
        """One more."""
        self.count += 1
        if len(self.rows) < LISTED:
            self.rows.append((row, at, text))


class Quality:
    """What one pass over a market has shown."""

    def __init__(self) -> None:
        self.rows = 0
        """The last row that said something."""
        self.items: Counter[str] = Counter()
        self.first_at: Nanos = 0
        self.last_at: Nanos = 0
        self.pause: Nanos = 0
        """The longest time without a word."""
        self.pause_row = 0
        """The row that ended it."""
        self.crossed = Finding()
        self.outside = Finding()
        """Trades beyond the best price of the other side, by the book before them."""
        self.stale = Finding()
        self._levels = Levels()
        self._orders = OrderMirror("")
        self._best = (0, 0, 0, 0)
        self._changed: dict[str, Nanos] = {}
        """When the mark and the index last came, by name."""
        self._moved: Nanos = 0
        """When the book last changed its best prices, or a trade its price."""
        self._last: Ticks = 0

    def watch(self, told: Iterator[Told]) -> Iterator[Told]:
        """The same again, looked at on the way."""
        for one in told:
            self._see(one[0], one[1])
            yield one

    def _see(self, row: int, said: Said) -> None:
        at = said.at
        if not self.items:
            self.first_at = self.last_at = at
        self.rows = max(self.rows, row)
        self.items[KINDS[type(said)]] += 1
        if at - self.last_at > self.pause:
            self.pause, self.pause_row = at - self.last_at, row
        self.last_at = max(self.last_at, at)
        if isinstance(said, UpdateDepth):
            self._levels.apply(said)
            self._book(row, at, self._levels.best)
        elif isinstance(said, UpdateOrders):
            self._orders.apply(said)
            self._book(row, at, self._orders.best)
        elif isinstance(said, Quote) and not self._levels.bids:
            self._book(row, at, (said.bid, said.bid_size, said.ask, said.ask_size))
        elif isinstance(said, RecordedTrade):
            self._trade(row, said)
        elif isinstance(said, (UpdateMarkPrice, UpdateIndexPrice)):
            self._price("mark" if isinstance(said, UpdateMarkPrice) else "index", row, at)

    def _book(self, row: int, at: Nanos, best: tuple[int, int, int, int]) -> None:
        bid, _, ask, _ = best
        if 0 < ask <= bid:
            self.crossed.add(row, at, f"best bid {bid} ticks, best ask {ask}")
        if (bid, ask) != (self._best[0], self._best[2]):
            self._moved = at
        self._best = best

    def _trade(self, row: int, trade: RecordedTrade) -> None:
        bid, _, ask, _ = self._best
        if (ask and trade.price > ask) or (bid and trade.price < bid):
            text = f"traded at {trade.price} ticks, between {bid} and {ask}"
            self.outside.add(row, trade.at, text)
        if trade.price != self._last:
            self._moved = trade.at
        self._last = trade.price

    def _price(self, name: str, row: int, at: Nanos) -> None:
        last = self._changed.get(name)
        if last is not None and at - last > STALE_AFTER and self._moved > last:
            seconds = (at - last) // SECOND
            self.stale.add(row, at, f"the {name} price stood still for {seconds:,} s")
        self._changed[name] = at
