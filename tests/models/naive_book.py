"""A price-time book written from the documents, slow and plain: one list of orders, oldest first.

It is the oracle of the venue's book.  Nothing of the venue's matching is used or copied.
"""

from copy import deepcopy
from dataclasses import dataclass, replace

from exchange.core.messages import AmendOrder, CancelOrder, PlaceOrder, Reject, Side, TimeInForce
from exchange.core.rules import SelfTrade


@dataclass
class Resting:
    """An order; `size` is what is open of it."""

    order_id: int
    account: str
    buy: bool
    price: int
    size: int
    reduce_only: bool
    self_trade: SelfTrade
    post_only: bool


class NaiveBook:
    """Orders of several accounts in one instrument, and what each account holds."""

    def __init__(self, market_limits: dict[Side, int]) -> None:
        self.market_limits = market_limits
        self.orders: list[Resting] = []
        self.held: dict[str, int] = {}
        self.made = 0
        self.trades: list[tuple[int, int, int, int]] = []
        """(price, size, maker's order, taker's order), of the last command."""
        self.ended: list[tuple[int, int]] = []
        """(order, open size) of every order that ended unfilled, of the last command."""

    def place(self, command: PlaceOrder) -> Reject | None:
        """Admit an order, or say why not; the reasons are in order of precedence."""
        self.trades, self.ended = [], []
        rests = command.price is not None and command.time_in_force is TimeInForce.GTC
        if command.size <= 0:
            return Reject.SIZE_NOT_POSITIVE
        if command.price is not None and command.price <= 0:
            return Reject.PRICE_NOT_POSITIVE
        if command.post_only and not rests:
            return Reject.BAD_FLAGS
        order = self._order(command)
        if order.size == 0:
            return Reject.REDUCE_ONLY_WOULD_INCREASE
        if command.post_only and self._next(order) is not None:
            return Reject.POST_ONLY_WOULD_TAKE
        if command.time_in_force is TimeInForce.FOK and not self._fills_whole(order):
            return Reject.CANNOT_FILL_WHOLE
        self.made += 1
        self._arrive(order, rests=rests)
        return None

    def amend(self, command: AmendOrder) -> Reject | None:
        """Change an order: its place is kept only if it just shrinks."""
        self.trades, self.ended = [], []
        order = self._find(command.order_id)
        if order is None or order.account != command.account:
            return Reject.UNKNOWN_ORDER
        size = order.size if command.size is None else command.size
        price = order.price if command.price is None else command.price
        if size <= 0:
            return Reject.SIZE_NOT_POSITIVE
        if price <= 0:
            return Reject.PRICE_NOT_POSITIVE
        if price == order.price and size <= order.size:
            order.size = size
            return None
        if order.post_only and self._next(replace(order, price=price)) is not None:
            return Reject.POST_ONLY_WOULD_TAKE
        self.orders.remove(order)
        order.price = price
        order.size = min(size, self._closes(order)) if order.reduce_only else size
        self._arrive(order, rests=True)
        return None

    def cancel(self, command: CancelOrder) -> Reject | None:
        """Take an order out."""
        self.trades, self.ended = [], []
        order = self._find(command.order_id)
        if order is None or order.account != command.account:
            return Reject.UNKNOWN_ORDER
        self._end(order)
        return None

    def cancel_all(self, account: str) -> None:
        """Take out all orders of an account."""
        self.trades, self.ended = [], []
        for order in [o for o in self.orders if o.account == account]:
            self._end(order)

    def levels(self, *, buy: bool) -> list[tuple[int, int]]:
        """(price, size) of a side, best first."""
        prices = {o.price for o in self.orders if o.buy == buy}
        return [
            (price, sum(o.size for o in self.orders if o.buy == buy and o.price == price))
            for price in sorted(prices, reverse=buy)
        ]

    def _order(self, command: PlaceOrder) -> Resting:
        price = self.market_limits[command.side] if command.price is None else command.price
        order = Resting(
            self.made + 1,
            command.account,
            command.side is Side.BUY,
            price,
            command.size,
            command.reduce_only,
            command.self_trade or SelfTrade.CANCEL_NEWEST,
            command.post_only,
        )
        if order.reduce_only:
            order.size = min(order.size, self._closes(order))
        return order

    def _closes(self, order: Resting) -> int:
        """How much an order on this side could close."""
        held = self.held.get(order.account, 0)
        return max(-held if order.buy else held, 0)

    def _find(self, order_id: int) -> Resting | None:
        return next((o for o in self.orders if o.order_id == order_id), None)

    def _next(self, taker: Resting) -> Resting | None:
        """The order that `taker` meets: the best price, and there the oldest."""
        if taker.buy:
            met = [o for o in self.orders if not o.buy and o.price <= taker.price]
            return min(met, key=lambda o: o.price, default=None)
        met = [o for o in self.orders if o.buy and o.price >= taker.price]
        return max(met, key=lambda o: o.price, default=None)

    def _fills_whole(self, order: Resting) -> bool:
        """Tried on a copy, as it would really go."""
        trial, wanted = deepcopy(self), order.size
        trial._arrive(deepcopy(order), rests=False)
        return sum(size for _, size, _, _ in trial.trades) == wanted

    def _arrive(self, taker: Resting, *, rests: bool) -> None:
        while taker.size:
            maker = self._next(taker)
            if maker is None:
                break
            if maker.account != taker.account:
                self._trade(maker, taker)
            elif self._prevented(maker, taker):
                return
        if taker.size and rests:
            self.orders.append(taker)
            self._fit(taker.account)
        elif taker.size:
            self.ended.append((taker.order_id, taker.size))

    def _trade(self, maker: Resting, taker: Resting) -> None:
        size = min(maker.size, taker.size)
        self.trades.append((maker.price, size, maker.order_id, taker.order_id))
        for order in (maker, taker):
            order.size -= size
            change = size if order.buy else -size
            self.held[order.account] = self.held.get(order.account, 0) + change
        self.orders = [o for o in self.orders if o.size]
        self._fit(maker.account)
        self._fit(taker.account)

    def _prevented(self, maker: Resting, taker: Resting) -> bool:
        """Self-trade prevention by the taker's mode; whether the taker ends."""
        mode = taker.self_trade
        if mode is SelfTrade.DECREMENT:
            size = min(maker.size, taker.size)
            taker.size -= size
            if size == maker.size:
                self._end(maker)
            else:
                maker.size -= size
            if taker.size == 0:
                self.ended.append((taker.order_id, 0))
            return taker.size == 0
        if mode in (SelfTrade.CANCEL_OLDEST, SelfTrade.CANCEL_BOTH):
            self._end(maker)
        if mode is SelfTrade.CANCEL_OLDEST:
            return False
        self.ended.append((taker.order_id, taker.size))
        return True

    def _end(self, order: Resting) -> None:
        self.orders.remove(order)
        self.ended.append((order.order_id, order.size))

    def _fit(self, account: str) -> None:
        """Reduce-only orders never close more than is held; the newest give way."""
        left = abs(self.held.get(account, 0))
        for order in [o for o in self.orders if o.account == account and o.reduce_only]:
            size = min(order.size, left, self._closes(order))
            left -= size
            if size == 0:
                self._end(order)
            order.size = size
