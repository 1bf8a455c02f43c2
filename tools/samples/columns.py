"""Columns of sampled tables: exact whole numbers, and the same as floats."""

from collections.abc import Callable
from fractions import Fraction

import pyarrow as pa

Scale = Callable[[int], float]
"""Units as a float, rounded once."""


def scale(unit: Fraction) -> Scale:
    """What a whole number of units is as a float.

    >>> scale(Fraction(1, 10))(618002)
    61800.2
    """
    numerator, denominator = unit.numerator, unit.denominator
    return lambda units: units * numerator / denominator


def exact_and_float(unit: str, *names: str) -> list[tuple[str, pa.DataType]]:
    """For each name a column in whole `unit`s, then for each a float."""
    return [(f"{name}_{unit}", pa.int64()) for name in names] + floats(*names)


def floats(*names: str) -> list[tuple[str, pa.DataType]]:
    """Columns of floats."""
    return [(name, pa.float64()) for name in names]
