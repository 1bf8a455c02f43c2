"""The scenario grid of one underlying: what portfolio margin expects of its prices, in integers."""

from typing import Final

from exchange.core.policies import Amount, Contingency, SpotHedge
from exchange.core.rules import ContractKind, GridRules, InstrumentRules, PortfolioRules
from exchange.core.units import RATE_ONE, Rate, UnitError, ceil_div, rate

AMOUNTS: Final = (Amount.JUST_ENOUGH, Amount.WHOLE_POSITION, Amount.FRACTION, Amount.CLIP)
"""Those that need no tiers."""
YEAR_DAYS: Final = 365
"""A year of the basis.  No contract counts for more."""


class Move:
    """All prices of an underlying move together."""

    def __init__(self, part: Rate, share: Rate = RATE_ONE) -> None:
        self.part = part
        """Of themselves: up, or down (negative)."""
        self.share = share
        """What counts of the loss."""


STILL: Final = Move(0)


class Grid:
    """The moves of an underlying, and its other charges."""

    def __init__(self, rules: GridRules, credit: Rate, factor: Rate, top: Rate, what: str) -> None:
        """`credit`: the sum of all credit rates; `top`: the highest maintenance rate.

        Raises UnitError for what cannot be.
        """
        self.factor = factor
        """Initial margin over maintenance margin."""
        extreme = _part(rules.extreme_move, f"{what} extreme_move")
        share = _part(rules.extreme_share, f"{what} extreme_share", whole=True)
        self.moves: list[Move] = []
        for text in rules.moves:
            part = _part(text, f"{what} move")
            self.moves += [Move(-part), Move(part)]
        if extreme:
            self.moves += [Move(-extreme, share), Move(extreme, share)]
        self.basis = _part(rules.basis, f"{what} basis")
        self.offset = _part(rules.offset, f"{what} offset")
        self.minimum = _part(rules.minimum, f"{what} minimum")
        self.spot = _part(rules.spot, f"{what} spot")
        self._read_options(rules, what)
        # Opposite risks lend each other up to twice the rate, and each may be seen from two sides.
        lost = max([self._loss_rate(move) for move in self.moves], default=0)
        scan = lost + ceil_div(4 * lost * credit, RATE_ONE)
        self.by_tiers = rules.by_tiers
        """Whether longs, or shorts, need what their tiers say at the least."""
        charges = scan + self.basis + self.offset + self.minimum
        self.steepest: Rate = max(charges, top) if self.by_tiers else charges
        """The most by which a requirement can grow with the value of a position."""
        self.with_spot: Rate = self.steepest + scan + self.spot
        """The same with coins that stand against it, and then do so more, or less."""
        if self.steepest >= RATE_ONE:
            raise UnitError(
                f"{what}: charges added up to {self.steepest} parts of {RATE_ONE} of a position's "
                "value, expected less than all of it"
            )

    def _read_options(self, rules: GridRules, what: str) -> None:
        options = rules.options
        self.lists_options = options is not None
        self.volatility_base: Rate = 0
        self.volatility_power: Rate = 0
        self.contingency: Rate = 0
        self.counts_net_short = options is not None and options.counted is Contingency.NET_SHORT
        if options is None:
            return
        base, power = options.volatility_base, options.volatility_power
        self.volatility_base = _part(base, f"{what} volatility_base", whole=True)
        self.volatility_power = _part(power, f"{what} volatility_power", whole=True)
        self.contingency = _part(options.contingency, f"{what} contingency")

    def _loss_rate(self, move: Move) -> Rate:
        """The loss for a unit of value; an inverse contract's falls faster than its price."""
        part = abs(move.part)
        return ceil_div(part * move.share, RATE_ONE - part)


class Credit:
    """Two underlyings whose opposite risks offset."""

    def __init__(self, first: str, second: str, rate: Rate) -> None:
        self.first = first
        self.second = second
        self.rate = rate


class Terms:
    """Portfolio margin's terms for a whole pool."""

    def __init__(self, rules: PortfolioRules) -> None:
        self.offered = rules.grid is not None
        self.credits = credits_of(rules)
        self.factor = factor_of(rules)
        self.unified = rules.unified
        self.counts_spot = rules.spot is not SpotHedge.NONE
        """Whether coins that stand against contracts are a leg."""
        self.spares_spot = rules.spot is SpotHedge.IN_FULL
        """Whether those have no haircut."""
        if rules.amount not in AMOUNTS:
            expected = ", ".join(AMOUNTS)
            raise UnitError(f"portfolio.amount was {rules.amount}, expected one of {expected}")
        for name in ("", *rules.underlyings):
            grid_of(rules, name)  # what does not fit is found before anything is listed


def credits_of(rules: PortfolioRules) -> list[Credit]:
    """The credits, in order."""
    return [
        Credit(one.first, one.second, _part(one.rate, "portfolio credit rate", whole=True))
        for one in rules.credits
    ]


def factor_of(rules: PortfolioRules) -> Rate:
    """Initial margin over maintenance margin."""
    factor = rate(rules.initial_factor, "portfolio.initial_factor")
    if factor < RATE_ONE:
        text = rules.initial_factor
        raise UnitError(f"portfolio.initial_factor was {text}, expected 1 or more")
    return factor


def grid_of(rules: PortfolioRules, name: str, top: Rate = 0) -> Grid | None:
    """The grid of an underlying; None where the rulebook has no portfolio margin.

    `top`: the highest maintenance rate of a contract on it.
    """
    found = rules.underlyings.get(name, rules.grid)
    if found is None or rules.grid is None:
        return None
    credit = sum(one.rate for one in credits_of(rules) if name in {one.first, one.second})
    # A credit between two others reaches this underlying only through those that share one with it.
    reach = sum(one.rate for one in credits_of(rules)) if credit else 0
    what = f"portfolio grid of {name or 'other underlyings'}"
    return Grid(found, reach, factor_of(rules), top, what)


def underlying(rules: InstrumentRules) -> str:
    """What a contract is on; see InstrumentRules."""
    if rules.underlying:
        return rules.underlying
    if rules.kind is ContractKind.INVERSE:
        return rules.settle
    if rules.kind is ContractKind.SPOT:
        return rules.base
    name = rules.symbol
    for mark in "-_/":
        name = name.split(mark)[0]
    return name.removesuffix(rules.settle) or name


def _part(text: str, what: str, *, whole: bool = False) -> Rate:
    """A rate from 0 up to, or with `whole` including, 1."""
    found = rate(text, what)
    if not 0 <= found < RATE_ONE + (1 if whole else 0):
        most = "1 at most" if whole else "less than 1"
        raise UnitError(f"{what} was {text}, expected 0 or more, and {most}")
    return found
