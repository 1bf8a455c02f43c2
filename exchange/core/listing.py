"""Listing: a contract opens for trading."""

from exchange.core.finding import Refusal
from exchange.core.messages import InstrumentListed, ListInstrument, Reject
from exchange.core.state import State
from exchange.core.units import UnitError


def list_instrument(state: State, command: ListInstrument) -> Refusal | None:
    """Open a market for a contract whose numbers fit together."""
    rules = command.rules
    if rules.symbol in state.market_of:
        return Refusal(Reject.INSTRUMENT_EXISTS, f"{rules.symbol} is listed already")
    assets = {rules.settle: rules.money_unit, rules.base: rules.base_unit}
    for asset, unit in assets.items():
        known = state.units.get(asset, unit)
        if known != unit:
            detail = f"{rules.symbol}: a unit of {asset} was {unit}, expected {known} as before"
            return Refusal(Reject.BAD_INSTRUMENT, detail)
    try:
        state.list_instrument(rules)
    except UnitError as error:
        return Refusal(Reject.BAD_INSTRUMENT, str(error))
    state.emit(InstrumentListed(at=state.now, symbol=rules.symbol, rules=rules))
    return None
