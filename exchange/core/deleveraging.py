"""Auto-deleveraging: the last counterparties of a position that nobody else takes.

Traders on the other side close against it, without fee, in the order that the rulebook ranks them;
the venue's own account and then the rest of the market (HISTORY) come last.
"""

from collections.abc import Callable

from exchange.core.accounts import Position
from exchange.core.margin import notional, unrealised_pnl
from exchange.core.messages import CancelReason, PositionDeleveraged, TradeKind
from exchange.core.off_book import hand_over
from exchange.core.policies import DeleveragingPrice, Rank
from exchange.core.ranking import Ranking, Rankings
from exchange.core.resting import cancel_position
from exchange.core.scope import Scope
from exchange.core.selection import mixed
from exchange.core.state import Market, State
from exchange.core.units import RATE_ONE, Lots, Money, Rate, Ticks, ceil_div, magnitude


class Standing:
    """A position's place in the queue: a measure of profit, one of leverage, and their product.

    Measures are in parts of RATE_ONE.
    """

    def __init__(self, profit: Rate, leverage: Rate, score: int) -> None:
        self.profit = profit
        self.leverage = leverage
        self.score = score


def product(profit: Rate, leverage: Rate) -> Standing:
    """A standing whose score is simply the product."""
    return Standing(profit, leverage, profit * leverage // RATE_ONE)


def profit_and_leverage(state: State, position: Position) -> Standing:
    """PnL as a share of entry value, times effective leverage.

    Losers rank below winners, by their loss divided by leverage (BitMEX's published ranking).
    """
    mark = state.mark_of(position)
    pnl, value = unrealised_pnl(position, mark), notional(position, mark)
    equity = max(1, _equity(state, position))
    entry = max(1, abs(position.cost))
    standing = product(pnl * RATE_ONE // entry, value * RATE_ONE // equity)
    if pnl > 0:
        standing.score = pnl * value * RATE_ONE // (entry * equity)
    else:
        standing.score = pnl * equity * RATE_ONE // (entry * max(1, value))
    return standing


def wallet_profit_and_margin_ratio(state: State, position: Position) -> Standing:
    """Unrealised profit over wallet balance, times margin ratio (Binance's published ranking).

    A wallet counts as one whole asset at least; without equity the ratio is zero.
    """
    scope, mark = _scope(state, position), state.mark_of(position)
    one = state.money_one(position.instrument)
    wallet = scope.purse_of(position.instrument.settle).balance
    profit = max(0, unrealised_pnl(position, mark)) * RATE_ONE // max(one, wallet)
    equity = scope.equity()
    return product(profit, scope.maintenance() * RATE_ONE // equity if equity > 0 else 0)


def price_gain_and_leverage(state: State, position: Position) -> Standing:
    """Mark over entry price, for a short entry over mark, times notional over equity.

    For a linear contract mark over entry price is value over cost (Hyperliquid's ranking).
    """
    mark = state.mark_of(position)
    value, entry = notional(position, mark), max(1, abs(position.cost))
    rises = (position.size > 0) != position.instrument.is_inverse
    gain = value * RATE_ONE // entry if rises else entry * RATE_ONE // max(1, value)
    return product(gain, value * RATE_ONE // max(1, _equity(state, position)))


def leveraged_return(state: State, position: Position) -> Standing:
    """PnL as a share of entry value, times the leverage chosen."""
    pnl = unrealised_pnl(position, state.mark_of(position))
    return product(pnl * RATE_ONE // max(1, abs(position.cost)), position.leverage * RATE_ONE)


def pseudo_random(state: State, position: Position) -> Standing:
    """By a hash of who, what and when; winners and losers alike."""
    return Standing(0, 0, mixed(position.holder, position.instrument.index, state.now))


RANKS: dict[Rank, Callable[[State, Position], Standing]] = {
    Rank.PROFIT_AND_LEVERAGE: profit_and_leverage,
    Rank.WALLET_PROFIT_AND_MARGIN_RATIO: wallet_profit_and_margin_ratio,
    Rank.PRICE_GAIN_AND_LEVERAGE: price_gain_and_leverage,
    Rank.LEVERAGED_RETURN: leveraged_return,
    Rank.PSEUDO_RANDOM: pseudo_random,
}


def _scope(state: State, position: Position) -> Scope:
    """What stands behind a position."""
    return Scope(state, position.pool, position if position.isolated else None)


def _equity(state: State, position: Position) -> Money:
    """What stands behind a position, in the asset that it settles in."""
    scope = _scope(state, position)
    return scope.into(position.instrument.settle, scope.equity())


def standing(state: State, position: Position) -> Standing:
    """A position's place in the queue, by the rulebook's ranking."""
    return RANKS[state.rulebook.liquidation.deleveraging.rank](state, position)


def ranking(state: State, market: Market, *, long: bool) -> Ranking:
    """Traders' positions on one side, by rank, as they are now."""
    rankings, key = state.rankings, (market.instrument.index, long)
    if rankings is None:
        rankings = state.rankings = Rankings()
    made = rankings.made.get(key)
    if made is None:
        made = rankings.made[key] = Ranking()
        changed = list(market.holders.values())
    else:
        pools = dict.fromkeys(rankings.changes[made.seen :])
        held = [p for pool in pools for member in pool.members for p in member.listed]
        changed = [p for p in held if p.instrument is market.instrument]
    made.seen = len(rankings.changes)
    for position in changed:
        if position.size and (position.size > 0) == long:
            made.put(position, standing(state, position).score)
        else:
            made.drop(position)
    return made


def queue(state: State, market: Market, *, long: bool) -> list[Position]:
    """Traders' positions on one side, the first to be deleveraged at the front."""
    candidates = [p for p in market.holders.values() if (p.size > 0) == long]
    keys = {p.holder: (p.pool.is_house, -standing(state, p).score, p.holder) for p in candidates}
    return sorted(candidates, key=lambda p: keys[p.holder])


def price_for(state: State, position: Position, bankruptcy: Ticks) -> Ticks:
    """The price at which a position is deleveraged, by the rulebook."""
    rules, instrument = state.rulebook.liquidation.deleveraging, position.instrument
    mark = state.mark_of(position)
    off = abs(bankruptcy * instrument.subticks - mark) * RATE_ONE
    deviates = state.deviation > 0 and off > mark * state.deviation
    if rules.price is DeleveragingPrice.BANKRUPTCY and not deviates:
        return bankruptcy
    if position.size > 0:
        return max(1, mark // instrument.subticks)
    return ceil_div(mark, instrument.subticks)


def deleverage(
    state: State, market: Market, bankrupt: Position, lots: Lots, price: Ticks, order_id: int
) -> None:
    """Close `lots` (positive) of a bankrupt position against the other side, at `price`."""
    ranked, rank = ranking(state, market, long=bankrupt.size < 0), 0
    while lots and (victim := ranked.pop()) is not None:
        rank += 1
        size = min(lots, magnitude(victim.size))
        lots -= size
        _close(state, market, bankrupt, victim, size, price, order_id, rank)
    if lots:
        # Sizes sum to zero, so what traders do not hold on the other side, history does.
        hand_over(state, market, bankrupt, None, lots, price, TradeKind.ADL, order_id)


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
    if state.rulebook.liquidation.deleveraging.cancels_orders:
        cancel_position(state, victim, CancelReason.DELEVERAGED)
    realised: Money = hand_over(
        state, market, bankrupt, victim, size, price, TradeKind.ADL, order_id
    )
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
