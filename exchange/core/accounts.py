"""Who holds what: traders, their pools of collateral, and their positions."""

from exchange.core.book import Order
from exchange.core.instrument import Instrument
from exchange.core.units import Lots, MarkPrice, Money, Ticks, ceil_div


class Position:
    """An account's holding in one instrument, and the terms it holds it on.

    `cost` is signed: what was paid for a long, minus what was received for a short.  The entry
    price is derived from it, never the other way round, so that it stays exact.
    """

    def __init__(self, pool: "Pool", instrument: Instrument, bucket: int, leverage: int) -> None:
        self.pool = pool
        self.instrument = instrument
        self.bucket = bucket
        """Ledger account of the isolated margin; empty in cross."""
        self.leverage = leverage
        self.isolated = False
        self.size: Lots = 0
        self.cost: Money = 0
        # Open orders that may increase the position: lots, and the sum of price times lots.
        self.buy_lots: Lots = 0
        self.buy_cost = 0
        self.sell_lots: Lots = 0
        self.sell_cost = 0
        self.reduce_only_lots: Lots = 0
        self.watched: MarkPrice = -1
        """The mark up to which the monitor need not look; -1: not watched."""
        self.watched_long = False

    def trade(self, lots: Lots, price: Ticks) -> Money:
        """Take `lots` (signed) at `price` into the position; returns the PnL this realises.

        A part closed takes its share of the cost with it, rounded up, so that PnL rounds down.
        """
        realised = 0
        if self.size * lots < 0:
            sign = 1 if self.size > 0 else -1
            closed = min(abs(self.size), abs(lots))
            cost = ceil_div(self.cost * closed, abs(self.size))
            realised = sign * self.instrument.value(price, closed) - cost
            self.size -= sign * closed
            self.cost -= cost
            lots += sign * closed
        self.size += lots
        self.cost += self.instrument.value(price, lots)
        return realised

    def count(self, order: Order, lots: Lots) -> None:
        """Account for `lots` more (or, negative, fewer) of an open order."""
        if order.reduce_only:
            self.reduce_only_lots += lots
        elif order.buy:
            self.buy_lots += lots
            self.buy_cost += lots * order.price
        else:
            self.sell_lots += lots
            self.sell_cost += lots * order.price

    def imagine(self, lots: Lots, order: Order, resting: Lots, gone: Order | None) -> "Position":
        """The position as it would be with `lots` more, and `resting` of `order` in the book.

        `gone` is an order that would no longer be there.  Size and orders only: no cost.
        """
        other = Position(self.pool, self.instrument, self.bucket, self.leverage)
        other.isolated = self.isolated
        other.size = self.size + lots
        other.buy_lots, other.buy_cost = self.buy_lots, self.buy_cost
        other.sell_lots, other.sell_cost = self.sell_lots, self.sell_cost
        other.count(order, resting)
        if gone is not None:
            other.count(gone, -gone.size)
        return other


class Pool:
    """An account's money in one settlement asset: the wallet, and every position settled in it."""

    def __init__(self, account: "Account", asset: str, wallet: int) -> None:
        self.account = account
        self.asset = asset
        self.wallet = wallet
        """Ledger account of the cross collateral."""
        self.positions: dict[str, Position] = {}
        """By symbol, in symbol order."""
        self.touched = False

    def add(self, position: Position) -> None:
        """Take in the position of one more instrument, keeping symbol order."""
        self.positions[position.instrument.symbol] = position
        self.positions = dict(sorted(self.positions.items()))


class Account:
    """A trader."""

    def __init__(self, index: int, name: str) -> None:
        self.index = index
        self.name = name
        self.pools: dict[str, Pool] = {}
        self.orders: dict[int, Order] = {}
        """Open orders by the venue's id, oldest first."""
        self.refs: dict[int, int] = {}
        """The venue's id of each open order that the client has named."""
