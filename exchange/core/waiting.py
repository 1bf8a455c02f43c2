"""What waits for a trigger: how it begins to, how it ends, and how prices reach it."""

from exchange.core.messages import CancelReason, OrderCancelled, PriceSource, Reject
from exchange.core.state import Market, State
from exchange.core.triggers import Triggers, Waiting
from exchange.core.units import MarkPrice


def price_by(state: State, market: Market, source: PriceSource) -> MarkPrice:
    """The price that a trigger looks at; 0 where there is none yet."""
    if source is PriceSource.MARK:
        return state.marks.prices[market.instrument.index]
    if source is PriceSource.INDEX:
        return market.model.index
    return market.last_price * market.instrument.subticks


def watch(state: State, triggers: Triggers, price: MarkPrice) -> None:
    """A new price: what it reaches is placed once the command in hand is done."""
    state.fired.extend(triggers.reached(price))


def begin(state: State, market: Market, waiting: Waiting) -> None:
    """Let an order wait.  Where its price has come already, it is placed as soon as may be."""
    position, order_id = waiting.position, waiting.order_id
    account = position.pool.account
    account.waiting[order_id] = waiting
    if waiting.command.ref:
        account.waiting_refs[waiting.command.ref] = waiting
    if waiting.is_exit:
        position.exits += 1
    if waiting.attached is not None:
        state.tie(account, order_id, waiting.attached)
    listen(state, market, waiting)


def listen(state: State, market: Market, waiting: Waiting) -> None:
    """Wait for a trigger, from the price as it is now on."""
    source = waiting.trigger.by
    price = price_by(state, market, source)
    if price and waiting.is_reached(price):
        state.fired.append(waiting)
    else:
        market.triggers(source).add(waiting)


def end(state: State, waiting: Waiting) -> None:
    """Let an order wait no longer, for whatever reason."""
    position, order_id = waiting.position, waiting.order_id
    account = position.pool.account
    waiting.has_ended = True
    del account.waiting[order_id]
    if waiting.command.ref:
        del account.waiting_refs[waiting.command.ref]
    if waiting.is_exit:
        position.exits -= 1
    if waiting.attached is not None:
        state.untie(account, order_id, waiting.attached)
    market = state.markets[position.instrument.index]
    market.triggers(waiting.trigger.by).remove(waiting)


def cancel_waiting(state: State, waiting: Waiting, reason: CancelReason) -> None:
    """Let an order end that never triggered."""
    end(state, waiting)
    announce_end(state, waiting, reason)


def announce_end(
    state: State, waiting: Waiting, reason: CancelReason, refusal: Reject | None = None
) -> None:
    """Say that an order ended before it came to the book."""
    state.emit(
        OrderCancelled(
            at=state.now,
            account=waiting.command.account,
            ref=waiting.command.ref,
            order_id=waiting.order_id,
            symbol=waiting.command.symbol,
            open_size=waiting.command.size,
            reason=reason,
            refusal=refusal,
        )
    )
