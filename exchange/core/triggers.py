"""Triggers: orders that wait outside the book for a price to come.

They are kept by the price at which they trigger, so that a price only meets those that it reaches;
trailing stops, whose price moves, are looked at one by one.
"""

from typing import TYPE_CHECKING

from sortedcontainers import SortedDict

from exchange.core.messages import PlaceOrder, Side, Trigger, TriggerKind
from exchange.core.units import RATE_ONE, MarkPrice, ceil_div

if TYPE_CHECKING:  # a position knows what waits for it, and what waits its position
    from exchange.core.accounts import Position
    from exchange.core.attached import Attached


class Waiting:
    """An order that waits: what it will be once its trigger comes.  It takes no margin."""

    def __init__(
        self,
        order_id: int,
        command: PlaceOrder,
        trigger: Trigger,
        position: "Position",
        attached: "Attached | None",
    ) -> None:
        self.order_id = order_id
        self.command = command
        """As it will be placed; an amendment changes it."""
        self.position = position
        self.attached = attached
        self.buy = command.side is Side.BUY
        self.parent = 0
        """The order whose bracket it is an exit of; 0: none."""
        self.is_exit = False
        """Whether it goes when its position does."""
        self.has_ended = False
        self.trigger = trigger
        self.set_trigger(trigger)

    def set_trigger(self, trigger: Trigger) -> None:
        """Wait for this; a trailing stop begins anew."""
        self.trigger = trigger
        self.trails = trigger.kind is TriggerKind.TRAILING_STOP
        self.rises = self.buy == (trigger.kind is not TriggerKind.TAKE_PROFIT)
        """Whether a price at or above the trigger's is what it waits for, rather than below."""
        self.level: MarkPrice = trigger.price * self.position.instrument.subticks
        self.follows = self.trails and trigger.price == 0
        """Of a trailing stop: whether it has begun to follow the price."""
        self.best: MarkPrice = 0
        """The best price since; 0: none yet."""

    def trigger_price(self) -> MarkPrice | None:
        """Where it triggers now; None while a trailing stop does not follow yet."""
        if not self.trails:
            return self.level
        if not self.best:
            return None
        back = self.trigger.callback * self.position.instrument.subticks
        if self.trigger.callback_rate:
            # Rounded towards the best price: exactly where the price has come back far enough.
            back = ceil_div(self.best * self.trigger.callback_rate, RATE_ONE)
        return self.best + back if self.rises else self.best - back

    def is_reached(self, price: MarkPrice) -> bool:
        """Whether this price triggers it; a trailing stop moves on meanwhile."""
        if self.trails:
            return self._is_trailed(price)
        return price >= self.level if self.rises else price <= self.level

    def _is_trailed(self, price: MarkPrice) -> bool:
        if not self.follows:
            self.follows = price <= self.level if self.rises else price >= self.level
            if not self.follows:
                return False
        if not self.best or (price < self.best if self.rises else price > self.best):
            self.best = price
            return False
        level = self.trigger_price()
        assert level is not None, "a trailing stop that follows has a price"
        return price >= level if self.rises else price <= level


class Triggers:
    """All that waits for one price of one instrument."""

    def __init__(self) -> None:
        self._rising: SortedDict[tuple[MarkPrice, int], Waiting] = SortedDict()
        self._falling: SortedDict[tuple[MarkPrice, int], Waiting] = SortedDict()
        self._trailing: dict[int, Waiting] = {}

    def add(self, waiting: Waiting) -> None:
        """Let an order wait here."""
        if waiting.trails:
            self._trailing[waiting.order_id] = waiting
        elif waiting.rises:
            self._rising[waiting.level, waiting.order_id] = waiting
        else:
            self._falling[-waiting.level, waiting.order_id] = waiting

    def remove(self, waiting: Waiting) -> None:
        """Let it wait no longer, if it does."""
        if waiting.trails:
            self._trailing.pop(waiting.order_id, None)
        elif waiting.rises:
            self._rising.pop((waiting.level, waiting.order_id), None)
        else:
            self._falling.pop((-waiting.level, waiting.order_id), None)

    def reached(self, price: MarkPrice) -> list[Waiting]:
        """Take out what this price triggers: what it came to first at the front, then trailing."""
        found: list[Waiting] = []
        while self._rising and self._rising.peekitem(0)[0][0] <= price:
            found.append(self._rising.popitem(0)[1])
        while self._falling and -self._falling.peekitem(0)[0][0] >= price:
            found.append(self._falling.popitem(0)[1])
        for waiting in list(self._trailing.values()):
            if waiting.is_reached(price):
                del self._trailing[waiting.order_id]
                found.append(waiting)
        return found
