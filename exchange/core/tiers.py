"""Risk tiers: initial and maintenance margin as continuous functions of how large a position is."""

from fractions import Fraction
from typing import Final

from exchange.core.policies import TierInput
from exchange.core.rules import Tier
from exchange.core.units import (
    RATE_ONE,
    Lots,
    Money,
    Rate,
    UnitError,
    ceil_div,
    decimal,
    exact,
    on_grid,
    rate,
    times,
)

PPM: Final = RATE_ONE // 1_000_000


class Schedule:
    """Rates that hold for the part above each floor, added up.

    The amount (`cum`) of a tier is what makes the sum continuous: cum_i = cum_(i-1) +
    floor_i * (rate_i - rate_(i-1)), as Binance and Hyperliquid publish it.  It is kept multiplied
    by RATE_ONE, which makes it a whole number.
    """

    def __init__(self, floors: list[int], rates: list[Rate]) -> None:
        self.rates = rates
        self.cums: list[int] = [0]
        for i in range(1, len(floors)):
            self.cums.append(self.cums[-1] + floors[i] * (rates[i] - rates[i - 1]))

    def scaled(self, tier: int, measure: int) -> int:
        """What `measure`, which lies in `tier`, comes to, times RATE_ONE."""
        return times(measure, self.rates[tier]) - self.cums[tier]


class Tiers:
    """The risk tiers of one contract, by notional or by size; `lots` only matter for the latter."""

    def __init__(
        self,
        rows: tuple[Tier, ...],
        money_unit: Fraction,
        lot_size: Fraction = Fraction(1),
        tier_input: TierInput = TierInput.NOTIONAL,
        growth: str = "0",
    ) -> None:
        """`growth`: see MarginRules.rate_growth.  Raises UnitError where rows do not fit."""
        self.by_size = tier_input is TierInput.SIZE
        self._step = lot_size if self.by_size else money_unit
        self.floors: list[int] = []
        """In lots where tiers go by size, else in money."""
        self.rates: list[Rate] = []
        """Maintenance rates."""
        self.leverages: list[int] = []
        initial: list[Rate] = []
        for row in rows:
            self._add(row)
            initial.append(rate(row.initial, "tier initial rate") if row.initial else 0)
        if not self.floors or self.floors[0] != 0:
            raise UnitError("the first risk tier must begin at 0")
        self.leverage_least = min(self.leverages)
        """What every tier allows."""
        self.maintenance_schedule = Schedule(self.floors, self.rates)
        self.initial_schedule = Schedule(self.floors, initial)
        self._compare_amounts(rows)
        grows = exact(growth, "rate_growth") * money_unit
        if grows < 0 or (grows and self.by_size):
            raise UnitError("rate_growth needs tiers by notional, and must not be negative")
        self.growth: Money = grows.numerator
        self.growth_over: int = grows.denominator
        self._has_initial = any(initial) or self.growth > 0

    def _add(self, row: Tier) -> None:
        floor = on_grid(row.floor, self._step, "tier floor")
        maintenance = maintenance_rate(row)
        if self.floors and (floor <= self.floors[-1] or maintenance < self.rates[-1]):
            raise UnitError("risk tiers must rise in floor and never fall in maintenance rate")
        if not 0 <= maintenance <= RATE_ONE or row.leverage_max < 1:
            raise UnitError("a risk tier needs a rate in [0, 1] and a leverage of 1 or more")
        self.floors.append(floor)
        self.rates.append(maintenance)
        self.leverages.append(row.leverage_max)

    def _compare_amounts(self, rows: tuple[Tier, ...]) -> None:
        """A maintenance amount that a venue prints must be the one its floors and rates give."""
        for row, cum in zip(rows, self.maintenance_schedule.cums, strict=True):
            found = cum * self._step
            if row.amount and exact(row.amount, "tier amount") * RATE_ONE != found:
                expected = decimal(found * Fraction(1, RATE_ONE))
                raise UnitError(
                    f"amount of the tier from {row.floor} was {row.amount}, expected {expected}"
                )

    def measure(self, notional: Money, lots: Lots) -> int:
        """What tells a position's tier: its size, or its notional."""
        return lots if self.by_size else notional

    def index(self, measure: int) -> int:
        """The tier that a measure reaches into; a floor itself still belongs to the tier below."""
        tier = len(self.floors) - 1
        while tier > 0 and self.floors[tier] >= measure:
            tier -= 1
        return tier

    def maintenance(self, notional: Money, lots: Lots = 0, beside: int = 0) -> Money:
        """Maintenance margin of a position of `lots` (positive), rounded up to a unit.

        `beside`: the measure of what tells its tier besides itself.  It then has its part of the
        margin of both.
        """
        return self._margin(self.maintenance_schedule, notional, lots, beside)

    def initial(self, notional: Money, lots: Lots = 0, beside: int = 0) -> Money:
        """The least initial margin, whatever the leverage, rounded up to a unit."""
        if not self._has_initial:
            return 0
        return self._margin(self.initial_schedule, notional, lots, beside)

    def _margin(self, schedule: Schedule, notional: Money, lots: Lots, beside: int) -> Money:
        own = self.measure(notional, lots)
        if own == 0:
            return 0
        measure = own + beside
        scaled = schedule.scaled(self.index(measure), measure)
        if self.by_size or beside:
            return ceil_div(notional * scaled, measure * RATE_ONE)
        if self.growth:
            over = RATE_ONE * self.growth_over
            grown = notional * notional * self.growth * RATE_ONE
            return ceil_div(scaled * self.growth_over + grown, over)
        return ceil_div(scaled, RATE_ONE)

    def leverage_max(self, notional: Money, lots: Lots = 0, beside: int = 0) -> int:
        """The highest leverage allowed at a size."""
        return self.leverages[self.index(self.measure(notional, lots) + beside)]

    def steepest(self, notional: Money) -> Rate:
        """The most that maintenance margin can grow with notional, up to twice `notional`."""
        return self.rates[-1] + ceil_div(4 * notional * self.growth * RATE_ONE, self.growth_over)


def maintenance_rate(row: Tier) -> Rate:
    """The maintenance rate of a tier, as stated or as a share of the initial rate.

    A share is cut to whole parts per million, as dYdX's code does.
    """
    if row.maintenance:
        return rate(row.maintenance, "tier maintenance rate")
    share = exact(row.maintenance_share, "tier maintenance_share")
    return int(exact(row.initial, "tier initial rate") * share * 1_000_000) * PPM
