"""A trade off the book: a position in liquidation passes to somebody else, without fee."""

from exchange.core.accounts import Position
from exchange.core.messages import OrderFilled, Traded, TradeKind
from exchange.core.resting import fit_orders, side_of
from exchange.core.settlement import settle, settle_history
from exchange.core.state import Market, State
from exchange.core.units import Lots, Money, Ticks


def hand_over(
    state: State,
    market: Market,
    loser: Position,
    taker: Position | None,
    size: Lots,
    price: Ticks,
    kind: TradeKind,
    order_id: int,
) -> Money:
    """Let `size` of a position pass to `taker`; None is history.

    Returns the PnL that the taker realises.
    """
    buys = loser.size < 0
    lots = size if buys else -size
    value = market.instrument.value(price, lots)
    lost, _ = settle(state, market, loser, lots, value, 0)
    realised = 0
    if taker is None:
        settle_history(market, -lots, -value)
    else:
        realised, _ = settle(state, market, taker, -lots, -value, 0)
    symbol = market.instrument.symbol
    state.emit(
        Traded(
            at=state.now,
            symbol=symbol,
            side=side_of(buy=buys),
            price=price,
            size=size,
            kind=kind,
        )
    )
    state.emit(
        OrderFilled(
            at=state.now,
            account=loser.pool.account.name,
            order_id=order_id,
            symbol=symbol,
            side=side_of(buy=buys),
            price=price,
            size=size,
            open_size=0,
            maker=False,
            fee=0,
            realised_pnl=lost,
            position=loser.size,
            position_side=loser.side,
            kind=kind,
        )
    )
    fit_orders(state, market, loser)
    if taker is not None:
        fit_orders(state, market, taker)
    return realised
