"""The order book of one instrument, as two tables: a row for each resting order and each level.

A table is one array of 64-bit integers, so that the compiled core meets no Python object on its
way through the book, and the numbers of a row, side by side, come from memory together.  A row is
named by the place of its first number: `rows[row + SIZE]` is its size.  It stays where it is as
long as what it holds rests; then it is used again.
The book knows prices, sizes and whose an order is (by number), and nothing of money.
"""

from typing import TYPE_CHECKING, Final

from librt.vecs import append, extend, pop, vec
from mypy_extensions import i64, mypyc_attr

from exchange.core.kinds import TimeInForce
from exchange.core.policies import SelfTrade
from exchange.core.units import Lots, Money, Ticks

if TYPE_CHECKING:  # a position knows orders, and an order its position
    from exchange.core.accounts import Position
    from exchange.core.attached import Attached
    from exchange.core.order_cost import OrderCost
    from exchange.core.tape import Tape

HISTORY_OWNER: Final = 0
"""The account number of replayed liquidity, whose size in a level may be set at will."""
NONE: Final = -1
"""No row."""
OWNER: Final = 0
SIZE: Final = 1
LEVEL: Final = 2
OLDER: Final = 3
NEWER: Final = 4
NUMBER: Final = 5
"""What a record calls history's order; 0 where it tells levels only, and for traders."""
ROW: Final = 6
"""Numbers to an order's row, which these are."""
PRICE: Final = 0
TOTAL: Final = 1
HISTORY: Final = 2
"""How much of the total is history's."""
UNCERTAIN: Final = 3
"""How many orders are (see `Order.is_uncertain`)."""
OLDEST: Final = 4
NEWEST: Final = 5
SIGN: Final = 6
"""1 for a level of bids, -1 for one of asks."""
LEVEL_ROW: Final = 7
"""Numbers to a level's row."""
LATELY: Final = 512
"""How many prices a side remembers the levels of; a power of two."""
FAR: Final = 128
"""Room for a level further than this from the best is made by a new array: moving the others one by
one would take longer then, and in the interpreter a tenth of a millisecond in a deep book."""
STEP: Final = 4
"""Nearer than that, a new level's place is looked for by so many levels at a time."""
NOWHERE: Final = -(1 << 62)
"""The best key of a side without levels: no limit reaches it."""


@mypyc_attr(free_list_len=1)
class Order:
    """An order, resting or about to.

    `size` is what is still open; of an iceberg at rest, what of it shows, and `hidden` the rest.
    Prices and sizes are in 64 bits, so what multiplies them into money takes them as `int` first.
    """

    def __init__(
        self,
        order_id: i64,
        owner: i64,
        market: i64,
        buy: bool,  # noqa: FBT001
        price: i64,
        size: i64,
        position: "Position | None" = None,
        *,
        ref: int = 0,
        is_market: bool = False,
        reduce_only: bool = False,
        post_only: bool = False,
        time_in_force: TimeInForce = TimeInForce.GTC,
        self_trade: SelfTrade = SelfTrade.CANCEL_OLDEST,
    ) -> None:
        self.order_id = order_id
        self.owner = owner
        self.market = market
        # Side by side they take the room of one number.
        self.buy = buy
        self.is_market = is_market
        """Whether it was told no limit; then `price` is the worst that it may trade at."""
        self.may_rest = not is_market and (
            time_in_force is TimeInForce.GTC or time_in_force is TimeInForce.GTD
        )
        """Whether what it does not get at once may rest."""
        self.reduce_only = reduce_only
        self.post_only = post_only
        self.price = price
        self.size = size
        self.position = position
        """What it opens or closes; None for history's.  The book never asks."""
        self.hidden: i64 = 0
        self.display: i64 = 0
        """How much of an iceberg shows at a time; 0: all."""
        self.time_in_force = time_in_force
        self.attached: Attached | None = None
        """What else it was told; None for most.  The book never asks."""
        self.ref = ref
        self.self_trade = self_trade
        self.held: i64 = 0
        self.held_value: Money = 0
        """What its position counts as open of it: lots, and their value in money."""
        self.cost: OrderCost | None = None
        """What it is reckoned at; None: its limit."""
        self.valued: i64 = 0
        self.value: Money = 0
        """The lots that were last valued at its limit, and at how much."""
        self.row: i64 = NONE
        """Where it rests in the book."""
        self.place: i64 = NONE
        """How many of its account's came to rest before it."""
        self.word: i64 = 0
        """What tells its entry in the table of its account's; see `open_orders`."""
        self.behind: Order | None = None
        """Of one that has gone: the next that has; see `State.spare`."""

    def again(
        self,
        position: "Position",
        buy: bool,  # noqa: FBT001
        price: i64,
        size: i64,
        ref: int,
        self_trade: SelfTrade,
    ) -> None:
        """Be another order: of a limit and a size and no more, as this was, which has gone."""
        self.order_id, self.owner, self.market = 0, position.pool.account.index, position.market
        self.buy, self.price, self.size, self.position = buy, price, size, position
        self.ref, self.self_trade, self.valued, self.behind = ref, self_trade, 0, None

    @property
    def open(self) -> i64:
        """All that may still trade, shown or not."""
        return self.size + self.hidden

    @property
    def is_uncertain(self) -> bool:
        """Whether it may shrink, vanish or come back while a taker works through the book."""
        return self.reduce_only or self.attached is not None

    def copy(self) -> "Order":
        """The same order, not in any book."""
        other = Order(
            self.order_id,
            self.owner,
            self.market,
            self.buy,
            self.price,
            self.size,
            self.position,
            ref=self.ref,
            is_market=self.is_market,
            reduce_only=self.reduce_only,
            post_only=self.post_only,
            time_in_force=self.time_in_force,
            self_trade=self.self_trade,
        )
        other.hidden, other.display = self.hidden, self.display
        other.attached = self.attached
        other.held, other.held_value = self.held, self.held_value
        other.cost = self.cost
        return other


class Ladder:
    """One side's levels in order.  The best is always the last, so that changes there are cheap."""

    def __init__(self, book: "Book", *, buy: bool) -> None:
        self._book = book
        self.buy = buy
        self.sign: i64 = 1 if buy else -1
        self.count: i64 = 0
        self.levels: vec[i64] = vec[i64]()
        """Their rows, by key: sign * price, ascending; what is beyond `count` says nothing."""
        self._best: i64 = NONE
        self._best_key: i64 = NOWHERE
        self._known: vec[i64] = vec[i64]([0] * (2 * LATELY))
        """Keys, each with its level, as last asked for; 0: none.  A key's last bits say where it
        stands; the next key with the same takes its place."""
        self._hidden: i64 = 0
        """How many levels are not known so."""

    def best(self) -> i64:
        """The level that trades first, or NONE."""
        return self._best

    def reaches(self, limit: i64) -> bool:
        """Whether a taker with this limit may trade at the best level."""
        return self._best_key >= limit * self.sign

    def key(self, at: i64) -> i64:
        """The key of the level that is in this place."""
        return self._book.levels[self.levels[at] + PRICE] * self.sign

    def place(self, key: i64) -> i64:
        """Where `key` is, or would have to be."""
        low: i64 = 0
        high = self.count
        while low < high:
            middle = (low + high) >> 1
            if self.key(middle) < key:
                low = middle + 1
            else:
                high = middle
        return low

    def level(self, price: i64) -> i64:
        """The level of a price, or NONE."""
        key = price * self.sign
        known = self._known
        slot = (key & (LATELY - 1)) * 2
        if known[slot] == key:
            return known[slot + 1]
        if self._hidden == 0:
            return NONE
        at = self.place(key)
        if at == self.count or self.key(at) != key:
            return NONE
        if known[slot] == 0:
            self._hidden -= 1
        known[slot] = key
        known[slot + 1] = self.levels[at]
        return self.levels[at]

    def behind(self, price: i64) -> i64:
        """The level that trades next after a price, or NONE."""
        at = self.place(price * self.sign)
        if at == 0:
            return NONE
        return self.levels[at - 1]

    def insert(self, price: i64, level: i64) -> None:
        """Make room for a level, whose row is written."""
        key, count = price * self.sign, self.count
        self.count = count + 1
        known = self._known
        slot = (key & (LATELY - 1)) * 2
        if known[slot] != 0:
            self._hidden += 1
        known[slot] = key
        known[slot + 1] = level
        if key > self._best_key:
            self._best, self._best_key = level, key
        elif count > FAR and self.key(count - FAR) > key:
            at = self.place(key)
            self.levels = extend(append(self.levels[:at], level), self.levels[at:count])
            return
        if count == len(self.levels):
            self.levels = append(self.levels, level)
        levels, rows, sign = self.levels, self._book.levels, self.sign
        at = count
        while at >= STEP and rows[levels[at - STEP] + PRICE] * sign > key:
            at -= STEP
        while at > 0 and rows[levels[at - 1] + PRICE] * sign > key:
            at -= 1
        moved = level
        while at <= count:
            levels[at], moved = moved, levels[at]
            at += 1

    def drop(self, price: i64, level: i64) -> None:
        """Close the gap that a level leaves, whose row is not yet written anew."""
        key, last = price * self.sign, self.count - 1
        slot = (key & (LATELY - 1)) * 2
        if self._known[slot] == key:
            self._known[slot] = 0
        else:
            self._hidden -= 1
        if last > FAR and self.key(last - FAR) > key:
            self.levels = pop(self.levels, self.place(key))[0]
        else:
            levels, at = self.levels, last
            moved = levels[at]
            while moved != level:
                at -= 1
                levels[at], moved = moved, levels[at]
        self.count = last
        if level == self._best:
            self._best, self._best_key = NONE, NOWHERE
            if last > 0:
                self._best = self.levels[last - 1]
                self._best_key = self._book.levels[self._best + PRICE] * self.sign

    def check(self) -> None:
        """Assert that what is known of keys is so, and that the others are counted."""
        keys = {int(self.key(at)): int(self.levels[at]) for at in range(int(self.count))}
        known = {int(self._known[at]): int(self._known[at + 1]) for at in range(0, 2 * LATELY, 2)}
        known.pop(0, None)
        assert known.items() <= keys.items(), "a side remembers a level that it has not"
        assert len(keys) - len(known) == self._hidden, "a side has lost sight of a level"
        best = max(keys.items(), default=(NOWHERE, NONE))
        assert best == (self._best_key, self._best), "a side's best level is another"


class Book:
    """Bids and asks.  At rest the best bid is below the best ask."""

    def __init__(self) -> None:
        self.changes: i64 = 0
        """How often any size has changed."""
        self.replacements: i64 = 0
        """How often a row of history's came or went; while none did, it shows the same prices."""
        self.tape: Tape | None = None
        """Who is told of changes; None: nobody asked."""
        self.rows: vec[i64] = vec[i64]()
        """A row for each order: `OWNER` to `NUMBER`."""
        self._orders: list[Order | None] = []
        """The trader's order of each row; None where history's size is."""
        self._free: i64 = NONE
        """A row that is not in use; `NEWER` leads to the next."""
        self.levels: vec[i64] = vec[i64]()
        """A row for each level: `PRICE` to `SIGN`."""
        self._free_level: i64 = NONE
        """The same for levels; `NEWEST` leads to the next."""
        self.bids = Ladder(self, buy=True)
        self.asks = Ladder(self, buy=False)

    def side(self, *, buy: bool) -> Ladder:
        """The side on which a buy (or sell) order rests."""
        return self.bids if buy else self.asks

    # ---------------------------------------------------------------------- changing it

    def rest(self, order: Order) -> None:
        """Put a trader's order at the end of its level's queue."""
        assert order.size > 0, "an order without size cannot rest"
        row = self.add(order.owner, order.price, order.size, buy=order.buy)
        order.row = row
        self._orders[row // ROW] = order
        if order.is_uncertain:
            self.levels[self.rows[row + LEVEL] + UNCERTAIN] += 1

    def add(self, owner: i64, price: i64, size: i64, *, buy: bool) -> i64:
        """Put a size at the end of a level's queue; returns its row."""
        side = self.bids if buy else self.asks
        level = side.level(price)
        if level == NONE:
            level = self._new_level(side, price)
        row = self._free
        if row == NONE:
            row = self._new_row()
        rows, levels = self.rows, self.levels
        self._free = rows[row + NEWER]
        last = levels[level + NEWEST]
        rows[row + OWNER] = owner
        rows[row + SIZE] = size
        rows[row + LEVEL] = level
        rows[row + OLDER] = last
        rows[row + NEWER] = NONE
        levels[level + NEWEST] = row
        if last == NONE:
            levels[level + OLDEST] = row
        else:
            rows[last + NEWER] = row
        levels[level + TOTAL] += size
        if owner == HISTORY_OWNER:
            levels[level + HISTORY] += size
            self.replacements += 1
        self.changes += 1
        if self.tape is not None:
            ahead = int(levels[level + TOTAL] - size)
            self.tape.added(int(row), int(price), int(size), buy=buy, ahead=ahead)
        return row

    def remove(self, row: i64, order: Order | None = None) -> None:
        """Take an order out, whatever is open of it: history's, or the trader's `order`."""
        rows, levels = self.rows, self.levels
        level, older, newer = rows[row + LEVEL], rows[row + OLDER], rows[row + NEWER]
        assert level != NONE, "only a resting order can be removed"
        levels[level + TOTAL] -= rows[row + SIZE]
        self.changes += 1
        if self.tape is not None:
            buy = levels[level + SIGN] == 1
            self.tape.removed(int(row), int(levels[level + PRICE]), buy=buy)
        if order is None:
            levels[level + HISTORY] -= rows[row + SIZE]
            self.replacements += 1
            rows[row + NUMBER] = 0
        else:
            if order.is_uncertain:
                levels[level + UNCERTAIN] -= 1
            order.row = NONE
            self._orders[row // ROW] = None
        if older == NONE:
            levels[level + OLDEST] = newer
        else:
            rows[older + NEWER] = newer
        if newer == NONE:
            levels[level + NEWEST] = older
        else:
            rows[newer + OLDER] = older
        if older == newer:  # it was alone
            self._drop_level(level)
        rows[row + LEVEL] = NONE
        rows[row + NEWER] = self._free
        self._free = row

    def reduce(self, row: i64, size: i64, order: Order | None = None) -> None:
        """Take `size` off what shows of an order, which keeps its place, or leaves with nothing.

        It is history's, or the trader's `order`.  An iceberg that shows nothing more comes back
        with its next part, at the end of the queue.
        """
        rows = self.rows
        left = rows[row + SIZE] - size
        assert size > 0, "an order shrinks by something"
        assert left >= 0, "an order cannot shrink below nothing"
        if order is not None:
            order.size = left
        if left == 0:
            self.remove(row, order)
            if order is not None and order.hidden:
                order.size = min(order.display, order.hidden)
                order.hidden -= order.size
                self.rest(order)
        else:
            rows[row + SIZE] = left
            self._resize(rows[row + LEVEL], rows[row + OWNER], -size)
            if self.tape is not None:
                self._tell_size(row, self.tape)

    def grow(self, row: i64, size: i64) -> None:
        """Add to history's size in a row, which keeps its place."""
        rows = self.rows
        assert rows[row + OWNER] == HISTORY_OWNER, "a trader's order does not grow in its place"
        rows[row + SIZE] += size
        self._resize(rows[row + LEVEL], HISTORY_OWNER, size)
        if self.tape is not None:
            self._tell_size(row, self.tape)

    def change_newest(self, level: i64, change: i64) -> bool:
        """Let the last order of a level's queue, which keeps its place, be larger or smaller.

        False, and nothing is done, where it is not history's, has a number, or is not as large.
        """
        rows = self.rows
        row = self.levels[level + NEWEST]
        size = rows[row + SIZE] + change
        if rows[row + OWNER] != HISTORY_OWNER or rows[row + NUMBER] or size <= 0:
            return False
        rows[row + SIZE] = size
        self._resize(level, HISTORY_OWNER, change)
        if self.tape is not None:
            self._tell_size(row, self.tape)
        return True

    def name(self, row: i64, number: i64) -> None:
        """Let one of history's orders have the number that its record calls it."""
        self.rows[row + NUMBER] = number

    def _tell_size(self, row: i64, tape: "Tape") -> None:
        level, size = self.level(row), int(self.size(row))
        buy = self.levels[level + SIGN] == 1
        tape.resized(int(row), int(self.price(level)), size, buy=buy)

    def _resize(self, level: i64, owner: i64, change: i64) -> None:
        self.changes += 1
        levels = self.levels
        levels[level + TOTAL] += change
        if owner == HISTORY_OWNER:
            levels[level + HISTORY] += change

    def _new_row(self) -> i64:
        """A row that was never in use."""
        row: i64 = len(self.rows)
        self.rows = extend(self.rows, vec[i64]([HISTORY_OWNER, 0, NONE, NONE, NONE, 0]))
        self._orders.append(None)
        return row

    def _new_level(self, side: Ladder, price: i64) -> i64:
        """A level for a price that has none."""
        level = self._free_level
        if level == NONE:
            level = len(self.levels)
            self.levels = extend(self.levels, vec[i64]([0, 0, 0, 0, NONE, NONE, 0]))
        levels = self.levels
        self._free_level = levels[level + NEWEST]
        levels[level + PRICE] = price
        levels[level + SIGN] = side.sign
        levels[level + OLDEST] = NONE
        levels[level + NEWEST] = NONE
        side.insert(price, level)
        return level

    def _drop_level(self, level: i64) -> None:
        levels = self.levels
        assert levels[level + TOTAL] == 0, "a level without orders has no size"
        side = self.bids if levels[level + SIGN] == 1 else self.asks
        side.drop(levels[level + PRICE], level)
        levels[level + NEWEST] = self._free_level
        self._free_level = level

    # ------------------------------------------------------------------------- asking it

    def order(self, row: i64) -> Order | None:
        """The trader's order in a row; None where history's size is."""
        return self._orders[row // ROW]

    def owner(self, row: i64) -> i64:
        """Whose a row is."""
        return self.rows[row + OWNER]

    def size(self, row: i64) -> i64:
        """What shows of an order."""
        return self.rows[row + SIZE]

    def level(self, row: i64) -> i64:
        """The level that an order stands at."""
        return self.rows[row + LEVEL]

    def older(self, row: i64) -> i64:
        """Who is next in front, or NONE."""
        return self.rows[row + OLDER]

    def newer(self, row: i64) -> i64:
        """Who is next behind, or NONE."""
        return self.rows[row + NEWER]

    def number(self, row: i64) -> i64:
        """What a record calls history's order; 0 where it tells levels only, and for traders."""
        return self.rows[row + NUMBER]

    def price(self, level: i64) -> i64:
        """A level's price."""
        return self.levels[level + PRICE]

    def total(self, level: i64) -> i64:
        """All that shows at a level."""
        return self.levels[level + TOTAL]

    def history(self, level: i64) -> i64:
        """How much of it is history's."""
        return self.levels[level + HISTORY]

    def uncertain(self, level: i64) -> i64:
        """How many of its orders are (see `Order.is_uncertain`)."""
        return self.levels[level + UNCERTAIN]

    def oldest(self, level: i64) -> i64:
        """Who trades first at a level."""
        return self.levels[level + OLDEST]

    def newest(self, level: i64) -> i64:
        """Who trades last."""
        return self.levels[level + NEWEST]

    def would_trade(self, price: i64, *, buy: bool) -> bool:
        """Whether an order at `price` would find the other side."""
        return self.side(buy=not buy).reaches(price)

    def top(self) -> tuple[Ticks, Lots, Ticks, Lots]:
        """Best bid and ask with their sizes; zeros for an empty side."""
        bid, ask = self.bids.best(), self.asks.best()
        return (
            self.price(bid) if bid != NONE else 0,
            self.total(bid) if bid != NONE else 0,
            self.price(ask) if ask != NONE else 0,
            self.total(ask) if ask != NONE else 0,
        )

    def best_first(self, side: Ladder, most: int = 1 << 60) -> list[int]:
        """The levels of a side, the best first, `most` at the most."""
        count = int(side.count)
        return [int(side.levels[count - 1 - n]) for n in range(min(most, count))]

    def queue(self, level: i64) -> list[int]:
        """The rows of a level, oldest first."""
        rows: list[int] = []
        row = self.oldest(level)
        while row != NONE:
            rows.append(int(row))
            row = self.newer(row)
        return rows

    # ------------------------------------------------------------------------ checking it

    def check(self) -> None:
        """Assert what must hold at rest: not crossed, sums right, no empty level, queue linked."""
        bid, ask = self.bids.best(), self.asks.best()
        assert NONE in (bid, ask) or self.price(bid) < self.price(ask), (
            "the book is crossed at rest"
        )
        for side in (self.bids, self.asks):
            side.check()
            last = -(1 << 62)
            for at in range(int(side.count)):
                key = int(side.key(at))
                assert last < key, "levels are out of order"
                self._check_level(side.levels[at])
                last = key

    def _check_level(self, level: i64) -> None:
        rows, before = self.queue(level), NONE
        assert rows, f"level {self.price(level)} is empty"
        for row in rows:
            order = self.order(row)
            assert self.level(row) == level, "an order points to another level"
            assert self.older(row) == before, "the queue is not linked backwards"
            assert self.size(row) > 0, "an order without size rests"
            assert (order is None) == (self.owner(row) == HISTORY_OWNER), "a row has lost its order"
            assert order is None or not order.hidden or order.size <= order.display, (
                f"iceberg {order.order_id} shows more than it should"
            )
            assert order is None or (order.row, order.size) == (row, self.size(row)), (
                f"order {order.order_id} and its row differ"
            )
            before = row
        total = sum(int(self.size(row)) for row in rows)
        history = sum(int(self.size(row)) for row in rows if self.owner(row) == HISTORY_OWNER)
        assert self.newest(level) == before, "the queue does not end at its newest order"
        orders = [self.order(row) for row in rows]
        uncertain = sum([order is not None and order.is_uncertain for order in orders])
        found = (self.total(level), self.history(level), self.uncertain(level))
        assert (total, history, uncertain) == found, f"level {self.price(level)} sums are wrong"
