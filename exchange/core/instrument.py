"""A contract in exact integers: its grids, what a price is worth, and its risk tiers."""

from fractions import Fraction

from exchange.core.rules import ContractKind, InstrumentRules, Tier
from exchange.core.units import (
    RATE_ONE,
    Lots,
    MarkPrice,
    Money,
    Rate,
    Ticks,
    UnitError,
    ceil_div,
    decimal,
    exact,
    on_grid,
    rate,
)

MARK_UNIT = "0.00000001"
PRICE_MAX = 10**18
"""Stands for a price that is never reached."""


class Tiers:
    """Risk tiers of one contract: maintenance margin as a continuous function of notional.

    The maintenance amount (`cum`) of a tier is what makes it so: cum_i = cum_(i-1) +
    floor_i * (rate_i - rate_(i-1)), as Binance and Hyperliquid publish it.  It is kept multiplied
    by RATE_ONE, which makes it a whole number.
    """

    def __init__(self, rows: tuple[Tier, ...], money_unit: Fraction) -> None:
        self.floors: list[Money] = []
        self.rates: list[Rate] = []
        self.cums: list[int] = []
        self.leverages: list[int] = []
        for row in rows:
            self._add(
                on_grid(row.floor, money_unit, "tier floor"),
                rate(row.maintenance, "tier maintenance rate"),
                row.leverage_max,
            )
        if not self.floors or self.floors[0] != 0:
            raise UnitError("the first risk tier must begin at a notional of 0")

    def _add(self, floor: Money, maintenance: Rate, leverage: int) -> None:
        cum = 0
        if self.floors:
            if floor <= self.floors[-1] or maintenance < self.rates[-1]:
                raise UnitError("risk tiers must rise in floor and never fall in maintenance rate")
            cum = self.cums[-1] + floor * (maintenance - self.rates[-1])
        if not 0 <= maintenance < RATE_ONE or leverage < 1:
            raise UnitError("a risk tier needs a rate in [0, 1) and a leverage of 1 or more")
        self.floors.append(floor)
        self.rates.append(maintenance)
        self.cums.append(cum)
        self.leverages.append(leverage)

    def index(self, notional: Money) -> int:
        """The tier that `notional` reaches into; a floor itself still belongs to the tier below."""
        tier = len(self.floors) - 1
        while tier > 0 and self.floors[tier] >= notional:
            tier -= 1
        return tier

    def maintenance(self, notional: Money) -> Money:
        """Maintenance margin of `notional`, rounded up to a unit."""
        tier = self.index(notional)
        return ceil_div(notional * self.rates[tier] - self.cums[tier], RATE_ONE)

    def leverage_max(self, notional: Money) -> int:
        """The highest leverage allowed at `notional`."""
        return self.leverages[self.index(notional)]


class Instrument:
    """A perpetual contract.

    Linear: one tick on one lot is worth `multiplier` units of money, and a trade's value is exact.
    Inverse: one lot at a price of one tick is worth `multiplier` units, and a trade's value is
    that over the price, rounded down to a unit, the same for both sides.

    Mark prices are finer: `subticks` mark units make a tick, and a value at a mark is rounded
    against the account.
    """

    def __init__(self, index: int, rules: InstrumentRules, tiers: tuple[Tier, ...]) -> None:
        what = rules.symbol
        self.index = index
        self.rules = rules
        self.symbol: str = rules.symbol
        self.settle: str = rules.settle
        self.is_inverse = rules.kind is ContractKind.INVERSE
        self.tick_size = _positive(rules.tick_size, f"{what} tick_size")
        self.lot_size = _positive(rules.lot_size, f"{what} lot_size")
        self.money_unit = _positive(rules.money_unit, f"{what} money_unit")
        self.mark_unit = _positive(rules.mark_unit or MARK_UNIT, f"{what} mark_unit")
        per_tick = 1 / self.tick_size if self.is_inverse else self.tick_size
        self.multiplier = _whole(
            per_tick * self.lot_size / self.money_unit,
            f"{what}: a tick on a lot is worth",
            f"units of {rules.settle} ({rules.money_unit})",
        )
        self.subticks = _whole(self.tick_size / self.mark_unit, f"{what}: a tick is", "mark units")
        self.size_max: Lots = (
            on_grid(rules.size_max, self.lot_size, f"{what} size_max") if rules.size_max else 0
        )
        self.size_min: Lots = (
            on_grid(rules.size_min, self.lot_size, f"{what} size_min") if rules.size_min else 1
        )
        self.notional_min: Money = (
            on_grid(rules.notional_min, self.money_unit, f"{what} notional_min")
            if rules.notional_min
            else 0
        )
        self.tiers = Tiers(tiers, self.money_unit)

    def value(self, price: Ticks, size: Lots) -> Money:
        """What trading `size` (signed) at a price adds to a position's cost.

        The two sides of a trade add the same amount, with opposite signs.  For an inverse contract
        the sign is turned: a long owes less coin the higher the price.
        """
        if not self.is_inverse:
            return price * size * self.multiplier
        worth = abs(size) * self.multiplier // price
        return -worth if size > 0 else worth

    def notional(self, mark: MarkPrice, size: Lots) -> Money:
        """The absolute value of `size` at a mark, rounded up to a unit; of nothing, 0."""
        if size == 0:
            return 0
        if self.is_inverse:
            return ceil_div(abs(size) * self.multiplier * self.subticks, mark)
        return ceil_div(mark * abs(size) * self.multiplier, self.subticks)

    def worth(self, mark: MarkPrice, size: Lots) -> Money:
        """What `size` (signed) would be worth in a position's cost, closed at a mark."""
        if size == 0:
            return 0
        if self.is_inverse:
            return -size * self.multiplier * self.subticks // mark
        return mark * size * self.multiplier // self.subticks

    def unrealised_pnl(self, mark: MarkPrice, size: Lots, cost: Money) -> Money:
        """What closing at a mark would add, rounded down to a unit."""
        return self.worth(mark, size) - cost

    def price_of(self, worth: Money, size: Lots) -> Ticks:
        """The price at which `size` is worth at least `worth`: the last tick that is, from 1.

        Where no price is, the worst for the position that can be written: PRICE_MAX.
        """
        if not self.is_inverse:
            ticks = size * self.multiplier
            return max(1, ceil_div(worth, ticks) if size > 0 else worth // ticks)
        lots = abs(size) * self.multiplier
        if size > 0:
            return ceil_div(lots, -worth) if worth < 0 else PRICE_MAX
        return max(1, lots // worth) if worth > 0 else PRICE_MAX

    def lots_worth(self, mark: MarkPrice, notional: Money) -> Lots:
        """The most lots whose notional at a mark is no more than `notional`."""
        if self.is_inverse:
            return notional * mark // (self.multiplier * self.subticks)
        return notional * self.subticks // (mark * self.multiplier)

    def safe_until(self, mark: MarkPrice, size: Lots, slack: Money) -> MarkPrice:
        """A mark that costs a position of `size` no more than `slack`, margin included.

        The highest maintenance rate is added to the cost where the notional grows: a rising mark
        for a linear short, a falling one for an inverse long.
        """
        lots = abs(size) * self.multiplier
        whole = RATE_ONE + self.tiers.rates[-1]
        if not self.is_inverse:
            if size > 0:
                return max(0, mark - slack * self.subticks // lots)
            return mark + slack * self.subticks * RATE_ONE // (lots * whole)
        lots *= self.subticks
        if size > 0:
            return min(mark, ceil_div(lots * whole, lots * whole // mark + slack * RATE_ONE))
        left = lots // mark - slack
        return max(mark, lots // (left + 1)) if left >= 0 else PRICE_MAX * self.subticks

    def price(self, text: str) -> Ticks:
        """Read a price; one off its tick is refused."""
        return on_grid(text, self.tick_size, f"{self.symbol} price")

    def size(self, text: str) -> Lots:
        """Read a size; one off its lot is refused."""
        return on_grid(text, self.lot_size, f"{self.symbol} size")

    def mark(self, text: str) -> MarkPrice:
        """Read a mark or index price."""
        return on_grid(text, self.mark_unit, f"{self.symbol} mark price")

    def money(self, text: str) -> Money:
        """Read an amount of the settlement asset."""
        return on_grid(text, self.money_unit, f"{self.settle} amount")

    def price_text(self, price: Ticks) -> str:
        """A price as people write it."""
        return decimal(price * self.tick_size)

    def size_text(self, size: Lots) -> str:
        """A size as people write it."""
        return decimal(size * self.lot_size)

    def mark_text(self, mark: MarkPrice) -> str:
        """A mark or index price as people write it."""
        return decimal(mark * self.mark_unit)

    def money_text(self, amount: Money) -> str:
        """An amount of the settlement asset as people write it."""
        return decimal(amount * self.money_unit)


def _positive(text: str, what: str) -> Fraction:
    value = exact(text, what)
    if value <= 0:
        raise UnitError(f"{what} was {text}, expected more than 0")
    return value


def _whole(value: Fraction, what: str, unit: str) -> int:
    if value.denominator != 1:
        raise UnitError(f"{what} {decimal(value)} {unit}, expected a whole number")
    return value.numerator
