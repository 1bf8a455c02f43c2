"""History's single orders as a record tells them, gathered into one update for each moment."""

from exchange.core.messages import UpdateDepth, UpdateOrders
from exchange.core.units import Lots, Nanos, Ticks
from feeds.best import Best, Levels

Known = tuple[bool, Ticks, Lots]
"""Is it a bid, price, open size."""


class OrderMirror:
    """Which orders are open, what changed since the last update, and the best of both sides."""

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self.known: dict[int, Known] = {}
        self._touched: dict[int, bool] = {}
        """Orders that the next update must tell, in the order of their queues; and their sides."""
        self._sizes: tuple[dict[Ticks, Lots], dict[Ticks, Lots]] = ({}, {})
        self._levels = Levels()
        self._changed: dict[tuple[bool, Ticks], None] = {}
        self._fresh = True

    def put(self, number: int, price: Ticks, size: Lots, *, buy: bool) -> None:
        """An order has this size now; zero: it is gone."""
        old = self.known.pop(number, None)
        keeps = old is not None and old[:2] == (buy, price) and size <= old[2]
        if old is not None:
            self._count(old[0], old[1], -old[2])
        if size:
            self.known[number] = (buy, price, size)
            self._count(buy, price, size)
        if not keeps:
            self._touched.pop(number, None)
        self._touched.setdefault(number, old[0] if old is not None and not size else buy)

    def apply(self, update: UpdateOrders) -> None:
        """Take what another mirror's update tells."""
        if update.snapshot:
            self.clear()
        for buy, rows in ((True, update.bids), (False, update.asks)):
            for number, price, size in rows:
                self.put(number, price, size, buy=buy)
        self._touched.clear()

    def size(self, number: int) -> Lots:
        """What an order has open; 0 for one that is not known."""
        known = self.known.get(number)
        return 0 if known is None else known[2]

    def at(self, price: Ticks, *, buy: bool) -> Lots:
        """The size of a level."""
        return self._sizes[0 if buy else 1].get(price, 0)

    def clear(self) -> None:
        """The record begins anew."""
        self.known.clear()
        self._touched.clear()
        for side in self._sizes:
            side.clear()
        self._levels = Levels()
        self._changed.clear()
        self._fresh = True

    @property
    def best(self) -> Best:
        """Best bid and ask, of all that was told so far."""
        self._settle()
        return self._levels.best

    @property
    def is_crossed(self) -> bool:
        """Whether bids and asks overlap, as in an auction."""
        self._settle()
        return self._levels.is_crossed

    def update(self, at: Nanos) -> UpdateOrders | None:
        """What changed since the last one, or None where nothing did."""
        if not self._touched:
            return None
        sides: tuple[list[tuple[int, Ticks, Lots]], ...] = ([], [])
        for number, bid in self._touched.items():
            buy, price, size = self.known.get(number, (bid, 0, 0))
            sides[0 if buy else 1].append((number, price, size))
        self._touched.clear()
        snapshot, self._fresh = self._fresh, False
        return UpdateOrders(
            at=at,
            symbol=self._symbol,
            bids=tuple(sides[0]),
            asks=tuple(sides[1]),
            snapshot=snapshot,
        )

    def _count(self, buy: bool, price: Ticks, change: Lots) -> None:  # noqa: FBT001 (a key)
        side = self._sizes[0 if buy else 1]
        left = side.get(price, 0) + change
        if left:
            side[price] = left
        else:
            del side[price]
        self._changed[buy, price] = None

    def _settle(self) -> None:
        if self._changed:
            rows = [(buy, (price, self.at(price, buy=buy))) for buy, price in self._changed]
            self._changed.clear()
            bids = tuple(row for buy, row in rows if buy)
            asks = tuple(row for buy, row in rows if not buy)
            self._levels.apply(UpdateDepth(at=0, symbol=self._symbol, bids=bids, asks=asks))
