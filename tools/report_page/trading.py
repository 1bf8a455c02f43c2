"""How each account traded: fills, fees, slippage, round trips; counted as events come."""

from collections.abc import Callable, Mapping
from heapq import heappush, heappushpop
from typing import Any

import msgspec

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    Deposited,
    Event,
    FundingPaid,
    LiquidationFeeCharged,
    LiquidationStarted,
    MarkPriceChanged,
    OrderFilled,
    PositionDeleveraged,
    PositionSettled,
    PositionSide,
    Side,
    TradeKind,
    Withdrawn,
)
from exchange.core.units import Lots, MarkPrice, Money, Nanos

LARGEST = 25
"""Fills of an account that a page lists."""
BREACHES_MOST = 300
SPANS = 160
"""Spans of time in which the fills of one side are drawn as one mark."""

Key = tuple[str, str]
"""An account, and an asset or a symbol."""


class Fills(msgspec.Struct):
    """Sums over the fills that an account made, or took.  Money in the settlement asset."""

    count: int = 0
    notional: float = 0
    fees: float = 0
    slipped: float = 0
    """Paid beyond the mark price of the moment; below zero it was better than that."""


class Trips(msgspec.Struct):
    """Round trips: from flat to flat, or to the other side.  Profit after fees and funding."""

    won: int = 0
    lost: int = 0
    profit: Money = 0
    loss: Money = 0
    """Zero or less."""
    best: Money | None = None
    worst: Money | None = None

    def end(self, result: Money) -> None:
        """One more."""
        self.won += result > 0
        self.lost += result <= 0
        self.profit += max(result, 0)
        self.loss += min(result, 0)
        self.best = result if self.best is None else max(result, self.best)
        self.worst = result if self.worst is None else min(result, self.worst)


class Traded(msgspec.Struct):
    """What one account did in one asset."""

    maker: Fills
    taker: Fills
    forced: Fills
    """By the venue: liquidations and auto-deleveraging."""
    trips: Trips
    liquidation_fees: Money = 0
    funding: Money = 0
    """Received; below zero it was paid."""
    flows: list[tuple[Nanos, Money]] = []
    """Money brought in, or (below zero) taken out."""
    breaches: list[tuple[Nanos, Money, Money]] = []
    """When it was liquidated, with its equity and maintenance margin: the first few hundred."""
    largest: list[tuple[float, int, dict[str, Any]]] = []
    """A heap of the largest fills."""


class Mark(msgspec.Struct):
    """Fills of one side in one span of time, drawn as one."""

    at: Nanos
    size: Lots = 0
    value: int = 0
    """Sum of ticks times lots."""
    count: int = 0


class Trading:
    """Counts what the named accounts did."""

    def __init__(
        self, instruments: Mapping[str, Instrument], accounts: list[str], first: Nanos, last: Nanos
    ) -> None:
        self.of: dict[Key, Traded] = {}
        """By account and asset."""
        self.marks: dict[tuple[str, str, Side], dict[int, Mark]] = {}
        """By account, symbol and side."""
        self._instruments = instruments
        self._concerned: frozenset[str | None] = frozenset((None, *accounts))
        """Nobody: events of the market."""
        self._first, self._span = first, max(1, -(-(last - first + 1) // SPANS))
        self._price: dict[str, MarkPrice] = {}
        self._held: dict[tuple[str, str, PositionSide], tuple[Lots, Money]] = {}
        """Size of each open round trip, and what it has come to so far."""
        self._fills = 0
        self._takers: dict[type[Event], Callable[[Any], None]] = {
            MarkPriceChanged: self._marked,
            OrderFilled: self._filled,
            PositionDeleveraged: self._deleveraged,
            PositionSettled: self._settled,
            FundingPaid: self._funded,
            LiquidationStarted: self._breached,
            LiquidationFeeCharged: self._charged,
            Deposited: lambda event: self._flowed(event, event.amount),
            Withdrawn: lambda event: self._flowed(event, -event.amount),
        }

    def observe(self, event: Event) -> None:
        """Count an event."""
        take = self._takers.get(type(event))
        if take is not None and getattr(event, "account", None) in self._concerned:
            take(event)

    def traded(self, account: str, asset: str) -> Traded:
        """What is counted for an account; made if it is not there."""
        key = (account, asset)
        if key not in self.of:
            self.of[key] = Traded(Fills(), Fills(), Fills(), Trips())
        return self.of[key]

    def _marked(self, event: MarkPriceChanged) -> None:
        self._price[event.symbol] = event.price

    def _flowed(self, event: Deposited | Withdrawn, amount: Money) -> None:
        self.traded(event.account, event.asset).flows.append((event.at, amount))

    def _breached(self, event: LiquidationStarted) -> None:
        found = self.traded(event.account, event.asset).breaches
        if len(found) < BREACHES_MOST:
            found.append((event.at, event.equity, event.maintenance_margin))

    def _charged(self, event: LiquidationFeeCharged) -> None:
        self.traded(event.account, event.asset).liquidation_fees += event.fee

    def _filled(self, event: OrderFilled) -> None:
        own = self._instruments[event.symbol]
        traded = self.traded(event.account, own.settle)
        fee = fee_paid(own, event)
        self._trip(event, event.realised_pnl - fee, traded.trips, event.position)
        if event.kind is TradeKind.BLOCK:
            return
        forced = not event.maker and event.kind is not TradeKind.BOOK
        fills = traded.forced if forced else traded.maker if event.maker else traded.taker
        unit = float(own.money_unit)
        notional = abs(own.value(event.price, event.size)) * unit
        fills.count += 1
        fills.notional += notional
        fills.fees += fee * unit
        fills.slipped += self._slipped(own, event) * unit
        self._draw(event)
        self._list(traded, event, notional, fee * unit)

    def _slipped(self, own: Instrument, event: OrderFilled) -> Money:
        """What the fill cost beyond the mark price, in units."""
        mark = self._price.get(event.symbol)
        if mark is None:
            return 0
        lots = event.size if event.side is Side.BUY else -event.size
        return own.value(event.price, lots) - own.worth(mark, lots)

    def _trip(
        self,
        event: OrderFilled | PositionDeleveraged | PositionSettled,
        result: Money,
        trips: Trips,
        left: Lots,
    ) -> None:
        """Take a result into the round trip that is open; it ends where the position does."""
        key = (event.account, event.symbol, event.position_side)
        size, so_far = self._held.get(key, (0, 0))
        so_far += result
        if size and size * left <= 0:
            trips.end(so_far)
            so_far = 0
        self._held[key] = (left, so_far)

    def _deleveraged(self, event: PositionDeleveraged) -> None:
        own = self._instruments[event.symbol]
        traded = self.traded(event.account, own.settle)
        self._trip(event, event.realised_pnl, traded.trips, event.position)
        traded.forced.count += 1
        traded.forced.notional += abs(own.value(event.price, event.size)) * float(own.money_unit)

    def _settled(self, event: PositionSettled) -> None:
        traded = self.traded(event.account, self._instruments[event.symbol].settle)
        self._trip(event, event.realised_pnl - event.fee, traded.trips, 0)

    def _funded(self, event: FundingPaid) -> None:
        """Funding belongs to the round trip that it was paid in."""
        self.traded(event.account, self._instruments[event.symbol].settle).funding -= event.amount
        key = (event.account, event.symbol, event.position_side)
        size, so_far = self._held.get(key, (event.size, 0))
        self._held[key] = (size, so_far - event.amount)

    def _draw(self, event: OrderFilled) -> None:
        spans = self.marks.setdefault((event.account, event.symbol, event.side), {})
        number = (event.at - self._first) // self._span
        mark = spans.setdefault(number, Mark(event.at))
        mark.size += event.size
        mark.value += event.price * event.size
        mark.count += 1

    def _list(self, traded: Traded, event: OrderFilled, notional: float, fee: float) -> None:
        self._fills += 1
        own = self._instruments[event.symbol]
        row = {
            "at": event.at,
            "symbol": event.symbol,
            "side": str(event.side),
            "kind": str(event.kind),
            "role": "maker" if event.maker else "taker",
            "price": float(event.price * own.tick_size),
            "size": float(event.size * own.lot_size),
            "notional": notional,
            "fee": fee,
            "realised_pnl": float(event.realised_pnl * own.money_unit),
        }
        entry = (notional, -self._fills, row)
        if len(traded.largest) < LARGEST:
            heappush(traded.largest, entry)
        else:
            heappushpop(traded.largest, entry)


def fee_paid(own: Instrument, event: OrderFilled) -> Money:
    """A fill's fee in the settlement asset: one that was paid in another, at the fill's price."""
    if event.fee_asset in {"", own.settle}:
        return event.fee
    return own.value(event.price, event.fee) // own.base_units
