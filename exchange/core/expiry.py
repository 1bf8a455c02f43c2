"""How an instrument ends: orders go, positions are closed at the settlement price, exactly.

Each position realises what it is worth at that price, rounded down to a unit of money, whatever
side it is on; what the roundings leave over goes to the ledger account "rounding".
"""

from exchange.core.accounts import Position
from exchange.core.finding import Refusal, above_cap, not_a_price, priced_market
from exchange.core.ledger import Reason, transfer
from exchange.core.messages import (
    CancelReason,
    InstrumentSettled,
    Phase,
    PhaseChanged,
    PositionSettled,
    SettleInstrument,
)
from exchange.core.prices import follow
from exchange.core.resting import cancel_all
from exchange.core.settlement import note_interest, settle_history
from exchange.core.state import Market, State
from exchange.core.units import RATE_ONE, MarkPrice, ceil_div


def settle_instrument(state: State, command: SettleInstrument) -> Refusal | None:
    """End an instrument at a price that is told."""
    market = priced_market(state, command.symbol)
    if isinstance(market, Refusal):
        return market
    if command.price <= 0:
        return not_a_price(command.price)
    above = above_cap(market.instrument, command.price)
    if above is not None:
        return above
    close_market(state, market, Phase.SETTLED)
    settle_at(state, market, command.price)
    return None


def pass_day(state: State, market: Market) -> None:
    """What is dated has a day less to go: portfolio margin sees its basis risk change.

    An option is worth less by that.
    """
    if market.phase is Phase.SETTLED:
        return
    state.count_days(market.instrument)
    follow(state, market)
    for position in market.holders.values():
        if position.pool.portfolio is not None:
            state.touch(position.pool)


def expire(state: State, market: Market) -> None:
    """A dated future's time has come.  It settles at its average index, unless that is not known.

    Without one, or with an index that has gone stale, it waits for a price to be told.
    """
    if market.phase is Phase.SETTLED:
        return
    average = market.average
    price = (
        average.value() if average is not None and not market.model.is_stale(state.now) else None
    )
    close_market(state, market, Phase.EXPIRED if price is None else Phase.SETTLED)
    if price is not None:
        cap = market.instrument.cap
        settle_at(state, market, min(price, cap) if cap else price)


def close_market(state: State, market: Market, phase: Phase) -> None:
    """End trading: every order of every trader leaves the book, account by account."""
    for account in state.accounts[1:]:
        cancel_all(state, account, market, CancelReason.INSTRUMENT_CLOSED)
    market.phase = phase
    state.emit(PhaseChanged(at=state.now, symbol=market.instrument.symbol, phase=phase))


def settle_at(state: State, market: Market, price: MarkPrice) -> None:
    """Close every position, history's too; of an option, at what it pays at that price."""
    instrument = market.instrument
    option, underlying = instrument.option, 0
    if option is not None:
        underlying, price = price, option.payoff(price)
    left = 0
    for position in list(market.holders.values()):
        left -= instrument.worth(price, position.size)
        _settle_position(state, market, position, price)
    if not instrument.is_spot:
        worth = instrument.worth(price, market.history_size)
        left -= worth
        settle_history(market, -market.history_size, -worth)
    transfer(market.funds.clearing, market.funds.rounding, left, Reason.ROUNDING)
    state.emit(
        InstrumentSettled(
            at=state.now, symbol=instrument.symbol, price=price, underlying_price=underlying
        )
    )


def _settle_position(state: State, market: Market, position: Position, price: MarkPrice) -> None:
    instrument = market.instrument
    size, purse = position.size, position.bucket if position.isolated else position.pool.wallet
    realised = instrument.worth(price, size) - position.cost
    position.size = position.cost = 0
    transfer(market.funds.clearing, purse, realised, Reason.REALISED_PNL)
    fee = ceil_div(instrument.notional(price, size) * state.settlement_rate, RATE_ONE)
    fee = max(0, min(fee, purse.balance))
    transfer(purse, market.funds.fees, fee, Reason.SETTLEMENT_FEE)
    market.open_interest -= max(size, 0)
    note_interest(state, market, position, size)
    state.touch(position.pool)
    state.emit(
        PositionSettled(
            at=state.now,
            account=position.pool.account.name,
            symbol=instrument.symbol,
            position_side=position.side,
            size=size,
            price=price,
            realised_pnl=realised,
            fee=fee,
        )
    )
