"""The steps of the waterfall: close in the book, take over, deleverage, or let others bear it.

Each closes some of one position, and says what it did.
"""

from collections.abc import Callable

from exchange.core.accounts import Position
from exchange.core.book import Order
from exchange.core.deleveraging import deleverage, price_for
from exchange.core.foresight import takings
from exchange.core.house import take_in
from exchange.core.insurance import charge, make_good, spendable, take_leftover, take_rest
from exchange.core.margin import notional
from exchange.core.matching import match
from exchange.core.messages import CancelReason, Closing, MarginMode, TradeKind
from exchange.core.notices import announce_step, margins
from exchange.core.orders import market_limit
from exchange.core.policies import Amount, Cancel, Limit, Unfilled
from exchange.core.resting import cancel, cancel_position
from exchange.core.scope import Scope, Stake
from exchange.core.selection import how_much
from exchange.core.spot import draws_on
from exchange.core.state import Market, State
from exchange.core.units import GRID_MAX, RATE_ONE, SECOND, Lots, Rate, Ticks, ceil_div, magnitude
from exchange.core.unwinding import portfolio_lots


def cancel_orders(scope: Scope) -> None:
    """Take back the open orders that stand with a failed scope, as far as the rulebook says."""
    state, rule = scope.state, scope.state.rulebook.liquidation.cancel
    if scope.isolated is None:
        for order in scope.pool.account.orders.listed():
            # What spot orders hold in reserve belongs to the account, under every rule.
            if any(draws_on(order, pool) for pool in scope.pool.members):
                cancel(state, state.markets[order.market], order, CancelReason.LIQUIDATION)
    if rule is Cancel.NONE:
        return
    held = [p for pool in scope.pool.members for p in pool.listed]
    for position in held:
        concerned = position is scope.isolated if scope.isolated else not position.isolated
        if concerned and (rule is Cancel.ALL or position.size):
            cancel_position(state, position, CancelReason.LIQUIDATION)


def close_some(scope: Scope, position: Position, amount: Amount) -> None:
    """One step: some of a position through the book; what that does not take, as the rules say."""
    rules = scope.state.rulebook.liquidation
    market = scope.state.markets[position.instrument.index]
    if scope.pool.is_house:
        auto_deleverage(scope, market, position)
        return
    held = magnitude(position.size)
    size = step_size(scope, market, position, amount)
    if scope.state.pace.book_share:
        size = within_the_book(scope.state, market, position, size)
    skips_book = rules.takeover_whole and size == held
    if not skips_book and through_book(scope, market, position, size, Closing.BOOK):
        return
    stake = Stake(scope, position)
    if rules.fund_in_book and spendable(scope.state, market) > 0:
        filled = through_book(scope, market, position, held, Closing.INSURANCE_FUND)
        make_good(stake, market, filled)
        if filled:
            return
    UNFILLED[rules.unfilled](scope, market, position)
    make_good(stake, market, held - magnitude(position.size))


def step_size(scope: Scope, market: Market, position: Position, amount: Amount) -> Lots:
    """How much a policy closes; after a fraction, for a while, all."""
    state, distress = scope.state, scope.distress
    mark = state.mark_of(position)
    if scope.mode is MarginMode.PORTFOLIO:
        return portfolio_lots(scope, market, position, amount)
    if amount is Amount.CLIP:
        return min(market.clip, magnitude(position.size))
    if amount is not Amount.FRACTION:
        fee, buffer = scope.fee_rate(), state.lines.buffer
        lacking = -scope.into(position.instrument.settle, -scope.lacking())
        lots = how_much(amount, position, mark, lacking, fee, buffer)
        if amount is Amount.JUST_ENOUGH and state.pace.time:
            return max(1, lots * share_of_shortage(scope, market) // RATE_ONE)
        return lots
    if state.now < distress.whole_until or notional(position, mark) <= market.fraction_above:
        return magnitude(position.size)
    distress.whole_until = state.now + state.cooldown
    return ceil_div(magnitude(position.size) * state.fraction, RATE_ONE)


def within_the_book(state: State, market: Market, position: Position, size: Lots) -> Lots:
    """A step's size, bounded by a share of what the book offers; where that is nothing, not."""
    owner, number, buy = position.pool.account.index, market.instrument.index, position.size < 0
    band = market_limit(state, market, buy=buy)
    offered = sum(
        lots for _, lots in takings(market.book, Order(0, owner, number, buy, band, GRID_MAX))
    )
    return min(size, state.pace.in_the_book(offered)) if offered else size


def share_of_shortage(scope: Scope, market: Market) -> Rate:
    """How much of the present shortage of margin a step may make up for; all of a small one."""
    state, distress, lacking = scope.state, scope.distress, max(1, scope.lacking())
    if lacking < scope.out_of(market.instrument.settle, market.whole_below):
        return RATE_ONE
    return state.pace.in_time(lacking, distress.eased, state.now - distress.since)


def through_book(
    scope: Scope, market: Market, position: Position, size: Lots, closing: Closing
) -> Lots:
    """Send an order to the book that costs no more than what backs it; returns what it filled."""
    state = scope.state
    choice, stake = margins(scope), Stake(scope, position)
    limit = worst_price(scope, market, stake, closing)
    order = Order(
        state.next_order_id(),
        scope.pool.account.index,
        market.instrument.index,
        position.size < 0,
        limit,
        size,
        position,
    )
    traded = 0
    if not state.rulebook.liquidation.fill_or_kill or _is_taken_whole(market, order):
        traded = match(state, market, order, TradeKind.LIQUIDATION)
    filled = size - order.size
    if closing is Closing.BOOK:
        charge(stake, market, magnitude(traded), filled)
        if position.size == 0:
            take_leftover(scope, market, stake.left_of(filled))
    if state.pace.time:
        scope.distress.eased += max(0, scope.out_of(stake.asset, stake.eased()))
    announce_step(scope, position, choice, closing, size, limit, filled)
    return filled


def worst_price(scope: Scope, market: Market, stake: Stake, closing: Closing) -> Ticks:
    """The limit of a liquidation order: never worse than what backs it, by rule better."""
    state, position = scope.state, stake.position
    buy = position.size < 0
    band = market_limit(state, market, buy=buy)
    if closing is Closing.SOCIALISED:
        return band
    rules, extra = state.rulebook.liquidation, 0
    rule = rules.limit
    if closing is Closing.INSURANCE_FUND:
        extra, rule = spendable(state, market), rules.fund_limit or rule
    bound = stake.bankruptcy_price(extra)
    if rule is Limit.MARKET_BAND:
        return min(band, bound) if buy else max(band, bound)
    if rule is Limit.FILLABLE_PRICE:
        fine, subticks = stake.fillable_price(), market.instrument.subticks
        fillable = fine // subticks if buy else ceil_div(fine, subticks)
        return max(1, min(fillable, bound) if buy else max(fillable, bound))
    return bound


def _is_taken_whole(market: Market, order: Order) -> bool:
    """Whether the book has all of an order at its limit."""
    return sum(size for _, size in takings(market.book, order)) == order.size


# ----------------------------------------------------------------- what the book does not take


def auto_deleverage(scope: Scope, market: Market, position: Position) -> None:
    """Close against the other side, at the price that uses up what backs the position.

    The rulebook may choose another price, but not for the venue's own account, which has no fund
    to fall back on.
    """
    state = scope.state
    choice, stake = margins(scope), Stake(scope, position)
    size, price = magnitude(position.size), stake.bankruptcy_price(0)
    if not scope.pool.is_house:
        price = price_for(state, position, price)
    deleverage(state, market, position, size, price, state.next_order_id())
    take_leftover(scope, market, stake.left_of(size))
    announce_step(scope, position, choice, Closing.ADL, size, price, size)


def take_over(scope: Scope, market: Market, position: Position) -> None:
    """Let the venue's own account have the position at its bankruptcy price.

    Not when the fund has lost more than it may: then others are deleveraged.
    """
    state = scope.state
    if state.reserves.drawdown < RATE_ONE and spendable(state, market) == 0:
        auto_deleverage(scope, market, position)
        return
    choice, stake = margins(scope), Stake(scope, position)
    size, price = magnitude(position.size), stake.bankruptcy_price(0)
    take_in(scope, market, position, size, price, state.next_order_id())
    take_leftover(scope, market, stake.left_of(size))
    announce_step(scope, position, choice, Closing.TAKEOVER, size, price, size)


def take_over_all(scope: Scope) -> None:
    """Let the venue's own account have every position, and all that is left behind them."""
    for position in scope.positions():
        market = scope.state.markets[position.instrument.index]
        take_over(scope, market, position)
        if not scope.positions():
            take_rest(scope, market)


def wait(scope: Scope) -> None:
    """Leave the rest for the next round; where there are no rounds, for a second."""
    scope.distress.paused_until = scope.state.now + SECOND


def wait_or_deleverage(scope: Scope, market: Market, position: Position) -> None:
    """Wait while there is equity; deleverage when it is gone."""
    if scope.backing(position.instrument.settle) < 0:
        auto_deleverage(scope, market, position)
    else:
        wait(scope)


def at_others_cost(scope: Scope, market: Market, position: Position) -> None:
    """Once the equity is gone: at any price in the band, the loss to be borne by others."""
    if scope.backing(position.instrument.settle) < 0:
        through_book(scope, market, position, magnitude(position.size), Closing.SOCIALISED)
    if position.size:
        wait(scope)


UNFILLED: dict[Unfilled, Callable[[Scope, Market, Position], None]] = {
    Unfilled.ADL: auto_deleverage,
    Unfilled.WAIT_THEN_ADL: wait_or_deleverage,
    Unfilled.TAKEOVER: take_over,
    Unfilled.SOCIALISE: at_others_cost,
}
