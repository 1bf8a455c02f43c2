"""Prices from outside the book: mark and index."""

from exchange.core.accounts import Pool
from exchange.core.finding import Refusal, above_cap, not_a_price, priced_market
from exchange.core.funding import begin
from exchange.core.halts import mark_came
from exchange.core.liquidation import look_at_endangered
from exchange.core.messages import (
    ComputeMarkPrice,
    IndexPriceChanged,
    MarkPriceChanged,
    Phase,
    Reject,
    UpdateIndexPrice,
    UpdateMarkPrice,
    UpdateVolatility,
    VolatilityChanged,
)
from exchange.core.state import Market, State
from exchange.core.units import MarkPrice
from exchange.core.waiting import watch


def update_mark(state: State, command: UpdateMarkPrice) -> Refusal | None:
    """Take a mark price as it is told."""
    market = priced_market(state, command.symbol)
    if isinstance(market, Refusal):
        return market
    if command.price <= 0:
        return not_a_price(command.price)
    if market.instrument.is_option:
        return _follows(market)
    above = above_cap(market.instrument, command.price)
    if above is not None:
        return above
    set_mark(state, market, command.price)
    return None


def _follows(market: Market) -> Refusal:
    """Why an option takes no price of its own."""
    symbol, on = market.instrument.symbol, market.instrument.rules.on
    detail = f"{symbol} is an option, whose prices follow from {on} and its implied volatility"
    return Refusal(Reject.NOT_OFFERED, detail)


def set_mark(state: State, market: Market, mark: MarkPrice) -> None:
    """Measure margin at a new mark, and what options on it are worth: who fails is looked at."""
    number = market.instrument.index
    changes = mark != state.marks.prices[number]
    _change(state, market, mark)
    endangered: list[Pool] = []
    if changes:
        endangered = state.monitor.unseen() + state.monitor.endangered(number, mark)
    for option in market.options:
        endangered += follow(state, option)
    look_at_endangered(state, endangered)


def _change(state: State, market: Market, mark: MarkPrice) -> None:
    """A mark price came: say so if it is another."""
    number = market.instrument.index
    mark_came(state, market)
    if mark == state.marks.prices[number]:
        return
    state.marks.set(number, mark)
    market.instrument.note_mark(mark)
    market.instrument.crowd(mark, market.open_interest)
    if market.funding.averages is not None:
        market.funding.averages.mark.note(state.now, mark)
    state.emit(MarkPriceChanged(at=state.now, symbol=market.instrument.symbol, price=mark))
    if market.on_mark is not None and market.phase is Phase.TRADING:
        watch(state, market.on_mark, mark)


def follow(state: State, market: Market) -> list[Pool]:
    """Mark an option anew; returns whom that may endanger: all who hold it.

    Their margin may change though its mark does not, and is no line along which to keep an edge.
    """
    instrument, option = market.instrument, market.instrument.option
    if option is None or market.phase is Phase.SETTLED:
        return []
    option.pass_to(instrument.expires_at - state.now)
    price = state.marks.prices[option.source]
    if price:
        _change(state, market, option.mark(price))
    return [position.pool for position in market.holders.values()]


def update_volatility(state: State, command: UpdateVolatility) -> Refusal | None:
    """Take the implied volatility of an option, and mark it at that."""
    market = priced_market(state, command.symbol)
    if isinstance(market, Refusal):
        return market
    option = market.instrument.option
    if option is None:
        return Refusal(Reject.NOT_OFFERED, f"{command.symbol} is no option, and has no volatility")
    if command.volatility <= 0:
        detail = f"volatility was {command.volatility}, expected more than 0"
        return Refusal(Reject.PRICE_NOT_POSITIVE, detail)
    if command.volatility != option.volatility:
        option.volatility = command.volatility
        state.emit(
            VolatilityChanged(at=state.now, symbol=command.symbol, volatility=command.volatility)
        )
    look_at_endangered(state, follow(state, market))
    return None


def update_index(state: State, command: UpdateIndexPrice) -> Refusal | None:
    """Take an index price; that it was told counts even if it is the same."""
    market = priced_market(state, command.symbol)
    if isinstance(market, Refusal):
        return market
    if command.price <= 0:
        return not_a_price(command.price)
    if market.instrument.is_option:
        return _follows(market)
    model, funding = market.model, market.funding
    first = model.index == 0
    model.index_at = state.now
    if market.average is not None:
        market.average.note(state.now, command.price)
    if funding.averages is not None:
        funding.averages.index.note(state.now, command.price)
    if command.price != model.index:
        model.index = command.price
        state.emit(IndexPriceChanged(at=state.now, symbol=command.symbol, price=command.price))
        if market.on_index is not None and market.phase is Phase.TRADING:
            watch(state, market.on_index, command.price)
    for option in market.options:
        _note_index(state, option, command.price)
    if first:
        begin(state, market)
    return None


def _note_index(state: State, option: Market, price: MarkPrice) -> None:
    """Let an option settle by the index of what it is on."""
    option.model.index, option.model.index_at = price, state.now
    if option.average is not None:
        option.average.note(state.now, price)


def compute_mark(state: State, command: ComputeMarkPrice) -> Refusal | None:
    """Make a mark price by the rulebook's method; none from a stale index.

    Of an option: at the present mark of what it is on, and with the time that is left.
    """
    market = priced_market(state, command.symbol)
    if isinstance(market, Refusal):
        return market
    if market.instrument.is_option:
        look_at_endangered(state, follow(state, market))
        return None
    model = market.model
    if model.is_stale(state.now):
        return Refusal(
            Reject.NO_INDEX_PRICE, f"{command.symbol} has no index price, or only a stale one"
        )
    bid, _, ask, _ = market.book.top()
    model.sample(bid, ask, market.instrument.subticks)
    price, cap = model.price(state.now, market.last_mark()), market.instrument.cap
    set_mark(state, market, min(price, cap) if cap else price)
    return None
