"""Price paths of two coins whose steps have a stated size and correlation.  Whole numbers only."""

from collections.abc import Iterator
from fractions import Fraction
from math import isqrt
from typing import TypeAlias

from exchange.core.units import Ticks
from feeds.bridge import BELL, bell, seeded
from feeds.grid import half_even

Prices: TypeAlias = list[tuple[Ticks, ...]]
"""Prices of all contracts, moment by moment; the first is where they begin."""
FINE = 10**6
"""Prices are kept so much finer than ticks, and rates as parts of it."""


def correlated(
    start: tuple[Ticks, Ticks], move: Fraction, correlation: Fraction, steps: int, seed: str
) -> Prices:
    """A path of two prices without drift.

    `move`: standard deviation of the whole path, as a part of the price.  Steps are normal, nearly
    (twelve uniform draws), independent of each other, and as parts of the price at that moment.
    """
    random = seeded(seed)
    step = round(move * FINE * FINE) // isqrt(steps * FINE * FINE)
    own = isqrt(FINE * FINE - round(correlation * FINE) ** 2)
    fine = [price * FINE for price in start]
    path: Prices = [start]
    for _ in range(steps):
        first, other = bell(random), bell(random)
        second = half_even(round(correlation * FINE) * first + own * other, FINE)
        for place, drawn in enumerate((first, second)):
            fine[place] += half_even(fine[place] * step * drawn, FINE * BELL)
        path.append((_ticks(fine[0]), _ticks(fine[1])))
    return path


def straight(start: tuple[Ticks, Ticks], moves: tuple[Fraction, Fraction], steps: int) -> Prices:
    """From here to there in even steps; `moves` as parts of the prices at the start."""
    return [
        (
            round(start[0] * (1 + moves[0] * step / steps)),
            round(start[1] * (1 + moves[1] * step / steps)),
        )
        for step in range(steps + 1)
    ]


def _ticks(fine: int) -> Ticks:
    return max(1, half_even(fine, FINE))


def quantile(values: list[int], share: Fraction) -> int:
    """The smallest value that at least `share` of the values are not above (nearest rank).

    >>> quantile([5, 1, 3, 2, 4], Fraction(1, 2)), quantile([5, 1, 3, 2, 4], Fraction(1))
    (3, 5)
    """
    rank = -(-share.numerator * len(values) // share.denominator)
    return sorted(values)[max(rank, 1) - 1]


def mean(values: Iterator[Fraction] | list[Fraction]) -> Fraction:
    """The average."""
    listed = list(values)
    return sum(listed, Fraction(0)) / len(listed)
