"""A backtest: a recorded market in columns, one trader, and time that passes when asked to.

The trader is a loop in plain Python; orders go through the venue like everybody's, and history is
a participant in its book.  Orders and answers take no time: for latency, several traders and
hooks, there are scenarios.
"""

from collections.abc import Callable
from typing import Final

from mypy_extensions import i64

from exchange.core import history, replay
from exchange.core.accounts import Position
from exchange.core.columns import ASK, BID, BUY, SELL, Columns
from exchange.core.finding import is_over
from exchange.core.messages import (
    CancelOrder,
    CommandRejected,
    Event,
    OrderAccepted,
    OrderFilled,
    PassTime,
    Phase,
    PlaceOrder,
    PositionSide,
    Side,
)
from exchange.core.prices import set_mark
from exchange.core.state import Market, State
from exchange.core.units import Lots, Nanos, Ticks
from exchange.core.venue import Venue, finish

FAR: Final = 1 << 62


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
        self._market.is_public = observe is not None
        self.now: Nanos = max(venue.now, int(columns.at[0]) if columns.count else 0)
        self.sent = 0
        """Orders placed, refused ones among them."""
        self.fills = 0
        """Trades of one's own orders."""
        self.refused: CommandRejected | None = None
        """Why the last order or cancellation was refused, if one ever was."""

    # ---------------------------------------------------------------------------- time

    def step(self) -> bool:
        """On to the next moment of the record, and all of it.  False when it was the last."""
        if self._row < len(self._columns.at):
            self._play(self._columns.at[self._row])
        return self._row < len(self._columns.at)

    def elapse(self, nanos: Nanos) -> bool:
        """Let time pass, and the record with it.  False when that has come to its end."""
        end = self.now + nanos
        self._play(min(end, FAR))
        if end > self.now:
            self._pass(end)
        return self._row < len(self._columns.at)

    def _play(self, end: i64) -> None:
        """Every row up to a moment."""
        state, market, columns = self._state, self._market, self._columns
        state.events = []
        row, count = self._row, i64(len(columns.at))
        while row < count and columns.at[row] <= end:
            at = columns.at[row]
            if state.now != at:
                self._pass(at)
            kind = columns.kind[row]
            if market.worn and kind <= ASK:
                replay.restore(market, self._told(row))
            self._row = row + 1
            self._take(kind, columns.price[row], columns.size[row])
            if state.touched or state.fired:
                finish(state)
            elif market.is_public:
                state.publish_quote(market)
            row += 1
        self._hear(state.events)

    def _pass(self, at: Nanos) -> None:
        """Time passes; what is due by then happens first."""
        state = self._state
        if at >= state.alarms.next:
            self._hear(state.events)
            self._hear(self.venue.apply(PassTime(at=at)))
            state.events = []
        state.now = at
        self.now = at

    def _take(self, kind: i64, price: i64, size: i64) -> None:
        """What one row says.  Raises ValueError where history would cross itself."""
        state, market = self._state, self._market
        if kind <= ASK:
            if is_over(market):
                return
            if not replay.show_level(state, market, price, size, buy=kind == BID):
                side, text = "bid" if kind == BID else "ask", market.instrument.price_text(price)
                raise ValueError(f"row {self._row}: the {side} of {text} crosses the recorded book")
        elif kind <= SELL:
            if market.phase is Phase.TRADING:
                replay.take(state, market, price, size, buy=kind == BUY)
        elif market.phase is not Phase.SETTLED:
            set_mark(state, market, price)

    def _told(self, row: i64) -> set[tuple[bool, Ticks]]:
        """The levels that the rest of a moment tells."""
        columns, told = self._columns, set[tuple[bool, Ticks]]()
        at = columns.at[row]
        while row < len(columns.at) and columns.at[row] == at:
            if columns.kind[row] <= ASK:
                told.add((columns.kind[row] == BID, columns.price[row]))
            row += 1
        return told

    def _hear(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, OrderFilled) and event.account == self.account:
                self.fills += 1
            if self._observe is not None:
                self._observe(event)

    # -------------------------------------------------------------------------- orders

    def buy(self, size: Lots, price: Ticks | None = None, *, post_only: bool = False) -> int:
        """Buy; at the market where no price is given.  The order's id; 0 where it was refused."""
        return self._place(Side.BUY, size, price, post_only=post_only)

    def sell(self, size: Lots, price: Ticks | None = None, *, post_only: bool = False) -> int:
        """Sell; at the market where no price is given.  The order's id; 0 where it was refused."""
        return self._place(Side.SELL, size, price, post_only=post_only)

    def cancel(self, order_id: int) -> bool:
        """Take an order out of the book.  False where it was there no more."""
        events = self.venue.apply(CancelOrder(at=self.now, account=self.account, order_id=order_id))
        self._hear(events)
        first = events[0]
        if isinstance(first, CommandRejected):
            self.refused = first
            return False
        return True

    def is_open(self, order_id: int) -> bool:
        """Whether an order rests in the book."""
        return order_id in self._own.orders

    def _place(self, side: Side, size: Lots, price: Ticks | None, *, post_only: bool) -> int:
        self.sent += 1
        events = self.venue.apply(
            PlaceOrder(
                at=self.now,
                account=self.account,
                symbol=self.symbol,
                side=side,
                size=size,
                price=price,
                post_only=post_only,
            )
        )
        self._hear(events)
        for event in events:
            if isinstance(event, OrderAccepted):
                return event.order_id
            if isinstance(event, CommandRejected):
                self.refused = event
                return 0
        return 0

    # --------------------------------------------------------------------------- views

    @property
    def position(self) -> Lots:
        """What one holds, above zero where long."""
        return self._position.size

    @property
    def bid(self) -> Ticks:
        """The best bid of all, one's own among them; 0 where there is none."""
        book = self._market.book
        level = book.bids.best()
        return book.price[level] if level >= 0 else 0

    @property
    def ask(self) -> Ticks:
        """The best ask of all, one's own among them; 0 where there is none."""
        book = self._market.book
        level = book.asks.best()
        return book.price[level] if level >= 0 else 0

    @property
    def recorded_bid(self) -> Ticks:
        """The best bid of the record, whatever one has oneself; 0 where there is none."""
        book = self._market.book
        level = history.best(book, book.bids)
        return book.price[level] if level >= 0 else 0

    @property
    def recorded_ask(self) -> Ticks:
        """The best ask of the record, whatever one has oneself; 0 where there is none."""
        book = self._market.book
        level = history.best(book, book.asks)
        return book.price[level] if level >= 0 else 0
