"""Pricing in integers, held against the platform's floating point, and Black's formula's laws."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.pricing import (
    ONE,
    exponential,
    logarithm,
    normal,
    option_value,
    power,
    square_root,
)

CLOSE = 1e-12
PRICES = st.integers(1, 10**12)
DEVIATIONS = st.floats(0.001, 5)


def near(found: int, expected: float, tolerance: float = CLOSE) -> bool:
    return math.isclose(found / ONE, expected, rel_tol=tolerance, abs_tol=tolerance)


@given(st.integers(0, 10**60))
def test_a_square_root_is_the_whole_part(number: int) -> None:
    assert square_root(number) == math.isqrt(number)


@given(PRICES, PRICES)
def test_logarithms_are_those_of_the_ratio(numerator: int, denominator: int) -> None:
    expected = math.log(numerator) - math.log(denominator)
    assert near(logarithm(numerator, denominator), expected)


@given(st.floats(-40, 40))
def test_exponentials_are_those_of_floating_point(x: float) -> None:
    assert near(exponential(int(x * ONE)), math.exp(x))


@given(st.integers(1, 1_000), st.floats(0, 2))
def test_powers_are_those_of_floating_point(days: int, exponent: float) -> None:
    assert near(power(30, days, int(exponent * ONE)), (30 / days) ** exponent)


@given(st.floats(-12, 12))
def test_the_normal_distribution_is_that_of_the_error_function(x: float) -> None:
    assert near(normal(int(x * ONE)), math.erfc(-x / math.sqrt(2)) / 2)


@given(st.floats(-12, 12), st.floats(0, 1))
def test_the_normal_distribution_never_falls(x: float, more: float) -> None:
    """But for the last of its nineteen digits."""
    assert normal(int(x * ONE)) <= normal(int((x + more) * ONE)) + 64


@given(PRICES, PRICES, DEVIATIONS)
def test_a_call_less_a_put_is_the_forward_less_the_strike(
    forward: int, strike: int, deviation: float
) -> None:
    spread = int(deviation * ONE)
    call = option_value(forward, strike, spread, call=True)
    put = option_value(forward, strike, spread, call=False)
    assert near(call - put, 1 - strike / forward)


@given(forward=PRICES, strike=PRICES, deviation=DEVIATIONS, call=st.booleans())
def test_an_option_is_worth_no_less_than_exercise_and_no_more_than_what_it_gives(
    forward: int, strike: int, deviation: float, *, call: bool
) -> None:
    worth = option_value(forward, strike, int(deviation * ONE), call=call)
    exercised = option_value(forward, strike, 0, call=call)
    slack = CLOSE * ONE * max(1, strike // forward)
    assert exercised - slack <= worth
    assert worth <= (ONE if call else (strike << 64) // forward) + slack


@given(
    forward=PRICES, strike=PRICES, deviation=DEVIATIONS, more=st.floats(0, 1), call=st.booleans()
)
def test_an_option_is_worth_more_the_more_its_price_may_move(
    forward: int, strike: int, deviation: float, more: float, *, call: bool
) -> None:
    lower, higher = int(deviation * ONE), int((deviation + more) * ONE)
    slack = CLOSE * ONE * max(1, strike // forward)
    less = option_value(forward, strike, lower, call=call)
    assert less <= option_value(forward, strike, higher, call=call) + slack


@pytest.mark.parametrize(
    ("forward", "strike", "deviation", "call"),
    [
        (100, 100, 0.2, True),
        (100, 120, 0.2, True),
        (100, 80, 0.4, False),
        (60_000, 90_000, 1, False),
    ],
)
def test_the_formula_in_floating_point_agrees(
    forward: int, strike: int, deviation: float, *, call: bool
) -> None:
    d = math.log(forward / strike) / deviation + deviation / 2
    sign = 1 if call else -1

    def chance(x: float) -> float:
        return math.erfc(-x / math.sqrt(2)) / 2

    expected = forward * chance(sign * d) - strike * chance(sign * (d - deviation))
    worth = option_value(forward, strike, int(deviation * ONE), call=call)
    assert near(worth, sign * expected / forward)


def test_without_deviation_an_option_is_worth_what_exercise_brings() -> None:
    assert option_value(125, 100, 0, call=True) == ONE // 5 + 1
    assert option_value(80, 100, 0, call=False) == ONE // 4
    assert option_value(80, 100, 0, call=True) == option_value(125, 100, 0, call=False) == 0
