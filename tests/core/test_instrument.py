"""A contract in exact integers: its grids, and what a price is worth, linear and inverse."""

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.instrument import PRICE_MAX, Instrument
from exchange.core.rules import ContractKind
from exchange.core.units import UnitError
from tests.stage import TEN_PERCENT, contract


def linear(**changes: str) -> Instrument:
    """Ticks of 0.1, lots of 0.001, money in cents of a cent: a tick on a lot is one unit."""
    grid = {"tick_size": "0.1", "lot_size": "0.001", "money_unit": "0.0001", "mark_unit": "0.01"}
    return Instrument(0, contract("BTC", **(grid | changes)), TEN_PERCENT)


def inverse(**changes: str) -> Instrument:
    """Contracts of 100 dollars, ticks of 0.5, settled in satoshis."""
    grid = {"tick_size": "0.5", "lot_size": "100", "money_unit": "0.00000001", "mark_unit": "0.01"}
    rules = contract("XBT", kind=ContractKind.INVERSE, settle="BTC", **(grid | changes))
    return Instrument(0, rules, TEN_PERCENT)


both = pytest.mark.parametrize("made", [linear(), inverse()], ids=["linear", "inverse"])

prices = st.integers(1, 10**6)
sizes = st.integers(-(10**6), 10**6).filter(bool)
marks = st.integers(1, 10**8)
lots = st.integers(-(10**15), 10**15)

# -------------------------------------------------------------------------------- grids


def test_a_contract_reads_and_writes_its_own_units() -> None:
    made = linear()

    assert (made.price("61800.2"), made.size("0.005"), made.mark("61800.21")) == (
        618_002,
        5,
        6180021,
    )
    assert made.price_text(618_002) == "61800.2"
    assert made.size_text(-5) == "-0.005"
    assert made.mark_text(6_180_021) == "61800.21"
    assert made.money_text(made.money("12.3456")) == "12.3456"


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        ("price", "61800.25", r"BTC price was 61800\.25, expected a multiple of 0\.1"),
        ("size", "0.0005", r"BTC size was 0\.0005, expected a multiple of 0\.001"),
        ("mark", "1.001", "BTC mark price"),
        ("money", "0.00001", "USD amount"),
        ("price", "NaN", "BTC price was 'NaN'"),
    ],
)
def test_what_is_off_the_grid_is_refused(read: str, text: str, message: str) -> None:
    with pytest.raises(UnitError, match=message):
        getattr(linear(), read)(text)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tick_size": "0"}, "BTC tick_size was 0, expected more than 0"),
        ({"lot_size": "-1"}, "BTC lot_size was -1"),
        ({"money_unit": "0.01"}, "a tick on a lot is worth .* expected a whole number"),
        ({"mark_unit": "0.03"}, "a tick is .* mark units, expected a whole number"),
        ({"size_min": "0.0001"}, "size_min"),
        ({"notional_min": "0.00001"}, "notional_min"),
    ],
)
def test_grids_that_do_not_fit_together_are_refused(changes: dict[str, str], message: str) -> None:
    with pytest.raises(UnitError, match=message):
        linear(**changes)


def test_marks_are_finer_than_ticks() -> None:
    assert linear().subticks == 10
    assert linear(mark_unit="").subticks == 10**7, "a hundred-millionth, where nothing is said"


# -------------------------------------------------------------------------------- worth


def test_linear_is_price_times_size() -> None:
    assert linear().value(618_002, 5) == 618_002 * 5
    assert linear().value(618_002, -5) == -618_002 * 5


def test_inverse_is_size_over_price_and_a_long_owes_less_the_higher_it_is() -> None:
    """One contract of 100 dollars at 50,000 is 0.002 of a coin."""
    made = inverse()

    assert made.value(100_000, -1) == 200_000
    assert made.value(100_000, 1) == -200_000
    assert made.value(110_000, 1) == -181_818  # and the part of a satoshi is dropped


@given(price=prices, size=sizes)
@both
def test_two_sides_of_a_trade_add_up_to_nothing(made: Instrument, price: int, size: int) -> None:
    assert made.value(price, size) + made.value(price, -size) == 0


@given(mark=marks, size=sizes)
@both
def test_worth_at_a_mark_rounds_down_and_notional_up(
    made: Instrument, mark: int, size: int
) -> None:
    exact = Fraction(size * made.multiplier * mark, made.subticks)
    if made.is_inverse:
        exact = -Fraction(size * made.multiplier * made.subticks, mark)

    assert made.worth(mark, size) <= exact < made.worth(mark, size) + 1
    assert made.notional(mark, size) - 1 < abs(exact) <= made.notional(mark, size)


@pytest.mark.parametrize("unit", ["0.0001", "0.00000001", "0.00000000000001"])
@given(price=st.integers(1, 10**15), mark=st.integers(1, 10**18), size=lots)
def test_values_are_exact_whether_64_bits_suffice_or_not(
    unit: str, price: int, mark: int, size: int
) -> None:
    made = linear(money_unit=unit)
    at_mark = Fraction(mark * size * made.multiplier, made.subticks)

    assert made.value(price, size) == price * size * made.multiplier
    assert made.worth(mark, size) == floor(at_mark)
    assert made.notional(mark, size) == ceil(abs(at_mark))


@both
def test_nothing_is_worth_nothing(made: Instrument) -> None:
    assert (made.worth(5, 0), made.notional(5, 0), made.unrealised_pnl(5, 0, 0)) == (0, 0, 0)


# ----------------------------------------------------------------------- prices of worth


@given(worth=st.integers(-(10**9), 10**9), size=st.integers(-1000, 1000).filter(bool))
@both
def test_the_price_of_a_worth_is_the_last_that_brings_it(
    made: Instrument, worth: int, size: int
) -> None:
    """Closing there adds that much at least; one tick further it would not."""
    price = made.price_of(worth, size)

    def brought(at: int) -> int:
        return -made.value(at, -size)

    further = price - 1 if size > 0 else price + 1
    if price not in (1, PRICE_MAX):
        assert brought(price) >= worth > brought(further)
    elif price == 1 and size > 0:
        assert brought(1) >= worth
    elif price == 1:
        assert brought(2) < worth


def test_a_price_is_at_least_a_tick_and_at_most_what_can_be_written() -> None:
    assert linear().price_of(-5, 1) == 1
    assert linear().price_of(5, -1) == 1
    assert inverse().price_of(5, 1) == PRICE_MAX, "a long brings no coin at any price"
    assert inverse().price_of(-5, -1) == PRICE_MAX, "a short can always pay so little"
    assert inverse().price_of(0, -1) == PRICE_MAX
    assert inverse().price_of(10**12, -1) == 1


@given(mark=marks, notional=st.integers(0, 10**12))
@both
def test_lots_worth_is_the_most_that_do_not_exceed_a_notional(
    made: Instrument, mark: int, notional: int
) -> None:
    lots = made.lots_worth(mark, notional)

    assert made.notional(mark, lots) <= notional
    assert made.notional(mark, lots + 1) > notional


# --------------------------------------------------------------------------- thresholds


@given(mark=marks, size=st.integers(-(10**5), 10**5).filter(bool), slack=st.integers(0, 10**9))
@both
def test_until_a_mark_is_passed_the_slack_is_not_used_up(
    made: Instrument, mark: int, size: int, slack: int
) -> None:
    """Equity above maintenance margin falls by no more than `slack` and the roundings."""
    until = made.safe_until(mark, size, slack)

    def margin(at: int) -> int:
        return made.worth(at, size) - made.tiers.maintenance(made.notional(at, size), abs(size))

    assert until <= mark if size > 0 else until >= mark
    if 0 < until < 10**15:
        assert margin(until) >= margin(mark) - slack - 3


def test_a_threshold_uses_nearly_all_of_the_slack() -> None:
    """A long of 1,000 lots, of 6,180 dollars, may lose 618 of them: to 90% of the mark."""
    made = linear()
    mark = 61_800_00

    assert made.safe_until(mark, 100, 6_180_000) == mark * 9 // 10
    assert made.safe_until(mark, -100, 6_180_000 * 11 // 10) == mark * 11 // 10


def test_an_inverse_short_that_is_paid_for_is_safe_for_ever() -> None:
    made = inverse()
    coins = made.notional(10_000, 5)

    assert made.safe_until(10_000, -5, coins + 1) == PRICE_MAX * made.subticks
