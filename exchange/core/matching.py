"""Matching: a taker meets the book in price-time order, and both sides settle trade by trade."""

from mypy_extensions import i64

from exchange.core.accounts import Position
from exchange.core.book import OLDEST, PRICE, SIZE, Order
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


def match(state: State, market: Market, taker: Order, kind: TradeKind) -> Money:
    """Let `taker` trade against the book at its price or better; returns the value traded, signed.

    `taker.size` is left holding what is still open.
    """
    book = market.book
    side = book.asks if taker.buy else book.bids
    traded = 0
    while taker.size and side.reaches(taker.price):
        levels, level = book.levels, side.best()
        row = levels[level + OLDEST]
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
        traded += trade(state, market, row, levels[level + PRICE], maker, taker, size, kind)
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
            market.book.reduce(maker.row, size, maker)
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
    price: i64,
    maker: Order | None,
    taker: Order,
    size: i64,
    kind: TradeKind,
) -> Money:
    """One trade of `size` with what rests in a row of the book, at its price; its value, signed.

    History has no order there, and as a taker no position.
    """
    book, lots = market.book, size
    if not taker.buy:
        lots = -size
    value = market.instrument.value(price, lots)
    if book.tape is None:
        book.reduce(row, size, maker)
    else:
        book.tape.executing = True
        book.reduce(row, size, maker)
        book.tape.executing = False
    taker.size -= size
    market.last_price = price
    if market.on_last is not None:
        watch(state, market.on_last, int(price) * market.instrument.subticks)
    if state.is_heard:
        announce_trade(state, market, price, size, kind, buy=taker.buy)
    if maker is None:
        settle_history(market, -lots, -value)
    else:
        _give(state, market, maker, price, -lots, -value)
    if taker.position is None:
        settle_history(market, lots, value)
    else:
        _take(state, market, taker, price, lots, value, kind)
    return value


def _give(state: State, market: Market, maker: Order, price: i64, lots: i64, value: Money) -> None:
    """The side of a trader whose order has rested: `lots` (signed) for `value`."""
    position = position_of(maker)
    position.hold(maker, maker.open)
    if maker.size == 0:
        state.drop(position.pool.account, maker)
    paid = settle(state, market, position, lots, value, state.maker_rate)
    position.fills += 1
    if is_followed(state, maker, position):
        follow(state, market, maker, price, lots, paid, TradeKind.BOOK, maker=True)


def _take(
    state: State, market: Market, taker: Order, price: i64, lots: i64, value: Money, kind: TradeKind
) -> None:
    """The side of a trader whose order has come.  Liquidation is not charged."""
    position, rate = position_of(taker), i64(0)
    if kind is TradeKind.BOOK:
        rate = state.taker_rate
    paid = settle(state, market, position, lots, value, rate)
    position.fills += 1
    if is_followed(state, taker, position):
        follow(state, market, taker, price, lots, paid, kind, maker=False)


def is_followed(state: State, order: Order, position: Position) -> bool:
    """Whether an order's trade has anything follow it."""
    is_fitted = position.exits > 0 or position.reduce_only_lots > 0
    return state.is_heard or is_fitted or order.attached is not None


def follow(
    state: State,
    market: Market,
    order: Order,
    price: i64,
    lots: i64,
    paid: tuple[Money, Money],
    kind: TradeKind,
    *,
    maker: bool,
) -> None:
    """What follows an order's trade of `lots` (signed), which realised and cost what was `paid`."""
    if state.is_heard:
        _announce_fill(state, market, order, price, lots, paid, kind, maker=maker)
    if order.attached is not None:
        after_fill(state, market, order, magnitude(lots))
    fit_orders(state, market, position_of(order))


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
    price: i64,
    lots: i64,
    paid: tuple[Money, Money],
    kind: TradeKind,
    *,
    maker: bool,
) -> None:
    position, (realised, fee) = position_of(order), paid
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
