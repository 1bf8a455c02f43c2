"""Orders in columns of whole numbers: many in one call, through the same checks as one by one."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from librt.vecs import vec
from mypy_extensions import i64

from exchange.core.accounts import Position
from exchange.core.book import Order
from exchange.core.cancelling import cancel_found
from exchange.core.columns import column
from exchange.core.finding import Refusal
from exchange.core.kinds import TimeInForce
from exchange.core.messages import CommandRejected, Event
from exchange.core.orders import enter
from exchange.core.state import Market, State
from exchange.core.venue import Venue, finish, let_pass, rejected

BUY: Final = 0
SELL: Final = 1
CANCEL: Final = 2
"""What a row asks for."""
IOC: Final = 1
FOK: Final = 2
POST_ONLY: Final = 4
REDUCE_ONLY: Final = 8
"""Terms of an order, to be added up; 0: it rests until it is cancelled."""


class OrderColumns:
    """Orders and cancellations in one market, in order of time.

    Seven columns of one length: nanoseconds, the number of an account (from 0, as `OrderEntry` was
    told them), `BUY`, `SELL` or `CANCEL`, the client's ref, ticks (0: at the market), lots, terms.
    A cancellation names its order by ref; the rest of its row says nothing.
    Raises ValueError where a row is out of time or asks for something unknown.
    """

    def __init__(
        self,
        at: Iterable[int],
        account: Iterable[int],
        what: Iterable[int],
        ref: Iterable[int],
        price: Iterable[int],
        size: Iterable[int],
        terms: Iterable[int],
    ) -> None:
        self.at: vec[i64] = column(at)
        self.account: vec[i64] = column(account)
        self.what: vec[i64] = column(what)
        self.ref: vec[i64] = column(ref)
        self.price: vec[i64] = column(price)
        self.size: vec[i64] = column(size)
        self.terms: vec[i64] = column(terms)
        rest = (self.account, self.what, self.ref, self.price, self.size, self.terms)
        lengths = [len(self.at), *[len(one) for one in rest]]
        if lengths != [lengths[0]] * len(lengths):
            found = ", ".join(map(str, lengths))
            raise ValueError(f"columns had {found} rows, expected as many of each")
        self._check()

    def __len__(self) -> int:
        return len(self.at)

    def _check(self) -> None:
        last: i64 = 0
        row: i64 = 0
        while row < len(self.at):
            at, what, terms = self.at[row], self.what[row], self.terms[row]
            row += 1
            if at < last:
                raise ValueError(f"row {row}: time was {at}, expected {last} or later")
            if not BUY <= what <= CANCEL:
                raise ValueError(f"row {row}: it asked for {what}, expected {BUY} to {CANCEL}")
            if not 0 <= terms < 2 * REDUCE_ONLY or (terms & IOC and terms & FOK):
                raise ValueError(f"row {row}: terms were {terms}, which contradict each other")
            last = at


class OrderEntry:
    """A door for many orders at once: accounts and their positions in one market are found once.

        entry = OrderEntry(venue, "BTC", ["alice", "bob"])
        refused = entry.send(OrderColumns(...))

    What happens is what would if each row were a command of its own.
    """

    def __init__(
        self,
        venue: Venue,
        symbol: str,
        accounts: Sequence[str],
        observe: Callable[[Event], object] | None = None,
    ) -> None:
        """KeyError where there is no such contract or account.

        `observe` is told of every event; without, those of orders, trades and quotes are not even
        made.
        """
        self.venue = venue
        self._state: State = venue._state  # noqa: SLF001 (the core's own; no trader sees it)
        self._market: Market = self._state.market_of[symbol]
        owners = [self._state.account_of[name] for name in accounts]
        self._positions: vec[Position] = vec[Position](
            [self._state.position(owner, self._market.instrument) for owner in owners]
        )
        self._count: i64 = len(owners)
        self._observe = observe
        self._events: list[Event] = []

    def send(self, orders: OrderColumns) -> int:
        """Carry out every row in turn; returns how many were refused.

        Raises ValueError for one that is too early, or of an account that was not told.
        """
        state, market = self._state, self._market
        is_public = market.is_public
        state.follow(market, public=self._observe is not None)
        self._listen()
        try:
            return self._carry_out(orders)
        finally:
            state.follow(market, public=is_public)

    def _carry_out(self, orders: OrderColumns) -> int:
        """Each row as the command would be that says the same; returns how many were refused."""
        state, market, positions = self._state, self._market, self._positions
        times, accounts, whats, refs = orders.at, orders.account, orders.what, orders.ref
        prices, sizes, all_terms = orders.price, orders.size, orders.terms
        refused: i64 = 0
        row: i64 = 0
        while row < len(times):
            at, account = times[row], accounts[row]
            if at < state.now or account < 0 or account >= self._count:
                raise self._unfit(row, at, account)
            if at >= state.alarms.soon:
                let_pass(state, at)
            before, state.now = state.now, at
            position, what = positions[account], whats[row]
            if what == CANCEL:
                refusal = cancel_found(state, position.pool.account, 0, refs[row])
            else:
                buy, price, terms, order = what == BUY, prices[row], all_terms[row], state.spare
                if order is None or terms or price == 0:
                    order = self._order(position, buy, price, sizes[row], refs[row], terms)
                else:
                    state.spare = order.behind
                    order.again(position, buy, price, sizes[row], refs[row], state.self_trade)
                refusal = enter(state, market, position, order)
            if refusal is None:
                finish(state)
            else:
                refused += 1
                state.now = before
                if self._observe is not None:
                    self._events.append(self._rejection(orders, row, position, refusal))
            if self._events:
                self._tell()
            row += 1
        return int(refused)

    def _order(
        self,
        position: Position,
        buy: bool,  # noqa: FBT001
        price: i64,
        size: i64,
        ref: i64,
        terms: i64,
    ) -> Order:
        """The order that a row asks for."""
        return Order(
            0,
            position.pool.account.index,
            position.market,
            buy,
            price,
            size,
            position,
            ref=ref,
            is_market=price == 0,
            reduce_only=terms & REDUCE_ONLY != 0,
            post_only=terms & POST_ONLY != 0,
            time_in_force=time_in_force(terms),
            self_trade=self._state.self_trade,
        )

    def _unfit(self, row: i64, at: i64, account: i64) -> ValueError:
        """Why a row cannot be carried out at all."""
        now, most = self._state.now, self._count - 1
        if at < now:
            return ValueError(f"row {row + 1}: time was {at}, and {now} at the venue")
        return ValueError(f"row {row + 1}: account was {account}, expected 0 to {most}")

    def _listen(self) -> None:
        """Have the venue tell its events here, until it is asked something by another way."""
        self._state.events, self._state.is_heard = self._events, self._observe is not None

    def _rejection(
        self, orders: OrderColumns, row: i64, position: Position, refusal: Refusal
    ) -> CommandRejected:
        at, name = int(orders.at[row]), position.pool.account.name
        if orders.what[row] == CANCEL:
            return rejected(at, "CancelOrder", refusal, name)
        symbol = position.instrument.symbol
        return rejected(at, "PlaceOrder", refusal, name, int(orders.ref[row]), symbol)

    def _tell(self) -> None:
        if self._observe is not None:
            for event in self._events:
                self._observe(event)
        self._events.clear()
        self._listen()


def time_in_force(terms: i64) -> TimeInForce:
    """How long an order on these terms may rest."""
    if terms & IOC:
        return TimeInForce.IOC
    return TimeInForce.FOK if terms & FOK else TimeInForce.GTC
