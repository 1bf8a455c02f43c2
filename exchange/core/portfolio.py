"""Portfolio margin: what the worst of several moves would cost all positions of a pool together.

Positions on one underlying are a risk unit.  Of a unit:

    charge = max(scan + basis + offset - credit, minimum)

`scan` is the largest loss over the grid's moves, `basis` the loss if dated futures part from the
index, `offset` is charged where contracts stand against each other, and `credit` is what opposite
risks in other units take off.  The pool's maintenance margin is the sum of the charges, its initial
margin a multiple of the worst that open orders could make of it.  Exact integers, rounded up.
"""

from collections.abc import Iterable

from exchange.core.accounts import Held, Pool, Position
from exchange.core.grid import YEAR_DAYS, Credit, Grid, Terms
from exchange.core.instrument import Instrument
from exchange.core.messages import PositionSide
from exchange.core.units import RATE_ONE, Lots, MarkPrice, Money, ceil_div


class Net:
    """What a pool holds in one contract, both sides together, and what orders may make of it."""

    def __init__(self, instrument: Instrument, mark: MarkPrice) -> None:
        self.instrument = instrument
        self.mark = mark
        self.held: Lots = 0
        self.bought: Lots = 0
        """If all open buys traded."""
        self.sold: Lots = 0

    def add(self, position: Held) -> None:
        """Count one more position in the contract."""
        size, side = position.size, position.side
        closing = position.reduce_only_lots
        bought = size + position.buy_lots + (min(closing, -size) if size < 0 else 0)
        sold = size - position.sell_lots - (min(closing, size) if size > 0 else 0)
        self.held += size
        self.bought += min(bought, 0) if side is PositionSide.SHORT else bought
        self.sold += max(sold, 0) if side is PositionSide.LONG else sold


class Charge:
    """What a risk unit is charged, holding this and that; see above."""

    def __init__(self, grid: Grid, sizes: list[tuple[Net, Lots]]) -> None:
        self.down: Money = 0
        self.up: Money = 0
        """The largest loss over the falls, and over the rises; below zero: a gain."""
        self._scan(grid, sizes)
        self.scan: Money = max(self.down, self.up, 0)
        self.basis: Money = 0
        self.offset: Money = 0
        self.minimum: Money = 0
        long = short = parted = 0
        for net, size in sizes:
            value = net.instrument.notional(net.mark, size)
            long += value if size > 0 else 0
            short += value if size < 0 else 0
            parted += (value if size > 0 else -value) * net.instrument.days_left
        self.basis = ceil_div(abs(parted) * grid.basis, YEAR_DAYS * RATE_ONE)
        self.offset = ceil_div(min(long, short) * grid.offset, RATE_ONE)
        self.minimum = ceil_div((long + short) * grid.minimum, RATE_ONE)

    def _scan(self, grid: Grid, sizes: list[tuple[Net, Lots]]) -> None:
        first = True
        for at in range(0, len(grid.moves), 2):
            down, up = grid.moves[at], grid.moves[at + 1]
            falling = rising = 0
            for net, size in sizes:
                falling += net.instrument.loss_after(net.mark, size, down.part)
                rising += net.instrument.loss_after(net.mark, size, up.part)
            falling = ceil_div(falling * down.share, RATE_ONE)
            rising = ceil_div(rising * up.share, RATE_ONE)
            self.down = falling if first else max(self.down, falling)
            self.up = rising if first else max(self.up, rising)
            first = False

    @property
    def gross(self) -> Money:
        """Before credits and the minimum."""
        return self.scan + self.basis + self.offset

    @property
    def direction(self) -> Money:
        """The risk of a fall (above zero) or of a rise (below), as far as the other is less."""
        return max(self.down, 0) - max(self.up, 0)


class Unit:
    """All of a pool's positions on one underlying."""

    def __init__(self, name: str, grid: Grid) -> None:
        self.name = name
        self.grid = grid
        self.nets: dict[str, Net] = {}
        """By symbol."""
        self.has_orders = False

    def add(self, position: Held, mark: MarkPrice) -> None:
        """Count one more position."""
        instrument = position.instrument
        net = self.nets.get(instrument.symbol)
        if net is None:
            net = self.nets[instrument.symbol] = Net(instrument, mark)
        net.add(position)
        if position.buy_lots or position.sell_lots or position.reduce_only_lots:
            self.has_orders = True

    def held(self) -> Charge:
        """As it stands."""
        return Charge(self.grid, [(net, net.held) for net in self.nets.values() if net.held])

    def possible(self, held: Charge) -> list[Charge]:
        """As it stands, and as it would with all open buys, or sells, traded."""
        if not self.has_orders:
            return [held]
        nets = self.nets.values()
        return [
            held,
            Charge(self.grid, [(net, net.bought) for net in nets if net.bought]),
            Charge(self.grid, [(net, net.sold) for net in nets if net.sold]),
        ]


class Need:
    """What a unit comes to in the sum."""

    def __init__(self, name: str, charges: list[Charge]) -> None:
        """The worst of several charges, with the weakest of their directions for credits."""
        self.name = name
        self.gross = max(charge.gross for charge in charges)
        self.minimum = max(charge.minimum for charge in charges)
        down = min(charge.direction for charge in charges)
        up = max(charge.direction for charge in charges)
        self.direction: Money = down if down > 0 else min(up, 0)
        self.credit: Money = 0

    @property
    def margin(self) -> Money:
        """What is required for the unit."""
        return max(self.gross - self.credit, self.minimum)


def lone_charge(instrument: Instrument, mark: MarkPrice, size: Lots) -> Money:
    """Maintenance margin of `size` (signed) if that were the whole portfolio."""
    assert instrument.grid is not None, "a contract without a grid is in no portfolio"
    return Need("", [Charge(instrument.grid, [(Net(instrument, mark), size)])]).margin


def give_credit(needs: list[Need], credits_: list[Credit]) -> None:
    """Let opposite risks take something off each other, pair by pair."""
    by_name = {need.name: need for need in needs}
    left = {need.name: need.direction for need in needs}
    for credit in credits_:
        first, second = by_name.get(credit.first), by_name.get(credit.second)
        if first is None or second is None:
            continue
        one, other = left[first.name], left[second.name]
        if one * other >= 0:
            continue
        spread = min(abs(one), abs(other))
        first.credit += spread * credit.rate // RATE_ONE
        second.credit += spread * credit.rate // RATE_ONE
        left[first.name] -= spread if one > 0 else -spread
        left[second.name] -= spread if other > 0 else -spread


def units_of(positions: Iterable[Held], prices: list[MarkPrice]) -> list[Unit]:
    """Risk units, in order of their underlyings."""
    units: dict[str, Unit] = {}
    for position in positions:
        instrument = position.instrument
        if instrument.grid is None:
            continue
        unit = units.get(instrument.underlying)
        if unit is None:
            unit = units[instrument.underlying] = Unit(instrument.underlying, instrument.grid)
        unit.add(position, prices[instrument.index])
    return [unit for _, unit in sorted(units.items())]


class Requirement:
    """What a portfolio of positions requires; see above."""

    def __init__(self, terms: Terms, positions: Iterable[Held], prices: list[MarkPrice]) -> None:
        self.units = units_of(positions, prices)
        self.charges = [unit.held() for unit in self.units]
        self.needs = [
            Need(unit.name, [charge]) for unit, charge in zip(self.units, self.charges, strict=True)
        ]
        give_credit(self.needs, terms.credits)
        self.maintenance: Money = sum(need.margin for need in self.needs)
        self._terms = terms

    @property
    def initial(self) -> Money:
        """What positions and open orders take of equity."""
        worst = self.needs
        if any(unit.has_orders for unit in self.units):
            worst = [
                Need(unit.name, unit.possible(charge))
                for unit, charge in zip(self.units, self.charges, strict=True)
            ]
            give_credit(worst, self._terms.credits)
        most = max(sum(need.margin for need in worst), self.maintenance)
        return ceil_div(most * self._terms.factor, RATE_ONE)


def together(pool: Pool) -> list[Position]:
    """A pool's positions that are not isolated."""
    return [position for position in pool.listed if not position.isolated]


def maintenance_of(terms: Terms, positions: list[Position], prices: list[MarkPrice]) -> Money:
    """Maintenance margin of some positions as one portfolio."""
    return Requirement(terms, positions, prices).maintenance
