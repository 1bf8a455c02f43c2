"""How far marks may move before a unified account can fail: of its positions and its assets.

The account's slack is shared out over everything that a mark can take from it.  Within all bounds
at once, nothing takes more than its share:
- a position may lose its share in its settlement asset, at no more than twice that asset's price;
- what an asset adds may fall with its price, and what is owed or needed in it rise, by its share;
- where gains do not count in full, maintenance margin that grows with a gain has the share.
Gains are counted as nothing, so bounds are early and never late.

In portfolio margin a charge may grow, and what hedges count for less, whichever way a leg's value
moves, but by no more than `Sway.rate` of that.  So it comes on top of what each mark takes.
"""

from exchange.core.accounts import Pool, Position
from exchange.core.collateral import Collateral, Holding, Priced
from exchange.core.edges import Watched
from exchange.core.instrument import Instrument
from exchange.core.margin import NEVER, notional
from exchange.core.monitor import PORTFOLIO_ROUNDING, ROUNDING
from exchange.core.state import State
from exchange.core.units import RATE_ONE, MarkPrice, Money, Rate, ceil_div


class Bounds:
    """Marks of one instrument between which the account cannot fail."""

    def __init__(self) -> None:
        self.low: MarkPrice = 0
        self.high: MarkPrice = NEVER

    def edge(self, *, long: bool) -> MarkPrice:
        """The last mark that is safe on the way down, or up."""
        return self.low if long else self.high

    def is_open(self, *, long: bool) -> bool:
        """Whether no mark on that side is a danger."""
        return self.low == 0 if long else self.high == NEVER

    def keep_above(self, mark: MarkPrice) -> None:
        """Not below this."""
        self.low = max(self.low, mark)

    def keep_below(self, mark: MarkPrice) -> None:
        """Not above this."""
        self.high = min(self.high, mark)


class Sway:
    """What a portfolio's requirement may change by with the value of a leg; else nothing."""

    def __init__(self, collateral: Collateral, lead: Pool) -> None:
        terms, held = lead.portfolio, [p for pool in lead.members for p in _held(pool)]
        grids = [p.instrument.grid for p in held]
        self.in_portfolio = terms is not None
        self.rate: Rate = 0
        """Of the leg's value, at most."""
        self.rounding = ROUNDING if terms is None else PORTFOLIO_ROUNDING
        if terms is None:
            return
        for grid in grids:
            if grid is not None:
                rate = grid.with_spot if terms.counts_spot else grid.steepest
                self.rate = max(self.rate, rate)
        if terms.spares_spot:
            least = min([min(priced.ratios) for priced in collateral.assets.values()])
            self.rate += RATE_ONE - least

    def of(self, holding: Holding) -> int:
        """Of all legs that an asset's price moves, in parts of RATE_ONE of a unit."""
        if not self.rate:
            return 0
        legs = abs(holding.margin.wallet) + abs(holding.unrealised) + holding.margin.value
        return legs * self.rate


def watch_account(state: State, lead: Pool) -> None:
    """Set thresholds for all that a safe unified account depends on."""
    _set(state, lead, bounds_of(state, lead))


def bounds_of(state: State, lead: Pool) -> dict[int, Bounds]:
    """Marks, by instrument number, within which no moves of any of them can fail the account."""
    collateral, whole = state.collateral, state.whole(lead)
    sway = Sway(collateral, lead)
    slack = whole.equity - whole.maintenance
    weight = 0
    for holding in whole.holdings:
        slack -= _roundings(holding, sway)
        weight += _weight_of(collateral, holding, sway)
        weight += sum(_weight(holding, p, state) for p in _held(holding.pool))
    slack = max(0, slack)
    bounds: dict[int, Bounds] = {}
    for holding in whole.holdings:
        for position in _held(holding.pool):
            share = slack * _weight(holding, position, state) // max(1, weight)
            _bound_position(state, bounds, holding, position, share, sway)
        share = slack * _weight_of(collateral, holding, sway) // max(1, weight)
        _bound_price(collateral, bounds, holding, share, sway)
    return bounds


def _held(pool: Pool) -> list[Position]:
    return [p for p in pool.listed if p.size and not p.isolated]


def _roundings(holding: Holding, sway: Sway) -> Money:
    """What rounding can add up to, at a price that has doubled."""
    units = sway.rounding * (1 + len(holding.pool.listed))
    return sway.rounding + holding.priced.cost(units, 2 * holding.price)


def _weight(holding: Holding, position: Position, state: State) -> Money:
    value = notional(position, state.mark_of(position))
    return holding.priced.cost(value, holding.price)


def _gives(collateral: Collateral, holding: Holding, sway: Sway) -> int:
    """What falls with the asset's price, in parts of RATE_ONE of a unit."""
    wallet, unrealised, priced = holding.margin.wallet, holding.unrealised, holding.priced
    if sway.in_portfolio:
        return (max(0, wallet) + max(0, unrealised)) * RATE_ONE + sway.of(holding)
    if collateral.on_balance:
        return max(0, priced.counted(wallet)) + max(0, unrealised) * RATE_ONE
    return max(0, priced.counted(wallet + unrealised))


def _takes(collateral: Collateral, holding: Holding, sway: Sway) -> int:
    """What rises with the asset's price, likewise."""
    wallet, unrealised = holding.margin.wallet, holding.unrealised
    owed = max(0, -wallet - unrealised)
    if collateral.on_balance:
        owed = max(0, -wallet) + max(0, -unrealised)
    needed = owed + holding.margin.maintenance
    needed = needed * RATE_ONE + holding.borrowed * collateral.borrow_maintenance
    return needed + sway.of(holding)


def _weight_of(collateral: Collateral, holding: Holding, sway: Sway) -> Money:
    if holding.priced.is_currency:
        return 0
    parts = _gives(collateral, holding, sway) + _takes(collateral, holding, sway)
    return holding.priced.cost(ceil_div(parts, RATE_ONE), holding.price)


def _bound_position(
    state: State,
    bounds: dict[int, Bounds],
    holding: Holding,
    position: Position,
    share: Money,
    sway: Sway,
) -> None:
    priced, instrument = holding.priced, position.instrument
    mark, size = state.mark_of(position), position.size
    own = bounds.setdefault(instrument.index, Bounds())
    price = holding.price if priced.is_currency else 2 * holding.price
    allowed = priced.bought_with(share, price)
    gains = _counts_gains(state.collateral, priced)
    if sway.in_portfolio:
        _bound_leg(own, instrument, mark, size, allowed, sway.rate, gains)
        return
    _keep(own, size, instrument.safe_until(mark, size, allowed))
    if not gains:
        growth = max(1, instrument.steepest(mark, size))
        _keep(own, -size, instrument.safe_until(mark, -size, allowed * RATE_ONE // growth))


def _bound_leg(
    bounds: Bounds,
    instrument: Instrument,
    mark: MarkPrice,
    size: int,
    allowed: Money,
    rate: Rate,
    gains: bool,  # noqa: FBT001
) -> None:
    """Bound a leg of a portfolio on the side where it loses, and what a gain may cost."""
    losing = allowed * RATE_ONE // (RATE_ONE + rate)
    _keep(bounds, size, instrument.worth_until(mark, size, losing))
    if rate and (not gains or rate > RATE_ONE):
        _keep(bounds, -size, instrument.worth_until(mark, -size, allowed * RATE_ONE // rate))


def _keep(bounds: Bounds, size: int, mark: MarkPrice) -> None:
    if size > 0:
        bounds.keep_above(mark)
    else:
        bounds.keep_below(mark)


def _counts_gains(collateral: Collateral, priced: Priced) -> bool:
    """Whether an unrealised gain in the asset adds all of itself to equity."""
    if collateral.losses_only:
        return False
    return collateral.on_balance or min(priced.ratios) == RATE_ONE


def _bound_price(
    collateral: Collateral,
    bounds: dict[int, Bounds],
    holding: Holding,
    share: Money,
    sway: Sway,
) -> None:
    priced, price = holding.priced, holding.price
    if priced.instrument is None:
        return
    own = bounds.setdefault(priced.instrument.index, Bounds())
    reach = share * priced.denominator * RATE_ONE
    gives, takes = _gives(collateral, holding, sway), _takes(collateral, holding, sway)
    if gives:
        own.keep_above(max(0, price - reach // (gives * priced.numerator)))
    if takes:
        own.keep_below(price + reach // (takes * priced.numerator))
    if price == 0 or _held(holding.pool):
        own.keep_below(2 * price)


def _set(state: State, lead: Pool, bounds: dict[int, Bounds]) -> None:
    """Watch positions on the side where they lose, and have the other sides guarded."""
    watched = _set_positions(state, lead, bounds)
    for index, own in bounds.items():
        if index not in lead.guards:
            lead.guards[index] = Watched(lead, index), Watched(lead, index)
        for guard, long in zip(lead.guards[index], (True, False), strict=True):
            if own.is_open(long=long) or (index, long) in watched:
                state.monitor.unwatch(guard)
            else:
                state.monitor.set(guard, own.edge(long=long), long=long)
    for index, pair in lead.guards.items():
        if index not in bounds:
            for guard in pair:
                state.monitor.unwatch(guard)


def _set_positions(state: State, lead: Pool, bounds: dict[int, Bounds]) -> set[tuple[int, bool]]:
    """Returns what is watched by that: instrument, and whether against a fall."""
    monitor = state.monitor
    watched: set[tuple[int, bool]] = set()
    for pool in lead.members:
        for position in pool.listed:
            if not position.size:
                monitor.unwatch(position)
            elif position.isolated:
                monitor.watch_isolated(position, state.marks)
            else:
                index, long = position.instrument.index, position.size > 0
                monitor.set(position, bounds[index].edge(long=long), long=long)
                watched.add((index, long))
    return watched
