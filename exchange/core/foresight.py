"""What a taker would get from the book as it stands, known before anything trades.

Sizes of levels tell it, unless orders there may change while the taker works through them:
icebergs come back, reduce-only orders shrink as their position does, an order of a group takes the
others along, and a taker does not trade with itself.  Then it is rehearsed, order by order.
"""

from collections import deque

from mypy_extensions import i64

from exchange.core.book import NONE, Book, Order
from exchange.core.rules import SelfTrade
from exchange.core.units import Lots, Ticks


def takings(book: Book, taker: Order) -> list[tuple[Ticks, Lots]]:
    """Prices and sizes, best first."""
    if not book.would_trade(taker.price, buy=taker.buy):
        return []
    position = taker.position
    has_others = position is not None and len(position.pool.account.orders) > 0
    side, left = book.side(buy=not taker.buy), taker.size
    limit, at = taker.price * side.sign, side.count - 1
    found: list[tuple[Ticks, Lots]] = []
    while left > 0 and at >= 0 and side.key(at) >= limit:
        level = side.levels[at]
        own = has_others and meets_itself(book, level, taker.owner, left)
        if own or book.uncertain(level):
            return Rehearsal(book, taker).through()
        size = min(left, int(book.total(level)))
        left -= size
        found.append((int(book.price(level)), size))
        at -= 1
    return found


def meets_itself(book: Book, level: i64, owner: i64, left: i64) -> bool:
    """Whether one of the taker's own is among those that it would meet for `left` at a level."""
    row = book.oldest(level)
    while row != NONE and left > 0:
        if book.owner(row) == owner:
            return True
        left -= book.size(row)
        row = book.newer(row)
    return False


class Rehearsal:
    """A taker's way through the book, without touching it."""

    def __init__(self, book: Book, taker: Order) -> None:
        self.book = book
        self.taker = taker
        self.left = taker.size
        self.found: list[tuple[Ticks, Lots]] = []
        self.held: dict[int, Lots] = {}
        """What makers with reduce-only orders would hold by now, by `Position.holder`."""
        self.open: dict[int, Lots] = {}
        """What would be left of reduce-only orders; nothing, for any order that would be gone."""

    def through(self) -> list[tuple[Ticks, Lots]]:
        """All that the taker would get."""
        side = self.book.side(buy=not self.taker.buy)
        limit, at = self.taker.price * side.sign, side.count - 1
        while self.left and at >= 0 and side.key(at) >= limit:
            self._work_through(int(side.levels[at]))
            at -= 1
        return self.found

    def _work_through(self, level: int) -> None:
        book, price = self.book, int(self.book.price(level))
        row = int(book.oldest(level))
        again: deque[tuple[Order, Lots, Lots]] = deque()
        while self.left and (row != NONE or again):
            if row == NONE:
                maker, shown, hidden = again.popleft()
            else:
                order, shown = book.order(row), int(book.size(row))
                row = int(book.newer(row))
                if order is None:
                    self._take(min(self.left, shown), price)
                    continue
                maker, hidden = order, order.hidden
            hidden = self._meet(maker, shown, hidden, price)
            if hidden:
                shown = min(maker.display, hidden)
                again.append((maker, shown, hidden - shown))

    def _take(self, size: Lots, price: Ticks) -> None:
        self.left -= size
        self.found.append((price, size))
        self._leave_group(self.taker)

    def _meet(self, maker: Order, shown: Lots, hidden: Lots, price: Ticks) -> Lots:
        """Trade with what shows of a maker, if it may; returns what comes back for another turn."""
        total = min(self.open.get(maker.order_id, shown + hidden), shown + hidden)
        shown = min(shown, total)
        if total == 0:
            return 0
        if maker.owner == self.taker.owner:
            return self._meet_itself(shown, total)
        size = min(self.left, shown)
        if size == 0:
            return 0
        self._count(maker, size)
        self._take(size, price)
        return total - shown if size == shown else 0

    def _meet_itself(self, shown: Lots, total: Lots) -> Lots:
        mode = self.taker.self_trade
        if mode is SelfTrade.DECREMENT:
            size = min(self.left, shown)
            self.left -= size
            return total - shown if size == shown else 0
        if mode is not SelfTrade.CANCEL_OLDEST:
            self.left = 0
        return 0

    def _count(self, maker: Order, size: Lots) -> None:
        """What else a maker's fill would do to its account's orders."""
        position = maker.position
        if position is None:
            return
        self._leave_group(maker)
        if position.reduce_only_lots == 0:
            return
        if maker.reduce_only:
            self.open[maker.order_id] = self._left_of(maker) - size
        held = self.held.get(position.holder, position.size) + (size if maker.buy else -size)
        self.held[position.holder] = held
        room = abs(held)
        for order in position.pool.account.orders.listed():
            if order.reduce_only and order.position is position:
                closes = held < 0 if order.buy else held > 0
                left = min(self._left_of(order), room) if closes else 0
                self.open[order.order_id] = left
                room -= left

    def _left_of(self, order: Order) -> Lots:
        return self.open.get(order.order_id, order.open)

    def _leave_group(self, order: Order) -> None:
        """One of a group trades, and the others are gone."""
        if order.attached is not None and order.attached.group and order.position is not None:
            members = order.position.pool.account.groups.get(order.attached.group, {})
            for member in members:
                if member != order.order_id:
                    self.open[member] = 0
