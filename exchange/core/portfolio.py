"""Portfolio margin: what the worst of several moves would cost all positions of a pool together.

Positions on one underlying are a risk unit.  Of a unit:

    charge = max(scan + basis + offset + options + spot - credit, minimum)

`scan` is the largest loss over the grid's moves; beside options, implied volatility stays, rises
and falls in each of them.  `basis` is the loss if dated futures part from the index, `offset` is
charged where contracts stand against each other, `options` on options by their number, `spot` where
coins stand against contracts, and `credit` is what opposite risks in other units take off.
The pool's maintenance margin is the sum of the charges, its initial margin a multiple of the worst
that open orders could make of it.  Exact integers, rounded up.

Of a unified account all pools are one portfolio, in the accounting currency.  What it has (or
owes) of an underlying itself is a leg of the unit as far as it stands against the contracts: as
much of it as is worth what they are, signed the other way.  Venues call that spot in use, or spot
hedging quantity, and count coins; here it is value, so that an inverse contract is no special case.
"""

from collections.abc import Iterable
from typing import Final

from exchange.core.accounts import Held, Pool, Position
from exchange.core.grid import STILL, YEAR_DAYS, Credit, Grid, Move, Terms
from exchange.core.instrument import Instrument
from exchange.core.messages import PositionSide
from exchange.core.options import CALM, FINE, SHOCKS, Option
from exchange.core.units import RATE_ONE, Lots, MarkPrice, Money, Rate, ceil_div, magnitude


class Worth:
    """What a unit of a settlement asset comes to in the money that a portfolio is reckoned in."""

    def __init__(self, over: int = 1, under: int = 1, asset: str = "") -> None:
        self.over = over
        self.under = under
        self.asset = asset
        """Which it is, where it may be an underlying; empty where its price never moves."""

    def cost(self, amount: Money) -> Money:
        """An amount, rounded up."""
        return ceil_div(amount * self.over, self.under)

    def moved(self, amount: Money, move: Rate) -> Money:
        """An amount once the asset's own price has moved by a part of itself, rounded up."""
        return ceil_div(amount * self.over * (RATE_ONE + move), self.under * RATE_ONE)

    def bought_with(self, value: Money) -> Money:
        """What a value is of the asset, rounded down; nothing without a price."""
        return value * self.under // self.over if self.over else 0


PLAIN: Final = Worth()
"""Of a portfolio on one asset."""


class Spot:
    """What a unified account has of an underlying itself (below zero: owes)."""

    def __init__(self, amount: Money, worth: Worth) -> None:
        self.amount = amount
        self.worth = worth

    def against(self, exposure: Money) -> Money:
        """How much of it stands against contracts that are worth so much (signed)."""
        if self.amount * exposure >= 0:
            return 0
        most = min(abs(self.amount), self.worth.bought_with(abs(exposure)))
        return most if self.amount > 0 else -most

    def value(self, amount: Money) -> Money:
        """What an amount is worth, whichever its sign, rounded up."""
        return self.worth.cost(abs(amount))

    def loss_after(self, amount: Money, move: Rate, shock: int = 0) -> Money:  # noqa: ARG002 (as of contracts)
        """What an amount loses when its price moves by a part of itself, rounded up."""
        return ceil_div(-amount * self.worth.over * move, self.worth.under * RATE_ONE)


class Net:
    """What a pool holds in one contract, both sides together, and what orders may make of it."""

    def __init__(self, instrument: Instrument, prices: list[MarkPrice], worth: Worth) -> None:
        self.instrument = instrument
        self.mark = prices[instrument.index]
        self.option: Option | None = instrument.option
        self.price = self.mark if self.option is None else prices[self.option.source]
        """That of an option's underlying; else its own."""
        self.worth = worth
        """Of its settlement asset."""
        self.moves_money = worth.asset == instrument.underlying
        """Whether a move of its price is one of its settlement asset's, too."""
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

    def value(self, size: Lots) -> Money:
        """The notional of `size`, whichever its sign."""
        return self.worth.cost(self.instrument.notional(self.mark, size))

    def by_tiers(self, size: Lots) -> Money:
        """What `size` needs by the contract's tiers at the mark."""
        held, lots = self.instrument.notional(self.mark, size), magnitude(size)
        return self.worth.cost(self.instrument.tiers.maintenance(held, lots))

    def covered(self, size: Lots) -> Money:
        """The value of an option's underlying, whichever its sign."""
        if self.option is None:
            return 0
        return self.worth.cost(self._money(self.option.covered(self.price, abs(size)), 1))

    def _money(self, marks: int, parts: int) -> Money:
        """What so many parts of a mark unit on a lot are worth, rounded up."""
        instrument = self.instrument
        return ceil_div(marks * instrument.per_mark, parts * instrument.mark_parts)

    def loss_after(self, size: Lots, move: Rate, shock: int = 0) -> Money:
        """What `size` (signed) loses when prices move by a part of themselves, rounded up.

        `shock`: of an option, and implied volatility up (1) or down (-1).
        """
        if self.option is not None:
            lost = self.option.loss_after(self.price, move, shock)
            return self.worth.cost(self._money(size * lost, FINE))
        lost = self.instrument.loss_after(self.mark, size, move)
        return self.worth.moved(lost, move) if self.moves_money else self.worth.cost(lost)


Leg = Net | Spot
"""What gains or loses with the price of an underlying."""


def shocks_of(legs: list[tuple[Leg, int]]) -> tuple[int, ...]:
    """How volatility moves in each scenario: not at all where nothing hangs on it."""
    for leg, _ in legs:
        if isinstance(leg, Net) and leg.option is not None:
            return SHOCKS
    return CALM


def counted(move: Move, legs: list[tuple[Leg, int]], shocks: tuple[int, ...]) -> Money:
    """What counts of the loss at a move, with the worst of several shocks of volatility."""
    worst, first = 0, True
    for shock in shocks:
        lost = 0
        for leg, size in legs:
            lost += leg.loss_after(size, move.part, shock)
        worst = lost if first else max(worst, lost)
        first = False
    return ceil_div(worst * move.share, RATE_ONE)


def contingency(grid: Grid, legs: list[tuple[Leg, int]]) -> Money:
    """What options are charged by their number."""
    if not grid.contingency:
        return 0
    if not grid.counts_net_short:
        value = sum([leg.covered(size) for leg, size in legs if isinstance(leg, Net)])
        return ceil_div(value * grid.contingency, RATE_ONE)
    strikes: dict[MarkPrice, Money] = {}
    for leg, size in legs:
        if isinstance(leg, Net) and leg.option is not None:
            short = leg.covered(size) if size < 0 else -leg.covered(size)
            strikes[leg.option.strike] = strikes.get(leg.option.strike, 0) + short
    return ceil_div(sum([max(0, short) for short in strikes.values()]) * grid.contingency, RATE_ONE)


class Charge:
    """What a risk unit is charged, holding so much of this and that; see above."""

    def __init__(self, grid: Grid, legs: list[tuple[Leg, int]]) -> None:
        self.legs = legs
        self.down: Money = 0
        self.up: Money = 0
        """The largest loss over the falls, and over the rises; below zero: a gain."""
        self._scan(grid, legs)
        self.scan: Money = max(self.down, self.up, 0)
        self.basis: Money = 0
        self.offset: Money = 0
        self.minimum: Money = 0
        self.options: Money = contingency(grid, legs)
        self.spot: Money = 0
        self.hedging: Money = 0
        """Coins that are a leg (signed)."""
        long = short = parted = 0
        tiered_long = tiered_short = 0
        for leg, size in legs:
            value = leg.value(size)
            if isinstance(leg, Spot):
                self.hedging = size
                self.spot = ceil_div(value * grid.spot, RATE_ONE)
                continue
            if leg.option is not None:
                continue
            long += value if size > 0 else 0
            short += value if size < 0 else 0
            parted += (value if size > 0 else -value) * leg.instrument.days_left
            if grid.by_tiers:
                tiered_long += leg.by_tiers(size) if size > 0 else 0
                tiered_short += leg.by_tiers(size) if size < 0 else 0
        self.basis = ceil_div(abs(parted) * grid.basis, YEAR_DAYS * RATE_ONE)
        self.offset = ceil_div(min(long, short) * grid.offset, RATE_ONE)
        least = ceil_div((long + short) * grid.minimum, RATE_ONE)
        self.minimum = max(least, tiered_long, tiered_short)

    def _scan(self, grid: Grid, legs: list[tuple[Leg, int]]) -> None:
        first, shocks = True, shocks_of(legs)
        for at in range(0, len(grid.moves), 2):
            falling = counted(grid.moves[at], legs, shocks)
            rising = counted(grid.moves[at + 1], legs, shocks)
            self.down = falling if first else max(self.down, falling)
            self.up = rising if first else max(self.up, rising)
            first = False
        if len(shocks) > 1:
            # Volatility may move while prices do not.
            still = counted(STILL, legs, shocks)
            self.down = still if first else max(self.down, still)
            self.up = still if first else max(self.up, still)

    @property
    def gross(self) -> Money:
        """Before credits and the minimum."""
        return self.scan + self.basis + self.offset + self.options + self.spot

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
        self.spot: Spot | None = None
        """The underlying itself."""
        self.has_orders = False

    def add(self, position: Held, prices: list[MarkPrice], worth: Worth) -> None:
        """Count one more position."""
        instrument = position.instrument
        net = self.nets.get(instrument.symbol)
        if net is None:
            net = self.nets[instrument.symbol] = Net(instrument, prices, worth)
        net.add(position)
        if position.buy_lots or position.sell_lots or position.reduce_only_lots:
            self.has_orders = True

    def held(self) -> Charge:
        """As it stands."""
        return self._charge([(net, net.held) for net in self.nets.values() if net.held])

    def _charge(self, held: list[tuple[Net, Lots]]) -> Charge:
        legs: list[tuple[Leg, int]] = [(net, size) for net, size in held]
        if self.spot is not None:
            exposure = sum(net.value(size) if size > 0 else -net.value(size) for net, size in held)
            hedging = self.spot.against(exposure)
            legs += [(self.spot, hedging)] if hedging else []
        return Charge(self.grid, legs)

    def possible(self, held: Charge) -> list[Charge]:
        """As it stands, and as it would with all open buys, or sells, traded."""
        if not self.has_orders:
            return [held]
        nets = self.nets.values()
        return [
            held,
            self._charge([(net, net.bought) for net in nets if net.bought]),
            self._charge([(net, net.sold) for net in nets if net.sold]),
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
    """Maintenance margin of `size` (signed) of a contract if that were the whole portfolio."""
    assert instrument.grid is not None, "a contract without a grid is in no portfolio"
    assert instrument.option is None, "an option's charge hangs on another price"
    net = Net(instrument, [mark] * (instrument.index + 1), PLAIN)
    return Need("", [Charge(instrument.grid, [(net, size)])]).margin


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


def units_of(
    positions: Iterable[Held], prices: list[MarkPrice], assets: dict[str, Spot]
) -> list[Unit]:
    """Risk units, in order of their underlyings; contracts alone."""
    units: dict[str, Unit] = {}
    for position in positions:
        instrument = position.instrument
        if instrument.grid is None:
            continue
        unit = units.get(instrument.underlying)
        if unit is None:
            unit = units[instrument.underlying] = Unit(instrument.underlying, instrument.grid)
        spot = assets.get(instrument.settle)
        unit.add(position, prices, PLAIN if spot is None else spot.worth)
    return [unit for _, unit in sorted(units.items())]


NOTHING: Final[dict[str, Spot]] = {}


class Requirement:
    """What a portfolio of positions requires; see above."""

    def __init__(
        self,
        terms: Terms,
        positions: Iterable[Held],
        prices: list[MarkPrice],
        assets: dict[str, Spot] = NOTHING,
    ) -> None:
        """`assets`: what a unified account has of each asset; of another, nothing."""
        self.units = units_of(positions, prices, assets)
        for unit in self.units:
            spot = assets.get(unit.name)
            if terms.counts_spot and spot is not None and spot.worth.asset:
                unit.spot = spot
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

    def hedging(self, asset: str) -> Money:
        """How much of an asset (signed) is a leg, with what is held now."""
        for unit, charge in zip(self.units, self.charges, strict=True):
            if unit.name == asset:
                return charge.hedging
        return 0


def instead_of(positions: list[Position], other: Held | None) -> list[Held]:
    """Positions, with another in place of that in its contract and on its side."""
    if other is None:
        return [*positions]
    key = (other.instrument.symbol, other.side)
    return [*[p for p in positions if (p.instrument.symbol, p.side) != key], other]


def together(pool: Pool) -> list[Position]:
    """A pool's positions that are not isolated."""
    return [position for position in pool.listed if not position.isolated]


def maintenance_of(terms: Terms, positions: list[Position], prices: list[MarkPrice]) -> Money:
    """Maintenance margin of some positions as one portfolio."""
    return Requirement(terms, positions, prices).maintenance
