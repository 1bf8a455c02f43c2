"""The liquidation policies a rulebook chooses from: which position first, and how much of it."""

from collections.abc import Callable

from exchange.core.accounts import Position
from exchange.core.margin import Marks, Sides, beside, notional, unrealised_pnl
from exchange.core.policies import Amount, Select
from exchange.core.units import RATE_ONE, Lots, MarkPrice, Money, Nanos, Rate, ceil_div, magnitude

MIX = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1
FEW = 8
"""Lots that are tried one by one."""


def freed_by_all(position: Position, mark: MarkPrice) -> Money:
    """The maintenance margin that closing the position frees."""
    sides = Sides(position)
    return sides.maintenance(mark) - sides.maintenance(mark, magnitude(position.size))


SELECTION: dict[Select, Callable[[Position, MarkPrice], Money]] = {
    Select.LARGEST_UNREALISED_LOSS: unrealised_pnl,
    Select.MOST_MARGIN_FREED: lambda position, mark: -freed_by_all(position, mark),
    Select.LARGEST_NOTIONAL: lambda position, mark: -notional(position, mark),
}
"""The position with the lowest value goes first."""


def mixed(*numbers: int) -> int:
    """A number that looks like chance and is the same in every replay."""
    state = 0
    for number in numbers:
        state = (state + number + MIX) & MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
        state ^= state >> 31
    return state


def first(
    select: Select,
    positions: list[Position],
    marks: Marks,
    now: Nanos = 0,
    valued: Callable[[str, Money], Money] | None = None,
) -> Position:
    """The position that is closed first.

    `valued` makes amounts of several settlement assets comparable.

    Equals go in order of symbol, then long before short: the same in every replay.
    """
    if select is Select.PSEUDO_RANDOM:
        return min(positions, key=lambda p: mixed(p.holder, p.instrument.index, now))
    value = SELECTION[select]

    def worth(position: Position) -> Money:
        amount = value(position, marks.of(position))
        return amount if valued is None else valued(position.instrument.settle, amount)

    return min(positions, key=lambda p: (worth(p), p.instrument.symbol, p.side))


def how_much(
    amount: Amount,
    position: Position,
    mark: MarkPrice,
    shortfall: Money,
    fee: Rate,
    buffer: Rate = 0,
) -> Lots:
    """How many lots one step closes.

    `shortfall` is what the account lacks to its maintenance margin and the buffer above it.
    """
    if amount is Amount.JUST_ENOUGH:
        return just_enough(position, mark, shortfall, fee, buffer)
    if amount is Amount.DOWN_ONE_TIER:
        return down_tiers(position, mark, 1)
    if amount is Amount.DOWN_TWO_TIERS:
        return down_tiers(position, mark, 2)
    if amount is Amount.TO_LOWEST_TIER:
        return to_lowest_tier(position, mark)
    return magnitude(position.size)


def tier_of(position: Position, mark: MarkPrice) -> int:
    """The tier that the position's maintenance margin is reckoned in, from 0."""
    instrument = position.instrument
    own = instrument.measure(mark, position.size, position.cost)
    return instrument.tiers.index(own + beside(position, mark))


def down_tiers(position: Position, mark: MarkPrice, count: int) -> Lots:
    """Enough to come down so many tiers, to the top of the one reached; below the first, all."""
    tier = tier_of(position, mark)
    if tier < count:
        return magnitude(position.size)
    floor = position.instrument.tiers.floors[tier - count + 1]
    left = max(0, floor - beside(position, mark))
    return magnitude(position.size) - lots_below(position, mark, left)


def to_lowest_tier(position: Position, mark: MarkPrice) -> Lots:
    """From the third tier up, enough to come down to the top of the lowest; else all."""
    tier = tier_of(position, mark)
    return down_tiers(position, mark, tier) if tier > 1 else magnitude(position.size)


def lots_below(position: Position, mark: MarkPrice, floor: int) -> Lots:
    """The most lots that do not reach above a measure that tells tiers."""
    instrument = position.instrument
    if instrument.tiers.by_size:
        return floor
    if instrument.priced_at_entry:
        return floor * magnitude(position.size) // max(1, abs(position.cost))
    return instrument.lots_worth(mark, floor)


def just_enough(
    position: Position, mark: MarkPrice, shortfall: Money, fee: Rate, buffer: Rate = 0
) -> Lots:
    """The fewest lots that, closed at the mark, free the margin that is missing, fee included.

    All of it where that does not suffice.  `buffer` is needed above maintenance margin, as a share
    of it.
    """
    instrument, held = position.instrument, magnitude(position.size)
    sides = Sides(position)
    maintenance = sides.maintenance(mark)

    def freed(lots: Lots) -> Money:
        left = sides.maintenance(mark, lots)
        charged = ceil_div(instrument.notional(mark, lots) * fee, RATE_ONE)
        return (maintenance - left) * (RATE_ONE + buffer) // RATE_ONE - charged

    low, high = 0, peak(freed, held)
    if freed(high) < shortfall:
        return held
    while high - low > 1:
        middle = (low + high) // 2
        if freed(middle) >= shortfall:
            high = middle
        else:
            low = middle
    return high


def peak(freed: Callable[[Lots], Money], most: Lots) -> Lots:
    """The number of lots, up to `most`, that frees most.

    The last lots are in the lowest tiers, and may free less than their fee: what is freed rises up
    to some number and falls from there.
    """
    low, high = 0, most
    while high - low > FEW:
        third = (high - low) // 3
        if freed(low + third) < freed(high - third):
            low += third
        else:
            high -= third
    return max(range(low, high + 1), key=freed)
