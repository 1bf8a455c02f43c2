"""The best bid and ask of a book that is told level by level."""

from exchange.core.messages import UpdateDepth
from exchange.core.units import Lots, Ticks

Best = tuple[Ticks, Lots, Ticks, Lots]
"""Best bid and its size, best ask and its size; zeros for an empty side."""


class Levels:
    """A book as plain levels: no queues, no clients, only what history shows."""

    def __init__(self) -> None:
        self.bids: dict[Ticks, Lots] = {}
        self.asks: dict[Ticks, Lots] = {}
        self._bid: Ticks = 0
        self._ask: Ticks = 0

    def apply(self, update: UpdateDepth) -> None:
        """Take the levels that an update tells."""
        if update.snapshot:
            self.bids.clear()
            self.asks.clear()
            self._bid = self._ask = 0
        for price, size in update.bids:
            if size:
                self.bids[price] = size
                self._bid = max(self._bid, price)
            elif self.bids.pop(price, 0) and price == self._bid:
                self._bid = max(self.bids, default=0)
        for price, size in update.asks:
            if size:
                self.asks[price] = size
                self._ask = min(self._ask or price, price)
            elif self.asks.pop(price, 0) and price == self._ask:
                self._ask = min(self.asks, default=0)

    @property
    def best(self) -> Best:
        """The best of both sides."""
        bid, ask = self._bid, self._ask
        return bid, self.bids.get(bid, 0), ask, self.asks.get(ask, 0)

    @property
    def is_crossed(self) -> bool:
        """Whether the best bid is at or above the best ask."""
        return 0 < self._ask <= self._bid


def changes(old: dict[Ticks, Lots], new: dict[Ticks, Lots]) -> tuple[tuple[Ticks, Lots], ...]:
    """The rows that turn one side of a book into another: what is gone first, then what differs."""
    gone = [(price, 0) for price in old if price not in new]
    differs = [(price, size) for price, size in new.items() if old.get(price) != size]
    return (*gone, *differs)
