"""Market data of one book: its levels (L2) and its orders (L3), as messages that can be followed.

Nothing is made where nobody asked.  Each kind counts its own messages: one whose sequence is not
one more than the last means that something is missing, and then the whole is wrong until a new
snapshot is asked for; messages with a sequence up to the snapshot's are old.
"""

from exchange.core.finding import Refusal, market_named
from exchange.core.messages import (
    BookOrder,
    BookOrderAdded,
    BookOrderRemoved,
    BookOrderResized,
    DepthChanged,
    DepthSnapshot,
    OrdersSnapshot,
    PublishBook,
    Side,
)
from exchange.core.state import Market, State
from exchange.core.units import Lots, Ticks


def publish_book(state: State, command: PublishBook) -> Refusal | None:
    """Begin to tell of a book, tell it all anew, or tell no more."""
    market = market_named(state, command.symbol)
    if isinstance(market, Refusal):
        return market
    tape = market.book.tape or Tape(state, market)
    tape.follow(levels=command.levels, orders=command.orders)
    market.book.tape = tape if command.levels or command.orders else None
    state.follow(market, public=market.is_public)
    return None


class Tape:
    """What the book tells of its changes."""

    def __init__(self, state: State, market: Market) -> None:
        self._state = state
        self._market = market
        self._levels = self._orders = False
        self.executing = False
        """Whether what shrinks now does so in a trade."""
        self.levels_told = 0
        self.orders_told = 0
        self._keys: dict[int, int] = {}
        """What each row's order is called; never a trader's id."""
        self._made = 0
        self._touched: dict[tuple[bool, Ticks], None] = {}

    def follow(self, *, levels: bool, orders: bool) -> None:
        """Tell the present state of what is followed from here on."""
        self._levels, self._orders = levels, orders
        symbol, at = self._market.instrument.symbol, self._state.now
        if levels:
            bids, asks = self._all_levels(buy=True), self._all_levels(buy=False)
            self._state.emit(
                DepthSnapshot(at=at, symbol=symbol, sequence=self.levels_told, bids=bids, asks=asks)
            )
        if orders:
            self._name_orders()
            rows = self._all_orders(buy=True), self._all_orders(buy=False)
            told = self.orders_told
            self._state.emit(
                OrdersSnapshot(at=at, symbol=symbol, sequence=told, bids=rows[0], asks=rows[1])
            )

    def _all_levels(self, *, buy: bool) -> tuple[tuple[Ticks, Lots], ...]:
        book = self._market.book
        levels = book.best_first(book.side(buy=buy))
        return tuple([(int(book.price(level)), int(book.total(level))) for level in levels])

    def _name_orders(self) -> None:
        """Name what nobody has named yet."""
        book = self._market.book
        for side in (book.bids, book.asks):
            for level in book.best_first(side):
                for row in book.queue(level):
                    if row not in self._keys:
                        self._name(row)

    def _name(self, row: int) -> int:
        self._made += 1
        self._keys[row] = self._made
        return self._made

    def _all_orders(self, *, buy: bool) -> tuple[BookOrder, ...]:
        book = self._market.book
        return tuple(
            [
                BookOrder(
                    key=self._keys[row], price=int(book.price(level)), size=int(book.size(row))
                )
                for level in book.best_first(book.side(buy=buy))
                for row in book.queue(level)
            ]
        )

    # ------------------------------------------------------------------ what the book says

    def added(self, row: int, price: Ticks, size: Lots, *, buy: bool, ahead: Lots) -> None:
        """An order joined the end of a queue, behind `ahead`."""
        self._touched[buy, price] = None
        key = self._name(row)
        if self._orders:
            self.orders_told += 1
            self._state.emit(
                BookOrderAdded(
                    at=self._state.now,
                    symbol=self._market.instrument.symbol,
                    sequence=self.orders_told,
                    key=key,
                    side=Side.BUY if buy else Side.SELL,
                    price=price,
                    size=size,
                    ahead=ahead,
                )
            )

    def resized(self, row: int, price: Ticks, size: Lots, *, buy: bool) -> None:
        """An order has another size now, in its place."""
        self._touched[buy, price] = None
        if self._orders:
            self.orders_told += 1
            self._state.emit(
                BookOrderResized(
                    at=self._state.now,
                    symbol=self._market.instrument.symbol,
                    sequence=self.orders_told,
                    key=self._keys[row],
                    size=size,
                    executed=self.executing,
                )
            )

    def removed(self, row: int, price: Ticks, *, buy: bool) -> None:
        """An order left the book."""
        self._touched[buy, price] = None
        key = self._keys.pop(row, 0)
        if self._orders:
            self.orders_told += 1
            self._state.emit(
                BookOrderRemoved(
                    at=self._state.now,
                    symbol=self._market.instrument.symbol,
                    sequence=self.orders_told,
                    key=key,
                    executed=self.executing,
                )
            )

    def publish(self) -> None:
        """Tell the levels that have changed, as they are now; zero is an empty one."""
        if not self._touched:
            return
        touched, self._touched = list(self._touched), {}
        if not self._levels:
            return
        self.levels_told += 1
        self._state.emit(
            DepthChanged(
                at=self._state.now,
                symbol=self._market.instrument.symbol,
                sequence=self.levels_told,
                bids=tuple([(price, self._size(price, buy=True)) for buy, price in touched if buy]),
                asks=tuple(
                    [(price, self._size(price, buy=False)) for buy, price in touched if not buy]
                ),
            )
        )

    def _size(self, price: Ticks, *, buy: bool) -> Lots:
        book = self._market.book
        level = book.side(buy=buy).level(price)
        return 0 if level < 0 else int(book.total(level))
