"""A follower of market data: rebuilds a book from messages alone, and knows when one is missing."""

from exchange.core.messages import (
    BookOrderAdded,
    BookOrderRemoved,
    BookOrderResized,
    DepthChanged,
    DepthSnapshot,
    Event,
    OrdersSnapshot,
    Side,
)


class Gap(Exception):  # noqa: N818 (a state of the world)
    """A message is missing: all is wrong until the next snapshot."""


class Follower:
    """One instrument's levels (L2) and orders (L3)."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.levels: dict[Side, dict[int, int]] = {Side.BUY: {}, Side.SELL: {}}
        self.orders: dict[int, list] = {}  # type: ignore[type-arg]
        """[side, price, size] by key, in the order they joined."""
        self.level_sequence = self.order_sequence = -1
        """Of the last message; -1: none is followed."""

    def read(self, events: list[Event]) -> None:
        """Take in the messages of one command.  Raises Gap."""
        for event in events:
            if getattr(event, "symbol", "") == self.symbol:
                self._note(event)

    def _note(self, event: Event) -> None:
        match event:
            case DepthSnapshot():
                self.level_sequence = event.sequence
                self.levels = {Side.BUY: dict(event.bids), Side.SELL: dict(event.asks)}
            case OrdersSnapshot():
                self.order_sequence = event.sequence
                self.orders = {o.key: [Side.BUY, o.price, o.size] for o in event.bids}
                self.orders |= {o.key: [Side.SELL, o.price, o.size] for o in event.asks}
            case DepthChanged():
                self.level_sequence = self._next(self.level_sequence, event.sequence)
                for side, rows in ((Side.BUY, event.bids), (Side.SELL, event.asks)):
                    self._show(self.levels[side], rows)
            case BookOrderAdded():
                self.order_sequence = self._next(self.order_sequence, event.sequence)
                before = [o for o in self.orders.values() if o[:2] == [event.side, event.price]]
                assert event.ahead == sum(o[2] for o in before), "it is not where it should be"
                self.orders[event.key] = [event.side, event.price, event.size]
            case BookOrderResized():
                self.order_sequence = self._next(self.order_sequence, event.sequence)
                self.orders[event.key][2] = event.size
            case BookOrderRemoved():
                self.order_sequence = self._next(self.order_sequence, event.sequence)
                del self.orders[event.key]

    def _show(self, levels: dict[int, int], rows: tuple[tuple[int, int], ...]) -> None:
        for price, size in rows:
            levels[price] = size
            if not size:
                del levels[price]

    def _next(self, last: int, sequence: int) -> int:
        if sequence != last + 1:
            raise Gap(f"message {sequence} came after {last}")
        return sequence

    def side(self, side: Side) -> list[tuple[int, int]]:
        """Levels from L2, best first."""
        return sorted(self.levels[side].items(), reverse=side is Side.BUY)

    def queues(self, side: Side) -> list[tuple[int, list[int]]]:
        """From L3: the sizes of each level's orders, oldest first; the best level first."""
        queues: dict[int, list[int]] = {}
        for owner, price, size in self.orders.values():
            if owner is side:
                queues.setdefault(price, []).append(size)
        return sorted(queues.items(), reverse=side is Side.BUY)
