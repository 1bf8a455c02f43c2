"""The grid of a market, inferred from its figures: the greatest steps that they all lie on.

The market's own reader is run over the first rows with grids that measure instead of converting.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from exchange.core.units import UnitError, decimal
from feeds.defects import TickFileError
from feeds.grid import Grid, common_step, decimal_text
from feeds.scale import Scale
from feeds.told import Told

ROWS_MEASURED = 100_000
"""Rows from which the grid is inferred; old orders finer than today's lot can be far apart."""
SEEN_MAX = 65_536
DISTINCT_LEAST = 5
"""With fewer different numbers, their common step says little: what was written decides."""
ONE_STEP = 1


class Measured(NamedTuple):
    """What a market's figures are like, in decimals and in the file's own units."""

    tick: str
    lot: str
    price: str
    """A price that was seen."""


class StepGrid(Grid):
    """The greatest step on which every number so far lies.  Every number counts as one step."""

    def __init__(self, what: str) -> None:
        super().__init__(Fraction(1), what)
        self.is_plain = False
        self._greatest = Fraction(0)
        self._finest = Fraction(0)
        """The step of the decimal places that were written."""
        self._distinct = 0
        self.last = Fraction(0)
        """The last number that was not seen before."""

    def __missing__(self, text: str) -> int:
        value = abs(Fraction(decimal_text(text, self.what)))
        if len(self) >= SEEN_MAX:
            self.clear()
        self[text] = ONE_STEP
        if value:
            self._distinct += 1
            self.last = value
            self._greatest = common_step(value, self._greatest)
            self._finest = min(self._finest or Fraction(1), _written(text))
        return ONE_STEP

    @property
    def text(self) -> str:
        """The step in decimals.  Raises UnitError where nothing was seen."""
        if self._distinct == 0:
            raise UnitError(f"the file has no {self.what} to infer a step from, state it instead")
        if self._distinct < DISTINCT_LEAST:
            return decimal(self._finest, places=18)
        return decimal(_customary(self._greatest), places=18)


class Measuring(Scale):
    """A scale that measures: no price or size is anything but one step."""

    def __init__(self, symbol: str) -> None:
        self._prices, self._sizes = StepGrid("price"), StepGrid("size")
        super().__init__(symbol, self._prices, self._sizes, self._sizes)

    def measure(self, told: Iterator[Told]) -> Measured:
        """What a reader with this scale tells.  Raises UnitError where it has no figures."""
        try:
            for number, _ in enumerate(told):
                if number == ROWS_MEASURED:
                    break
        except TickFileError:
            pass  # the reader says so when it comes there
        return Measured(self._prices.text, self._sizes.text, decimal(self._prices.last))


def _written(text: str) -> Fraction:
    """The step of the decimal places of a number as it is written."""
    mantissa, _, exponent = text.lower().partition("e")
    places = len(mantissa.partition(".")[2].rstrip("0")) - int(exponent or 0)
    return Fraction(1, 10**places) if places > 0 else Fraction(1)


def _customary(step: Fraction) -> Fraction:
    """The largest of 1, 5 or 25 times a power of ten that `step` is a multiple of."""
    power = Fraction(10) ** len(str(step.numerator))
    while (step / power).denominator != 1:
        power /= 10
    count = int(step / power)
    return power * next(factor for factor in (25, 5, 1) if count % factor == 0)
