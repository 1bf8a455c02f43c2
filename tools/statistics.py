"""The usual statistics of an equity curve, by their standard definitions.

Written out rather than taken from a library: they are a line each, and what computes them elsewhere
needs pandas and scipy.  The tests hold them against empyrical, which is such a library.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import sqrt
from typing import NamedTuple

from exchange.core.units import SECOND, Nanos

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
DAYS_PER_YEAR = 365
"""Perpetuals trade every day."""
RETURNS_LEAST = 30
"""Fewer returns than this say nothing about their spread."""


class Period(NamedTuple):
    """The length of time that a return is taken over."""

    name: str
    nanos: Nanos

    @property
    def per_year(self) -> float:
        """How many of them make a year."""
        return DAYS_PER_YEAR * DAY / self.nanos


PERIODS = (
    Period("day", DAY),
    Period("hour", HOUR),
    Period("minute", MINUTE),
    Period("second", SECOND),
)


def period_of(span: Nanos) -> Period:
    """The longest period of which `span` has 30 or more; else a second.

    >>> period_of(3 * HOUR).name, period_of(40 * DAY).name
    ('minute', 'day')
    """
    return next((one for one in PERIODS if span >= RETURNS_LEAST * one.nanos), PERIODS[-1])


def at_ends(times: Sequence[Nanos], values: Sequence[float], period: Period) -> list[float]:
    """The value in force at the beginning and at the end of every whole period of a series.

    A value stands until the next one.  Times rise.
    """
    if not times:
        return []
    ends = range(times[0], times[-1] + 1, period.nanos)
    return [values[bisect_right(times, end) - 1] for end in ends]


def time_weighted(equity: Sequence[float], flows: Sequence[float]) -> list[float]:
    """Returns from each equity to the next, without what was brought in or taken out between.

    `flows[i]` came in just before `equity[i]`.  Once nothing is left, there are no more returns.
    """
    made = []
    for (before, after), flow in zip(pairwise(equity), flows[1:], strict=True):
        if before <= 0:
            break
        made.append((after - flow) / before - 1)
    return made


def total_return(returns: Sequence[float]) -> float:
    """What all returns together come to.

    >>> round(total_return([0.1, -0.5]), 6)
    -0.45
    """
    return growth(returns)[-1] - 1


def growth(returns: Sequence[float]) -> list[float]:
    """What one unit of money becomes, from 1 on."""
    return list(accumulate(returns, lambda worth, one: worth * (1 + one), initial=1.0))


def max_drawdown(returns: Sequence[float]) -> float:
    """The deepest fall below an earlier peak, as a part of that peak, zero or less.

    >>> max_drawdown([0.25, -0.5, 0.1])
    -0.5
    """
    worth = growth(returns)
    peaks = accumulate(worth, max)
    return min(now / peak - 1 for now, peak in zip(worth, peaks, strict=True))


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean."""
    return sum(values) / len(values)


def sharpe(returns: Sequence[float], per_year: float = 1) -> float | None:
    """Mean return over its standard deviation (of a sample), without a riskless rate.

    Annualised by the root of `per_year`; 1 leaves it as it is.  None where nothing varies.
    W. F. Sharpe, "The Sharpe Ratio", Journal of Portfolio Management, 1994.
    """
    if len(returns) < 2:  # noqa: PLR2004 (a spread needs two)
        return None
    average = mean(returns)
    spread = sqrt(sum((one - average) ** 2 for one in returns) / (len(returns) - 1))
    return average / spread * sqrt(per_year) if spread > 0 else None


def sortino(returns: Sequence[float], per_year: float = 1) -> float | None:
    """Mean return over downside deviation: the root mean square of what lies below zero.

    None where nothing does.  F. A. Sortino and L. N. Price, "Performance Measurement in a Downside
    Risk Framework", Journal of Investing, 1994.
    """
    if not returns:
        return None
    downside = sqrt(mean([min(one, 0.0) ** 2 for one in returns]))
    return mean(returns) / downside * sqrt(per_year) if downside > 0 else None


def annual_return(returns: Sequence[float], per_year: float) -> float | None:
    """The compound return of a year at this pace.  None where nothing was earned or lost yet."""
    if not returns:
        return None
    worth = growth(returns)[-1]
    return float(worth ** (per_year / len(returns)) - 1) if worth > 0 else -1.0


def calmar(returns: Sequence[float], per_year: float) -> float | None:
    """Annual return over the deepest drawdown.  None without a drawdown.

    T. W. Young, "Calmar Ratio: A Smoother Tool", Futures, 1991.
    """
    deepest = max_drawdown(returns)
    annual = annual_return(returns, per_year)
    return annual / -deepest if deepest < 0 and annual is not None else None


class Performance(NamedTuple):
    """How one account did."""

    period: Period
    """What the returns are taken over."""
    total_return: float
    max_drawdown: float
    sharpe: float | None
    """Annualised where `annualised`, else of one period."""
    sortino: float | None
    calmar: float | None
    """None where the run is too short for a year to be meant."""
    annualised: bool
    return_over_drawdown: float | None
    """Total return over the deepest drawdown, whatever the time."""


def performance(
    times: Sequence[Nanos], equity: Sequence[float], flows: Sequence[tuple[Nanos, float]]
) -> Performance | None:
    """The statistics of an equity curve.  None where there was never any equity.

    `flows`: what was brought in (taken out below zero) and when.  Return and drawdown are those of
    every sample; the ratios are taken over the longest period of which there are 30, and
    annualised where that is a day.
    """
    begin = next((number for number, worth in enumerate(equity) if worth > 0), None)
    if begin is None:
        return None
    times, equity = times[begin:], equity[begin:]
    every = time_weighted(equity, flows_between(times, flows))
    period = period_of(times[-1] - times[0])
    worth = growth(every)
    sampled = at_ends(times[: len(worth)], worth, period)
    returns = [after / before - 1 for before, after in pairwise(sampled) if before > 0]
    annualised = period.nanos == DAY
    per_year = period.per_year if annualised else 1
    deepest = max_drawdown(every)
    return Performance(
        period=period,
        total_return=total_return(every),
        max_drawdown=deepest,
        sharpe=sharpe(returns, per_year),
        sortino=sortino(returns, per_year),
        calmar=calmar(returns, per_year) if annualised else None,
        annualised=annualised,
        return_over_drawdown=total_return(every) / -deepest if deepest < 0 else None,
    )


def flows_between(times: Sequence[Nanos], flows: Sequence[tuple[Nanos, float]]) -> list[float]:
    """For each time, what flowed after the time before it, up to and including itself."""
    sums = [0.0] * len(times)
    for at, amount in flows:
        number = bisect_right(times, at - 1)
        if number < len(times):
            sums[number] += amount
    return sums
