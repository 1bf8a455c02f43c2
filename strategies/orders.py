"""One's own orders, as the venue tells of them, and the numbers that go into one."""

from typing import Final, TypeAlias

import msgspec

from exchange.core.messages import (
    CommandRejected,
    Event,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderFilled,
    OrderTriggered,
    Reject,
    Side,
    Trigger,
)
from exchange.core.units import Lots, Ticks

Change: TypeAlias = OrderFilled | OrderCancelled | OrderAmended | OrderTriggered
CHANGES: Final = (OrderFilled, OrderCancelled, OrderAmended, OrderTriggered)
"""Events that an order changes by."""


class Order(msgspec.Struct, kw_only=True):
    """One's own order as last heard of."""

    order_id: int
    ref: int
    symbol: str
    side: Side
    price: Ticks | None
    size: Lots
    """As it was accepted."""
    open_size: Lots
    """What may still trade."""
    filled: Lots = 0
    """What has traded."""
    is_open: bool = True
    """Whether it still rests in the book, or waits."""
    trigger: Trigger | None = None
    """What it waits for, outside the book; None once that has come."""
    parent: int = 0
    """Of a bracket's exit: the order that opened the position."""


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal: nothing was changed."""

    reason: Reject
    detail: str


def refusal(events: list[Event]) -> Rejection | None:
    """The refusal that a command was answered with, if it was."""
    if events and isinstance(first := events[0], CommandRejected):
        return Rejection(reason=first.reason, detail=first.detail)
    return None


def accepted_order(event: OrderAccepted) -> Order:
    """An order as the venue took it."""
    return Order(
        order_id=event.order_id,
        ref=event.ref,
        symbol=event.symbol,
        side=event.side,
        price=event.price,
        size=event.size,
        open_size=event.size,
        trigger=event.instructions.trigger if event.instructions else None,
        parent=event.parent,
    )


def placed_order(events: list[Event], orders: dict[int, Order], ref: int) -> Order:
    """An order after all that its placing led to: the one in the book, or what became of it."""
    accepted = next(e for e in events if isinstance(e, OrderAccepted) and e.ref == ref)
    order = orders.get(accepted.order_id)
    if order is None:
        order = accepted_order(accepted)
        for event in events:
            if isinstance(event, CHANGES):
                fold(order, event)
    return order


def fold(order: Order, event: Change) -> None:
    """Carry an event into the order that it is about, and into no other."""
    if event.order_id != order.order_id:
        return
    match event:
        case OrderFilled():
            order.filled += event.size
            order.open_size = event.open_size
            order.is_open = event.open_size > 0
        case OrderCancelled():
            order.open_size, order.is_open = 0, False
        case OrderAmended():
            order.size = order.filled + event.size
            order.open_size, order.price = event.size, event.price
            order.trigger = event.trigger
        case OrderTriggered():
            order.size = order.open_size = event.size
            order.price, order.trigger = event.price, None
