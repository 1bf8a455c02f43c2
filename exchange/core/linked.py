"""Orders that depend on each other's trades: groups (one cancels the others) and brackets.

Follows what Deribit calls one-cancels-other with "first hit", and one-triggers-one-cancels-other
with "incremental": any trade of one cancels the others, and exits grow with the parent's fills.
"""

from msgspec.structs import replace

from exchange.core.attached import Attached
from exchange.core.book import Order
from exchange.core.messages import (
    CancelReason,
    Exit,
    Instructions,
    OrderAccepted,
    OrderAmended,
    PlaceOrder,
)
from exchange.core.resting import cancel, position_of, side_of
from exchange.core.state import Market, State
from exchange.core.triggers import Waiting
from exchange.core.units import Lots
from exchange.core.waiting import begin, cancel_waiting


def after_fill(state: State, market: Market, order: Order, size: Lots) -> None:
    """What follows when `size` of an order has traded, because of what it was told."""
    attached = order.attached
    assert attached is not None, "an order that was told nothing depends on no other"
    if attached.group:
        _cancel_others(state, order, attached.group)
    told = attached.told
    if told.take_profit is not None or told.stop_loss is not None:
        position = position_of(order)
        opened = min(size, max(0, position.size if order.buy else -position.size))
        if opened:
            _grow_exits(state, market, order, attached, opened)


def _cancel_others(state: State, order: Order, group: int) -> None:
    """One of a group has traded: the others end."""
    account = state.accounts[order.owner]
    for member in list(account.groups.get(group, ())):
        if member == order.order_id:
            continue
        other = account.orders.of(member)
        if other is not None:
            cancel(state, state.markets[other.market], other, CancelReason.GROUP)
        else:
            cancel_waiting(state, account.waiting[member], CancelReason.GROUP)


def _grow_exits(
    state: State, market: Market, order: Order, attached: Attached, opened: Lots
) -> None:
    """Let the exits close as much more as the order has opened; where none waits, new ones do."""
    waiting = [exit_ for exit_ in attached.exits if not exit_.has_ended]
    for exit_ in waiting:
        exit_.command = replace(exit_.command, size=exit_.command.size + opened)
        announce_waiting(state, exit_)
    if waiting:
        return
    told = attached.told
    exits = [exit_ for exit_ in (told.take_profit, told.stop_loss) if exit_ is not None]
    group = -order.order_id if len(exits) > 1 else 0
    attached.exits = [_exit(state, order, exit_, opened, group) for exit_ in exits]
    for exit_ in attached.exits:
        begin(state, market, exit_)


def _exit(state: State, order: Order, told: Exit, size: Lots, group: int) -> Waiting:
    """An exit of a bracket; the group is told by a number that no client can choose."""
    position, order_id = position_of(order), state.next_order_id()
    instructions = Instructions(trigger=told.trigger, group=group)
    command = PlaceOrder(
        at=state.now,
        account=position.pool.account.name,
        symbol=position.instrument.symbol,
        side=side_of(buy=not order.buy),
        size=size,
        price=told.price,
        reduce_only=True,
        position_side=position.side,
        self_trade=order.self_trade,
        instructions=instructions,
    )
    waiting = Waiting(order_id, command, told.trigger, position, Attached(instructions))
    waiting.parent = order.order_id
    waiting.is_exit = True
    announce_accepted(state, waiting)
    return waiting


def announce_accepted(state: State, waiting: Waiting) -> None:
    """Say that an order waits."""
    command = waiting.command
    state.emit(
        OrderAccepted(
            at=state.now,
            account=command.account,
            ref=command.ref,
            order_id=waiting.order_id,
            symbol=command.symbol,
            side=command.side,
            size=command.size,
            price=command.price,
            time_in_force=command.time_in_force,
            reduce_only=command.reduce_only,
            position_side=command.position_side,
            instructions=command.instructions,
            parent=waiting.parent,
        )
    )


def announce_waiting(state: State, waiting: Waiting) -> None:
    """Say that an order waits with another size, price or trigger."""
    command = waiting.command
    state.emit(
        OrderAmended(
            at=state.now,
            account=command.account,
            ref=command.ref,
            order_id=waiting.order_id,
            symbol=command.symbol,
            size=command.size,
            price=command.price,
            kept_place=True,
            trigger=waiting.trigger,
        )
    )
