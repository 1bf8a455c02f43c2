"""A contract written from the documents, in exact fractions: worth, risk tiers, margin."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

from exchange.core.rules import ClosingFee, MarginPrice, MarginRules, TierInput

NO_PRICE = 10**18


@dataclass
class Contract:
    """What a lot is worth: a money amount for each tick, or (inverse) that over the price."""

    symbol: str
    asset: str
    worth: int
    tiers: list[tuple[int, Fraction]]
    """(where it begins, maintenance rate), the lowest first."""
    formula: MarginRules
    taker: Fraction
    inverse: bool = False
    mark: Fraction = Fraction(0)
    """In ticks."""
    bids: dict[int, int] = field(default_factory=dict)
    asks: dict[int, int] = field(default_factory=dict)
    growth: Fraction = Fraction(0)
    """Added to the maintenance rate for each unit of notional."""
    subticks: int = 1
    """Mark units in a tick."""

    def cash(self, lots: int, price: int) -> int:
        """What taking `lots` (signed) at a price costs; less than nothing is received."""
        if self.inverse:
            coins = floor(Fraction(abs(lots) * self.worth, price))
            return -coins if lots > 0 else coins
        return lots * self.worth * price

    def value(self, lots: int) -> Fraction:
        """What `lots` (signed) are worth at the mark, unrounded."""
        return -lots * self.worth / self.mark if self.inverse else lots * self.worth * self.mark

    def notional(self, lots: int) -> int:
        """The absolute value at the mark, rounded up."""
        return ceil(abs(self.value(lots)))

    def margin(self, lots: int, cost: int) -> int:
        """Maintenance margin of `lots` that were bought for `cost`, signs aside, rounded up."""
        lots, cost, now = abs(lots), abs(cost), self.notional(lots)
        if lots == 0:
            return 0
        priced = cost if self.formula.maintenance_price is MarginPrice.ENTRY else now
        if self.formula.tier_input is TierInput.SIZE:
            margin = ceil(self._by_tier(lots) * priced / lots)
        else:
            margin = ceil(self._by_tier(priced))
        kept = {ClosingFee.NONE: 0, ClosingFee.MARK: now, ClosingFee.ENTRY: cost}
        return margin + ceil(self.taker * kept[self.formula.closing_fee])

    def _by_tier(self, measure: int) -> Fraction:
        """Each rate on its own part."""
        total = Fraction(0)
        tops = [start for start, _ in self.tiers[1:]] + [measure]
        for (start, rate), top in zip(self.tiers, tops, strict=True):
            total += rate * max(0, min(measure, top) - start)
        return total + self.growth * measure * measure

    def tier(self, lots: int, cost: Fraction) -> int:
        """Its number; what just fills a tier is still in it."""
        measure: Fraction | int = lots
        if self.formula.tier_input is TierInput.NOTIONAL:
            entry = self.formula.maintenance_price is MarginPrice.ENTRY
            measure = abs(cost) if entry else self.notional(lots)
        return max(n for n, (start, _) in enumerate(self.tiers) if n == 0 or measure > start)


@dataclass
class Held:
    """A position, and the money behind it if it is isolated."""

    name: str
    contract: Contract
    side: str
    rank: int
    """Tells positions of equal standing apart: by admission, then net, long, short."""
    size: int = 0
    cost: int = 0
    isolated: bool = False
    bucket: int = 0
    leverage: int = 10
    failing: bool = False

    def gain(self) -> int:
        """Unrealised PnL, rounded down."""
        return floor(self.contract.value(self.size)) - self.cost

    def margin(self, lots: int | None = None) -> int:
        """Maintenance margin, of all of it or of so many lots that are left."""
        held = abs(self.size)
        left = held if lots is None else lots
        return self.contract.margin(left, floor(Fraction(self.cost * left, held)))

    def tier(self, lots: int) -> int:
        """The tier of so many lots that are left."""
        return self.contract.tier(lots, Fraction(self.cost * lots, abs(self.size)))

    def last_price(self, backing: int, *, keeps_fee: bool = False) -> int:
        """The worst price at which closing all of it costs no more than `backing`.

        `keeps_fee`: and the closing fee is left, on the value there or at entry.
        """
        now, fee, kept = floor(self.contract.value(self.size)), Fraction(0), 0
        if keeps_fee and self.contract.formula.closing_fee is ClosingFee.MARK:
            fee = self.contract.taker
        if keeps_fee and self.contract.formula.closing_fee is ClosingFee.ENTRY:
            kept = ceil(self.contract.taker * abs(self.cost))

        def affordable(price: int) -> bool:
            paid = self.contract.cash(-self.size, price)
            return backing - paid - now - kept - fee * abs(paid) >= 0

        return least(affordable) if self.size > 0 else most(affordable)


def least(affordable: Callable[[int], bool]) -> int:
    """The lowest price that is; all above it are too."""
    high = 1
    while not affordable(high):
        high *= 2
        if high > NO_PRICE:
            return NO_PRICE
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        if affordable(middle):
            high = middle
        else:
            low = middle
    return high


def most(affordable: Callable[[int], bool]) -> int:
    """The highest price that is, or the least there is; all below it are too."""
    low, high = 1, 2
    if not affordable(low):
        return low
    while affordable(high):
        low, high = high, high * 2
        if high > NO_PRICE:
            return NO_PRICE
    while high - low > 1:
        middle = (low + high) // 2
        if affordable(middle):
            low = middle
        else:
            high = middle
    return low
