"""Stylised facts of a price and of its trades: how fat, how clustered, how concave.

Plain statistics in floats: nothing here decides anything in a market, and results are shown to two
places.
"""

from collections.abc import Sequence
from math import fsum, log

Values = Sequence[float]


def mean(values: Values) -> float:
    """The average."""
    return fsum(values) / len(values)


def excess_kurtosis(values: Values) -> float:
    """Fourth moment over the squared second, less 3: zero for a normal law.

    >>> excess_kurtosis([-1, 1, -1, 1])
    -2.0
    """
    middle = mean(values)
    second = mean([(one - middle) ** 2 for one in values])
    fourth = mean([(one - middle) ** 4 for one in values])
    return fourth / second**2 - 3


def hill(values: Values, share: float = 0.05) -> float:
    """The tail exponent by the largest `share` of absolute values (Hill 1975).

    P(|x| > u) falls as u to the minus this; 3 is usual for returns, and a normal law gives more.
    """
    largest = sorted(map(abs, values), reverse=True)
    count = max(1, int(len(largest) * share))
    edge = largest[count]
    return count / fsum(log(one / edge) for one in largest[:count])


def autocorrelation(values: Values, lag: int) -> float:
    """Of values with those `lag` places before.

    >>> autocorrelation([1, -1] * 50, 1)
    -0.99
    """
    middle = mean(values)
    off = [one - middle for one in values]
    both = fsum(one * other for one, other in zip(off, off[lag:], strict=False))
    return both / fsum(one * one for one in off)


def exponent(xs: Values, ys: Values) -> float:
    """The slope of log y by log x: the b of y = a x^b, by least squares.

    >>> round(exponent([1, 4, 9, 16], [1, 2, 3, 4]), 6)
    0.5
    """
    logs = [(log(x), log(y)) for x, y in zip(xs, ys, strict=True) if x > 0 and y > 0]
    middle_x, middle_y = mean([x for x, _ in logs]), mean([y for _, y in logs])
    over = fsum((x - middle_x) * (y - middle_y) for x, y in logs)
    return over / fsum((x - middle_x) ** 2 for x, _ in logs)
