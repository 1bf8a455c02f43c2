"""Auto-deleveraging: the last counterparties of a position that nobody else takes.

Traders on the other side close against it at its bankruptcy price, without fee, in order of
profit and leverage; the rest of the market (HISTORY) comes last.
"""

from exchange.core.accounts import Position
from exchange.core.margin import notional, unrealised_pnl
from exchange.core.matching import cancel_position, fit_reduce_only, side_of
from exchange.core.messages import (
    CancelReason,
    OrderFilled,
    PositionDeleveraged,
    Traded,
    TradeKind,
)
from exchange.core.settlement import settle, settle_history
from exchange.core.state import Market, State
from exchange.core.units import RATE_ONE, Lots, Money, Ticks


def score(state: State, position: Position) -> int:
    """A place in the queue: PnL as a share of entry value, times effective leverage.

    Losers rank below winners, by their loss divided by leverage (BitMEX's published ranking).
    """
    mark = state.mark_of(position)
    pnl = unrealised_pnl(position, mark)
    value = notional(position, mark)
    equity = max(1, equity_behind(state, position))
    entry = max(1, abs(position.cost))
    if pnl > 0:
        return pnl * value * RATE_ONE // (entry * equity)
    return pnl * equity * RATE_ONE // (entry * max(1, value))


def equity_behind(state: State, position: Position) -> Money:
    """What stands behind a position: its bucket and PnL, or the whole cross pool's equity."""
    if position.isolated:
        return state.bucket(position) + unrealised_pnl(position, state.mark_of(position))
    return state.margin(position.pool).equity


def queue(state: State, market: Market, *, long: bool) -> list[Position]:
    """Traders' positions on one side, the first to be deleveraged at the front."""
    candidates = [p for p in market.holders.values() if (p.size > 0) == long]
    scores = {p.holder: score(state, p) for p in candidates}
    return sorted(candidates, key=lambda p: (-scores[p.holder], p.holder))


def deleverage(
    state: State, market: Market, bankrupt: Position, lots: Lots, price: Ticks, order_id: int
) -> None:
    """Close `lots` (positive) of a bankrupt position against the other side, at `price`."""
    buys = bankrupt.size < 0
    for rank, victim in enumerate(queue(state, market, long=buys), start=1):
        if lots == 0:
            return
        size = min(lots, abs(victim.size))
        lots -= size
        _close(state, market, bankrupt, victim, size, price, order_id, rank)
    if lots:
        # Sizes sum to zero, so what traders do not hold on the other side, history does.
        _trade(state, market, bankrupt, None, lots, price, order_id)


def _close(
    state: State,
    market: Market,
    bankrupt: Position,
    victim: Position,
    size: Lots,
    price: Ticks,
    order_id: int,
    rank: int,
) -> None:
    cancel_position(state, victim, CancelReason.DELEVERAGED)
    realised = _trade(state, market, bankrupt, victim, size, price, order_id)
    state.emit(
        PositionDeleveraged(
            at=state.now,
            account=victim.pool.account.name,
            symbol=market.instrument.symbol,
            position_side=victim.side,
            against=bankrupt.pool.account.name,
            size=size,
            price=price,
            realised_pnl=realised,
            rank=rank,
            position=victim.size,
        )
    )


def _trade(
    state: State,
    market: Market,
    bankrupt: Position,
    victim: Position | None,
    size: Lots,
    price: Ticks,
    order_id: int,
) -> Money:
    """One trade off the book, with history where there is no victim.

    Returns what the other side realised.
    """
    buys = bankrupt.size < 0
    lots = size if buys else -size
    value = market.instrument.value(price, lots)
    settled = settle(state, market, bankrupt, lots, value, 0)
    realised = 0
    if victim is None:
        settle_history(market, -lots, -value)
    else:
        realised = settle(state, market, victim, -lots, -value, 0).realised
    symbol = market.instrument.symbol
    state.emit(
        Traded(
            at=state.now,
            symbol=symbol,
            side=side_of(buy=buys),
            price=price,
            size=size,
            kind=TradeKind.ADL,
        )
    )
    state.emit(
        OrderFilled(
            at=state.now,
            account=bankrupt.pool.account.name,
            order_id=order_id,
            symbol=symbol,
            side=side_of(buy=buys),
            price=price,
            size=size,
            open_size=0,
            maker=False,
            fee=0,
            realised_pnl=settled.realised,
            position=settled.position,
            position_side=bankrupt.side,
            kind=TradeKind.ADL,
        )
    )
    fit_reduce_only(state, market, bankrupt)
    return realised
