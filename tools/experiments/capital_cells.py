"""The capital experiment, cell by cell: many paths of one book and one size of move."""

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

import msgspec

from exchange.core.units import Money
from tools.experiments.capital import (
    BOOKS,
    MOVES,
    STEPS,
    Book,
    Pair,
    Trial,
    pair_of,
    random_paths,
    trial,
)
from tools.experiments.prices import mean, quantile, straight
from tools.experiments.spread import spread

SCENARIO = "experiments/capital"
SHARES = {"median": Fraction(1, 2), "95 %": Fraction(95, 100), "worst": Fraction(1)}
"""Of the paths, so many are to be survived."""
LEVERAGE = 20
"""Of both legs together, where the two modes get the same money."""
GRID = tuple(Fraction(move, 100) for move in (-20, -10, -5, 0, 5, 10, 20))
STRAIGHT_STEPS = 50


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest deposits with which a share of the paths is survived."""

    isolated: Fraction
    """Both legs together."""
    cross: Fraction
    portfolio: Fraction

    @property
    def saved(self) -> Fraction:
        """What cross margin needs less, as a part of what isolated margin needs."""
        return 1 - self.cross / self.isolated


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One book and one size of move, over many paths.  Money in the settlement asset."""

    book: str
    correlation: Fraction
    move: Fraction
    """Standard deviation of the path, as a part of the price."""
    paths: int
    needs: dict[str, Need]
    deposit: Fraction
    """What each mode gets for the figures below."""
    isolated_failed: Fraction
    """Share of paths in which a leg was liquidated."""
    cross_failed: Fraction
    """Share of paths in which the account was."""
    isolated_left: Fraction
    """Average equity at the end."""
    cross_left: Fraction
    cross_better: Fraction
    """Share of paths that cross margin ends with more money."""
    cross_worse: Fraction
    """Share of paths that it ends with less: contagion, as far as it did harm."""


class Asked(NamedTuple):
    """What a worker is to do."""

    scenario: str
    book: Book
    move: Fraction
    paths: int
    steps: int


class Square(msgspec.Struct, frozen=True, kw_only=True):
    """One pair of straight moves: the first coin by so much, the second by so much."""

    moves: tuple[Fraction, Fraction]
    isolated: Fraction
    cross: Fraction
    portfolio: Fraction
    deposit: Fraction
    isolated_left: Fraction
    """Of that deposit."""
    cross_left: Fraction


def cells(
    *,
    paths: int,
    steps: int = STEPS,
    scenario: str = SCENARIO,
    books: tuple[Book, ...] = BOOKS,
    moves: tuple[Fraction, ...] = MOVES,
    quiet: bool = False,
) -> list[Cell]:
    """Every book with every move.  Raises ScenarioError where the scenario has no pair."""
    pair_of(scenario)
    asked = [Asked(scenario, book, move, paths, steps) for move in moves for book in books]
    return spread(cell, asked, "random paths", quiet=quiet)


def cell(asked: Asked) -> Cell:
    """One of them."""
    pair = pair_of(asked.scenario)
    legs, deposit = pair.held(asked.book), pair.notional // LEVERAGE
    trials = [
        trial(pair, legs, path, deposit)
        for path in random_paths(pair, asked.move, asked.book, asked.paths, asked.steps)
    ]
    return summed_up(pair, asked, trials, deposit)


def summed_up(pair: Pair, asked: Asked, trials: list[Trial], deposit: Money) -> Cell:
    """Many paths as one cell."""
    unit = pair.money_unit
    return Cell(
        book=asked.book.name,
        correlation=asked.book.correlation,
        move=asked.move,
        paths=len(trials),
        needs={
            name: Need(
                isolated=quantile([one.isolated for one in trials], share) * unit,
                cross=quantile([one.cross for one in trials], share) * unit,
                portfolio=quantile([one.portfolio for one in trials], share) * unit,
            )
            for name, share in SHARES.items()
        },
        deposit=deposit * unit,
        isolated_failed=part(not one.isolated_fate.survived for one in trials),
        cross_failed=part(not one.cross_fate.survived for one in trials),
        isolated_left=mean([one.isolated_fate.equity * unit for one in trials]),
        cross_left=mean([one.cross_fate.equity * unit for one in trials]),
        cross_better=part(one.cross_fate.equity > one.isolated_fate.equity for one in trials),
        cross_worse=part(one.cross_fate.equity < one.isolated_fate.equity for one in trials),
    )


def part(true: Iterable[bool]) -> Fraction:
    """The share of those that are true."""
    listed = list(true)
    return Fraction(sum(listed), len(listed))


def squares(
    *,
    scenario: str = SCENARIO,
    book: Book = BOOKS[1],
    grid: tuple[Fraction, ...] = GRID,
    quiet: bool = False,
) -> list[Square]:
    """Straight paths: every move of one coin with every move of the other."""
    asked = [(scenario, book, (first, second)) for first in grid for second in grid]
    return spread(square, asked, "straight paths", quiet=quiet)


def square(asked: tuple[str, Book, tuple[Fraction, Fraction]]) -> Square:
    """One of them."""
    scenario, book, moves = asked
    pair = pair_of(scenario)
    path = straight(pair.start, moves, STRAIGHT_STEPS)
    deposit, unit = pair.notional // LEVERAGE, pair.money_unit
    one = trial(pair, pair.held(book), path, deposit)
    return Square(
        moves=moves,
        isolated=one.isolated * unit,
        cross=one.cross * unit,
        portfolio=one.portfolio * unit,
        deposit=deposit * unit,
        isolated_left=one.isolated_fate.equity * unit,
        cross_left=one.cross_fate.equity * unit,
    )
