"""An account's orders at rest: found by the venue's id or the client's ref, and oldest first.

An order is put in and taken out once each, and looked up by the way.  So it stands in a table where
its number says; a dictionary would make a number of its own for each of these.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from librt.vecs import vec
from mypy_extensions import i64

from exchange.core.book import Order

if TYPE_CHECKING:  # an account knows its orders
    from exchange.core.accounts import Position

SMALLEST: Final = 8
"""How many entries a table has for its first order: a power of two."""
LOW: Final = (1 << 31) - 1
SPREAD: Final = 0x9E3779B1
WORD: Final = (1 << 32) - 1
"""The first is 2**32 over the golden ratio, made odd.  Multiples of it by following numbers, or by
every 64th, lie far apart in a word (Knuth, The Art of Computer Programming, 6.4), so its high bits
tell a number's own entry.  By a number of `LOW`, it stays in 64 bits."""
FREE: Final = -1
"""No word."""
NO_WORDS: Final[vec[i64]] = vec[i64]([FREE])
NO_ORDERS: Final[list[Order | None]] = [None]
"""The table of all who have no order: its one entry stays free, as the first order makes a table
grow.  Most accounts of a large venue have none at a time."""


class Table:
    """Orders by a number of theirs, each in the first entry that was free from its own on.

    Entries are looked through by the words alone, side by side as they are; only what bears the
    word that is looked for is looked at.
    """

    def __init__(self, *, by_ref: bool) -> None:
        self.by_ref = by_ref
        """Whether the number is the client's; else it is the venue's id."""
        self.count: i64 = 0
        self._words: vec[i64] = NO_WORDS
        """By entry: what tells its order's own entry, or FREE."""
        self._orders = NO_ORDERS
        """By entry: the order."""
        self._shift: i64 = 32
        """By how much a word is too long for an entry's number."""

    def named(self, number: int) -> Order | None:
        """The order of a number, which is not 0, or None."""
        words, word = self._words, spread(number & LOW)
        at = word >> self._shift
        while words[at] != FREE:
            if words[at] == word:
                order = self._orders[at]
                if order is not None and self._number(order) == number:
                    return order
            at = (at + 1) & (len(words) - 1)
        return None

    def put(self, order: Order) -> None:
        """Put in an order, whose number no other has."""
        self.count += 1
        if 2 * self.count >= len(self._words):
            self._grow()
        words, word = self._words, self._word(order)
        at = word >> self._shift
        while words[at] != FREE:
            at = (at + 1) & (len(words) - 1)
        words[at] = word
        self._orders[at] = order

    def take(self, order: Order) -> None:
        """Take an order out; those behind it that are not in their own entries move up."""
        words, orders, word, shift = self._words, self._orders, self._word(order), self._shift
        last: i64 = len(words) - 1
        gap = word >> shift
        while words[gap] != word or orders[gap] is not order:
            gap = (gap + 1) & last
        at = (gap + 1) & last
        while words[at] != FREE:
            if (at - (words[at] >> shift)) & last >= (at - gap) & last:
                words[gap] = words[at]
                orders[gap] = orders[at]
                gap = at
            at = (at + 1) & last
        words[gap] = FREE
        orders[gap] = None
        self.count -= 1

    def orders(self) -> list[Order]:
        """All of them, in no order of theirs."""
        return [order for order in self._orders if order is not None]

    def _number(self, order: Order) -> int:
        return order.ref if self.by_ref else int(order.order_id)

    def _word(self, order: Order) -> i64:
        return order.word if self.by_ref else spread(order.order_id)

    def _grow(self) -> None:
        orders = self.orders()
        size = max(SMALLEST, 2 * len(self._orders))
        self._words = vec[i64]([FREE] * size)
        self._orders = [None] * size
        self._shift = 33 - size.bit_length()
        at_rest, self.count = self.count, 0
        for order in orders:
            self.put(order)
        self.count = at_rest

    def check(self) -> None:
        """Assert that every order is found under its number."""
        orders = self.orders()
        assert len(orders) == self.count, "orders are miscounted"
        for order in orders:
            assert self._is_found(order), f"order {order.order_id} is mislaid"

    def _is_found(self, order: Order) -> bool:
        words, word = self._words, self._word(order)
        at = word >> self._shift
        while words[at] != word or self._orders[at] is not order:
            if words[at] == FREE:
                return False
            at = (at + 1) & (len(words) - 1)
        return True


class OpenOrders(Table):
    """An account's orders by their refs: one without, which nobody asks for so, stands by its id.

    Each is told by a number how late it came.
    """

    def __init__(self) -> None:
        super().__init__(by_ref=True)
        self._came: i64 = 0
        """How many ever came."""
        self._by_id: Table | None = None
        """Made when first asked: who names their orders themselves seldom goes by the venue's."""

    def __len__(self) -> int:
        return int(self.count)

    def __iter__(self) -> Iterator[int]:
        """The ids, oldest first."""
        return iter([int(order.order_id) for order in self.listed()])

    def __contains__(self, order_id: object) -> bool:
        return isinstance(order_id, int) and self.of(order_id) is not None

    def of(self, order_id: int) -> Order | None:
        """An order by the venue's id."""
        by_id = self._by_id
        if by_id is None:
            by_id = self._by_id = Table(by_ref=False)
            for order in self.orders():
                by_id.put(order)
        return by_id.named(order_id)

    def add(self, order: Order) -> None:
        """An order comes to rest, the newest."""
        order.place, order.word = self._came, named_word(order)
        self._came += 1
        self.put(order)
        if self._by_id is not None:
            self._by_id.put(order)

    def remove(self, order: Order) -> None:
        """An order rests no more."""
        self.take(order)
        if self._by_id is not None:
            self._by_id.take(order)

    def listed(self, position: "Position | None" = None) -> list[Order]:
        """All of them, or those that open or close a position; oldest first."""
        orders = self.orders()
        if position is not None:
            orders = [order for order in orders if order.position is position]
        return sorted(orders, key=_place)

    def check(self) -> None:
        """Assert that all are found by their numbers, and that no two came at once."""
        super().check()
        for order in self.orders():
            assert order.word == named_word(order), f"order {order.order_id} has another ref"
        if self._by_id is not None:
            self._by_id.check()
            assert self._by_id.count == self.count, "an order has no id"
        places = [int(order.place) for order in self.listed()]
        assert len(set(places)) == len(places), "two orders came at once"


def spread(number: i64) -> i64:
    """What tells a number's own entry, in any table, by the bits of `LOW`."""
    return (number & LOW) * SPREAD & WORD


def named_word(order: Order) -> i64:
    """The same of an order's ref or, where it has none, its id."""
    ref = order.ref
    return spread(ref & LOW) if ref else spread(order.order_id)


def _place(order: Order) -> int:
    return int(order.place)
