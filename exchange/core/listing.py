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
    unit = state.units.get(rules.settle, rules.money_unit)
    if unit != rules.money_unit:
        detail = f"{rules.symbol} money_unit was {rules.money_unit}, expected {unit} as before"
        return Refusal(Reject.BAD_INSTRUMENT, detail)
    try:
        state.list_instrument(rules)
    except UnitError as error:
        return Refusal(Reject.BAD_INSTRUMENT, str(error))
    state.emit(InstrumentListed(at=state.now, symbol=rules.symbol, rules=rules))
    return None
