"""A contract written from the documents, in exact fractions: worth, risk tiers, margin."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

from exchange.core.rules import ClosingFee, MarginPrice, MarginRules, TierCounts, TierInput

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

    def margin(self, lots: int, cost: int, beside: int = 0) -> int:
        """Maintenance margin of `lots` that were bought for `cost`, signs aside, rounded up.

        `beside`: size or value that tells the tier besides; the rate is that of both on average.
        """
        lots, cost, now = abs(lots), abs(cost), self.notional(lots)
        if lots == 0:
            return 0
        priced = cost if self.formula.maintenance_price is MarginPrice.ENTRY else now
        measure = lots if self.formula.tier_input is TierInput.SIZE else priced
        margin = ceil(self._by_tier(measure + beside) / (measure + beside) * priced)
        kept = {ClosingFee.NONE: 0, ClosingFee.MARK: now, ClosingFee.ENTRY: cost}
        return margin + ceil(self.taker * kept[self.formula.closing_fee])

    def by_tiers_at_mark(self, lots: int) -> int:
        """What the tiers alone ask of `lots` at the mark, rounded up."""
        now = self.notional(lots)
        measure = abs(lots) if self.formula.tier_input is TierInput.SIZE else now
        return ceil(self._by_tier(measure) / measure * now) if measure else 0

    def _by_tier(self, measure: int) -> Fraction:
        """Each rate on its own part."""
        total = Fraction(0)
        tops = [start for start, _ in self.tiers[1:]] + [measure]
        for (start, rate), top in zip(self.tiers, tops, strict=True):
            total += rate * max(0, min(measure, top) - start)
        return total + self.growth * measure * measure

    def measure(self, lots: int, cost: Fraction) -> Fraction:
        """What tells the tier of `lots` that were bought for `cost`, signs aside."""
        if self.formula.tier_input is TierInput.SIZE:
            return Fraction(abs(lots))
        entry = self.formula.maintenance_price is MarginPrice.ENTRY
        return Fraction(abs(cost) if entry else self.notional(lots))

    def tier(self, lots: int, cost: Fraction, beside: Fraction | int = 0) -> int:
        """Its number; what just fills a tier is still in it."""
        measure = self.measure(lots, cost) + beside
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
    opposite: "Held | None" = None
    """The other side of a hedge."""

    def facing(self) -> "Held | None":
        """The other side, where both tell the tier."""
        counts = self.contract.formula.tier_counts is TierCounts.BOTH_SIDES
        alone = self.isolated or self.opposite is None or self.opposite.isolated
        return self.opposite if counts and not alone else None

    def beside(self) -> int:
        """What tells the tier besides."""
        other = self.facing()
        return other.measure() if other is not None else 0

    def measure(self, lots: int | None = None) -> int:
        """What so many lots that are left add to what tells the tier."""
        left = abs(self.size) if lots is None else lots
        cost = floor(Fraction(self.cost * left, abs(self.size))) if self.size else 0
        return int(self.contract.measure(left, Fraction(cost)))

    def gain(self) -> int:
        """Unrealised PnL, rounded down."""
        return floor(self.contract.value(self.size)) - self.cost

    def margin(self, lots: int | None = None) -> int:
        """Maintenance margin, of all of it or of so many lots that are left."""
        held = abs(self.size)
        left = held if lots is None else lots
        cost = floor(Fraction(self.cost * left, held))
        return self.contract.margin(left, cost, self.beside())

    def freed(self, lots: int) -> int:
        """Maintenance margin that closing so many lots frees, of the other side too."""
        left, other = abs(self.size) - lots, self.facing()
        freed = self.margin() - self.margin(left)
        if other is not None and other.size:
            at_most = other.contract.margin(other.size, other.cost, self.measure())
            freed += at_most - other.contract.margin(other.size, other.cost, self.measure(left))
        return freed

    def tier(self, lots: int) -> int:
        """The tier of so many lots that are left."""
        cost = Fraction(self.cost * lots, abs(self.size))
        return self.contract.tier(lots, cost, self.beside())

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
