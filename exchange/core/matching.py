"""Matching: a taker meets the book in price-time order, and both sides settle trade by trade."""

from exchange.core.accounts import Account, Position
from exchange.core.book import Order
from exchange.core.messages import (
    CancelReason,
    OrderAmended,
    OrderCancelled,
    OrderFilled,
    Side,
    Traded,
    TradeKind,
)
from exchange.core.policies import SelfTrade
from exchange.core.settlement import settle, settle_history
from exchange.core.spot import hold
from exchange.core.state import Market, State
from exchange.core.units import Lots, Money, Rate, Ticks


def side_of(*, buy: bool) -> Side:
    """The side as messages name it."""
    return Side.BUY if buy else Side.SELL


def match(
    state: State,
    market: Market,
    taker: Order,
    limit: Ticks,
    fee_rate: Rate,
    kind: TradeKind,
) -> Money:
    """Let `taker` trade against the book at `limit` or better; returns the notional traded.

    `taker.size` is left holding what is still open.
    """
    book, side = market.book, market.book.side(buy=not taker.buy)
    traded = 0
    while taker.size and side.reaches(limit):
        row = book.oldest[side.best()]
        maker, size = book.orders[row], min(taker.size, book.size[row])
        if maker is not None:
            if maker.owner == taker.owner:
                if prevent_self_trade(state, market, maker, taker):
                    break
                continue
            size = min(size, makers_size(maker))
            if size == 0:
                cancel(state, market, maker, CancelReason.REDUCE_ONLY)
                continue
        price = book.price[side.best()]
        trade(state, market, row, taker, size, fee_rate, kind)
        traded += abs(market.instrument.value(price, size))
    return traded


def prevent_self_trade(state: State, market: Market, maker: Order, taker: Order) -> bool:
    """Keep an account from trading with itself; returns whether the taker ends here.

    The taker's mode decides (as on Binance).
    """
    mode = taker.self_trade
    if mode is SelfTrade.DECREMENT:
        size = min(maker.size, taker.size)
        taker.size -= size
        if size == maker.size:
            cancel(state, market, maker, CancelReason.SELF_TRADE)
        else:
            shrink(state, market, maker, size)
        if taker.size == 0:
            announce_cancel(state, market, taker, CancelReason.SELF_TRADE)
        else:
            announce_amend(state, market, taker, kept_place=True)
        return False
    if mode is not SelfTrade.CANCEL_NEWEST:
        cancel(state, market, maker, CancelReason.SELF_TRADE)
    if mode is SelfTrade.CANCEL_OLDEST:
        return False
    announce_cancel(state, market, taker, CancelReason.SELF_TRADE)
    taker.size = 0
    return True


def position_of(order: Order) -> Position:
    """What a trader's order opens or closes."""
    position = order.position
    assert position is not None, "only history trades without a position"
    return position


def makers_size(maker: Order) -> Lots:
    """How much of a resting order may trade: a reduce-only one never more than closes."""
    if not maker.reduce_only:
        return maker.size
    position = position_of(maker)
    held = -position.size if maker.buy else position.size
    return min(maker.size, max(held, 0))


def trade(
    state: State,
    market: Market,
    row: int,
    taker: Order,
    size: Lots,
    fee_rate: Rate,
    kind: TradeKind,
) -> None:
    """One trade of `size` with what rests in a row of the book, at its price."""
    book = market.book
    maker, price = book.orders[row], book.price[book.level[row]]
    lots = size if taker.buy else -size
    value = market.instrument.value(price, lots)
    book.reduce(row, size)
    taker.size -= size
    market.last_price = price
    state.emit(
        Traded(
            at=state.now,
            symbol=market.instrument.symbol,
            side=side_of(buy=taker.buy),
            price=price,
            size=size,
            kind=kind,
        )
    )
    maker_rate = state.maker_rate
    _fill(state, market, maker, -lots, price, -value, maker_rate, TradeKind.BOOK, maker=True)
    _fill(state, market, taker, lots, price, value, fee_rate, kind, maker=False)


def _fill(
    state: State,
    market: Market,
    order: Order | None,
    lots: Lots,
    price: Ticks,
    value: Money,
    fee_rate: Rate,
    kind: TradeKind,
    *,
    maker: bool,
) -> None:
    """One side of a trade: `lots` (signed) for `value`.  History has no order, or no position."""
    position = None if order is None else order.position
    if order is None or position is None:
        settle_history(market, lots, value)
        return
    if maker:
        hold(state, position, order, order.size)
        if order.size == 0:
            state.drop(order)
    settled = settle(state, market, position, lots, value, fee_rate)
    state.emit(
        OrderFilled(
            at=state.now,
            account=position.pool.account.name,
            ref=order.ref,
            order_id=order.order_id,
            symbol=market.instrument.symbol,
            side=side_of(buy=order.buy),
            price=price,
            size=abs(lots),
            open_size=order.size,
            maker=maker,
            fee=settled.fee,
            fee_asset=settled.fee_asset,
            realised_pnl=settled.realised,
            position=settled.position,
            position_side=position.side,
            kind=kind,
        )
    )
    fit_reduce_only(state, market, position)


def rest(state: State, market: Market, order: Order) -> None:
    """Put what is open of a trader's order into the book."""
    account = state.accounts[order.owner]
    account.orders[order.order_id] = order
    if order.ref:
        account.refs[order.ref] = order.order_id
    hold(state, position_of(order), order, order.size)
    market.book.rest(order)


def cancel(state: State, market: Market, order: Order, reason: CancelReason) -> None:
    """Take a trader's order out of the book."""
    market.book.remove(order.row)
    hold(state, position_of(order), order, 0)
    state.drop(order)
    announce_cancel(state, market, order, reason)


def announce_cancel(state: State, market: Market, order: Order, reason: CancelReason) -> None:
    """Say that an order ended with something unfilled."""
    state.emit(
        OrderCancelled(
            at=state.now,
            account=state.accounts[order.owner].name,
            ref=order.ref,
            order_id=order.order_id,
            symbol=market.instrument.symbol,
            open_size=order.size,
            reason=reason,
        )
    )


def cancel_all(state: State, account: Account, market: Market | None, reason: CancelReason) -> None:
    """Cancel every open order of an account, or those in one market, oldest first."""
    for order in list(account.orders.values()):
        home = state.markets[order.market]
        if market is None or home is market:
            cancel(state, home, order, reason)


def cancel_position(state: State, position: Position, reason: CancelReason) -> None:
    """Cancel every open order that would open or close a position, oldest first."""
    market = state.markets[position.instrument.index]
    for order in list(position.pool.account.orders.values()):
        if order.position is position:
            cancel(state, market, order, reason)


def fit_reduce_only(state: State, market: Market, position: Position) -> None:
    """Keep reduce-only orders true: together never more than closes, the newest giving way."""
    if position.reduce_only_lots == 0:
        return
    room = abs(position.size)
    for order in list(position.pool.account.orders.values()):
        if not order.reduce_only or order.position is not position:
            continue
        closes = position.size < 0 if order.buy else position.size > 0
        keep = min(order.size, room) if closes else 0
        room -= keep
        if keep == 0:
            cancel(state, market, order, CancelReason.REDUCE_ONLY)
        elif keep < order.size:
            shrink(state, market, order, order.size - keep)


def shrink(state: State, market: Market, order: Order, size: Lots) -> None:
    """Take `size` off a resting order, which keeps its place."""
    market.book.reduce(order.row, size)
    hold(state, position_of(order), order, order.size)
    announce_amend(state, market, order, kept_place=True)


def announce_amend(state: State, market: Market, order: Order, *, kept_place: bool) -> None:
    """Say that an order has a new open size or price."""
    state.emit(
        OrderAmended(
            at=state.now,
            account=state.accounts[order.owner].name,
            ref=order.ref,
            order_id=order.order_id,
            symbol=market.instrument.symbol,
            size=order.size,
            price=order.price,
            kept_place=kept_place,
        )
    )
