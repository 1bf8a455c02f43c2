"""Waiting times and numbers of events, drawn without a logarithm.

The C library's `log` and `exp` may differ in the last digit from machine to machine; comparing,
adding and multiplying do not.  So that one seed is one market everywhere, only these are used.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from random import Random

from exchange.core.units import SECOND, Nanos, UnitError, exact


def exponential(random: Random) -> float:
    """A waiting time with mean 1, by comparisons alone.

    Von Neumann (1951): draw uniform numbers while they fall.  That a run which begins with x has an
    odd length has the chance exp(-x); x then is the part after the point, and every run of even
    length before it was a whole.
    """
    whole = 0
    while True:
        first = last = random.random()
        falling = 1
        while (drawn := random.random()) < last:
            last, falling = drawn, falling + 1
        if falling % 2:
            return whole + first
        whole += 1


def wait(rate: float, random: Random) -> Nanos:
    """Time until the next event of a Poisson process of `rate` a second; 1 ns at least."""
    return max(1, round(exponential(random) / rate * SECOND))


def arrivals(mean: float, random: Random) -> int:
    """A Poisson number: how many waiting times of mean 1 fit into `mean`."""
    count, passed = 0, exponential(random)
    while passed < mean:
        count, passed = count + 1, passed + exponential(random)
    return count


class Wheel:
    """Draws a place in a list of weights, each as often as its weight says."""

    def __init__(self, weights: Iterable[float]) -> None:
        self._reached = list(accumulate(weights))
        self.total = self._reached[-1]

    def __len__(self) -> int:
        return len(self._reached)

    def draw(self, random: Random) -> int:
        """The place, from 0."""
        return bisect_right(self._reached, random.random() * self.total, hi=len(self._reached) - 1)


def figure(text: str, what: str, *, least: float = 0) -> float:
    """A number of a model, above `least`.  Raises UnitError."""
    value = float(exact(text, what))
    if value <= least:
        raise UnitError(f"{what} was {text}, expected more than {least:g}")
    return value


def figures(texts: Iterable[str], what: str) -> Iterator[float]:
    """Several of them."""
    for number, text in enumerate(texts):
        yield figure(text, f"{what}[{number}]")
