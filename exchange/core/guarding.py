"""How far marks may move before a unified account can fail: of its positions and its assets.

The account's slack is shared out over everything that a mark can take from it.  Within all bounds
at once, nothing takes more than its share:
- a position may lose its share in its settlement asset, at no more than twice that asset's price;
- what an asset adds may fall with its price, and what is owed or needed in it rise, by its share;
- where gains do not count in full, maintenance margin that grows with a gain has the share.
Gains are counted as nothing, so bounds are early and never late.
"""

from exchange.core.accounts import Pool, Position
from exchange.core.collateral import Collateral, Holding, Priced
from exchange.core.edges import Watched
from exchange.core.instrument import Instrument
from exchange.core.margin import NEVER, notional
from exchange.core.monitor import ROUNDING
from exchange.core.state import State
from exchange.core.units import RATE_ONE, MarkPrice, Money, ceil_div


class Bounds:
    """Marks of one instrument between which the account cannot fail."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
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


def watch_account(state: State, lead: Pool) -> None:
    """Set thresholds for all that a safe unified account depends on."""
    collateral, whole = state.collateral, state.whole(lead)
    slack = whole.equity - whole.maintenance
    weight = 0
    for holding in whole.holdings:
        slack -= _roundings(holding)
        weight += _weight_of(collateral, holding)
        weight += sum(_weight(holding, p, state) for p in _held(holding.pool))
    slack = max(0, slack)
    bounds: dict[int, Bounds] = {}
    for holding in whole.holdings:
        for position in _held(holding.pool):
            share = slack * _weight(holding, position, state) // max(1, weight)
            _bound_position(state, bounds, holding, position, share)
        share = slack * _weight_of(collateral, holding) // max(1, weight)
        _bound_price(collateral, bounds, holding, share)
    _set(state, lead, bounds)


def _held(pool: Pool) -> list[Position]:
    return [p for p in pool.listed if p.size and not p.isolated]


def _roundings(holding: Holding) -> Money:
    """What rounding can add up to, at a price that has doubled."""
    units = ROUNDING * (1 + len(holding.pool.positions))
    return ROUNDING + holding.priced.cost(units, 2 * holding.price)


def _weight(holding: Holding, position: Position, state: State) -> Money:
    value = notional(position, state.mark_of(position))
    return holding.priced.cost(value, holding.price)


def _gives(collateral: Collateral, holding: Holding) -> int:
    """What falls with the asset's price, in parts of RATE_ONE of a unit."""
    wallet, unrealised, priced = holding.margin.wallet, holding.unrealised, holding.priced
    if collateral.on_balance:
        return max(0, priced.counted(wallet)) + max(0, unrealised) * RATE_ONE
    return max(0, priced.counted(wallet + unrealised))


def _takes(collateral: Collateral, holding: Holding) -> int:
    """What rises with the asset's price, likewise."""
    wallet, unrealised = holding.margin.wallet, holding.unrealised
    owed = max(0, -wallet - unrealised)
    if collateral.on_balance:
        owed = max(0, -wallet) + max(0, -unrealised)
    needed = owed + holding.margin.maintenance
    return needed * RATE_ONE + holding.borrowed * collateral.borrow_maintenance


def _weight_of(collateral: Collateral, holding: Holding) -> Money:
    if holding.priced.is_currency:
        return 0
    parts = _gives(collateral, holding) + _takes(collateral, holding)
    return holding.priced.cost(ceil_div(parts, RATE_ONE), holding.price)


def _bound_position(
    state: State,
    bounds: dict[int, Bounds],
    holding: Holding,
    position: Position,
    share: Money,
) -> None:
    priced, instrument = holding.priced, position.instrument
    mark, size = state.mark_of(position), position.size
    own = bounds.setdefault(instrument.index, Bounds(instrument))
    price = holding.price if priced.is_currency else 2 * holding.price
    allowed = priced.bought_with(share, price)
    _keep(own, size, instrument.safe_until(mark, size, allowed))
    if not _counts_gains(state.collateral, priced):
        growth = max(1, instrument.steepest(mark, size))
        _keep(own, -size, instrument.safe_until(mark, -size, allowed * RATE_ONE // growth))


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
    collateral: Collateral, bounds: dict[int, Bounds], holding: Holding, share: Money
) -> None:
    priced, price = holding.priced, holding.price
    if priced.instrument is None:
        return
    own = bounds.setdefault(priced.instrument.index, Bounds(priced.instrument))
    reach = share * priced.denominator * RATE_ONE
    gives, takes = _gives(collateral, holding), _takes(collateral, holding)
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
                monitor.watch_isolated(position, state.bucket(position), state.marks)
            else:
                index, long = position.instrument.index, position.size > 0
                monitor.set(position, bounds[index].edge(long=long), long=long)
                watched.add((index, long))
    return watched
