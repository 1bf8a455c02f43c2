"""Text goes in and out exactly, or is refused."""

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exchange.core.units import (
    GRID_MAX,
    RATE_ONE,
    UnitError,
    ceil_div,
    cut_div,
    decimal,
    exact,
    fee_of,
    moment,
    on_grid,
    part,
    rate,
    share,
    times,
)


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**20))
def test_ceil_div_is_the_least_whole_number_that_is_not_less(top: int, bottom: int) -> None:
    found = ceil_div(top, bottom)

    assert (found - 1) * bottom < top <= found * bottom


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**20))
@example(1, 2)
@example(-1, 2)
def test_cut_div_drops_what_is_beyond_the_point(top: int, bottom: int) -> None:
    assert abs(cut_div(top, bottom)) == abs(top) // bottom
    assert cut_div(top, bottom) == -cut_div(-top, bottom)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", Fraction(1, 10)),
        (" 61800.20 ", Fraction(618_002, 10)),
        ("-3", Fraction(-3)),
        ("1/6", Fraction(1, 6)),
        ("1e-8", Fraction(1, 10**8)),
        ("123456789012345678901234567890.1", Fraction(1234567890123456789012345678901, 10)),
    ],
)
def test_decimals_and_ratios_are_read_without_loss(text: str, value: Fraction) -> None:
    assert exact(text, "price") == value


@pytest.mark.parametrize("text", ["", "abc", "nan", "NaN", "inf", "-Infinity", "1/0", "1,5", "0x1"])
def test_what_is_no_number_is_refused_and_named(text: str) -> None:
    with pytest.raises(UnitError, match=r"price was '.*', expected a decimal number"):
        exact(text, "price")


def test_a_number_between_two_steps_is_refused_and_never_rounded() -> None:
    assert on_grid("61800.2", Fraction(1, 10), "price") == 618_002
    with pytest.raises(UnitError, match=r"price was 61800\.25, expected a multiple of 0\.1"):
        on_grid("61800.25", Fraction(1, 10), "price")


def test_a_rate_has_eight_places() -> None:
    assert rate("0.0004", "fee") == 40_000
    assert rate("1", "fee") == RATE_ONE
    with pytest.raises(UnitError, match="fee"):
        rate("0.000000001", "fee")


@given(st.integers(-(10**20), 10**20))
def test_what_is_written_can_be_read_back(count: int) -> None:
    value = Fraction(count, 10**8)

    assert exact(decimal(value), "price") == value


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (Fraction(5, 2), 8, "2.5"),
        (Fraction(60_000), 8, "60000"),
        (Fraction(0), 8, "0"),
        (Fraction(-1, 3), 2, "-0.33"),
        (Fraction(-1, 1000), 2, "0"),  # no minus before nothing
        (Fraction(1, 8), 2, "0.12"),  # half to even
        (Fraction(3, 8), 2, "0.38"),
        (Fraction(7, 2), 0, "4"),
    ],
)
def test_decimals_are_as_short_as_they_can_be(value: Fraction, places: int, text: str) -> None:
    assert decimal(value, places) == text


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("1970-01-01T00:00:01", 10**9),
        ("1970-01-01T00:00:00.000001", 1_000),
        ("1970-01-02", 86_400 * 10**9),
        ("1970-01-01T02:00+02:00", 0),
    ],
)
def test_moments_are_read_in_utc(text: str, nanos: int) -> None:
    assert moment(text, "expiry") == nanos


def test_what_is_no_moment_is_refused_and_named() -> None:
    with pytest.raises(UnitError, match="expiry was 'tomorrow'"):
        moment("tomorrow", "expiry")


@given(st.integers(-(1 << 70), 1 << 70), st.integers(-(1 << 40), 1 << 40))
def test_products_are_exact_whatever_their_size(wide: int, narrow: int) -> None:
    assert times(wide, narrow) == wide * narrow


@pytest.mark.parametrize("wide", [(1 << 61) - 1, 1 - (1 << 61), (1 << 32) - 1, -(1 << 32)])
@pytest.mark.parametrize("narrow", [(1 << 31) - 1, 1 - (1 << 31), 1, 0])
def test_products_at_the_bounds_of_64_bits_are_exact(wide: int, narrow: int) -> None:
    assert times(wide, narrow) == wide * narrow


@given(st.integers(-(1 << 70), 1 << 70), st.integers(-(1 << 40), 1 << 40))
def test_a_share_is_exact_and_rounded_up_beyond_64_bits_as_below(amount: int, rate: int) -> None:
    assert share(amount, rate) == ceil(Fraction(amount * rate, RATE_ONE))


@pytest.mark.parametrize("rate", [-20_000, 50_000, 1 << 31])
@pytest.mark.parametrize("amount", [(1 << 43) + 1, (1 << 61) - 1, 1 << 61, -(1 << 61)])
def test_a_share_is_exact_where_64_bits_end(amount: int, rate: int) -> None:
    assert share(amount, rate) == ceil(Fraction(amount * rate, RATE_ONE))


@given(st.integers(0, 1 << 70), st.integers(-RATE_ONE, RATE_ONE))
@example(RATE_ONE, 50_000)
@example(1, 1)
@example((1 << 61) - 1, -RATE_ONE)
@example(1 << 61, 1)
def test_a_fee_is_the_share_of_its_rate(notional: int, rate: int) -> None:
    assert fee_of(notional, rate) == ceil(Fraction(notional * rate, RATE_ONE))


@given(st.integers(-(1 << 70), 1 << 70), st.integers(0, GRID_MAX), st.integers(1, GRID_MAX))
@example(-(1 << 61), 1, 3)
@example((1 << 43) + 1, (1 << 31) - 1, 1 << 31)
def test_the_parts_of_a_long_and_of_a_short_are_rounded_down(
    amount: int, lots: int, whole: int
) -> None:
    assert part(amount, lots, whole) == amount * lots // whole
    assert part(amount, -lots, -whole) == amount * lots // whole
