"""Prices from outside the book: mark and index."""

from exchange.core.finding import Refusal, not_a_price, priced_market
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
    set_mark(state, market, command.price)
    return None


def set_mark(state: State, market: Market, mark: MarkPrice) -> None:
    """Measure margin at a new mark: whoever it endangers is looked at."""
    number = market.instrument.index
    mark_came(state, market)
    if mark == state.marks.prices[number]:
        return
    state.marks.set(number, mark)
    market.instrument.crowd(mark, market.open_interest)
    if market.funding.averages is not None:
        market.funding.averages.mark.note(state.now, mark)
    state.emit(MarkPriceChanged(at=state.now, symbol=market.instrument.symbol, price=mark))
    if market.on_mark is not None and market.phase is Phase.TRADING:
        watch(state, market.on_mark, mark)
    look_at_endangered(state, state.monitor.endangered(number, mark))


def update_index(state: State, command: UpdateIndexPrice) -> Refusal | None:
    """Take an index price; that it was told counts even if it is the same."""
    market = priced_market(state, command.symbol)
    if isinstance(market, Refusal):
        return market
    if command.price <= 0:
        return not_a_price(command.price)
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
    if first:
        begin(state, market)
    return None


def compute_mark(state: State, command: ComputeMarkPrice) -> Refusal | None:
    """Make a mark price by the rulebook's method; none from a stale index."""
    market = priced_market(state, command.symbol)
    if isinstance(market, Refusal):
        return market
    model = market.model
    if model.is_stale(state.now):
        return Refusal(
            Reject.NO_INDEX_PRICE, f"{command.symbol} has no index price, or only a stale one"
        )
    bid, _, ask, _ = market.book.top()
    model.sample(bid, ask, market.instrument.subticks)
    set_mark(state, market, model.price(state.now, market.last_mark()))
    return None
