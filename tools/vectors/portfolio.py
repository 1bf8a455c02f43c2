"""Portfolio margin: scenarios, contingencies, and how charges are combined."""

from fractions import Fraction

from tools.vectors.cases import Case, UnsupportedError


def combined(case: Case) -> Fraction:
    """The requirement that a risk unit's charges come to."""
    raise UnsupportedError(case.topic)


def volatility_shock(case: Case) -> Fraction:
    """How far implied volatility moves in the scenarios of an expiry."""
    raise UnsupportedError(case.topic)


def option_contingency(case: Case) -> Fraction:
    """The charge on open options, by their size."""
    raise UnsupportedError(case.topic)


def futures_contingency(case: Case) -> Fraction:
    """The charge on futures that offset each other."""
    raise UnsupportedError(case.topic)
