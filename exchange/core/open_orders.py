"""An account's orders at rest: found by the venue's id or the client's ref, and oldest first.

They stand in a list as they came; one that goes leaves a gap, and now and then the gaps are closed.
An order is put in and taken out once each, and looked up by the way; a dictionary would make a
number of its own for each of these, and so takes several times as long.
"""

from collections.abc import Iterator
from typing import Final

from librt.vecs import vec
from mypy_extensions import i64

from exchange.core.book import Order

SMALLEST: Final = 8
"""How many entries a table has for its first order: a power of two."""
SPARSE: Final = 4
"""How many times as long as its orders are many a list becomes before its gaps are closed."""
FREE: Final = -1
LOW: Final = (1 << 31) - 1
SPREAD: Final = 0x9E3779B1
WORD: Final = (1 << 32) - 1
"""The first is 2**32 over the golden ratio, made odd.  Multiples of it by following numbers, or by
every 64th, lie far apart in a word (Knuth, The Art of Computer Programming, 6.4), so its high bits
tell a number's own entry.  By a number of `LOW`, it stays in 64 bits."""

NO_ENTRIES: Final[vec[i64]] = vec[i64]([FREE] * 2)
"""The table of all who have no order: its one entry stays free, as the first order makes a table
grow.  Most accounts of a large venue have none at a time."""


class Index:
    """Places of orders in their list, by a number of theirs.

    An entry is the number's low bits and the place, side by side, in the first entry that was free
    from the number's own on: a search looks at an order only where the low bits agree.
    """

    def __init__(self, orders: list[Order | None], *, by_ref: bool) -> None:
        self.by_ref = by_ref
        """Whether the number is the client's, where it gave one; else it is the venue's id."""
        self.count: i64 = 0
        self._orders = orders
        self._last: i64 = 0
        self._shift: i64 = 32
        """By how much a word is too long for an entry's number: 32 less the bits of `_last`."""
        self._table: vec[i64] = NO_ENTRIES
        for order in orders:
            if order is not None:
                self.add(order)

    def get(self, number: int) -> Order | None:
        """The order of a number, or None."""
        table, low = self._table, low_bits(number)
        at = self._own_entry(low)
        while table[2 * at] != FREE:
            if table[2 * at] == low:
                order = self._orders[table[2 * at + 1]]
                if order is not None and self._number(order) == number:
                    return order
            at = (at + 1) & self._last
        return None

    def add(self, order: Order) -> None:
        """Note the place of an order, whose number no other has."""
        number = self._number(order)
        if number == 0:
            return
        self.count += 1
        if 2 * self.count > self._last:
            self._grow()
        self._put(low_bits(number), order.place)

    def remove(self, order: Order) -> None:
        """Forget an order; entries behind its that are not in their own move up."""
        number = self._number(order)
        if number == 0:
            return
        table, last, place = self._table, self._last, order.place
        gap = self._own_entry(low_bits(number))
        while table[2 * gap + 1] != place:
            gap = (gap + 1) & last
        at = (gap + 1) & last
        while table[2 * at] != FREE:
            if (at - self._own_entry(table[2 * at])) & last >= (at - gap) & last:
                table[2 * gap], table[2 * gap + 1] = table[2 * at], table[2 * at + 1]
                gap = at
            at = (at + 1) & last
        table[2 * gap] = table[2 * gap + 1] = FREE
        self.count -= 1

    def _number(self, order: Order) -> int:
        return order.ref if self.by_ref else order.order_id

    def _own_entry(self, low: i64) -> i64:
        return (low * SPREAD & WORD) >> self._shift

    def _put(self, low: i64, place: i64) -> None:
        table = self._table
        at = self._own_entry(low)
        while table[2 * at] != FREE:
            at = (at + 1) & self._last
        table[2 * at], table[2 * at + 1] = low, place

    def _grow(self) -> None:
        before = self._table
        size: int = max(SMALLEST, len(before))
        self._table = vec[i64]([FREE] * (2 * size))
        self._last, self._shift = size - 1, 33 - size.bit_length()
        at: i64 = 0
        while at < len(before):
            if before[at] != FREE:
                self._put(before[at], before[at + 1])
            at += 2

    def check(self) -> None:
        """Assert that every order is found under its number."""
        found = [order for order in self._orders if order is not None and self._number(order)]
        assert len(found) == self.count, "orders are miscounted"
        for order in found:
            assert self.get(self._number(order)) is order, f"order {order.order_id} is mislaid"


class OpenOrders:
    """The orders, each in its place in the list."""

    def __init__(self) -> None:
        self._orders: list[Order | None] = []
        """In order of their coming; None where one has gone."""
        self._count: i64 = 0
        self._by_ref = Index(self._orders, by_ref=True)
        self._by_id: Index | None = None
        """Made when first asked: who names their orders themselves seldom goes by the venue's."""

    def __len__(self) -> int:
        return int(self._count)

    def __iter__(self) -> Iterator[int]:
        """The ids, oldest first."""
        return iter([order.order_id for order in self.listed()])

    def __contains__(self, order_id: object) -> bool:
        return isinstance(order_id, int) and self.of(order_id) is not None

    def of(self, order_id: int) -> Order | None:
        """An order by the venue's id."""
        if self._by_id is None:
            self._by_id = Index(self._orders, by_ref=False)
        return self._by_id.get(order_id)

    def named(self, ref: int) -> Order | None:
        """An order by the client's ref, which is not 0."""
        return self._by_ref.get(ref)

    def add(self, order: Order) -> None:
        """An order comes to rest, the newest."""
        if len(self._orders) > SMALLEST + SPARSE * self._count:
            self._close_gaps()
        order.place = len(self._orders)
        self._orders.append(order)
        self._count += 1
        self._by_ref.add(order)
        if self._by_id is not None:
            self._by_id.add(order)

    def remove(self, order: Order) -> None:
        """An order rests no more."""
        self._by_ref.remove(order)
        if self._by_id is not None:
            self._by_id.remove(order)
        self._orders[order.place] = None
        self._count -= 1

    def _close_gaps(self) -> None:
        """Let the orders stand side by side."""
        orders = self.listed()
        self._orders.clear()
        for order in orders:
            order.place = len(self._orders)
            self._orders.append(order)
        self._by_ref, self._by_id = Index(self._orders, by_ref=True), None

    def listed(self) -> list[Order]:
        """All of them, oldest first."""
        return [order for order in self._orders if order is not None]

    def check(self) -> None:
        """Assert that all are in their places, and found by their numbers."""
        assert self._count == len(self.listed()), "an order is not counted"
        for place, order in enumerate(self._orders):
            assert order is None or order.place == place, f"order {order.order_id} has strayed"
        self._by_ref.check()
        if self._by_id is not None:
            self._by_id.check()


def low_bits(number: int) -> i64:
    """What an entry tells of a number."""
    return number & LOW
