"""A price-time book written from docs/order_types.md, slow and plain: lists, and full scans.

It is the oracle of the venue's orders.  Nothing of the venue's matching is used or copied.
"""

from copy import deepcopy
from dataclasses import dataclass, field, replace

from exchange.core.messages import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    Exit,
    Instructions,
    PlaceOrder,
    Reject,
    Side,
    TimeInForce,
    Trigger,
    TriggerKind,
)
from exchange.core.rules import SelfTrade

NOTHING = Instructions()
RESTING = (TimeInForce.GTC, TimeInForce.GTD)


@dataclass
class Told:
    """An order as it was told; `size` is what is open of it, shown or not."""

    order_id: int
    account: str
    buy: bool
    price: int | None
    size: int
    reduce_only: bool
    self_trade: SelfTrade
    post_only: bool
    time_in_force: TimeInForce
    told: Instructions
    group: int
    shown: int = 0
    """At rest, what shows."""
    age: int = 0
    """When it came to rest, or was last placed anew."""
    best: int = 0
    follows: bool = False
    is_exit: bool = False
    exits: list["Told"] = field(default_factory=list)

    @property
    def rests(self) -> bool:
        return self.price is not None and self.time_in_force in RESTING


class NaiveBook:
    """Orders of several accounts in one instrument, and what each account holds."""

    def __init__(self, market_limits: dict[Side, int]) -> None:
        self.market_limits = market_limits
        self.orders: list[Told] = []
        """At rest, in the order in which they came to their queues."""
        self.waiting: list[Told] = []
        self.fired: list[Told] = []
        self.held: dict[str, int] = {}
        self.made = self.placed = self.last = 0
        self.now = 0
        self.trades: list[tuple[int, int, int, int]] = []
        """(price, size, maker's order, taker's order), of the last command."""
        self.ended: list[tuple[int, int]] = []
        """(order, open size) of every order that ended unfilled, of the last command."""

    # -------------------------------------------------------------------- what is asked

    def do(self, command: Command) -> Reject | None:
        """Carry a command out, or say why not; the reasons are in order of precedence."""
        self.trades, self.ended = [], []
        self._pass_time(command.at)
        refused = self._carry_out(command)
        while self.fired:
            self._fire(self.fired.pop(0))
        return refused

    def levels(self, *, buy: bool) -> list[tuple[int, int]]:
        """(price, size that shows) of a side, best first."""
        prices = {o.price for o in self.orders if o.buy == buy}
        return [
            (price, sum(o.shown for o in self.orders if o.buy == buy and o.price == price))
            for price in sorted(prices, reverse=buy)
        ]

    def of(self, account: str) -> list[tuple[int, int, int]]:
        """An account's resting orders, oldest first."""
        own = sorted((o for o in self.orders if o.account == account), key=lambda o: o.age)
        return [(o.order_id, o.price, o.size) for o in own]

    def waits(self, account: str) -> list[tuple[int, int]]:
        """What waits for its trigger, by id."""
        return sorted((o.order_id, o.size) for o in self.waiting if o.account == account)

    def _pass_time(self, at: int) -> None:
        self.now = at
        over = [o for o in self.orders + self.waiting if 0 < o.told.expires_at <= at]
        for order in sorted(over, key=lambda o: o.told.expires_at):
            self._end(order)

    def _carry_out(self, command: Command) -> Reject | None:
        if isinstance(command, PlaceOrder):
            return self._place(command)
        if isinstance(command, CancelAll):
            for order in [o for o in self.orders + self.waiting if o.account == command.account]:
                self._end(order)
            return None
        assert isinstance(command, AmendOrder | CancelOrder)
        found = [o for o in self.orders + self.waiting if o.order_id == command.order_id]
        if not found or found[0].account != command.account:
            return Reject.UNKNOWN_ORDER
        if isinstance(command, CancelOrder):
            self._end(found[0])
            return None
        return self._amend(found[0], command)

    # -------------------------------------------------------------------------- placing

    def _place(self, command: PlaceOrder) -> Reject | None:
        told = command.instructions or NOTHING
        order = Told(
            0,
            command.account,
            command.side is Side.BUY,
            command.price,
            command.size,
            command.reduce_only,
            command.self_trade or SelfTrade.CANCEL_NEWEST,
            command.post_only,
            command.time_in_force,
            told,
            told.group,
        )
        wrong = self._malformed(order)
        if wrong is not None:
            return wrong
        if told.trigger is None:
            return self._enter(order)
        order.follows = told.trigger.price == 0
        fixed = told.trigger.kind is not TriggerKind.TRAILING_STOP
        if self.last and fixed and self._reached(order, self.last):
            return Reject.WOULD_TRIGGER_AT_ONCE
        self._wait(order)
        return None

    def _malformed(self, order: Told) -> Reject | None:
        told = order.told
        if order.size <= 0:
            return Reject.SIZE_NOT_POSITIVE
        if order.price is not None and order.price <= 0:
            return Reject.PRICE_NOT_POSITIVE
        if (order.post_only and not order.rests) or (told.reprice and not order.post_only):
            return Reject.BAD_FLAGS
        if told.display_size and not (order.rests and told.display_size <= order.size):
            return Reject.BAD_DISPLAY_SIZE
        ends = order.time_in_force is TimeInForce.GTD
        if ends != bool(told.expires_at) or (ends and told.expires_at <= self.now):
            return Reject.BAD_EXPIRY
        if (told.take_profit or told.stop_loss) and order.reduce_only:
            return Reject.BAD_EXIT
        return None

    def _enter(self, order: Told) -> Reject | None:
        """What is placed now, at once or because it was triggered."""
        order = replace(order, exits=[])
        if order.reduce_only:
            order.size = min(order.size, self._closes(order))
        if order.size == 0:
            return Reject.REDUCE_ONLY_WOULD_INCREASE
        if order.told.reprice:
            self._step_back(order)
        if order.post_only and (order.price == 0 or self._next(order) is not None):
            return Reject.POST_ONLY_WOULD_TAKE
        if order.time_in_force is TimeInForce.FOK and not self._fills_whole(order):
            return Reject.CANNOT_FILL_WHOLE
        if order.order_id == 0:
            self.made += 1
            order.order_id = self.made
        self._arrive(order)
        return None

    def _step_back(self, order: Told) -> None:
        met = self._next(order)
        if met is not None:
            assert met.price is not None
            order.price = met.price - 1 if order.buy else met.price + 1

    def _amend(self, order: Told, command: AmendOrder) -> Reject | None:
        size = order.size if command.size is None else command.size
        price = order.price if command.price is None else command.price
        if size <= 0:
            return Reject.SIZE_NOT_POSITIVE
        if price is not None and price <= 0:
            return Reject.PRICE_NOT_POSITIVE
        if order in self.waiting:
            order.size, order.price = size, price
            return None
        if price == order.price and size <= order.size:
            order.size, order.shown = size, min(order.shown, size)
            return None
        trial = replace(order, price=price)
        if order.told.reprice:
            self._step_back(trial)
        if order.post_only and (trial.price == 0 or self._next(trial) is not None):
            return Reject.POST_ONLY_WOULD_TAKE
        self.orders.remove(order)
        order.price = trial.price
        order.size = min(size, self._closes(order)) if order.reduce_only else size
        self._arrive(order)
        return None

    # ------------------------------------------------------------------------- matching

    def _closes(self, order: Told) -> int:
        """How much an order on this side could close."""
        held = self.held.get(order.account, 0)
        return max(-held if order.buy else held, 0)

    def _limit(self, order: Told) -> int:
        if order.price is not None:
            return order.price
        return self.market_limits[Side.BUY if order.buy else Side.SELL]

    def _next(self, taker: Told) -> Told | None:
        """The order that `taker` meets: the best price, and there the oldest."""
        limit = self._limit(taker)
        if taker.buy:
            met = [o for o in self.orders if not o.buy and self._limit(o) <= limit]
            return min(met, key=self._limit, default=None)
        met = [o for o in self.orders if o.buy and self._limit(o) >= limit]
        return max(met, key=self._limit, default=None)

    def _fills_whole(self, order: Told) -> bool:
        """Tried on a copy, as it would really go."""
        trial, wanted = deepcopy(self), order.size
        before = len(trial.trades)
        trial._arrive(replace(order, order_id=-1, exits=[]))
        return sum(size for _, size, _, _ in trial.trades[before:]) == wanted

    def _arrive(self, taker: Told) -> None:
        while taker.size:
            maker = self._next(taker)
            if maker is None:
                break
            if maker.account != taker.account:
                self._trade(maker, taker)
            elif self._prevented(maker, taker):
                return
        if taker.size and taker.rests:
            self.placed += 1
            taker.age = self.placed
            taker.shown = min(taker.size, taker.told.display_size or taker.size)
            self.orders.append(taker)
            if taker.reduce_only:
                self._fit(taker.account)
        elif taker.size:
            self.ended.append((taker.order_id, taker.size))

    def _take_off(self, maker: Told, size: int) -> None:
        """What shows shrinks; where nothing shows any more, the next part joins the end."""
        maker.size -= size
        maker.shown -= size
        if maker.shown == 0:
            self.orders.remove(maker)
            if maker.size:
                maker.shown = min(maker.size, maker.told.display_size)
                self.orders.append(maker)

    def _trade(self, maker: Told, taker: Told) -> None:
        size = min(maker.shown, taker.size)
        assert maker.price is not None
        price = maker.price
        self._take_off(maker, size)
        taker.size -= size
        self._print(price)
        self.trades.append((price, size, maker.order_id, taker.order_id))
        for order in (maker, taker):
            change = size if order.buy else -size
            self.held[order.account] = self.held.get(order.account, 0) + change
            self._follow_up(order, size)
            self._fit(order.account)

    def _prevented(self, maker: Told, taker: Told) -> bool:
        """Self-trade prevention by the taker's mode; whether the taker ends."""
        mode = taker.self_trade
        if mode is SelfTrade.DECREMENT:
            size = min(maker.shown, taker.size)
            taker.size -= size
            if size == maker.size:
                self._end(maker)
            else:
                self._take_off(maker, size)
            if taker.size == 0:
                self.ended.append((taker.order_id, 0))
            return taker.size == 0
        if mode in (SelfTrade.CANCEL_OLDEST, SelfTrade.CANCEL_BOTH):
            self._end(maker)
        if mode is SelfTrade.CANCEL_OLDEST:
            return False
        self.ended.append((taker.order_id, taker.size))
        return True

    # --------------------------------------------------------------------- consequences

    def _end(self, order: Told) -> None:
        for place in (self.orders, self.waiting, self.fired):
            for other in [o for o in place if o is order]:
                place.pop([o is other for o in place].index(True))
        self.ended.append((order.order_id, order.size))

    def _follow_up(self, order: Told, size: int) -> None:
        """The others of its group end; a bracket's exits grow, or begin."""
        if order.group:
            for other in [o for o in self.orders + self.waiting if o.account == order.account]:
                if other.group == order.group and other.order_id != order.order_id:
                    self._end(other)
        held = self.held[order.account]
        opened = min(size, max(0, held if order.buy else -held))
        told = [e for e in (order.told.take_profit, order.told.stop_loss) if e is not None]
        if not told or not opened:
            return
        waiting = [e for e in order.exits if any(e is o for o in self.waiting)]
        for exit_ in waiting:
            exit_.size += opened
        if not waiting:
            group = -order.order_id if len(told) == 2 else 0
            made = [self._exit(order, exit_, opened, group) for exit_ in told]
            order.exits = made
            for exit_ in made:
                self.made += 1
                exit_.order_id = self.made
            for exit_ in made:
                self._begin(exit_)

    def _exit(self, order: Told, told: Exit, size: int, group: int) -> Told:
        instructions = Instructions(trigger=told.trigger, group=group)
        return Told(
            0,
            order.account,
            not order.buy,
            told.price,
            size,
            reduce_only=True,
            self_trade=order.self_trade,
            post_only=False,
            time_in_force=TimeInForce.GTC,
            told=instructions,
            group=group,
            follows=told.trigger.price == 0,
            is_exit=True,
        )

    def _fit(self, account: str) -> None:
        """Exits without a position go; reduce-only orders never close more than is held."""
        for order in [o for o in self.waiting if o.account == account and o.is_exit]:
            if not self._closes(order):
                self._end(order)
        left = abs(self.held.get(account, 0))
        own = [o for o in self.orders if o.account == account and o.reduce_only]
        for order in sorted(own, key=lambda o: o.age):
            size = min(order.size, left, self._closes(order))
            left -= size
            if size == 0:
                self._end(order)
            order.size, order.shown = size, min(order.shown, size)

    # ------------------------------------------------------------------------- triggers

    def _wait(self, order: Told) -> None:
        self.made += 1
        order.order_id = self.made
        self._begin(order)

    def _begin(self, order: Told) -> None:
        self.waiting.append(order)
        if self.last and self._reached(order, self.last):
            self.fired.append(order)

    def _rises(self, order: Told, trigger: Trigger) -> bool:
        return order.buy == (trigger.kind is not TriggerKind.TAKE_PROFIT)

    def _reached(self, order: Told, price: int) -> bool:
        trigger = order.told.trigger
        assert trigger is not None
        rises = self._rises(order, trigger)
        if trigger.kind is not TriggerKind.TRAILING_STOP:
            return price >= trigger.price if rises else price <= trigger.price
        if not order.follows:
            order.follows = price <= trigger.price if rises else price >= trigger.price
            if not order.follows:
                return False
        if not order.best or (price < order.best if rises else price > order.best):
            order.best = price
            return False
        back = price - order.best if rises else order.best - price
        return back >= trigger.callback

    def _print(self, price: int) -> None:
        """A trade's price reaches what waits for it: fixed prices first, the nearest foremost."""
        self.last = price
        idle = [o for o in self.waiting if not any(o is f for f in self.fired)]
        reached = [o for o in idle if self._reached(o, price)]

        def rank(order: Told) -> tuple[int, int, int]:
            trigger = order.told.trigger
            assert trigger is not None
            if trigger.kind is TriggerKind.TRAILING_STOP:
                return 2, 0, order.order_id
            rises = self._rises(order, trigger)
            return (
                (0, trigger.price, order.order_id) if rises else (1, -trigger.price, order.order_id)
            )

        self.fired.extend(sorted(reached, key=rank))

    def _fire(self, order: Told) -> None:
        self.waiting = [o for o in self.waiting if o is not order]
        if self._enter(order) is not None:
            self.ended.append((order.order_id, order.size))
