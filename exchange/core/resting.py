"""Orders at rest: how they come into the book, change, and leave it."""

from exchange.core.accounts import Account, Position
from exchange.core.book import Order
from exchange.core.messages import CancelReason, OrderAmended, OrderCancelled, Side
from exchange.core.state import Market, State
from exchange.core.units import Lots, magnitude
from exchange.core.waiting import cancel_waiting


def side_of(*, buy: bool) -> Side:
    """The side as messages name it."""
    return Side.BUY if buy else Side.SELL


def position_of(order: Order) -> Position:
    """What a trader's order opens or closes."""
    position = order.position
    assert position is not None, "only history trades without a position"
    return position


def rest(state: State, market: Market, order: Order) -> None:
    """Put what is open of a trader's order into the book."""
    position = position_of(order)
    account = position.pool.account
    account.orders.add(order)
    position.hold(order, order.size)
    if order.attached is not None:
        state.tie(account, order.order_id, order.attached)
        if 0 < order.display < order.size:
            order.hidden = order.size - order.display
            order.size = order.display
    market.book.rest(order)


def cancel(state: State, market: Market, order: Order, reason: CancelReason) -> None:
    """Take a trader's order out of the book."""
    position = position_of(order)
    market.book.remove(order.row, order)
    position.hold(order, 0)
    state.drop(position.pool.account, order)
    announce_cancel(state, market, order, reason)


def announce_cancel(state: State, market: Market, order: Order, reason: CancelReason) -> None:
    """Say that an order ended with something unfilled."""
    if not state.is_heard:
        return
    state.emit(
        OrderCancelled(
            at=state.now,
            account=state.accounts[order.owner].name,
            ref=order.ref,
            order_id=order.order_id,
            symbol=market.instrument.symbol,
            open_size=order.open,
            reason=reason,
        )
    )


def cancel_all(state: State, account: Account, market: Market | None, reason: CancelReason) -> None:
    """Cancel every order of an account, or those in one market: oldest first, then what waits."""
    for order in account.orders.listed():
        home = state.markets[order.market]
        if market is None or home is market:
            cancel(state, home, order, reason)
    for waiting in list(account.waiting.values()):
        if market is None or waiting.position.instrument is market.instrument:
            cancel_waiting(state, waiting, reason)


def cancel_position(state: State, position: Position, reason: CancelReason) -> None:
    """Cancel every order that would open or close a position: oldest first, then what waits."""
    account, market = position.pool.account, state.markets[position.instrument.index]
    for order in account.orders.listed(position):
        cancel(state, market, order, reason)
    for waiting in list(account.waiting.values()):
        if waiting.position is position:
            cancel_waiting(state, waiting, reason)


def fit_orders(state: State, market: Market, position: Position) -> None:
    """Keep orders true to a position that has changed.

    Reduce-only orders together never come to more than closes it, the newest giving way; exits go
    when there is nothing left for them to close.
    """
    if position.exits:
        for waiting in list(position.pool.account.waiting.values()):
            if waiting.position is not position or not waiting.is_exit:
                continue
            if not (position.size < 0 if waiting.buy else position.size > 0):
                cancel_waiting(state, waiting, CancelReason.POSITION_CLOSED)
    if position.reduce_only_lots == 0:
        return
    room = magnitude(position.size)
    for order in position.pool.account.orders.listed(position):
        if not order.reduce_only:
            continue
        closes = position.size < 0 if order.buy else position.size > 0
        keep = min(order.open, room) if closes else 0
        room -= keep
        if keep == 0:
            cancel(state, market, order, CancelReason.REDUCE_ONLY)
        elif keep < order.open:
            shrink(state, market, order, order.open - keep)


def shrink(state: State, market: Market, order: Order, size: Lots) -> None:
    """Take `size` off a resting order, which keeps its place; first off what it does not show."""
    unseen = min(size, order.hidden)
    order.hidden -= unseen
    if size > unseen:
        market.book.reduce(order.row, size - unseen, order)
    position_of(order).hold(order, order.open)
    announce_amend(state, market, order, kept_place=True)


def announce_amend(state: State, market: Market, order: Order, *, kept_place: bool) -> None:
    """Say that an order rests with a new size or price."""
    if not state.is_heard:
        return
    state.emit(
        OrderAmended(
            at=state.now,
            account=state.accounts[order.owner].name,
            ref=order.ref,
            order_id=order.order_id,
            symbol=market.instrument.symbol,
            size=order.open,
            price=order.price,
            kept_place=kept_place,
        )
    )
