"""Matching: a taker meets the book in price-time order, and both sides settle trade by trade."""

from mypy_extensions import i64

from exchange.core.book import LEVEL, OLDEST, PRICE, SIZE, Order
from exchange.core.linked import after_fill
from exchange.core.messages import CancelReason, OrderFilled, Traded, TradeKind
from exchange.core.policies import SelfTrade
from exchange.core.resting import (
    announce_amend,
    announce_cancel,
    cancel,
    fit_orders,
    position_of,
    side_of,
)
from exchange.core.settlement import fee_asset, settle, settle_history
from exchange.core.state import Market, State
from exchange.core.units import Lots, Money, Ticks, magnitude
from exchange.core.waiting import watch


def match(
    state: State,
    market: Market,
    taker: Order,
    limit: Ticks,
    kind: TradeKind,
) -> Money:
    """Let `taker` trade against the book at `limit` or better; returns the notional traded.

    `taker.size` is left holding what is still open.
    """
    book = market.book
    side = book.asks if taker.buy else book.bids
    traded = 0
    while taker.size and side.reaches(limit):
        row = book.levels[side.best() + OLDEST]
        maker, size = book.order(row), min(taker.size, book.rows[row + SIZE])
        if maker is not None:
            if maker.owner == taker.owner:
                if prevent_self_trade(state, market, maker, taker):
                    break
                continue
            if maker.reduce_only:
                size = min(size, still_closes(maker))
                if size == 0:
                    cancel(state, market, maker, CancelReason.REDUCE_ONLY)
                    continue
        traded += trade(state, market, row, maker, taker, size, kind)
    return traded


def prevent_self_trade(state: State, market: Market, maker: Order, taker: Order) -> bool:
    """Keep an account from trading with itself; returns whether the taker ends here.

    The taker's mode decides (as on Binance).
    """
    mode = taker.self_trade
    if mode is SelfTrade.DECREMENT:
        size = min(maker.size, taker.size)
        taker.size -= size
        if size == maker.open:
            cancel(state, market, maker, CancelReason.SELF_TRADE)
        else:
            stays = size < maker.size
            market.book.reduce(maker.row, size)
            position_of(maker).hold(maker, maker.open)
            announce_amend(state, market, maker, kept_place=stays)
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


def still_closes(order: Order) -> i64:
    """How much there is of its position for an order to close."""
    position = position_of(order)
    return max(-position.size if order.buy else position.size, 0)


def trade(
    state: State,
    market: Market,
    row: i64,
    maker: Order | None,
    taker: Order,
    size: i64,
    kind: TradeKind,
) -> Money:
    """One trade of `size` with what rests in a row of the book, at its price; its notional.

    History has no order there, and as a taker no position.
    """
    book = market.book
    price = book.levels[book.rows[row + LEVEL] + PRICE]
    lots = size if taker.buy else -size
    value = market.instrument.value(price, lots)
    if book.tape is None:
        book.reduce(row, size)
    else:
        book.tape.executing = True
        book.reduce(row, size)
        book.tape.executing = False
    taker.size -= size
    market.last_price = price
    if market.on_last is not None:
        watch(state, market.on_last, price * market.instrument.subticks)
    if state.is_heard:
        announce_trade(state, market, price, size, kind, buy=taker.buy)
    if maker is None:
        settle_history(market, -lots, -value)
    else:
        position_of(maker).hold(maker, maker.open)
        if maker.size == 0:
            state.drop(position_of(maker).pool.account, maker)
        _fill(state, market, maker, -lots, price, -value, TradeKind.BOOK, maker=True)
    if taker.position is None:
        settle_history(market, lots, value)
    else:
        _fill(state, market, taker, lots, price, value, kind, maker=False)
    return magnitude(value)


def _fill(
    state: State,
    market: Market,
    order: Order,
    lots: i64,
    price: i64,
    value: Money,
    kind: TradeKind,
    *,
    maker: bool,
) -> None:
    """A trader's side of a trade: `lots` (signed) for `value`.  Liquidation is not charged."""
    position = position_of(order)
    fee_rate = state.maker_rate if maker else state.taker_rate if kind is TradeKind.BOOK else 0
    realised, fee = settle(state, market, position, lots, value, fee_rate)
    position.fills += 1
    if state.is_heard:
        _announce_fill(state, market, order, realised, fee, lots, price, kind, maker=maker)
    if order.attached is not None:
        after_fill(state, market, order, magnitude(lots))
    if position.exits or position.reduce_only_lots:
        fit_orders(state, market, position)


def announce_trade(
    state: State, market: Market, price: Ticks, size: Lots, kind: TradeKind, *, buy: bool
) -> None:
    """Say that the market has traded."""
    state.emit(
        Traded(
            at=state.now,
            symbol=market.instrument.symbol,
            side=side_of(buy=buy),
            price=price,
            size=size,
            kind=kind,
        )
    )


def _announce_fill(
    state: State,
    market: Market,
    order: Order,
    realised: Money,
    fee: Money,
    lots: i64,
    price: i64,
    kind: TradeKind,
    *,
    maker: bool,
) -> None:
    position = position_of(order)
    state.emit(
        OrderFilled(
            at=state.now,
            account=position.pool.account.name,
            ref=order.ref,
            order_id=order.order_id,
            symbol=market.instrument.symbol,
            side=side_of(buy=order.buy),
            price=price,
            size=magnitude(lots),
            open_size=order.open,
            maker=maker,
            fee=fee,
            fee_asset=fee_asset(market, lots),
            realised_pnl=realised,
            position=position.size,
            position_side=position.side,
            kind=kind,
        )
    )
