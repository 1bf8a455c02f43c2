"""The order book of one instrument, as two tables: a row for each resting order and each level.

Columns are arrays of 64-bit integers, so that the compiled core meets no Python object on its way
through the book.  A row stays the same as long as what it holds rests; then it is used again.
The book knows prices, sizes and whose an order is (by number), and nothing of money.
"""

from typing import TYPE_CHECKING, Final

from librt.vecs import append, extend, vec
from mypy_extensions import i64

from exchange.core.kinds import TimeInForce
from exchange.core.policies import SelfTrade
from exchange.core.units import Lots, Ticks

if TYPE_CHECKING:  # a position knows orders, and an order its position
    from exchange.core.accounts import Position
    from exchange.core.attached import Attached
    from exchange.core.tape import Tape

HISTORY_OWNER: Final = 0
"""The account number of replayed liquidity, whose size in a level may be set at will."""
NONE: Final = -1
"""No row."""
FAR: Final = 64
"""Levels further than this from the best are moved all at once: one by one, the interpreter would
take a tenth of a millisecond for the end of a deep book."""


class Order:
    """An order, resting or about to.

    `size` is what is still open; of an iceberg at rest, what of it shows, and `hidden` the rest.
    """

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
        self.hidden: Lots = 0
        self.display: Lots = 0
        """How much of an iceberg shows at a time; 0: all."""
        self.is_market = False
        """Whether it was told no limit; then `price` is the worst that it may trade at."""
        self.time_in_force = TimeInForce.GTC
        self.reduce_only = False
        self.post_only = False
        self.attached: Attached | None = None
        """What else it was told; None for most.  The book never asks."""
        self.ref = 0
        self.self_trade = SelfTrade.CANCEL_OLDEST
        self.held: Lots = 0
        self.held_value = 0
        """What its position counts as open of it: lots, and their value in money."""
        self.row = NONE
        """Where it rests in the book."""

    @property
    def open(self) -> Lots:
        """All that may still trade, shown or not."""
        return self.size + self.hidden

    @property
    def may_rest(self) -> bool:
        """Whether what it does not get at once may rest."""
        asked = self.time_in_force
        return not self.is_market and (asked is TimeInForce.GTC or asked is TimeInForce.GTD)

    @property
    def is_uncertain(self) -> bool:
        """Whether it may shrink, vanish or come back while a taker works through the book."""
        return self.reduce_only or self.attached is not None

    def copy(self) -> "Order":
        """The same order, not in any book."""
        other = Order(
            self.order_id, self.owner, self.market, self.buy, self.price, self.size, self.position
        )
        other.hidden, other.display = self.hidden, self.display
        other.is_market, other.time_in_force = self.is_market, self.time_in_force
        other.reduce_only, other.post_only = self.reduce_only, self.post_only
        other.attached = self.attached
        other.ref = self.ref
        other.self_trade = self.self_trade
        other.held, other.held_value = self.held, self.held_value
        return other


class Ladder:
    """One side's prices in order.  The best is always the last, so that changes there are cheap."""

    def __init__(self, *, buy: bool) -> None:
        self.buy = buy
        self.sign: i64 = 1 if buy else -1
        self.count: i64 = 0
        self.keys: vec[i64] = vec[i64]()
        """sign * price, ascending; only the first `count` count."""
        self.levels: vec[i64] = vec[i64]()
        """The level's row, for each key."""

    def best(self) -> i64:
        """The level that trades first, or NONE."""
        return self.levels[self.count - 1] if self.count else NONE

    def reaches(self, limit: i64) -> bool:
        """Whether a taker with this limit may trade at the best level."""
        return self.count > 0 and self.keys[self.count - 1] >= limit * self.sign

    def place(self, key: i64) -> i64:
        """Where `key` is, or would have to be."""
        low: i64 = 0
        high = self.count
        keys = self.keys
        while low < high:
            middle = (low + high) >> 1
            if keys[middle] < key:
                low = middle + 1
            else:
                high = middle
        return low

    def level(self, price: i64) -> i64:
        """The level of a price, or NONE."""
        key = price * self.sign
        at = self.place(key)
        return self.levels[at] if at < self.count and self.keys[at] == key else NONE

    def insert(self, at: i64, key: i64, level: i64) -> None:
        """Make room for a level."""
        if self.count - at > FAR:
            self.keys = extend(append(self.keys[:at], key), self.keys[at : self.count])
            self.levels = extend(append(self.levels[:at], level), self.levels[at : self.count])
            self.count += 1
            return
        if self.count == len(self.keys):
            self.keys = append(self.keys, key)
            self.levels = append(self.levels, level)
        keys, levels = self.keys, self.levels
        here = self.count
        while here > at:
            keys[here] = keys[here - 1]
            levels[here] = levels[here - 1]
            here -= 1
        keys[at] = key
        levels[at] = level
        self.count += 1

    def drop(self, price: i64) -> None:
        """Close the gap that a level leaves."""
        self.count -= 1
        at = self.count
        key = price * self.sign
        if self.keys[at] == key:
            return
        at = self.place(key)
        if self.count - at > FAR:
            self.keys = extend(self.keys[:at], self.keys[at + 1 : self.count + 1])
            self.levels = extend(self.levels[:at], self.levels[at + 1 : self.count + 1])
            return
        keys, levels = self.keys, self.levels
        while at < self.count:
            keys[at] = keys[at + 1]
            levels[at] = levels[at + 1]
            at += 1


class Book:
    """Bids and asks.  At rest the best bid is below the best ask."""

    def __init__(self) -> None:
        self.bids = Ladder(buy=True)
        self.asks = Ladder(buy=False)
        self.has_changed = False
        """Whether any size has, since the quotes were last published."""
        self.tape: Tape | None = None
        """Who is told of changes; None: nobody asked."""
        # Orders, by row.
        self.owner: vec[i64] = vec[i64]()
        self.size: vec[i64] = vec[i64]()
        self.level: vec[i64] = vec[i64]()
        self.older: vec[i64] = vec[i64]()
        self.newer: vec[i64] = vec[i64]()
        self.number: vec[i64] = vec[i64]()
        """What a record calls history's order; 0 where it tells levels only, and for traders."""
        self.orders: list[Order | None] = []
        """The trader's order in a row; None where history's size is."""
        self._free: i64 = NONE
        """A row that is not in use; `newer` leads to the next."""
        # Levels, by row.
        self.price: vec[i64] = vec[i64]()
        self.total: vec[i64] = vec[i64]()
        self.history: vec[i64] = vec[i64]()
        """How much of `total` is history's."""
        self.uncertain: vec[i64] = vec[i64]()
        """How many orders are (see `Order.is_uncertain`)."""
        self.oldest: vec[i64] = vec[i64]()
        self.newest: vec[i64] = vec[i64]()
        self._sign: vec[i64] = vec[i64]()
        """1 for a level of bids, -1 for one of asks."""
        self._free_level: i64 = NONE

    def side(self, *, buy: bool) -> Ladder:
        """The side on which a buy (or sell) order rests."""
        return self.bids if buy else self.asks

    # ---------------------------------------------------------------------- changing it

    def rest(self, order: Order) -> None:
        """Put a trader's order at the end of its level's queue."""
        assert order.size > 0, "an order without size cannot rest"
        order.row = self.add(order.owner, order.price, order.size, buy=order.buy)
        self.orders[order.row] = order
        if order.is_uncertain:
            self.uncertain[self.level[order.row]] += 1

    def add(self, owner: i64, price: i64, size: i64, *, buy: bool) -> i64:
        """Put a size at the end of a level's queue; returns its row."""
        level = self._level_at(self.bids if buy else self.asks, price)
        row = self._new_row()
        last = self.newest[level]
        self.owner[row] = owner
        self.size[row] = size
        self.level[row] = level
        self.older[row] = last
        self.newer[row] = NONE
        self.newest[level] = row
        if last == NONE:
            self.oldest[level] = row
        else:
            self.newer[last] = row
        self._resize(level, owner, size)
        if self.tape is not None:
            self.tape.added(
                int(row), int(price), int(size), buy=buy, ahead=int(self.total[level] - size)
            )
        return row

    def remove(self, row: i64) -> None:
        """Take an order out, whatever is open of it."""
        level, older, newer = self.level[row], self.older[row], self.newer[row]
        assert level != NONE, "only a resting order can be removed"
        self._resize(level, self.owner[row], -self.size[row])
        order = self.orders[row]
        if order is not None and order.is_uncertain:
            self.uncertain[level] -= 1
        if self.tape is not None:
            self.tape.removed(int(row), int(self.price[level]), buy=self._sign[level] == 1)
        if older == NONE:
            self.oldest[level] = newer
        else:
            self.newer[older] = newer
        if newer == NONE:
            self.newest[level] = older
        else:
            self.older[newer] = older
        if self.oldest[level] == NONE:
            self._drop_level(level)
        self._forget(row)

    def reduce(self, row: i64, size: i64) -> None:
        """Take `size` off what shows of an order, which keeps its place, or leaves with nothing.

        An iceberg that shows nothing more comes back with its next part, at the end of the queue.
        """
        left = self.size[row] - size
        assert size > 0, "an order shrinks by something"
        assert left >= 0, "an order cannot shrink below nothing"
        order = self.orders[row]
        if order is not None:
            order.size = left
        if left == 0:
            self.remove(row)
            if order is not None and order.hidden:
                order.size = min(order.display, order.hidden)
                order.hidden -= order.size
                self.rest(order)
        else:
            self.size[row] = left
            self._resize(self.level[row], self.owner[row], -size)
            self._tell_size(row)

    def grow(self, row: i64, size: i64) -> None:
        """Add to history's size in a row, which keeps its place."""
        assert self.orders[row] is None, "a trader's order does not grow in its place"
        self.size[row] += size
        self._resize(self.level[row], self.owner[row], size)
        self._tell_size(row)

    def _tell_size(self, row: i64) -> None:
        if self.tape is not None:
            level, size = self.level[row], int(self.size[row])
            buy = self._sign[level] == 1
            self.tape.resized(int(row), int(self.price[level]), size, buy=buy)

    def _resize(self, level: i64, owner: i64, change: i64) -> None:
        self.has_changed = True
        self.total[level] += change
        if owner == HISTORY_OWNER:
            self.history[level] += change

    def _new_row(self) -> i64:
        row = self._free
        if row != NONE:
            self._free = self.newer[row]
            return row
        self.owner = append(self.owner, 0)
        self.size = append(self.size, 0)
        self.level = append(self.level, NONE)
        self.older = append(self.older, NONE)
        self.newer = append(self.newer, NONE)
        self.number = append(self.number, 0)
        self.orders.append(None)
        return len(self.owner) - 1

    def _forget(self, row: i64) -> None:
        order = self.orders[row]
        if order is not None:
            order.row = NONE
            self.orders[row] = None
        self.number[row] = 0
        self.level[row] = NONE
        self.newer[row] = self._free
        self._free = row

    def _level_at(self, side: Ladder, price: i64) -> i64:
        """The level of a price, made if need be."""
        key = price * side.sign
        at = side.place(key)
        if at < side.count and side.keys[at] == key:
            return side.levels[at]
        level = self._free_level
        if level != NONE:
            self._free_level = self.newest[level]
        else:
            level = len(self.price)
            self.price = append(self.price, 0)
            self.total = append(self.total, 0)
            self.history = append(self.history, 0)
            self.uncertain = append(self.uncertain, 0)
            self.oldest = append(self.oldest, NONE)
            self.newest = append(self.newest, NONE)
            self._sign = append(self._sign, 0)
        self.price[level] = price
        self._sign[level] = side.sign
        self.oldest[level] = NONE
        self.newest[level] = NONE
        side.insert(at, key, level)
        return level

    def _drop_level(self, level: i64) -> None:
        assert self.total[level] == 0, "a level without orders has no size"
        (self.bids if self._sign[level] == 1 else self.asks).drop(self.price[level])
        self.newest[level] = self._free_level
        self._free_level = level

    # ------------------------------------------------------------------------- asking it

    def would_trade(self, price: i64, *, buy: bool) -> bool:
        """Whether an order at `price` would find the other side."""
        return self.side(buy=not buy).reaches(price)

    def top(self) -> tuple[Ticks, Lots, Ticks, Lots]:
        """Best bid and ask with their sizes; zeros for an empty side."""
        bid, ask = self.bids.best(), self.asks.best()
        return (
            self.price[bid] if bid != NONE else 0,
            self.total[bid] if bid != NONE else 0,
            self.price[ask] if ask != NONE else 0,
            self.total[ask] if ask != NONE else 0,
        )

    def best_first(self, side: Ladder, most: int = 1 << 60) -> list[int]:
        """The levels of a side, the best first, `most` at the most."""
        count = int(side.count)
        return [int(side.levels[count - 1 - n]) for n in range(min(most, count))]

    def reached(self, limit: i64, *, buy: bool) -> list[int]:
        """The levels of a side at which a taker with this limit may trade, the best first."""
        side = self.side(buy=buy)
        found: list[int] = []
        at = side.count - 1
        while at >= 0 and side.keys[at] >= limit * side.sign:
            found.append(side.levels[at])
            at -= 1
        return found

    def queue(self, level: i64) -> list[int]:
        """The rows of a level, oldest first."""
        rows: list[int] = []
        row = self.oldest[level]
        while row != NONE:
            rows.append(int(row))
            row = self.newer[row]
        return rows

    # ------------------------------------------------------------------------ checking it

    def check(self) -> None:
        """Assert what must hold at rest: not crossed, sums right, no empty level, queue linked."""
        bid, ask = self.bids.best(), self.asks.best()
        assert NONE in (bid, ask) or self.price[bid] < self.price[ask], (
            "the book is crossed at rest"
        )
        for side in (self.bids, self.asks):
            last = -(1 << 62)
            for at in range(int(side.count)):
                key, level = int(side.keys[at]), side.levels[at]
                assert last < key, "levels are out of order"
                assert key == self.price[level] * side.sign, "a level stands at another's price"
                self._check_level(level)
                last = key

    def _check_level(self, level: i64) -> None:
        rows, before = self.queue(level), NONE
        assert rows, f"level {self.price[level]} is empty"
        for row in rows:
            order = self.orders[row]
            assert self.level[row] == level, "an order points to another level"
            assert self.older[row] == before, "the queue is not linked backwards"
            assert self.size[row] > 0, "an order without size rests"
            assert (order is None) == (self.owner[row] == HISTORY_OWNER), "a row has lost its order"
            assert order is None or not order.hidden or order.size <= order.display, (
                f"iceberg {order.order_id} shows more than it should"
            )
            assert order is None or (order.row, order.size) == (row, self.size[row]), (
                f"order {order.order_id} and its row differ"
            )
            before = row
        total = sum(int(self.size[row]) for row in rows)
        history = sum(int(self.size[row]) for row in rows if self.owner[row] == HISTORY_OWNER)
        assert self.newest[level] == before, "the queue does not end at its newest order"
        orders = [self.orders[row] for row in rows]
        uncertain = sum([order is not None and order.is_uncertain for order in orders])
        found = (self.total[level], self.history[level], self.uncertain[level])
        assert (total, history, uncertain) == found, f"level {self.price[level]} sums are wrong"
