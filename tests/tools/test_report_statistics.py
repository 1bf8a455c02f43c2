"""Statistics of an equity curve, computed by hand and held against a library."""

from itertools import pairwise
from math import sqrt

import pytest

from exchange.core.units import SECOND
from tools.statistics import (
    DAY,
    HOUR,
    MINUTE,
    PERIODS,
    annual_return,
    at_ends,
    calmar,
    flows_between,
    max_drawdown,
    performance,
    period_of,
    sharpe,
    sortino,
    time_weighted,
    total_return,
)

RETURNS = [0.02, -0.01, 0.03, -0.04, 0.0, 0.01]
DAILY, HOURLY, MINUTELY, SECONDLY = PERIODS


def test_returns_compound() -> None:
    assert total_return([0.1, -0.5]) == pytest.approx(-0.45)
    assert total_return([]) == 0


def test_money_brought_in_is_no_return() -> None:
    """100 becomes 110; 50 come in, and 160 become 152: +10%, then -5%."""
    assert time_weighted([100, 110, 160, 152], [0, 0, 50, 0]) == pytest.approx([0.1, 0, -0.05])


def test_nothing_left_is_the_end_of_returns() -> None:
    assert time_weighted([100, 0, 0, 50], [0, 0, 0, 50]) == [-1]


def test_a_drawdown_is_measured_from_the_peak_before_it() -> None:
    """1, 1.25, 1, 1.1, 0.55: the fall is from 1.25 to 0.55."""
    assert max_drawdown([0.25, -0.2, 0.1, -0.5]) == pytest.approx(0.55 / 1.25 - 1)


def test_a_curve_that_only_rises_has_no_drawdown() -> None:
    assert max_drawdown([0.1, 0.0, 0.2]) == 0


def test_sharpe_is_mean_over_standard_deviation() -> None:
    """1%, 3%: mean 2%, deviation of a sample sqrt(2)%."""
    assert sharpe([0.01, 0.03]) == pytest.approx(sqrt(2))
    assert sharpe([0.01, 0.03], per_year=365) == pytest.approx(sqrt(2 * 365))


def test_sortino_counts_only_what_lies_below_zero() -> None:
    """3%, -1%: mean 1%, downside sqrt((0 + 1) / 2)%."""
    assert sortino([0.03, -0.01]) == pytest.approx(sqrt(2))


def test_calmar_is_annual_return_over_drawdown() -> None:
    """Two half years: +50%, then -20%: 1.2 in a year, the fall is a fifth."""
    assert annual_return([0.5, -0.2], per_year=2) == pytest.approx(0.2)
    assert calmar([0.5, -0.2], per_year=2) == pytest.approx(1)


@pytest.mark.parametrize("ratio", [sharpe, sortino])
def test_without_spread_there_is_no_ratio(ratio: object) -> None:
    assert callable(ratio)
    assert ratio([0.0, 0.0, 0.0]) is None
    assert ratio([]) is None
    assert calmar([0.1], per_year=365) is None


@pytest.mark.parametrize("per_year", [252, 365])
def test_a_library_says_the_same(per_year: int) -> None:
    empyrical = pytest.importorskip("empyrical", reason="the oracle is in the dev extra")
    pandas = pytest.importorskip("pandas", reason="the oracle needs it")
    series = pandas.Series(RETURNS)

    assert total_return(RETURNS) == pytest.approx(empyrical.cum_returns_final(series))
    assert max_drawdown(RETURNS) == pytest.approx(empyrical.max_drawdown(series))
    for own, oracle in (
        (sharpe, empyrical.sharpe_ratio),
        (sortino, empyrical.sortino_ratio),
        (calmar, empyrical.calmar_ratio),
        (annual_return, empyrical.annual_return),
    ):
        assert own(RETURNS, per_year) == pytest.approx(oracle(series, annualization=per_year))


@pytest.mark.parametrize(
    ("span", "period"),
    [(30 * DAY, DAILY), (30 * DAY - 1, HOURLY), (HOUR, MINUTELY), (90 * SECOND, SECONDLY)],
)
def test_returns_are_taken_over_the_longest_period_with_thirty(span: int, period: object) -> None:
    assert period_of(span) == period
    assert period_of(0) == SECONDLY


def test_a_value_stands_until_the_next_one() -> None:
    times = [0, 30 * SECOND, 90 * SECOND, 150 * SECOND]

    assert at_ends(times, [1, 2, 3, 4], MINUTELY) == [1, 2, 3]


def test_flows_belong_to_the_sample_that_follows() -> None:
    assert flows_between([0, 10, 20], [(0, 5.0), (1, 1.0), (10, 2.0), (11, 4.0), (21, 9.0)]) == [
        5,
        3,
        4,
    ]


def test_a_short_run_is_not_annualised() -> None:
    """An hour in which equity swings between 100 and 110 every minute."""
    times = [minute * MINUTE for minute in range(61)]
    equity = [100.0 + 10 * (minute % 2) for minute in range(61)]
    found = performance(times, equity, [(0, 100.0)])

    assert found is not None
    assert (found.period, found.annualised, found.calmar) == (MINUTELY, False, None)
    assert found.total_return == pytest.approx(0)
    assert found.max_drawdown == pytest.approx(100 / 110 - 1)
    assert found.sharpe == pytest.approx(sharpe([0.1, 100 / 110 - 1] * 30))


def test_a_run_of_months_is_annualised_from_daily_returns() -> None:
    times = [day * DAY for day in range(61)]
    equity = [100.0 * 1.01**day * (0.99 if day % 7 == 0 else 1) for day in range(61)]
    found = performance(times, equity, [])

    assert found is not None
    assert found.annualised
    daily = [after / before - 1 for before, after in pairwise(equity)]
    assert found.sharpe == pytest.approx(sharpe(daily, 365))
    assert found.calmar == pytest.approx(calmar(daily, 365))


def test_ruin_is_the_loss_of_everything() -> None:
    times = [second * SECOND for second in range(100)]
    found = performance(times, [100.0] * 50 + [0.0] * 50, [])

    assert found is not None
    assert (found.total_return, found.max_drawdown) == (-1, -1)


def test_an_account_without_money_has_no_performance() -> None:
    assert performance([0, SECOND], [0.0, 0.0], []) is None
