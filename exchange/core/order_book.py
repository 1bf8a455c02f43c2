"""A book on its own: matching without accounts, margin or fees, for those who need no venue.

The same `Book` that the venue trades in; all orders are nobody's, as history's are there.
"""

from typing import Final

from librt.vecs import extend, vec
from mypy_extensions import i64

from exchange.core.book import HISTORY_OWNER, NONE, NUMBER, OLDEST, PRICE, SIZE, Book, Ladder
from exchange.core.units import GRID_MAX, Lots, Ticks

LIMIT: Final = 0
CANCEL: Final = 1
TAKE: Final = 2
"""What an operation of `play` does."""
FIELDS: Final = 5
TRADE: Final = 4
"""Numbers to a trade: resting order, arriving order, price, size."""
PAGE: Final = 1024 * TRADE
BLANK: Final[vec[i64]] = vec[i64]([0] * PAGE)
NOWHERE: Final[vec[i64]] = vec[i64]([NONE] * 1024)
"""Rows of orders that are still to come."""


class Trades:
    """What has traded, in pages: one array would have to be copied whenever it outgrows itself."""

    def __init__(self) -> None:
        self._pages: list[vec[i64]] = []
        self._page: vec[i64] = vec[i64]()
        """The last of them."""
        self._used: i64 = PAGE
        """How much of it is written."""

    def write(self, maker: i64, taker: i64, price: i64, size: i64) -> None:
        """Add a trade."""
        if self._used == PAGE:
            self._page, self._used = BLANK[:], 0
            self._pages.append(self._page)
        page, at = self._page, self._used
        page[at] = maker
        page[at + 1] = taker
        page[at + 2] = price
        page[at + 3] = size
        self._used = at + TRADE

    def all(self) -> list[tuple[int, int, Ticks, Lots]]:
        """Every trade, in order."""
        told: list[tuple[int, int, Ticks, Lots]] = []
        for page in self._pages:
            starts = range(0, PAGE, TRADE)
            told += [(page[at], page[at + 1], page[at + 2], page[at + 3]) for at in starts]
        return told[: len(told) - int(PAGE - self._used) // TRADE]


class OrderBook:
    """Price-time matching of anonymous orders.  Prices in ticks, sizes in lots, ids from 1.

    >>> book = OrderBook()
    >>> ask = book.sell(101, 5)
    >>> bid = book.buy(102, 3)
    >>> book.trades(), book.top(), book.cancel(ask)
    ([(1, 2, 101, 3)], (0, 0, 101, 2), 2)
    """

    def __init__(self) -> None:
        self.book = Book()
        self._sent: i64 = 0
        """How many orders there were, which is the last one's id."""
        self._placed: vec[i64] = NOWHERE[:]
        """By id: the row that an order came to rest in, or NONE.  That row has another number, or
        none, once the order has left it."""
        self._trades = Trades()

    # Were `rests` named only, each call would go the long way through its arguments.
    def buy(self, price: i64, size: i64, rests: bool = True) -> i64:  # noqa: FBT001, FBT002
        """Buy at `price` or lower, and let what is left rest if it `rests`; returns the order's id.

        Raises ValueError for a price or size that is not between 1 and GRID_MAX.
        """
        return self._place(self.book.asks, price, size, buy=True, rests=rests)

    def sell(self, price: i64, size: i64, rests: bool = True) -> i64:  # noqa: FBT001, FBT002
        """Sell at `price` or higher; as `buy`."""
        return self._place(self.book.bids, price, size, buy=False, rests=rests)

    def _place(self, against: Ladder, price: i64, size: i64, *, buy: bool, rests: bool) -> i64:
        if not (0 < price <= GRID_MAX and 0 < size <= GRID_MAX):
            raise ValueError(f"price was {price} and size {size}, expected 1 to {GRID_MAX} of each")
        order = self._sent + 1
        self._sent = order
        row: i64 = NONE
        left = self._take(against, order, price, size) if against.reaches(price) else size
        if left > 0 and rests:
            book = self.book
            row = book.add(HISTORY_OWNER, price, left, buy=buy)
            book.rows[row + NUMBER] = order
        if order == len(self._placed):
            self._placed = extend(self._placed, NOWHERE)
        self._placed[order] = row
        return order

    def cancel(self, order: i64) -> i64:
        """Take an order out; returns what was open of it, 0 where it rests no more."""
        if not 0 < order <= self._sent:
            return 0
        row, rows = self._placed[order], self.book.rows
        if row == NONE or rows[row + NUMBER] != order:
            return 0
        size = rows[row + SIZE]
        self.book.remove(row)
        return size

    def play(self, stream: vec[i64]) -> None:
        """Many operations in one call, five numbers to each: what, id, 1 for a buy, price, size.

        Only CANCEL looks at the id, and only the others at the rest.  `columns.column` makes a
        stream of any whole numbers.
        """
        at: i64 = 0
        end = len(stream)
        while at < end:
            what = stream[at]
            if what == CANCEL:
                self.cancel(stream[at + 1])
            else:
                buy, rests = stream[at + 2] == 1, what == LIMIT
                against = self.book.asks if buy else self.book.bids
                self._place(against, stream[at + 3], stream[at + 4], buy=buy, rests=rests)
            at += FIELDS

    def top(self) -> tuple[Ticks, Lots, Ticks, Lots]:
        """Best bid and ask with their sizes; zeros for an empty side."""
        return self.book.top()

    def trades(self) -> list[tuple[int, int, Ticks, Lots]]:
        """Every trade so far: resting order, arriving order, price, size."""
        return self._trades.all()

    def _take(self, side: Ladder, taker: i64, limit: i64, size: i64) -> i64:
        """Trade with one side's best, oldest first; returns what is left."""
        book = self.book
        rows, levels = book.rows, book.levels
        while size > 0 and side.reaches(limit):
            level = side.best()
            row = levels[level + OLDEST]
            traded = min(rows[row + SIZE], size)
            self._trades.write(rows[row + NUMBER], taker, levels[level + PRICE], traded)
            size -= traded
            book.reduce(row, traded)
        return size
