"""What a run's liquidations came to, in the quote currency, counted as events come."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    HISTORY,
    HOUSE,
    Event,
    InsuranceFundPaid,
    LiquidationStarted,
    LossSocialised,
    LossUncovered,
    MarkPriceChanged,
    OrderFilled,
    Side,
    TradeKind,
)
from exchange.core.rules import Rulebook
from exchange.core.units import Lots, MarkPrice, Money, exact
from exchange.core.venue import Venue

FORCED = (TradeKind.LIQUIDATION, TradeKind.TAKEOVER, TradeKind.ADL)


class Toll:
    """Traders' positions that were closed by force, and who paid."""

    def __init__(
        self, instruments: Mapping[str, Instrument], symbols: tuple[str, ...] = ()
    ) -> None:
        """`symbols`: those whose trades count; empty: all."""
        self.longs = self.shorts = self.deleveraged = self.taken_over = Fraction(0)
        self.fund_paid = self.socialised = self.fall = self.wick = Fraction(0)
        self.accounts: dict[str, None] = {}
        self._instruments = instruments
        self._symbols = symbols or tuple(instruments)
        self._marks: dict[str, MarkPrice] = {}
        self._first: dict[str, MarkPrice] = {}
        self._held: dict[tuple[str, str, str], Lots] = {}
        self._long: dict[str, Lots] = dict.fromkeys(self._symbols, 0)
        self._most_long = dict(self._long)
        self._takers: dict[type[Event], Callable[[Any], None]] = {
            MarkPriceChanged: self._marked,
            OrderFilled: self._filled,
            LiquidationStarted: lambda event: self.accounts.setdefault(event.account),
            InsuranceFundPaid: self._fund_paid,
            LossSocialised: self._borne,
            LossUncovered: self._borne,
        }

    def observe(self, event: Event) -> None:
        """Take in an event."""
        take = self._takers.get(type(event))
        if take is not None:
            take(event)

    @property
    def open_interest(self) -> Fraction:
        """What traders were long at most, at the first marks."""
        sizes = self._most_long.items()
        worths = [self._worth(symbol, self._first.get(symbol, 0), size) for symbol, size in sizes]
        return sum(worths, Fraction(0))

    def fund_change(self, venue: Venue, rulebook: Rulebook) -> Fraction:
        """Of the insurance funds, with what the venue's own positions are worth at the marks."""
        change = Fraction(0)
        for asset, own in {own.settle: own for own in self._instruments.values()}.items():
            opened = exact(rulebook.insurance_fund.get(asset, "0"), "insurance_fund")
            house = venue.house_view(asset)
            funds = venue.fund_balances(asset)
            held = house.total if house is not None else funds["insurance fund"]
            change += self._quoted(asset, held * own.money_unit - opened)
        return change

    # -------------------------------------------------------------------------- events

    def _marked(self, event: MarkPriceChanged) -> None:
        self._marks[event.symbol] = event.price
        first = self._first.setdefault(event.symbol, event.price)
        if event.symbol == self._symbols[0]:
            self.fall = max(self.fall, Fraction(event.price - first, first), key=abs)

    def _filled(self, event: OrderFilled) -> None:
        if event.symbol not in self._symbols or event.account == HISTORY:
            return
        if event.kind is TradeKind.LIQUIDATION and not event.maker:
            self._measure(event)
        if event.account == HOUSE:
            return
        self._count_long(event)
        worth = self._worth(event.symbol, event.price * self._subticks(event), event.size)
        if event.kind not in FORCED or event.maker:
            return
        if event.side is Side.SELL:
            self.longs += worth
        else:
            self.shorts += worth
        if event.kind is TradeKind.ADL:
            self.deleveraged += worth
        elif event.kind is TradeKind.TAKEOVER:
            self.taken_over += worth

    def _count_long(self, event: OrderFilled) -> None:
        """What traders hold long, after a fill of one of them."""
        key = (event.account, event.symbol, event.position_side)
        held = max(event.position, 0)
        self._long[event.symbol] += held - self._held.get(key, 0)
        self._held[key] = held
        self._most_long[event.symbol] = max(self._most_long[event.symbol], self._long[event.symbol])

    def _measure(self, event: OrderFilled) -> None:
        """How far from the mark a liquidation traded."""
        mark = self._marks[event.symbol]
        price = event.price * self._subticks(event)
        self.wick = max(self.wick, Fraction(price - mark, mark), key=abs)

    def _fund_paid(self, event: InsuranceFundPaid) -> None:
        self.fund_paid += self._money(event.asset, event.amount)

    def _borne(self, event: LossSocialised | LossUncovered) -> None:
        self.socialised += self._money(event.asset, event.amount)

    # --------------------------------------------------------------------------- worth

    def _worth(self, symbol: str, price: MarkPrice, size: Lots) -> Fraction:
        """Notional in the quote currency."""
        own = self._instruments[symbol]
        lots = size * own.lot_size
        return lots if own.is_inverse else price * own.mark_unit * lots

    def _subticks(self, event: OrderFilled) -> int:
        return self._instruments[event.symbol].subticks

    def _money(self, asset: str, amount: Money) -> Fraction:
        own = next(own for own in self._instruments.values() if own.settle == asset)
        return self._quoted(asset, amount * own.money_unit)

    def _quoted(self, asset: str, amount: Fraction) -> Fraction:
        """An amount of a settlement asset; the coin of an inverse contract at its present mark."""
        own = next(own for own in self._instruments.values() if own.settle == asset)
        if not own.is_inverse:
            return amount
        return amount * self._marks.get(own.symbol, 0) * own.mark_unit
