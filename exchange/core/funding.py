"""Funding: what longs and shorts of a perpetual pay each other, so that it stays near spot.

The rate is told by the feed, or made of premium and interest (see FundingRules).  Payments add up
to nothing: what roundings leave over goes to the ledger account "rounding", and the rest of the
market (HISTORY) pays and receives like everybody.
"""

from exchange.core.accounts import Position
from exchange.core.alarms import Alarm, Due
from exchange.core.average import TimeAverage
from exchange.core.finding import Refusal, is_over, priced_market
from exchange.core.funding_rate import PriceAverages
from exchange.core.ledger import Reason, transfer
from exchange.core.messages import (
    FundingPaid,
    FundingRateChanged,
    FundingSettled,
    UpdateFundingRate,
)
from exchange.core.policies import FundingMethod, FundingPrice, FundingRounding, Premium
from exchange.core.premium import impact_premium, impact_price, share
from exchange.core.state import Market, State
from exchange.core.units import Lots, MarkPrice, Money, Nanos, Rate, ceil_div, cut_div


def update_funding(state: State, command: UpdateFundingRate) -> Refusal | None:
    """Take a funding rate and the time of its payment; from now on none is computed."""
    market = priced_market(state, command.symbol)
    if isinstance(market, Refusal):
        return market
    market.model.interval = command.interval
    market.funding.is_told = True
    _stop_sampling(state, market)
    _announce(state, market, command.rate, command.next_at)
    return None


def _announce(state: State, market: Market, rate: Rate, next_at: Nanos) -> None:
    """A rate is in force, and paid at a time."""
    model, funding, symbol = market.model, market.funding, market.instrument.symbol
    model.rate, model.next_at = rate, next_at
    state.emit(FundingRateChanged(at=state.now, symbol=symbol, rate=rate, next_at=next_at))
    if funding.due is not None and funding.due.at == next_at:
        return
    if funding.due is not None:
        state.alarms.drop(funding.due)
        funding.due = None
    if next_at > state.now and funding.formula.rules.method is not FundingMethod.NONE:
        funding.due = Due(next_at, Alarm.FUNDING, market.instrument.index)
        state.alarms.set(funding.due)


# ---------------------------------------------------------------------------- computed rates


def begin(state: State, market: Market) -> None:
    """The index is known for the first time: from now on the premium over it is sampled."""
    funding, instrument = market.funding, market.instrument
    if not funding.computes or instrument.expires_at or instrument.is_spot:
        return
    interval = funding.formula.interval
    market.model.interval = interval
    end = (state.now // interval + 1) * interval
    if funding.formula.rules.premium is Premium.TIME_AVERAGE:
        mark, index = TimeAverage(state.now, end), TimeAverage(state.now, end)
        mark.note(state.now, state.marks.prices[instrument.index])
        index.note(state.now, market.model.index)
        funding.averages = PriceAverages(mark, index)
    else:
        _set_sample(state, market)
    _announce(state, market, 0, end)


def sample(state: State, market: Market) -> None:
    """Note the premium of this moment; a stale index says nothing."""
    if is_over(market):
        return
    if not market.model.is_stale(state.now):
        market.funding.premiums.add(premium_now(state, market))
    _set_sample(state, market)


def _set_sample(state: State, market: Market) -> None:
    pause = market.funding.formula.pause
    at = (state.now // pause + 1) * pause
    market.funding.next_sample = Due(at, Alarm.PREMIUM, market.instrument.index)
    state.alarms.set(market.funding.next_sample)


def _stop_sampling(state: State, market: Market) -> None:
    if market.funding.next_sample is not None:
        state.alarms.drop(market.funding.next_sample)
        market.funding.next_sample = None


def premium_now(state: State, market: Market) -> Rate:
    """How far the contract is above its index, by the rulebook's measure."""
    formula, index = market.funding.formula, market.model.index
    book, instrument = market.book, market.instrument
    if formula.rules.premium is Premium.MARK:
        return share(state.marks.prices[instrument.index] - index, index)
    if formula.rules.premium is Premium.MIDDLE:
        bid, _, ask, _ = book.top()
        middle = (bid + ask) * instrument.subticks - 2 * index
        return share(middle, 2 * index) if bid and ask else 0
    notional = formula.impact_notional
    bid = impact_price(book, instrument, notional, buy=False)
    ask = impact_price(book, instrument, notional, buy=True)
    return impact_premium(bid, ask, index)


# --------------------------------------------------------------------------------- paying


def settle_funding(state: State, market: Market) -> None:
    """An interval is over: its rate is paid, and the next one begins."""
    funding, model = market.funding, market.model
    funding.due = None
    if is_over(market):
        return
    rate = model.rate
    if funding.next_sample is not None and funding.next_sample.at == state.now:
        # The last sample belongs to the interval that ends with it.
        _stop_sampling(state, market)
        sample(state, market)
    if funding.computes:
        rate = funding.formula.paid(funding.premium(state.now))
    pay(state, market, rate)
    next_at = model.next_at + model.interval
    funding.begin_interval(next_at)
    if model.interval > 0:
        _announce(state, market, rate, next_at)


def pay(state: State, market: Market, rate: Rate) -> None:
    """Let every holder pay `rate` of its position's value, shorts the opposite."""
    price = state.marks.prices[market.instrument.index]
    if market.funding.formula.rules.price is FundingPrice.INDEX:
        price = market.model.index or price
    if price == 0:
        return
    symbol = market.instrument.symbol
    state.emit(FundingSettled(at=state.now, symbol=symbol, rate=rate, price=price))
    history = owed(market, price, market.history_size, rate)
    transfer(market.funds.history, market.funds.rounding, history, Reason.FUNDING)
    for position in list(market.holders.values()):
        _pay_one(state, market, position, rate, price)


def owed(market: Market, price: MarkPrice, size: Lots, rate: Rate) -> Money:
    """What `size` (signed) pays; below zero, receives."""
    above, below = market.instrument.payment(price, size, rate)
    if market.funding.formula.rules.rounding is FundingRounding.AGAINST_TRADERS:
        return ceil_div(above, below)
    return cut_div(above, below)


def _pay_one(
    state: State, market: Market, position: Position, rate: Rate, price: MarkPrice
) -> None:
    amount = owed(market, price, position.size, rate)
    purse = position.bucket if position.isolated else position.pool.wallet
    transfer(purse, market.funds.rounding, amount, Reason.FUNDING)
    state.touch(position.pool)
    state.emit(
        FundingPaid(
            at=state.now,
            account=position.pool.account.name,
            symbol=market.instrument.symbol,
            position_side=position.side,
            size=position.size,
            rate=rate,
            price=price,
            amount=amount,
            collateral=purse.balance,
        )
    )
