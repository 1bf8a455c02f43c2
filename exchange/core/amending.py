"""Amending: an order that only shrinks keeps its place; any other change costs it.

A changed order meets the same checks as a new one.
"""

from msgspec.structs import replace

from exchange.core.admission import closing_size, trial_of, unaffordable, weigh
from exchange.core.alarms import Alarm, Due
from exchange.core.attached import Attached
from exchange.core.book import Order
from exchange.core.cancelling import find
from exchange.core.checks import NOTHING, bad_display, bad_expiry, bad_limit, bad_size, bad_trigger
from exchange.core.finding import Refusal, account_named, bad_price, halted
from exchange.core.linked import announce_waiting
from exchange.core.messages import AmendOrder, Phase, Reject, Trigger
from exchange.core.orders import (
    comes_to_rest,
    out_of_bounds,
    premature,
    step_back,
    work,
    would_take,
)
from exchange.core.resting import announce_amend, position_of, shrink
from exchange.core.state import Market, State
from exchange.core.triggers import Waiting
from exchange.core.units import Nanos
from exchange.core.waiting import listen


def amend(state: State, command: AmendOrder) -> Refusal | None:
    """Change an order, resting or waiting."""
    account = account_named(state, command.account)
    if isinstance(account, Refusal):
        return account
    order = find(account, command.order_id, command.order_ref)
    if isinstance(order, Refusal):
        return order
    position = order.position if isinstance(order, Waiting) else position_of(order)
    market = state.markets[position.instrument.index]
    post_only = not isinstance(order, Waiting) and order.post_only
    if market.phase is not Phase.TRADING and not comes_to_rest(market, post_only=post_only):
        return halted(market)
    if isinstance(order, Waiting):
        return _amend_waiting(state, market, order, command)
    return _amend_resting(state, market, order, command)


# --------------------------------------------------------------------------------- at rest


def _amend_resting(
    state: State, market: Market, order: Order, command: AmendOrder
) -> Refusal | None:
    size = int(order.open) if command.size is None else command.size
    price = int(order.price) if command.price is None else command.price
    display = int(order.display) if command.display_size is None else command.display_size
    refusal = (
        bad_size(market.instrument, size, NOTHING, is_market=False)
        or bad_price(price)
        or _bad_change(state, market, order, command, size)
    )
    if refusal is not None:
        return refusal
    if price != order.price or size > order.open or display != order.display:
        return _replace(state, market, order, command, size)
    if command.expires_at is not None and order.attached is not None:
        _put_off(state, order.attached, command.expires_at)
    if size < order.open:
        shrink(state, market, order, order.open - size)
    else:
        announce_amend(state, market, order, kept_place=True)
    return None


def _bad_change(
    state: State, market: Market, order: Order, command: AmendOrder, size: int
) -> Refusal | None:
    """What is wrong with changing what an order was told."""
    if command.trigger is not None:
        return Refusal(Reject.BAD_TRIGGER, f"order {order.order_id} does not wait for a trigger")
    if command.expires_at is not None:
        attached = order.attached
        ends = attached is not None and attached.expires_at > 0
        refusal = bad_expiry(command.expires_at, state.now, ends=ends)
        if refusal is not None:
            return refusal
    if command.display_size is not None:
        hides = order.display > 0
        return bad_display(market.instrument, command.display_size, size, may_rest=hides)
    return None


def _put_off(state: State, attached: Attached, expires_at: Nanos) -> None:
    """Let an order that rests or waits end at another time."""
    attached.expires_at = expires_at
    if attached.due is not None:
        state.alarms.drop(attached.due)
        attached.due = Due(expires_at, Alarm.ORDER, attached.due.subject, attached.due.owner)
        state.alarms.set(attached.due)


def _replace(
    state: State, market: Market, order: Order, command: AmendOrder, size: int
) -> Refusal | None:
    """Lose the place: trade at the new price if it crosses, and rest at the end of its queue."""
    position = position_of(order)
    changed = order.copy()
    changed.held = changed.held_value = changed.hidden = 0
    changed.price = order.price if command.price is None else command.price
    changed.size = closing_size(position, size, buy=order.buy) if order.reduce_only else size
    if command.display_size is not None:
        changed.display = command.display_size
    if order.attached is not None and order.attached.told.reprice:
        step_back(market.book, changed)
    if position.instrument.weighs_orders:
        weigh(state, market, position, changed)
    refusal = (
        out_of_bounds(state, market, position, changed, is_limit=True)
        or would_take(market, changed)
        or unaffordable(
            state,
            position,
            changed,
            trial_of(market, position, changed),
            instead_of=order,
        )
    )
    if refusal is not None:
        return refusal
    position.hold(order, 0)
    market.book.remove(order.row, order)
    state.drop(position.pool.account, order)
    if command.expires_at is not None and changed.attached is not None:
        changed.attached.expires_at = command.expires_at
    announce_amend(state, market, changed, kept_place=False)
    work(state, market, position, changed)
    return None


# -------------------------------------------------------------------------------- waiting


def _amend_waiting(
    state: State, market: Market, waiting: Waiting, command: AmendOrder
) -> Refusal | None:
    """Change what an order will be, or what it waits for."""
    before = waiting.command
    after = replace(
        before,
        size=before.size if command.size is None else command.size,
        price=before.price if command.price is None else command.price,
    )
    refusal = (
        bad_size(
            market.instrument,
            after.size,
            after.instructions or NOTHING,
            is_market=after.price is None,
        )
        or bad_limit(after.price)
        or _bad_telling(state, waiting, command)
        or _bad_new_trigger(state, market, waiting, command.trigger)
    )
    if refusal is not None:
        return refusal
    waiting.command = after
    if command.expires_at is not None and waiting.attached is not None:
        _put_off(state, waiting.attached, command.expires_at)
    if command.trigger is not None:
        market.triggers(waiting.trigger.by).remove(waiting)
        waiting.set_trigger(command.trigger)
        listen(state, market, waiting)
    announce_waiting(state, waiting)
    return None


def _bad_telling(state: State, waiting: Waiting, command: AmendOrder) -> Refusal | None:
    """What is wrong with changing what a waiting order was told."""
    attached = waiting.attached
    if command.size and attached is not None and attached.told.close_position:
        return Refusal(Reject.BAD_FLAGS, "size was given to an order that closes the position")
    if command.display_size is not None:
        return Refusal(Reject.BAD_DISPLAY_SIZE, "display_size was given to an order that waits")
    if command.expires_at is not None:
        ends = attached is not None and attached.expires_at > 0
        return bad_expiry(command.expires_at, state.now, ends=ends)
    return None


def _bad_new_trigger(
    state: State, market: Market, waiting: Waiting, trigger: Trigger | None
) -> Refusal | None:
    if trigger is None:
        return None
    if trigger.kind is not waiting.trigger.kind:
        return Refusal(
            Reject.BAD_TRIGGER,
            f"the new trigger was a {trigger.kind}, expected a {waiting.trigger.kind} as before",
        )
    trial = Waiting(0, waiting.command, trigger, waiting.position, None)
    return bad_trigger(trigger) or premature(state, market, trial)
