"""The order book of one instrument: price levels, and a first-in first-out queue in each.

It knows prices, sizes and whose an order is (by number), and nothing of money.
"""

from bisect import bisect_left, insort
from typing import TYPE_CHECKING

from exchange.core.rules import SelfTrade
from exchange.core.units import Lots, Ticks

if TYPE_CHECKING:  # a position knows orders, and an order its position
    from exchange.core.accounts import Position

HISTORY_OWNER = 0
"""The account number of replayed liquidity, whose size in a level may be set at will."""


class Order:
    """An order, resting or about to.  `size` is what is still open."""

    def __init__(
        self,
        order_id: int,
        owner: int,
        market: int,
        buy: bool,  # noqa: FBT001
        price: Ticks,
        size: Lots,
        position: "Position | None" = None,
    ) -> None:
        self.order_id = order_id
        self.owner = owner
        self.market = market
        self.buy = buy
        self.price = price
        self.size = size
        self.position = position
        """What it opens or closes; None for history's.  The book never asks."""
        self.reduce_only = False
        self.ref = 0
        self.self_trade = SelfTrade.CANCEL_OLDEST
        self.held: Lots = 0
        self.held_value = 0
        """What its position counts as open of it: lots, and their value in money."""
        self.level: Level | None = None
        self.older: Order | None = None
        self.newer: Order | None = None

    def copy(self) -> "Order":
        """The same order, not in any book."""
        other = Order(
            self.order_id, self.owner, self.market, self.buy, self.price, self.size, self.position
        )
        other.reduce_only = self.reduce_only
        other.ref = self.ref
        other.self_trade = self.self_trade
        other.held, other.held_value = self.held, self.held_value
        return other


class Level:
    """All orders at one price, oldest first, as a linked list."""

    def __init__(self, price: Ticks) -> None:
        self.price = price
        self.size: Lots = 0
        self.history: Lots = 0
        self.oldest: Order | None = None
        self.newest: Order | None = None

    def append(self, order: Order) -> None:
        """Join the end of the queue."""
        order.level = self
        order.older = self.newest
        order.newer = None
        if self.newest is None:
            self.oldest = order
        else:
            self.newest.newer = order
        self.newest = order
        self.resize(order, order.size)

    def unlink(self, order: Order) -> None:
        """Leave the queue, whatever is still open of `order`."""
        self.resize(order, -order.size)
        if order.older is None:
            self.oldest = order.newer
        else:
            order.older.newer = order.newer
        if order.newer is None:
            self.newest = order.older
        else:
            order.newer.older = order.older
        order.level = None
        order.older = None
        order.newer = None

    def resize(self, order: Order, change: Lots) -> None:
        """Account for a change of an order's size in the level's sums."""
        self.size += change
        if order.owner == HISTORY_OWNER:
            self.history += change


class BookSide:
    """One side's levels.  The best is always the last key, so that changes there are cheap."""

    def __init__(self, *, buy: bool) -> None:
        self.buy = buy
        self.sign = 1 if buy else -1
        self.keys: list[int] = []  # sign * price, ascending
        self.levels: dict[Ticks, Level] = {}

    def best(self) -> Level | None:
        """The level that trades first."""
        return self.levels[self.keys[-1] * self.sign] if self.keys else None

    def at(self, price: Ticks) -> Level:
        """The level of a price, made if need be."""
        level = self.levels.get(price)
        if level is None:
            level = Level(price)
            self.levels[price] = level
            insort(self.keys, self.sign * price)
        return level

    def drop(self, level: Level) -> None:
        """Forget a level that has become empty."""
        del self.levels[level.price]
        key = self.sign * level.price
        if self.keys[-1] == key:
            self.keys.pop()
        else:
            del self.keys[bisect_left(self.keys, key)]

    def best_first(self) -> list[Level]:
        """All levels, the best first."""
        return [self.levels[key * self.sign] for key in reversed(self.keys)]

    def reached(self, limit: Ticks) -> list[Level]:
        """The levels at which a taker with this limit may trade, the best first."""
        levels: list[Level] = []
        for key in reversed(self.keys):
            level = self.levels[key * self.sign]
            if not self.reaches(level, limit):
                break
            levels.append(level)
        return levels

    def reaches(self, level: Level, limit: Ticks) -> bool:
        """Whether a taker with this limit may trade at `level`."""
        return level.price >= limit if self.buy else level.price <= limit


class Book:
    """Bids and asks.  At rest the best bid is below the best ask."""

    def __init__(self) -> None:
        self.bids = BookSide(buy=True)
        self.asks = BookSide(buy=False)

    def side(self, *, buy: bool) -> BookSide:
        """The side on which a buy (or sell) order rests."""
        return self.bids if buy else self.asks

    def rest(self, order: Order) -> None:
        """Put an order at the end of its level's queue."""
        assert order.size > 0, "an order without size cannot rest"
        self.side(buy=order.buy).at(order.price).append(order)

    def remove(self, order: Order) -> None:
        """Take an order out, whatever is open of it."""
        level = order.level
        assert level is not None, "only a resting order can be removed"
        level.unlink(order)
        if level.oldest is None:
            self.side(buy=order.buy).drop(level)

    def reduce(self, order: Order, size: Lots) -> None:
        """Take `size` off an order, which keeps its place, or leaves when nothing is left."""
        assert 0 < size <= order.size, "an order cannot shrink below nothing"
        level = order.level
        assert level is not None, "only a resting order can be reduced"
        if size == order.size:
            self.remove(order)
            order.size = 0
        else:
            order.size -= size
            level.resize(order, -size)

    def takings(self, taker: Order, *, meets_itself: bool) -> list[tuple[Ticks, Lots]]:
        """What `taker` would get: prices and sizes, best first.

        `meets_itself`: its owner may have orders on the other side, which self-trade prevention
        keeps out.
        """
        side = self.side(buy=not taker.buy)
        left = taker.size
        found: list[tuple[Ticks, Lots]] = []
        for key in reversed(side.keys):
            level = side.levels[key * side.sign]
            if left == 0 or not side.reaches(level, taker.price):
                break
            if not meets_itself:
                size = min(left, level.size)
                left -= size
                found.append((level.price, size))
            else:
                left = _takings_of(level, taker, left, found)
        return found

    def would_trade(self, price: Ticks, *, buy: bool) -> bool:
        """Whether an order at `price` would find the other side."""
        side = self.side(buy=not buy)
        best = side.best()
        return best is not None and side.reaches(best, price)

    def top(self) -> tuple[Ticks, Lots, Ticks, Lots]:
        """Best bid and ask with their sizes; zeros for an empty side."""
        bid, ask = self.bids.best(), self.asks.best()
        return (
            bid.price if bid else 0,
            bid.size if bid else 0,
            ask.price if ask else 0,
            ask.size if ask else 0,
        )

    def check(self) -> None:
        """Assert what must hold at rest: not crossed, sums right, no empty level, queue linked."""
        bid, ask = self.bids.best(), self.asks.best()
        assert bid is None or ask is None or bid.price < ask.price, "the book is crossed at rest"
        for side in (self.bids, self.asks):
            assert len(side.keys) == len(side.levels), "levels and keys differ"
            assert side.keys == sorted(side.sign * price for price in side.levels), (
                "keys are out of order"
            )
            for level in side.levels.values():
                check_level(level)


def _takings_of(level: Level, taker: Order, left: Lots, found: list[tuple[Ticks, Lots]]) -> Lots:
    """Add what `taker` would get from one level, order by order; returns what it still wants."""
    maker = level.oldest
    while maker is not None and left:
        size = min(left, maker.size)
        if maker.owner != taker.owner:
            left -= size
            found.append((level.price, size))
        elif taker.self_trade is SelfTrade.DECREMENT:
            left -= size
        elif taker.self_trade is not SelfTrade.CANCEL_OLDEST:
            return 0
        maker = maker.newer
    return left


def check_level(level: Level) -> None:
    """Assert that a level's sums are those of its orders, and its queue is linked both ways."""
    size = history = 0
    order, before = level.oldest, None
    assert order is not None, f"level {level.price} is empty"
    while order is not None:
        assert order.level is level, "an order points to another level"
        assert order.older is before, "the queue is not linked backwards"
        assert order.size > 0, "an order without size rests"
        size += order.size
        history += order.size if order.owner == HISTORY_OWNER else 0
        before, order = order, order.newer
    assert level.newest is before, "the queue does not end at its newest order"
    assert (size, history) == (level.size, level.history), f"level {level.price} sums are wrong"
