"""Who holds what: traders, their pools of collateral, and their positions."""

from typing import TYPE_CHECKING, Final

from mypy_extensions import i64, mypyc_attr

from exchange.core.alarms import Due
from exchange.core.book import Order
from exchange.core.edges import Watched
from exchange.core.grid import Terms
from exchange.core.instrument import Instrument
from exchange.core.ledger import Purse, Reason, transfer
from exchange.core.messages import PositionSide
from exchange.core.open_orders import OpenOrders
from exchange.core.order_cost import OrderCost
from exchange.core.triggers import Waiting
from exchange.core.units import WIDE, Lots, Money, Nanos, magnitude, part

if TYPE_CHECKING:  # a state knows accounts, and a position in spot tells it of pools
    from exchange.core.state import State

STALE: Final = -1
NO_ROOM: Final = -1
ROOM_MAX: Final = (1 << 62) - 1
"""Room is told in 64 bits, and is always less; what takes this much may take more."""
SIDES: Final = (PositionSide.NET, PositionSide.LONG, PositionSide.SHORT)


def number_of(side: PositionSide) -> int:
    """The place of a side among `SIDES`."""
    if side is PositionSide.NET:
        return 0
    return 1 if side is PositionSide.LONG else 2


class Distress:
    """How a pool, or an isolated position, stands with the venue's liquidation."""

    def __init__(self) -> None:
        self.failing = False
        """In liquidation: a bucket stays whole till the end, for losses and fees."""
        self.since: Nanos = 0
        """When the liquidation began."""
        self.eased: Money = 0
        """How much less margin is lacking by what has been closed since."""
        self.paused_until: Nanos = 0
        """The next round is not before this."""
        self.whole_until: Nanos = 0
        """Until then a step that would close a fraction closes all."""


@mypyc_attr(free_list_len=1)
class Held(Watched):
    """What margin is reckoned on: a size in one instrument, its terms, and its open orders.

    `cost` is signed: what was paid for a long, minus what was received for a short.  The entry
    price is derived from it, never the other way round, so that it stays exact.
    """

    def __init__(
        self, pool: "Pool", instrument: Instrument, side: PositionSide, leverage: int
    ) -> None:
        super().__init__(pool, instrument.index)
        # First what each look at the pool asks for, so that it comes from memory together.
        self.instrument = instrument
        self.isolated = False
        self.opposite: Position | None = None
        """The other side of a hedge, where tiers count both."""
        self.size: i64 = 0
        self.cost: Money = 0
        self.side = side
        self.leverage = leverage
        self.has_traded = False
        # Open orders that may increase the position: lots, and what they are worth.
        self.buy_lots: i64 = 0
        self.buy_value: Money = 0
        self.sell_lots: i64 = 0
        self.sell_value: Money = 0
        self.reduce_only_lots: i64 = 0
        # What they would lose at once, at the marks that they were placed at.
        self.buy_loss: Money = 0
        self.sell_loss: Money = 0

    def count(self, order: Order, more: i64, dearer: Money) -> None:
        """Count so much more of an order as open, and of what that is worth."""
        if order.reduce_only:
            self.reduce_only_lots += more
        elif order.buy:
            self.buy_lots += more
            self.buy_value += dearer
        else:
            self.sell_lots += more
            self.sell_value += dearer

    def charge(self, order: Order, worse: Money) -> None:
        """Count so much more of an order's open loss."""
        if order.reduce_only:
            return
        if order.buy:
            self.buy_loss += worse
        else:
            self.sell_loss += worse

    def worth_of(self, order: Order, lots: i64) -> Money:
        """What `lots` of an order are reckoned at."""
        if order.cost is not None:
            return order.cost.value(self.instrument, order.price, lots)
        if lots != order.valued:
            order.valued = lots
            order.value = magnitude(self.instrument.value(order.price, lots))
        return order.value

    def loss_of(self, order: Order, cost: OrderCost, lots: Lots) -> Money:
        """What `lots` of an order would lose at once."""
        return cost.open_loss(self.instrument, order.price, lots if order.buy else -lots)


class Position(Held):
    """An account's holding in one instrument, and the terms it holds it on.

    In hedge mode there are two, one that is never short and one that is never long.
    """

    def __init__(
        self,
        pool: "Pool",
        instrument: Instrument,
        side: PositionSide,
        bucket: Purse,
        leverage: int,
    ) -> None:
        super().__init__(pool, instrument, side, leverage)
        self.holder = pool.account.index * len(SIDES) + number_of(side)
        """Tells an instrument's positions apart: by account, then by side."""
        self.bucket = bucket
        """The isolated margin; empty in cross."""
        self.carried: i64 = 0
        """What a unit of margin carries at the least; 0: there is no such bound."""
        self.auto_margin = False
        """Whether, isolated, it draws on the wallet before it is liquidated."""
        self._distress: Distress | None = None
        self.fills: i64 = 0
        """How often an order of its own has traded."""
        self.exits: i64 = 0
        """How many orders wait to close this position, and go when it does."""
        self.lever(leverage)

    @property
    def distress(self) -> Distress:
        """Of an isolated position: made when it is first asked for, as most are in cross margin."""
        if self._distress is None:
            self._distress = Distress()
        return self._distress

    def lever(self, leverage: int) -> None:
        """Compute initial margin with a leverage from now on."""
        self.leverage = leverage
        self.carried = min(leverage, self.instrument.carried)

    def trade(self, lots: i64, value: Money) -> Money:
        """Take `lots` (signed) for `value` into the position; returns the PnL this realises.

        What is left keeps its share of the cost, rounded down, and PnL is rounded down with it.
        """
        held = self.size
        after = held + lots
        self.size = after
        self.has_traded = True
        if not (held < 0 < lots or lots < 0 < held):
            self.cost += value
            return 0
        if after < 0 < held or held < 0 < after:
            left = value - part(value, held, -lots)
        else:
            left = part(self.cost, after, held)
        realised = left - self.cost - value
        self.cost = left
        return realised

    def hold(self, order: Order, lots: i64) -> None:
        """Let `lots` of an order count as open, whatever was counted of it before."""
        value = self.worth_of(order, lots) if lots else 0
        more = value - order.held_value
        self.count(order, lots - order.held, more)
        if more > 0 and not order.reduce_only:
            pool = self.pool
            if more < WIDE and more < pool.room:
                pool.room -= i64(more)
            else:
                pool.room = NO_ROOM
        order.held, order.held_value = lots, value
        if order.cost is not None:
            self._hold_loss(order, order.cost, lots)

    def _hold_loss(self, order: Order, cost: OrderCost, lots: Lots) -> None:
        loss = self.loss_of(order, cost, lots)
        self.charge(order, loss - cost.held)
        cost.held = loss

    def imagine(self, lots: Lots, order: Order, resting: Lots, gone: Order | None) -> Held:
        """The position as it would be with `lots` more, and `resting` of `order` in the book.

        `gone` is an order that would no longer be there.  Size and orders only: no cost.
        """
        other = Held(self.pool, self.instrument, self.side, self.leverage)
        other.isolated = self.isolated
        other.opposite = self.opposite
        other.size = self.size + lots
        other.buy_lots, other.buy_value = self.buy_lots, self.buy_value
        other.sell_lots, other.sell_value = self.sell_lots, self.sell_value
        other.reduce_only_lots = self.reduce_only_lots
        value = self.worth_of(order, resting)
        other.count(order, resting - order.held, value - order.held_value)
        if gone is not None:
            other.count(gone, -gone.held, -gone.held_value)
        if self.instrument.weighs_orders:
            self._imagine_losses(other, order, resting, gone)
        return other

    def _imagine_losses(self, other: Held, order: Order, resting: Lots, gone: Order | None) -> None:
        other.buy_loss, other.sell_loss = self.buy_loss, self.sell_loss
        if order.cost is not None:
            other.charge(order, self.loss_of(order, order.cost, resting) - order.cost.held)
        if gone is not None and gone.cost is not None:
            other.charge(gone, -gone.cost.held)


class SpotPosition(Position):
    """What an account has open in a spot market: orders only.

    What they trade goes straight to its two wallets, so the size is always 0.  An open order's
    money stands in a reserve: it can always be paid, and is no collateral meanwhile.
    """

    def __init__(
        self,
        state: "State",
        pool: "Pool",
        base: "Pool",
        instrument: Instrument,
        quote_reserve: Purse,
        base_reserve: Purse,
    ) -> None:
        super().__init__(pool, instrument, PositionSide.NET, quote_reserve, 1)
        self.state = state
        """Which is told of pools whose money moves aside."""
        self.base = base
        self.base_reserve = base_reserve
        """What open sells may have to deliver; `bucket` is that of buys."""

    def hold(self, order: Order, lots: i64) -> None:
        """Let `lots` of an order count as open: what they may have to pay stands in a reserve."""
        amount = self.committed(order, lots)
        pool = self.pool if order.buy else self.base
        reserve = self.bucket if order.buy else self.base_reserve
        transfer(pool.wallet, reserve, amount - order.held_value, Reason.SPOT_RESERVE)
        order.held, order.held_value = lots, amount
        self.state.touch(pool)

    def committed(self, order: Order, lots: i64) -> Money:
        """What `lots` of an order may have to pay: quote money to buy, the base asset to sell."""
        if order.buy:
            return self.instrument.value(order.price, lots)
        return int(lots) * self.instrument.base_units


class Pool:
    """An account's money in one settlement asset: the wallet, and every position settled in it."""

    def __init__(self, account: "Account", asset: str, wallet: Purse) -> None:
        # First what each look at it asks for, so that it comes from memory together.
        self.wallet = wallet
        """The cross collateral."""
        self.listed: tuple[Position, ...] = ()
        """The positions, by symbol and side in that order."""
        self.is_house = False
        """The venue's own account: it needs no margin."""
        self.is_unified = False
        """Whether it stands together with the account's other assets."""
        self.portfolio: Terms | None = None
        """The terms of portfolio margin; None where each position has margin of its own."""
        self._distress: Distress | None = None
        self.account = account
        self.asset = asset
        self.touched = False
        """Whether it is among `Touched`."""
        self.after: Pool | None = None
        """The next of those."""
        self.unseen = False
        """Whether it was safe by far when it last changed, and has not been looked at since."""
        self.is_plain = False
        """Whether there is such a bound as the next."""
        self.room: i64 = NO_ROOM
        """The notional that its wallet carries besides all it has, at the least: see
        `margin.find_room`.  What comes is taken off; what goes counts when it is found anew."""
        self.room_at: i64 = STALE
        """At which marks (`Marks.changes`) it was found."""
        self.lead = self
        """The pool that stands for all of a unified account; itself else."""
        self.members = [self]
        """Of one that leads: the pools that stand together, by asset."""
        self.balances_seen: tuple[Money, ...] = ()
        """Of one that leads: when it was last seen to that nothing is owed beyond its limit."""
        self.guards: dict[int, tuple[Watched, Watched]] = {}
        """Of one that leads: what watches marks below and above, by instrument number."""

    @property
    def distress(self) -> Distress:
        """Of the cross positions together: made when it is first asked for."""
        if self._distress is None:
            self._distress = Distress()
        return self._distress

    @property
    def is_failing(self) -> bool:
        """Whether the cross positions are in liquidation."""
        return self._distress is not None and self._distress.failing

    def position(self, symbol: str, side: PositionSide) -> Position | None:
        """The position in an instrument, or None."""
        at = self._place(symbol, side)
        if at < len(self.listed):
            found = self.listed[at]
            if found.instrument.symbol == symbol and found.side is side:
                return found
        return None

    def _place(self, symbol: str, side: PositionSide) -> int:
        """Where a position is listed, or would have to be."""
        low, high = 0, len(self.listed)
        while low < high:
            middle = (low + high) >> 1
            other = self.listed[middle]
            own = other.instrument.symbol
            if own < symbol or (own == symbol and other.side < side):
                low = middle + 1
            else:
                high = middle
        return low

    def add(self, position: Position) -> None:
        """Take in one more position, keeping the order of symbols and sides."""
        symbol, side = position.instrument.symbol, position.side
        if side is not PositionSide.NET and position.instrument.counts_both_sides:
            is_long = side is PositionSide.LONG
            facing = PositionSide.SHORT if is_long else PositionSide.LONG
            other = self.position(symbol, facing)
            if other is not None:
                position.opposite, other.opposite = other, position
        at = self._place(symbol, side)
        self.listed = (*self.listed[:at], position, *self.listed[at:])
        self.room_at = STALE


class Touched:
    """Pools to be looked at before a command is done, each once, in the order they were touched.

    A chain, as most commands touch one or two: to fill and empty a list each time takes longer.
    """

    def __init__(self) -> None:
        self.first: Pool | None = None
        self._last: Pool | None = None

    def add(self, pool: Pool) -> None:
        """Put a pool that is not there at the end."""
        pool.touched = True
        last = self._last
        if last is None:
            self.first = pool
        else:
            last.after = pool
        self._last = pool

    def take(self) -> Pool | None:
        """Take the first out; None where there is none."""
        pool = self.first
        if pool is None:
            return None
        pool.touched = False
        self.first = after = pool.after
        if after is None:
            self._last = None
        else:
            pool.after = None
        return pool


class Account:
    """A trader."""

    def __init__(self, index: int, name: str) -> None:
        self.index = index
        self.name = name
        self.hedges = False
        """Whether it holds longs and shorts side by side (hedge mode)."""
        self.is_unified = False
        """Whether its assets stand together behind its cross positions."""
        self.pools: dict[str, Pool] = {}
        self.spot: dict[str, SpotPosition] = {}
        """By symbol."""
        self.orders = OpenOrders()
        self.waiting: dict[int, Waiting] = {}
        """Orders that wait for a trigger by the venue's id, oldest first."""
        self.waiting_refs: dict[int, Waiting] = {}
        """Those of them that the client has named, by its ref."""
        self.groups: dict[int, dict[int, None]] = {}
        """The ids of resting and waiting orders by the group that they were told."""
        self.countdown: Due | None = None
        """When all orders are cancelled, unless that is put off."""

    def is_taken(self, ref: int) -> bool:
        """Whether the client's ref, which is not 0, names an open order."""
        if self.orders.named(ref) is not None:
            return True
        return len(self.waiting_refs) > 0 and ref in self.waiting_refs
