"""One's own orders, as the venue tells of them, and the numbers that go into one."""

from collections.abc import Callable
from typing import TypeAlias, TypedDict

import msgspec

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    CommandRejected,
    Event,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderFilled,
    PositionSide,
    Reject,
    Side,
    TimeInForce,
)
from exchange.core.policies import SelfTrade
from exchange.core.units import Lots, Ticks

Size: TypeAlias = int | str
"""Lots, or exact decimal text in the base asset: 5 lots or "0.005"."""
Price: TypeAlias = int | str
"""Ticks, or exact decimal text."""


class Terms(TypedDict, total=False):
    """What else an order may say; see PlaceOrder."""

    time_in_force: TimeInForce
    post_only: bool
    reduce_only: bool
    position_side: PositionSide
    self_trade: SelfTrade


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

    @property
    def is_open(self) -> bool:
        """Whether it still rests in the book."""
        return self.open_size > 0


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
    )


def placed_order(events: list[Event], orders: dict[int, Order]) -> Order:
    """An order after all that its placing led to: the one in the book, or what became of it."""
    (accepted,) = (e for e in events if isinstance(e, OrderAccepted))
    order = orders.get(accepted.order_id)
    if order is None:
        order = accepted_order(accepted)
        for event in events:
            if isinstance(event, (OrderFilled, OrderCancelled)):
                fold(order, event)
    return order


def fold(order: Order, event: OrderFilled | OrderCancelled | OrderAmended) -> None:
    """Carry an event into the order that it is about, and into no other."""
    if event.order_id != order.order_id:
        return
    match event:
        case OrderFilled():
            order.filled += event.size
            order.open_size = event.open_size
        case OrderCancelled():
            order.open_size = 0
        case OrderAmended():
            order.size = order.filled + event.size
            order.open_size, order.price = event.size, event.price


def lots(instrument: Instrument, size: Size) -> Lots:
    """A size in lots.  Raises UnitError off the grid, TypeError for a float."""
    return grid_number(size, instrument.size, "size", "lots", "0.005")


def ticks(instrument: Instrument, price: Price) -> Ticks:
    """A price in ticks.  Raises UnitError off the grid, TypeError for a float."""
    return grid_number(price, instrument.price, "price", "ticks", "61800.1")


def grid_number(
    value: int | str, read: Callable[[str], int], what: str, unit: str, example: str
) -> int:
    """A whole number as it is, and text read exactly."""
    if isinstance(value, str):
        return read(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise TypeError(
        f"{what} was {value!r}, expected whole {unit} as int or exact text such as {example!r}"
    )
