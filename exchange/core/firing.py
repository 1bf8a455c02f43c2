"""What was triggered comes into the book, as if it had been sent at that moment."""

from exchange.core.book import Order
from exchange.core.finding import Refusal, open_market
from exchange.core.messages import CancelReason
from exchange.core.orders import announce_triggered, enter_fired, order_of
from exchange.core.state import State
from exchange.core.triggers import Waiting
from exchange.core.waiting import announce_end, end


def order_fired(state: State, waiting: Waiting) -> Order:
    """What waited, as it is to be placed."""
    order = order_of(state, waiting.position, waiting.command)
    order.attached = waiting.attached
    return order


def fire(state: State, waiting: Waiting) -> None:
    """Place an order that has been triggered; it may be refused now, as any other.

    One that ended meanwhile (the other of its group traded, its position is gone) is not.
    """
    if waiting.has_ended:
        return
    end(state, waiting)
    position, command = waiting.position, waiting.command
    market = open_market(state, command.symbol)
    refusal = (
        market
        if isinstance(market, Refusal)
        else enter_fired(state, market, order_fired(state, waiting), waiting)
    )
    if refusal is not None:
        home = state.markets[position.instrument.index]
        announce_triggered(state, home, waiting, command.size, command.price)
        announce_end(state, waiting, CancelReason.REFUSED, refusal.reason)
