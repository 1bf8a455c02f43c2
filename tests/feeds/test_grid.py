"""Decimal text to whole steps: exactly what `on_grid` says, and a refusal where it refuses."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.units import UnitError, on_grid
from feeds.grid import Grid, decimal_places, half_even, nearest, nearest_price

STEPS = st.sampled_from(["0.1", "0.001", "0.25", "5", "100", "0.00000001", "1/6"]).map(Fraction)
TEXTS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9).map(
        lambda number: format(number, "f")
    ),
    st.from_regex(r"[0-9]{1,9}(\.[0-9]{0,9})?", fullmatch=True),
)


@given(step=STEPS, text=TEXTS)
def test_a_grid_reads_what_on_grid_reads_or_refuses_it_too(step: Fraction, text: str) -> None:
    def read(reader):  # type: ignore[no-untyped-def]
        try:
            return reader()
        except UnitError:
            return "refused"

    grid = Grid(step, "price", least=-(10**18))

    if len(text) <= 40:
        assert read(lambda: grid[text]) == read(lambda: on_grid(text, step, "price"))


@pytest.mark.parametrize(
    "text", ["", "abc", "NaN", "inf", "1/6", "1_0", "\uff11", "0x10", "1e400", " 1"]
)
def test_what_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(UnitError, match="expected a decimal number"):
        Grid(Fraction(1), "price")[text]


def test_a_number_between_two_steps_is_refused() -> None:
    with pytest.raises(UnitError, match=r"price was 100.05, expected a multiple of 0.1"):
        Grid(Fraction(1, 10), "price")["100.05"]


@pytest.mark.parametrize(("least", "text"), [(0, "-1"), (1, "0"), (0, "1e19")])
def test_a_number_out_of_bounds_is_refused(least: int, text: str) -> None:
    with pytest.raises(UnitError, match="size was"):
        Grid(Fraction(1), "size", least=least)[text]


def test_places_of_a_step() -> None:
    assert [decimal_places(Fraction(step)) for step in ("0.1", "0.25", "100", "1/6")] == [
        1,
        2,
        0,
        None,
    ]


def test_measured_values_go_to_the_nearest_step_half_to_even() -> None:
    cent = Fraction(1, 100)

    assert [nearest(text, cent, "mark") for text in ("1.005", "1.015", "-0.014")] == [100, 102, -1]
    with pytest.raises(UnitError, match="mark was 0, expected more than 0"):
        nearest_price("0", cent, "mark")
    with pytest.raises(UnitError, match="mark was 1e30, expected less than 10000000000000000"):
        nearest_price("1e30", cent, "mark")


@given(st.integers(-(10**6), 10**6), st.integers(1, 10**4))
def test_half_even_is_pythons_round(numerator: int, denominator: int) -> None:
    assert half_even(numerator, denominator) == round(Fraction(numerator, denominator))
