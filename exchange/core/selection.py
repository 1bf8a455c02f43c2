"""The liquidation policies a rulebook chooses from: which position first, and how much of it."""

from collections.abc import Callable

from exchange.core.accounts import Position
from exchange.core.margin import Marks, maintenance_margin, notional, unrealised_pnl
from exchange.core.rules import Amount, Select
from exchange.core.units import RATE_ONE, Lots, MarkPrice, Money, Rate, ceil_div

SELECTION: dict[Select, Callable[[Position, MarkPrice], Money]] = {
    Select.LARGEST_UNREALISED_LOSS: unrealised_pnl,
    Select.MOST_MARGIN_FREED: lambda position, mark: -maintenance_margin(position, mark),
    Select.LARGEST_NOTIONAL: lambda position, mark: -notional(position, mark),
}
"""The position with the lowest value goes first."""


def first(select: Select, positions: list[Position], marks: Marks) -> Position:
    """The position that is closed first.

    Equals go in order of symbol, then long before short: the same in every replay.
    """
    value = SELECTION[select]
    return min(positions, key=lambda p: (value(p, marks.of(p)), p.instrument.symbol, p.side))


def how_much(
    amount: Amount,
    position: Position,
    mark: MarkPrice,
    shortfall: Money,
    fee: Rate,
) -> Lots:
    """How many lots one step closes.

    `shortfall` is what the account lacks to its maintenance margin.
    """
    if amount is Amount.DOWN_ONE_TIER:
        return down_one_tier(position, mark)
    if amount is Amount.JUST_ENOUGH:
        return just_enough(position, mark, shortfall, fee)
    return abs(position.size)


def down_one_tier(position: Position, mark: MarkPrice) -> Lots:
    """Enough to bring the notional to the top of the tier below; in the lowest tier, all."""
    tiers = position.instrument.tiers
    tier = tiers.index(tiers.measure(notional(position, mark), abs(position.size)))
    if tier == 0:
        return abs(position.size)
    return abs(position.size) - lots_below(position, mark, tiers.floors[tier])


def lots_below(position: Position, mark: MarkPrice, floor: int) -> Lots:
    """The most lots that do not reach above a tier's floor."""
    instrument = position.instrument
    return floor if instrument.tiers.by_size else instrument.lots_worth(mark, floor)


def just_enough(position: Position, mark: MarkPrice, shortfall: Money, fee: Rate) -> Lots:
    """The fewest lots that, closed at the mark, free the margin that is missing, fee included.

    All of it where that does not suffice.  Closing more frees ever less margin for the same fee,
    and in a tier whose rate is below the fee it frees nothing: there the search ends.
    """
    instrument, tiers = position.instrument, position.instrument.tiers
    held = abs(position.size)
    maintenance = maintenance_margin(position, mark)

    def freed(lots: Lots) -> Money:
        left = instrument.maintenance(mark, held - lots, position.cost * (held - lots) // held)
        charged = ceil_div(instrument.notional(mark, lots) * fee, RATE_ONE)
        return maintenance - left - charged

    floors = [floor for floor, rate in zip(tiers.floors, tiers.rates, strict=True) if rate > fee]
    kept = min(held - 1, lots_below(position, mark, floors[0])) if floors else 0
    low, high = 0, max(held - kept - 1, held - kept, key=freed)
    if freed(high) < shortfall:
        return held
    while high - low > 1:
        middle = (low + high) // 2
        if freed(middle) >= shortfall:
            high = middle
        else:
            low = middle
    return high
