"""How much capital does cross margin save?  A pair of positions, and the smallest money for it.

For each price path: the smallest deposit with which the pair survives in cross and in portfolio
margin, and the smallest for each leg alone in isolated margin, whose sum is what isolated margin
needs.  Then the other question: on the same money, in which mode is more left at the end?
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from exchange.core.messages import MarginMode
from exchange.core.units import Money, Ticks
from tools import scenario as scenarios
from tools.build import Run
from tools.experiments.prices import Prices, correlated
from tools.experiments.stakes import (
    Fate,
    Leg,
    Market,
    Stake,
    Wanted,
    fates,
    smallest_deposits,
)
from tools.scenario import ScenarioError

BOTH = (0, 1)
"""Places of the two legs."""
TOGETHER = (MarginMode.CROSS, MarginMode.PORTFOLIO)
"""Modes in which the legs share their money."""
STEPS = 288
"""Of a day, five minutes each."""
TO_THE_UNIT = 5_000
"""Deposits are found to this part of a leg's notional."""


class Book(NamedTuple):
    """What is held, and how the two markets go together."""

    name: str
    correlation: Fraction
    same_way: bool = False
    """Whether the second leg is on the side of the first one, and no hedge."""


BOOKS = (
    Book("one coin, long and short", Fraction(1)),
    Book("hedge", Fraction(95, 100)),
    Book("hedge", Fraction(87, 100)),
    Book("hedge", Fraction(70, 100)),
    Book("hedge", Fraction(50, 100)),
    Book("unrelated, long and short", Fraction(0)),
    Book("both long", Fraction(87, 100), same_way=True),
)
"""0.87 is the correlation of hourly returns of BTC and ETH, April 2021 to December 2023."""
MOVES = (Fraction(2, 100), Fraction(4, 100), Fraction(8, 100))
"""Standard deviations of a day."""


class Pair(NamedTuple):
    """The two positions of a scenario's account, and the venue that they are held at."""

    run: Run
    legs: tuple[Leg, Leg]
    start: tuple[Ticks, Ticks]
    """First prices."""

    def market(self, path: Prices) -> Market:
        """The venue along a path."""
        return Market(self.run.rulebook, self.run.instruments, path)

    def held(self, book: Book) -> tuple[Leg, ...]:
        """The legs, the second one turned round if need be."""
        first, second = self.legs
        turned = book.same_way is (first.size * second.size < 0)
        return first, second._replace(size=-second.size) if turned else second

    @property
    def notional(self) -> Money:
        """Of both legs, at the start."""
        return sum(self.leg_notional(place) for place in BOTH)

    @property
    def money_unit(self) -> Fraction:
        """Of the settlement asset."""
        return next(iter(self.run.instruments.values())).money_unit

    def leg_notional(self, place: int) -> Money:
        """Of one leg, at the start."""
        leg = self.legs[place]
        return abs(self.run.instruments[leg.symbol].value(self.start[place], leg.size))


class Trial(NamedTuple):
    """One path."""

    cross: Money
    """Smallest deposit for both legs together."""
    isolated: Money
    """Sum of the smallest deposits of the legs."""
    portfolio: Money
    """Smallest deposit for both legs together."""
    cross_fate: Fate
    """On the same money as the other."""
    isolated_fate: Fate


def pair_of(name: str) -> Pair:
    """The pair of a scenario's first account.  Raises ScenarioError where there is none."""
    path = scenarios.find(name)
    run = Run(scenarios.read(path), path)
    accounts = run.scenario.accounts
    positions = accounts[0].positions if accounts else ()
    if len(positions) != len(BOTH) or [one.symbol for one in positions] != list(run.instruments):
        raise ScenarioError(
            f"{path}: expected a first account with a position in each of two instruments"
        )
    if run.rulebook.portfolio.grid is None:
        raise ScenarioError(f"{path}: {run.rulebook.title} has no portfolio margin, expected some")
    first, second = (Leg(p.symbol, run.instruments[p.symbol].size(p.size)) for p in positions)
    return Pair(run, (first, second), (first_price(run, 0), first_price(run, 1)))


def first_price(run: Run, place: int) -> Ticks:
    """Where the synthetic market of an instrument begins.  Raises ScenarioError without one."""
    own = list(run.instruments.values())[place]
    for part in run.scenario.synthetic:
        if part.symbol == own.symbol:
            return own.price(part.follow.start if part.follow else part.minutes[0].open)
    raise ScenarioError(f"{run.scenario.name}: {own.symbol} has no synthetic market, expected one")


def trial(pair: Pair, legs: tuple[Leg, ...], path: Prices, deposit: Money) -> Trial:
    """Try a path: smallest deposits, and what becomes of `deposit` in each mode."""
    market = pair.market(path)
    ceiling = pair.leg_notional(0)
    wanted = [Wanted(legs, mode) for mode in TOGETHER]
    wanted += [Wanted((leg,), MarginMode.ISOLATED) for leg in legs]
    cross, portfolio, *isolated = smallest_deposits(market, wanted, ceiling, ceiling // TO_THE_UNIT)
    same_money = [Stake(legs, mode, deposit) for mode in (MarginMode.CROSS, MarginMode.ISOLATED)]
    return Trial(cross, sum(isolated), portfolio, *fates(market, same_money))


def random_paths(
    pair: Pair, move: Fraction, book: Book, count: int, steps: int = STEPS
) -> Iterator[Prices]:
    """Paths of a day.  Every book and every move sees the same chance, stretched and turned."""
    for number in range(1, count + 1):
        seed = f"{pair.run.scenario.seed} capital {number}"
        yield correlated(pair.start, move, book.correlation, steps, seed)
