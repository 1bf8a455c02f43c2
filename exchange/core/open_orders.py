"""An account's orders at rest: found by the venue's id or the client's ref, and oldest first.

An order is put in and taken out once each, and looked up by the way; a dictionary would make a
number of its own for each of these, and so takes several times as long.
"""

from collections.abc import Iterator
from typing import Final

from librt.vecs import vec
from mypy_extensions import i64

from exchange.core.book import Order

SMALLEST: Final = 8
"""How many places a table begins with: a power of two."""
FREE: Final = -1
LOW: Final = (1 << 31) - 1
SPREAD: Final = 0x9E3779B1
WORD: Final = (1 << 32) - 1
"""The first is 2**32 over the golden ratio, made odd.  Multiples of it by following numbers, or by
every 64th, lie far apart in a word (Knuth, The Art of Computer Programming, 6.4), so its high bits
tell a number's own place.  By a number of `LOW`, it stays in 64 bits."""


class Index:
    """Orders by a number of theirs, each in the first place that was free from its own on.

    The numbers' low bits stand in an array of their own, so that a search goes through it alone,
    and looks at an order only where they agree.
    """

    def __init__(self, *, by_ref: bool) -> None:
        self.by_ref = by_ref
        """Whether the number is the client's; else it is the venue's id."""
        self.count: i64 = 0
        self._last: i64 = SMALLEST - 1
        self._shift: i64 = 29
        """By how much a word is too long for a place: 32 less the bits of `_last`."""
        self._lows: vec[i64] = vec[i64]([FREE] * SMALLEST)
        """By place: the low bits of the number, or `FREE`."""
        self._orders: list[Order | None] = [None] * SMALLEST

    def get(self, number: int) -> Order | None:
        """The order of a number, or None."""
        low: i64 = number & LOW
        at = self._own_place(low)
        while self._lows[at] != FREE:
            if self._lows[at] == low:
                order = self._orders[at]
                if order is not None and self._number(order) == number:
                    return order
            at = (at + 1) & self._last
        return None

    def add(self, order: Order) -> None:
        """Take in an order, whose number no other has."""
        self.count += 1
        if 2 * self.count > self._last:
            self._grow()
        low: i64 = self._number(order) & LOW
        at = self._own_place(low)
        while self._lows[at] != FREE:
            at = (at + 1) & self._last
        self._lows[at] = low
        self._orders[at] = order

    def remove(self, order: Order) -> None:
        """Take out an order; those behind it that are not in their own place move up."""
        lows, last = self._lows, self._last
        low: i64 = self._number(order) & LOW
        gap = self._own_place(low)
        while lows[gap] != low or self._orders[gap] is not order:
            gap = (gap + 1) & last
        at = (gap + 1) & last
        while lows[at] != FREE:
            if (at - self._own_place(lows[at])) & last >= (at - gap) & last:
                lows[gap], self._orders[gap] = lows[at], self._orders[at]
                gap = at
            at = (at + 1) & last
        lows[gap], self._orders[gap] = FREE, None
        self.count -= 1

    def _number(self, order: Order) -> int:
        return order.ref if self.by_ref else order.order_id

    def _own_place(self, low: i64) -> i64:
        return (low * SPREAD & WORD) >> self._shift

    def _grow(self) -> None:
        before, size = self._orders, 2 * len(self._orders)
        self._orders, self._lows = [None] * size, vec[i64]([FREE] * size)
        self._last, self._shift = size - 1, self._shift - 1
        self.count = 1  # the one that is to come
        for order in before:
            if order is not None:
                self.add(order)

    def check(self) -> None:
        """Assert that every order is found under its number."""
        found = [order for order in self._orders if order is not None]
        assert len(found) == self.count, "orders are miscounted"
        for order in found:
            assert self.get(self._number(order)) is order, f"order {order.order_id} is mislaid"


class OpenOrders:
    """The orders, in a chain from the oldest to the newest."""

    def __init__(self) -> None:
        self._by_id = Index(by_ref=False)
        self._by_ref = Index(by_ref=True)
        self._oldest: Order | None = None
        self._newest: Order | None = None

    def __len__(self) -> int:
        return int(self._by_id.count)

    def __iter__(self) -> Iterator[int]:
        """The ids, oldest first."""
        return iter([order.order_id for order in self.listed()])

    def __contains__(self, order_id: object) -> bool:
        return isinstance(order_id, int) and self._by_id.get(order_id) is not None

    def of(self, order_id: int) -> Order | None:
        """An order by the venue's id."""
        return self._by_id.get(order_id)

    def named(self, ref: int) -> Order | None:
        """An order by the client's ref, which is not 0."""
        return self._by_ref.get(ref)

    def add(self, order: Order) -> None:
        """An order comes to rest, the newest."""
        self._by_id.add(order)
        if order.ref:
            self._by_ref.add(order)
        order.before, self._newest = self._newest, order
        if order.before is None:
            self._oldest = order
        else:
            order.before.after = order

    def remove(self, order: Order) -> None:
        """An order rests no more."""
        self._by_id.remove(order)
        if order.ref:
            self._by_ref.remove(order)
        before, after = order.before, order.after
        order.before = order.after = None
        if before is None:
            self._oldest = after
        else:
            before.after = after
        if after is None:
            self._newest = before
        else:
            after.before = before

    def listed(self) -> list[Order]:
        """All of them, oldest first."""
        found: list[Order] = []
        order = self._oldest
        while order is not None:
            found.append(order)
            order = order.after
        return found

    def check(self) -> None:
        """Assert that all are in the chain, and found by their numbers."""
        self._by_id.check()
        self._by_ref.check()
        chain = self.listed()
        named = [order for order in chain if order.ref]
        counts = (len(chain), len(named))
        assert counts == (self._by_id.count, self._by_ref.count), "an order is not in the chain"
        assert all(self.of(order.order_id) is order for order in chain), "an order has no id"
        assert all(self.named(order.ref) is order for order in named), "an order lost its ref"
