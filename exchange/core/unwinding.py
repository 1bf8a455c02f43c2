"""Liquidation in portfolio margin: what to close so that the whole pool's margin falls most.

Margin falls with a position only up to a point: beyond it the hedge goes that it was.  No more than
up to there is closed, and nothing of a position whose closing only adds margin, unless that holds
for all of them: an even hedge shrinks by first taking a part of one leg, which bares the other.
"""

from collections.abc import Callable

from exchange.core.accounts import Held, Position
from exchange.core.messages import MarginMode
from exchange.core.policies import Amount, Select
from exchange.core.scope import Scope
from exchange.core.selection import first, peak
from exchange.core.state import Market
from exchange.core.units import RATE_ONE, Lots, Money, ceil_div, magnitude


def chosen(scope: Scope) -> Position:
    """The position that a failed scope closes first."""
    state, positions = scope.state, scope.positions()
    valued = scope.out_of if scope.is_unified else None
    if scope.mode is not MarginMode.PORTFOLIO:
        return first(scope.select, positions, state.marks, state.now, valued)
    freed = [(-_most_freed(scope, p), p.instrument.symbol, p.side, p) for p in positions]
    if scope.select is Select.MOST_MARGIN_FREED:
        return min(freed, key=lambda row: row[:3])[3]
    easing = [row[3] for row in freed if row[0] < 0]
    return first(scope.select, easing or positions, state.marks, state.now, valued)


def portfolio_lots(scope: Scope, market: Market, position: Position, amount: Amount) -> Lots:
    """How many lots of it one step closes."""
    held, frees = magnitude(position.size), freeing(scope, position)
    most = peak(frees, held)
    if frees(most) <= 0:
        if amount is Amount.WHOLE_POSITION:
            return held
        lacking, needed = scope.lacking(), max(1, scope.maintenance())
        return min(held, ceil_div(held * lacking, needed))
    if amount is Amount.CLIP:
        return min(market.clip, most)
    if amount is Amount.FRACTION:
        return min(ceil_div(held * scope.state.fraction, RATE_ONE), most)
    return _enough(frees, most, scope.lacking()) if amount is Amount.JUST_ENOUGH else most


def freeing(scope: Scope, position: Position) -> Callable[[Lots], Money]:
    """The margin that closing so many lots at the mark frees, less the liquidation fee.

    And less what collateral then counts for less that it was the hedge of.
    """
    state, settle, mark = scope.state, position.instrument.settle, scope.marks.of(position)
    left = Held(position.pool, position.instrument, position.side, position.leverage)
    left.size, left.cost = position.size, position.cost
    equity, needed = scope.with_other(left)
    fee_rate = scope.fee_rate()
    sign = 1 if position.size > 0 else -1

    def freed(lots: Lots) -> Money:
        left.size = position.size - sign * lots
        equity_then, needed_then = scope.with_other(left)
        value = position.instrument.notional(mark, lots)
        charged = -scope.out_of(settle, -ceil_div(value * fee_rate, RATE_ONE))
        eased = (needed - needed_then) * (RATE_ONE + state.lines.buffer) // RATE_ONE
        return eased - charged + equity_then - equity

    return freed


def _most_freed(scope: Scope, position: Position) -> Money:
    frees = freeing(scope, position)
    return frees(peak(frees, magnitude(position.size)))


def _enough(frees: Callable[[Lots], Money], most: Lots, lacking: Money) -> Lots:
    """The fewest lots that free what is lacking; `most` where that does not suffice."""
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        if frees(middle) >= lacking:
            high = middle
        else:
            low = middle
    return high
