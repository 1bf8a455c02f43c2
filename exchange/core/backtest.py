"""A backtest: a recorded market in columns, one trader, and time that passes when asked to.

The trader is a loop in plain Python; orders go through the venue like everybody's, and history is
a participant in its book.  Orders and answers take no time: for latency, several traders and
hooks, there are scenarios.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Final

from mypy_extensions import i64

from exchange.core import history, replay
from exchange.core.accounts import Position
from exchange.core.book import NONE, Order
from exchange.core.cancelling import cancel_found
from exchange.core.columns import ASK, BID, BUY, SELL, Columns
from exchange.core.finding import Refusal, is_over
from exchange.core.messages import (
    CommandRejected,
    Event,
    PassTime,
    Phase,
    PositionSide,
)
from exchange.core.orders import enter, unmade
from exchange.core.prices import set_mark
from exchange.core.state import Market, State
from exchange.core.units import Lots, Nanos, Ticks
from exchange.core.venue import Venue, finish, rejected

TRADING: Final = Phase.TRADING


class Backtest:
    """One account's view of one market, and its hand on time.

        while market.elapse(100_000_000):       # or: while market.step():
            if market.position < 10:
                market.buy(1, market.bid, post_only=True)

    Prices are ticks, sizes lots, times nanoseconds; `instrument` has their decimals.
    """

    def __init__(
        self,
        venue: Venue,
        symbol: str,
        account: str,
        columns: Columns,
        observe: Callable[[Event], object] | None = None,
    ) -> None:
        """`venue`: with the contract listed and the account open.  KeyError where it is not.

        `observe` is told of every event; without, quotes and the market's trades are not even
        made.
        """
        self.venue = venue
        self._state: State = venue._state  # noqa: SLF001 (the core's own; no trader sees it)
        self._market: Market = self._state.market_of[symbol]
        self.instrument = self._market.instrument
        self.symbol = symbol
        self.account = account
        self._own = self._state.account_of[account]
        self._position: Position = self._state.position(
            self._own, self.instrument, PositionSide.NET
        )
        self._columns = columns
        self._row: i64 = 0
        self._observe = observe
        self._state.follow(self._market, public=observe is not None)
        begin = int(columns.at[0]) if columns.count else 0
        if begin < venue.now:
            raise ValueError(f"the record began at {begin}, and it was {venue.now} at the venue")
        venue.apply(PassTime(at=begin))
        self._events: list[Event] = []
        """What a row leads to; empty again before the next."""
        self.calls = 0
        """How many moments `moments` has told."""
        self.sent = 0
        """Orders placed, refused ones among them."""
        self._fills_before = self._position.fills
        self._seen_at: i64 = -1
        """What `Book.replacements` was when the next two were looked up."""
        self._bid: i64 = -1
        self._ask: i64 = -1
        self._size: Lots = 0
        self._fills = -1
        self._moment: tuple[int, ...] = ()
        """These four, as last seen; a tuple is made only where one of them changed."""
        self.refused: CommandRejected | None = None
        """Why the last order or cancellation was refused, if one ever was."""

    # ---------------------------------------------------------------------------- time

    def step(self) -> bool:
        """On to the next moment of the record, and all of it.  False when it was the last."""
        times = self._columns.at
        return self._row < len(times) and self._play(times[self._row])

    def elapse(self, nanos: Nanos) -> bool:
        """Let time pass, and the record with it.  False when that has come to its end."""
        end = i64(self._state.now + nanos)
        goes_on = self._play(end)
        self._pass(end)
        return goes_on

    def moments(self, pause: Nanos = 0) -> Iterator[tuple[int, ...]]:
        """What most strategies go by, at each moment of the record, or after each `pause`.

            for bid, ask, position, fills in market.moments():

        The bid and the ask are the record's, whatever one has oneself.  While none of the four
        changes, it is the same tuple: `moment is before` tells that there is nothing new.
        """
        while self.elapse(pause) if pause else self.step():
            self.calls += 1
            yield self._seen()

    def _seen(self) -> tuple[int, ...]:
        book, position = self._market.book, self._position
        is_same = position.fills == self._fills and position.size == self._size
        if book.replacements != self._seen_at:
            self._seen_at = book.replacements
            bid, ask = history.best_price(book, book.bids), history.best_price(book, book.asks)
            is_same = is_same and bid == self._bid and ask == self._ask
            self._bid, self._ask = bid, ask
        if not is_same:
            self._fills, self._size = position.fills, position.size
            self._moment = (self._bid, self._ask, self._size, self.fills)
        return self._moment

    def _play(self, end: i64) -> bool:
        """Every row up to a moment; whether there are more.

        Raises ValueError where history would cross itself.
        """
        state, market, columns = self._state, self._market, self._columns
        worn, is_public = market.worn, market.is_public
        touched, fired = state.touched, state.fired
        times, kinds = columns.at, columns.kind
        row, count = self._row, i64(len(times))
        now: i64 = -1
        is_told = False
        """Whether levels were told since the last trade, which count as one update."""
        self._listen()
        while row < count:
            at = times[row]
            if at > end:
                break
            if at != now:
                if is_told and worn.end:
                    replay.restore(market)
                is_told = False
                now = at
                self._pass(now)
            kind, price, size = kinds[row], columns.price[row], columns.size[row]
            if kind <= ASK:
                is_told, buy = True, kind == BID
                if worn.end:
                    worn.forget(price, buy=buy)
                is_open = market.phase is TRADING or not is_over(market)
                if is_open and not replay.show_level(state, market, price, size, buy=buy):
                    raise ValueError(self._crossing(row))
            else:
                is_told = is_told and kind > SELL
                self._take(kind, price, size)
            row += 1
            self._row = row
            if touched.first is not None or fired or state.events or is_public:
                self._finish()
        if is_told and worn.end:
            replay.restore(market)
        return row < count

    def _crossing(self, row: i64) -> str:
        """What is wrong with a level at which history would cross itself."""
        side = "bid" if self._columns.kind[row] == BID else "ask"
        text = self.instrument.price_text(self._columns.price[row])
        return f"row {row + 1}: {side} was {text}, which crosses the recorded book"

    def _take(self, kind: i64, price: i64, size: i64) -> None:
        """A trade or a mark is told."""
        if kind > SELL:
            if self._market.phase is not Phase.SETTLED:
                set_mark(self._state, self._market, price)
        elif self._market.phase is TRADING:
            replay.take(self._state, self._market, price, size, buy=kind == BUY)

    def _pass(self, at: i64) -> None:
        """Time passes; what is due by then happens first."""
        if at >= self._state.alarms.soon:
            self._ring(at)
        self._state.now = at

    def _ring(self, at: i64) -> None:
        """What is due by a moment happens."""
        self._hear(self.venue.apply(PassTime(at=at)))
        self._listen()

    def _finish(self) -> None:
        """Something happened: let follow what follows from it."""
        state = self._state
        finish(state)
        if self._events:
            events, self._events = self._events, []
            self._hear(events)
            self._listen()

    def _listen(self) -> None:
        """Have the venue tell its events here, if anybody is to be told."""
        state = self._state
        if state.events is not self._events:
            state.events, state.is_heard = self._events, self._observe is not None

    def _hear(self, events: list[Event]) -> None:
        if self._observe is not None:
            for event in events:
                self._observe(event)

    # -------------------------------------------------------------------------- orders

    def buy(self, size: Lots, price: Ticks | None = None, *, post_only: bool = False) -> int:
        """Buy; at the market where no price is given.  The order's id; 0 where it was refused."""
        return self._place(size, price, buy=True, post_only=post_only)

    def sell(self, size: Lots, price: Ticks | None = None, *, post_only: bool = False) -> int:
        """Sell; at the market where no price is given.  The order's id; 0 where it was refused."""
        return self._place(size, price, buy=False, post_only=post_only)

    def cancel(self, order_id: int) -> bool:
        """Take an order out of the book.  False where it was there no more."""
        self._begin()
        return self._end("CancelOrder", cancel_found(self._state, self._own, order_id, 0))

    def is_open(self, order_id: int) -> bool:
        """Whether an order rests in the book."""
        return self._own.orders.of(order_id) is not None

    @property
    def open_orders(self) -> Collection[int]:
        """The ids of the orders that rest in the book; follows what becomes of them."""
        return self._own.orders

    def _place(self, size: Lots, price: Ticks | None, *, buy: bool, post_only: bool) -> int:
        self.sent += 1
        self._begin()
        refusal = unmade(self._market, self._position, size, price, post_only=post_only)
        if refusal is not None:
            self._end("PlaceOrder", refusal)
            return 0
        limit = 0 if price is None else price
        order = Order(
            0,
            self._own.index,
            self._position.market,
            buy,
            limit,
            size,
            self._position,
            is_market=price is None,
            post_only=post_only,
            self_trade=self._state.self_trade,
        )
        refusal = enter(self._state, self._market, self._position, order)
        order_id = int(order.order_id)  # who hears of it may send orders of their own
        return order_id if self._end("PlaceOrder", refusal) else 0

    def _begin(self) -> None:
        """What is due by now happens before anything that one sends."""
        self._pass(self._state.now)
        self._listen()

    def _end(self, command: str, refusal: Refusal | None) -> bool:
        """What follows from something sent, or why nothing does; whether it was accepted."""
        if refusal is not None:
            symbol = self.symbol if command == "PlaceOrder" else ""
            now, account = self._state.now, self.account
            self.refused = rejected(now, command, refusal, account, symbol=symbol)
            self._events.append(self.refused)
        self._finish()
        return refusal is None

    # --------------------------------------------------------------------------- views

    @property
    def now(self) -> Nanos:
        """The time, in nanoseconds since 1970."""
        return self._state.now

    @property
    def fills(self) -> int:
        """Trades of one's own orders."""
        return self._position.fills - self._fills_before

    @property
    def position(self) -> Lots:
        """What one holds, above zero where long."""
        return self._position.size

    @property
    def bid(self) -> Ticks:
        """The best bid of all, one's own among them; 0 where there is none."""
        return self._price(self._market.book.bids.best())

    @property
    def ask(self) -> Ticks:
        """The best ask of all, one's own among them; 0 where there is none."""
        return self._price(self._market.book.asks.best())

    @property
    def recorded_bid(self) -> Ticks:
        """The best bid of the record, whatever one has oneself; 0 where there is none."""
        return history.best_price(self._market.book, self._market.book.bids)

    @property
    def recorded_ask(self) -> Ticks:
        """The best ask of the record, whatever one has oneself; 0 where there is none."""
        return history.best_price(self._market.book, self._market.book.asks)

    def _price(self, level: i64) -> i64:
        if level == NONE:
            return 0
        return self._market.book.price(level)
