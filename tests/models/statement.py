"""What clients can reckon from the venue's events alone: their money, positions and open orders.

The second path of the books: nothing of the venue's state is read, and nothing computed as there.
"""

from collections import defaultdict
from fractions import Fraction

from exchange.core.messages import (
    HOUSE,
    CollateralExchanged,
    Deposited,
    Event,
    FundingPaid,
    InstrumentListed,
    InsuranceFundPaid,
    InterestPaid,
    LeftoverTaken,
    LiquidationFeeCharged,
    LossSocialised,
    LossUncovered,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderFilled,
    OrderTriggered,
    PositionDeleveraged,
    PositionSettled,
    PositionSide,
    Side,
    TradeKind,
    Withdrawn,
)
from exchange.core.rules import ContractKind, InstrumentRules


class Statement:
    """Everyone's account, kept by reading."""

    def __init__(self) -> None:
        self.rules: dict[str, InstrumentRules] = {}
        self.money: dict[tuple[str, str], int] = defaultdict(int)
        """By account and asset, isolated margin and reserves included; no unrealised PnL."""
        self.sizes: dict[tuple[str, str, PositionSide], int] = defaultdict(int)
        self.open: dict[str, dict[int, int]] = defaultdict(dict)
        """Open size of each order, by account."""

    def read(self, events: list[Event]) -> None:
        """Take in the events of one command."""
        for event in events:
            self._note(event)
        for orders in self.open.values():
            for order_id in [order_id for order_id, size in orders.items() if size == 0]:
                del orders[order_id]

    def _note(self, event: Event) -> None:
        match event:
            case InstrumentListed():
                self.rules[event.symbol] = event.rules
            case Deposited():
                self.money[event.account, event.asset] += event.amount
            case Withdrawn():
                self.money[event.account, event.asset] -= event.amount
            case PositionSettled() | PositionDeleveraged():
                self._close(event)
            case OrderFilled():
                self._fill(event)
            case OrderAccepted() | OrderAmended() | OrderTriggered():
                self.open[event.account][event.order_id] = event.size
            case OrderCancelled():
                self.open[event.account].pop(event.order_id, None)
            case InterestPaid():
                self.money[event.account, event.asset] -= event.amount
            case CollateralExchanged():
                self.money[event.account, event.sold] -= event.amount
                self.money[event.account, event.bought] += event.repaid
            case _:
                self._ruin(event)

    def _ruin(self, event: Event) -> None:
        """What liquidations take and give."""
        match event:
            case LiquidationFeeCharged():
                self.money[event.account, event.asset] -= event.fee
            case FundingPaid():
                self.money[event.account, self.rules[event.symbol].settle] -= event.amount
            case LeftoverTaken():
                self.money[event.account, event.asset] -= event.amount
            case LossSocialised():
                self.money[event.account, event.asset] -= event.amount
                self.money[event.against, event.asset] += event.amount
            case InsuranceFundPaid() | LossUncovered():
                self.money[event.account, event.asset] += event.amount

    def _close(self, event: PositionSettled | PositionDeleveraged) -> None:
        key = event.account, event.symbol, event.position_side
        fee = event.fee if isinstance(event, PositionSettled) else 0
        self.money[event.account, self.rules[event.symbol].settle] += event.realised_pnl - fee
        if isinstance(event, PositionSettled):
            assert self.sizes[key] == event.size, f"{key} held another size"
            self.sizes[key] = 0
        else:
            held = self.sizes[key]
            self.sizes[key] = held - event.size if held > 0 else held + event.size
            assert self.sizes[key] == event.position, f"{key} is left with another size"

    def _fill(self, event: OrderFilled) -> None:
        rules = self.rules[event.symbol]
        lots = event.size if event.side is Side.BUY else -event.size
        if rules.kind is ContractKind.SPOT:
            self.money[event.account, rules.settle] -= _quote(rules, event.price, lots)
            self.money[event.account, rules.base] += _base(rules, lots)
        else:
            key = event.account, event.symbol, event.position_side
            self.sizes[key] += lots
            assert self.sizes[key] == event.position, f"{key} is left with another size"
        self.money[event.account, rules.settle] += event.realised_pnl
        self.money[event.account, event.fee_asset or rules.settle] -= event.fee
        if event.kind is TradeKind.TAKEOVER:
            self.sizes[HOUSE, event.symbol, PositionSide.NET] -= lots
        if event.kind is TradeKind.BOOK:
            orders = self.open[event.account]
            assert orders[event.order_id] - event.size == event.open_size, "a fill was lost"
            orders[event.order_id] = event.open_size


def _quote(rules: InstrumentRules, price: int, lots: int) -> int:
    amount = price * Fraction(rules.tick_size) * lots * Fraction(rules.lot_size)
    return _whole(amount / Fraction(rules.money_unit))


def _base(rules: InstrumentRules, lots: int) -> int:
    return _whole(lots * Fraction(rules.lot_size) / Fraction(rules.base_unit))


def _whole(amount: Fraction) -> int:
    assert amount.denominator == 1, f"{amount} is no whole number of units"
    return amount.numerator
