"""What may come: how far marks may move, how much may be ordered, who is deleveraged, what is paid.

Views only: nothing here changes anything.
"""

from exchange.core.accounts import Position
from exchange.core.admission import trial_of, unaffordable, weigh
from exchange.core.book import Order
from exchange.core.deleveraging import queue, standing
from exchange.core.instrument import Instrument
from exchange.core.ledger import Purse
from exchange.core.margin import Marks
from exchange.core.messages import ClosingView, FundingView, FundView, MarketView, QueueView
from exchange.core.orders import market_limit
from exchange.core.policies import Quantile
from exchange.core.scope import Scope, Stake
from exchange.core.state import Market, State
from exchange.core.units import RATE_ONE, Lots, Money, Rate, Ticks, ceil_div, magnitude

RISE_MAX = 1_000 * RATE_ONE
"""A rise beyond which nobody looks."""
STEP = RATE_ONE // 200
STEPS_OF_ITSELF = 20
"""Beside options a move is tried in steps of half a per cent, and larger ones as it grows."""
LIGHTS = 5


def common_move(scope: Scope, *, rise: bool) -> Rate | None:
    """How far all marks must fall (or rise) together for the scope to fail, as a part of them.

    The smallest such part, rounded up; None where no move up to all of it (or a thousandfold) does.
    """
    limit = RISE_MAX if rise else RATE_ONE
    if scope.holds_options():
        return _bent_move(scope, limit, 1 if rise else -1)
    if not scope.positions() or not _fails_after(scope, limit if rise else -limit):
        return None
    low, high = -1, limit
    while high - low > 1:
        middle = (low + high) // 2
        if _fails_after(scope, middle if rise else -middle):
            high = middle
        else:
            low = middle
    return high


def _bent_move(scope: Scope, limit: Rate, sign: int) -> Rate | None:
    """The same with options: it may fail at some move and no longer at a larger one.

    So it is looked for step by step, and a failure within less than a step is not seen.
    """
    safe, far = -1, 0
    while not _fails_after(scope, sign * far):
        if far >= limit:
            return None
        safe, far = far, min(limit, far + max(STEP, far // STEPS_OF_ITSELF))
    while far - safe > 1:
        middle = (safe + far) // 2
        if _fails_after(scope, sign * middle):
            far = middle
        else:
            safe = middle
    return far


def _fails_after(scope: Scope, move: Rate) -> bool:
    """Whether the scope fails where every mark has moved by a part of itself.

    Options follow what they are on, at the same implied volatility.
    """
    moving = [_moving(scope, position) for position in scope.positions()]
    if scope.is_unified:
        held, markets = scope.pool.account.pools, scope.state.collateral.markets
        moving += [instrument for asset, instrument in markets.items() if asset in held]
    marks = scope.marks.prices
    prices = {
        one.index: max(1, marks[one.index] * (RATE_ONE + move) // RATE_ONE)
        for one in moving
        if marks[one.index]
    }
    moved = Scope(scope.state, scope.pool, scope.isolated, scope.marks.changed(prices))
    return not moved.is_safe()


def _moving(scope: Scope, position: Position) -> Instrument:
    """What moves a position: its own mark, or that of what it is an option on."""
    option = position.instrument.option
    return position.instrument if option is None else scope.state.markets[option.source].instrument


def order_max(
    state: State, market: Market, position: Position, price: Ticks | None, *, buy: bool
) -> Lots:
    """The largest order that the account can carry now; without a price, at the market.

    Found on the venue's own check of margin.  An order that only closes is always among them.
    """
    limit = market_limit(state, market, buy=buy) if price is None else price
    owner, number = position.pool.account.index, market.instrument.index

    def fits(lots: Lots) -> bool:
        order = Order(
            0,
            owner,
            number,
            buy,
            limit,
            lots,
            position,
            is_market=price is None,
            self_trade=state.self_trade,
        )
        if position.instrument.weighs_orders:
            weigh(state, market, position, order)
        return unaffordable(state, position, order, trial_of(market, position, order)) is None

    low, high, most = 0, 1, market.instrument.size_max
    while high <= most and fits(high):
        low, high = high, high * 2
    high = min(high, most + 1)
    while high - low > 1:
        middle = (low + high) // 2
        if fits(middle):
            low = middle
        else:
            high = middle
    return low


def queue_view(state: State, market: Market, position: Position) -> QueueView:
    """A position's place among those of its side, the first to be deleveraged at the front."""
    ahead = queue(state, market, long=position.size > 0)
    rank = ahead.index(position) + 1
    by_size = state.rulebook.liquidation.deleveraging.quantile is Quantile.SIZE
    weights = [magnitude(other.size) if by_size else 1 for other in ahead]
    through, whole = sum(weights[:rank]), sum(weights)
    own = standing(state, position)
    return QueueView(
        rank=rank,
        queued=len(ahead),
        fifth=LIGHTS + 1 - ceil_div(through * LIGHTS, whole),
        profit=own.profit,
        leverage=own.leverage,
        score=own.score,
    )


def funding_view(state: State, market: Market) -> FundingView:
    """A contract's funding in the interval under way."""
    model, formula = market.model, market.funding.formula
    premium, averages = market.funding.premium(state.now), market.funding.averages
    return FundingView(
        symbol=market.instrument.symbol,
        rate=model.rate,
        next_at=model.next_at,
        interval=model.interval,
        premium=premium,
        interest=formula.interest,
        period_rate=formula.of_period(premium),
        uncapped=formula.of_interval(premium),
        predicted=formula.paid(premium),
        period_cap=formula.period_cap,
        impact_notional=formula.impact_notional,
        mark_average=None if averages is None else averages.mark.value(state.now),
        index_average=None if averages is None else averages.index.value(state.now),
    )


def fund_view(state: State, fund: Purse) -> FundView:
    """An insurance fund."""
    return FundView(
        name=fund.name,
        asset=fund.total.asset,
        balance=fund.balance,
        history=tuple(state.reserves.history.get(fund, ())),
    )


def market_view(state: State, market: Market) -> MarketView:
    """A contract's prices, and the margin rates of its first tier."""
    instrument = market.instrument
    return MarketView(
        symbol=instrument.symbol,
        mark_price=state.marks.prices[instrument.index],
        index_price=market.model.index,
        last_price=market.last_price,
        open_interest=market.open_interest,
        initial_rate=_initial_rate(instrument),
        maintenance_rate=instrument.tiers.rates[0],
    )


def _initial_rate(instrument: Instrument) -> Rate:
    """That of the first tier, as open interest makes it."""
    tiers = instrument.tiers
    least = tiers.initial_schedule.rates[0] or RATE_ONE // tiers.leverages[0]
    return least + (RATE_ONE - least) * instrument.crowding // RATE_ONE


def closing_view(
    state: State, position: Position, lots: Lots, marks: Marks | None = None
) -> ClosingView:
    """What closing `lots` (positive) comes to where it uses up its share of the equity."""
    scope = Scope(state, position.pool, position if position.isolated else None, marks)
    mark, backing = scope.marks.of(position), Stake(scope, position).behind(lots)
    worth: Money = position.instrument.worth(mark, lots if position.size > 0 else -lots)
    return ClosingView(value=worth - backing, backing=backing)
