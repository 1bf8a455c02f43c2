"""Risk tiers and the margin formula's knobs, in round numbers."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from exchange.core.messages import SetLeverage
from exchange.core.rules import (
    ClosingFee,
    MarginPrice,
    MarginRules,
    Tier,
    TierInput,
)
from exchange.core.tiers import Tiers, maintenance_rate
from exchange.core.units import RATE_ONE, UnitError
from tests.stage import DOLLAR, Stage, rulebook

CENTS = Fraction(1, 100)
LADDER = (
    Tier(floor="0", maintenance="0.01", leverage_max=50),
    Tier(floor="1000", maintenance="0.02", leverage_max=25),
    Tier(floor="5000", maintenance="0.05", leverage_max=10),
)
SIZES = tuple(
    Tier(floor=f, maintenance=m, leverage_max=10)
    for f, m in (("0", "0.01"), ("10", "0.02"), ("50", "0.05"))
)


def stage(margin: MarginRules, *, taker: str = "0", tiers: tuple[Tier, ...] = LADDER) -> Stage:
    made = Stage(rulebook(tiers=tiers, taker=taker, margin=margin))
    made.trader("ann", "bob", deposit=10_000)
    made.mark("BTC", 100)
    return made


def maintenance(made: Stage) -> float:
    held = made.position("ann", "BTC")
    assert held is not None
    return held.maintenance_margin / DOLLAR


def test_each_rate_holds_for_the_part_above_its_floor() -> None:
    """Of 6,000: 1,000 at 1%, 4,000 at 2%, 1,000 at 5%."""
    assert Tiers(LADDER, CENTS).maintenance(600_000, 1) == 1_000 + 8_000 + 5_000


@given(notional=st.integers(0, 10**9))
def test_maintenance_never_jumps(notional: int) -> None:
    """One cent more of notional asks for one cent more at most."""
    tiers = Tiers(LADDER, CENTS)

    assert 0 <= tiers.maintenance(notional + 1, 1) - tiers.maintenance(notional, 1) <= 1


def test_a_floor_still_belongs_to_the_tier_below() -> None:
    tiers = Tiers(LADDER, CENTS)

    assert [tiers.leverage_max(n * 100, 1) for n in (1000, 1001, 5000, 5001)] == [50, 25, 25, 10]


def test_tiers_by_size_do_not_move_with_the_price() -> None:
    """Of 60 lots: 10 at 1%, 40 at 2%, 10 at 5%: 2.33% of whatever they are worth."""
    tiers = Tiers(SIZES, CENTS, Fraction(1), TierInput.SIZE)

    assert tiers.maintenance(600_000, 60) == 14_000
    assert tiers.maintenance(1_200_000, 60) == 28_000


def test_margin_is_rounded_up_to_a_cent() -> None:
    """1% of a cent; 2.33% of 1.01; 1% of 10.01 and 0.01% more for each 10 dollars of it."""
    by_size = Tiers(SIZES, CENTS, Fraction(1), TierInput.SIZE)

    assert Tiers(LADDER, CENTS).maintenance(1) == 1
    assert by_size.maintenance(101, 60) == 3
    assert Tiers(LADDER[:1], CENTS, growth="0.00001").maintenance(1_001) == 11


def test_nothing_asks_for_nothing() -> None:
    by_size = Tiers(SIZES, CENTS, Fraction(1), TierInput.SIZE)

    assert by_size.maintenance(0, 0) == by_size.initial(0, 0) == 0
    assert Tiers(LADDER, CENTS).initial(600_000) == 0  # Without a rate of its own.
    assert Tiers(LADDER, CENTS).leverage_max(0) == 50


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((), "the first risk tier must begin at 0"),
        (LADDER[1:], "the first risk tier must begin at 0"),
        ((LADDER[0], LADDER[1], LADDER[1]), "must rise in floor"),
        ((LADDER[0], replace(LADDER[1], maintenance="0.009")), "never fall in maintenance rate"),
        ((replace(LADDER[0], maintenance="1.01"),), r"a rate in \[0, 1\]"),
        ((replace(LADDER[0], maintenance="-0.01"),), r"a rate in \[0, 1\]"),
        ((replace(LADDER[0], leverage_max=0),), "a leverage of 1 or more"),
    ],
)
def test_rows_that_are_no_ladder_are_refused(rows: tuple[Tier, ...], message: str) -> None:
    with pytest.raises(UnitError, match=message):
        Tiers(rows, CENTS)


def test_a_rate_of_zero_a_leverage_of_one_and_a_step_in_leverage_alone_will_do() -> None:
    rows = (
        Tier(floor="0", maintenance="0", leverage_max=2),
        Tier(floor="1000", maintenance="0", leverage_max=1),
    )

    assert Tiers(rows, CENTS).leverage_max(100_001) == 1


@pytest.mark.parametrize(("growth", "by"), [("-1", "NOTIONAL"), ("1", "SIZE")])
def test_a_rate_grows_with_notional_only(growth: str, by: str) -> None:
    with pytest.raises(UnitError, match="rate_growth needs tiers by notional"):
        Tiers(LADDER, CENTS, Fraction(1), TierInput[by], growth)


def test_a_printed_amount_must_be_the_one_the_rates_give() -> None:
    """Above 1,000 the rate doubles from 1% to 2%, so 10 is taken off."""
    good = LADDER[0], Tier(floor="1000", maintenance="0.02", leverage_max=25, amount="10")
    bad = LADDER[0], Tier(floor="1000", maintenance="0.02", leverage_max=25, amount="11")

    assert Tiers(good, CENTS).maintenance(200_000, 1) == 3_000
    with pytest.raises(UnitError, match=r"tier from 1000 was 11, expected 10$"):
        Tiers(bad, CENTS)


def test_the_amount_expected_is_told_to_the_cent() -> None:
    bad = LADDER[0], Tier(floor="1250", maintenance="0.02", leverage_max=25, amount="12")

    with pytest.raises(UnitError, match=r"amount of the tier from 1250 was 12, expected 12\.5$"):
        Tiers(bad, CENTS)


def test_maintenance_may_be_a_share_of_the_initial_rate_in_whole_parts_per_million() -> None:
    """What is beyond is dropped: 0.1666669 is 0.166666."""
    drawn = Tier(floor="0", initial="0.637239", maintenance_share="0.289284", leverage_max=1)
    half = Tier(floor="0", initial="0.5", maintenance_share="0.3333338", leverage_max=1)

    assert maintenance_rate(drawn) == 18_434_300
    assert maintenance_rate(half) == 16_666_600


def test_a_rate_that_grows_with_size_is_added_for_each_dollar() -> None:
    """1% and 0.03% more for each 10 dollars: 4% of 1,000."""
    tiers = Tiers(LADDER[:1], CENTS, growth="0.00003")

    assert tiers.maintenance(100_000, 1) == 4_000


def test_what_grows_with_size_and_rates_of_higher_tiers_are_asked_of_who_opens() -> None:
    """0.01% for each 10 dollars of 1,000; and 10% of what is above 1,000 of 2,000."""
    higher = LADDER[0], replace(LADDER[1], initial="0.1")

    assert Tiers(LADDER[:1], CENTS, growth="0.00001").initial(100_000) == 1_000
    assert Tiers(higher, CENTS).initial(200_000) == 10_000


def test_the_steepest_charge_is_that_on_twice_the_notional() -> None:
    """1% and 0.01% more for each 10 dollars: another dollar upon 2,000 asks for 0.05 more.

    Rounded up to the least part of a rate.
    """
    tiers = Tiers(LADDER[:1], CENTS, growth="0.00001")
    flat = Tiers(LADDER[:1], CENTS, growth="0.0000000001")

    assert tiers.steepest(100_000) == 5 * RATE_ONE // 100
    assert tiers.maintenance(200_100) - tiers.maintenance(200_000) == 6  # 5.001, rounded up
    assert flat.steepest(1) == RATE_ONE // 100 + 1


def test_maintenance_may_stay_as_it_was_at_entry() -> None:
    made = stage(MarginRules(maintenance_price=MarginPrice.ENTRY))
    made.hold("ann", "BTC", 10, 100)
    made.mark("BTC", 90)

    assert maintenance(made) == 10


def test_the_closing_fee_is_kept_at_the_mark_or_at_entry() -> None:
    """0.1% of 900, or of 1,000, beside maintenance margin of 1% of 900."""
    for fee, expected in ((ClosingFee.MARK, 9.90), (ClosingFee.ENTRY, 10.0)):
        made = stage(MarginRules(closing_fee=fee), taker="0.001")
        made.hold("ann", "BTC", 10, 100)
        made.mark("BTC", 90)

        assert maintenance(made) == expected


def test_an_isolated_position_may_put_the_closing_fee_aside() -> None:
    """A tenth of 1,000, and 0.1% of it for the way out."""
    rules = MarginRules(closing_fee=ClosingFee.ENTRY, fee_in_isolated_margin=True)
    made = stage(rules, taker="0.001")
    made.isolate("ann", "BTC")
    made.hold("ann", "BTC", 10, 100)

    held = made.position("ann", "BTC")
    assert held is not None
    assert held.bucket == 101 * DOLLAR


def test_the_initial_rate_rises_with_open_interest() -> None:
    """20% up to 1,000; at 1,500, half way to 2,000, it is half way to 100%."""
    rules = MarginRules(open_interest_lower="1000", open_interest_upper="2000")
    tiers = (Tier(floor="0", initial="0.2", maintenance="0.1", leverage_max=100),)
    made = stage(rules, tiers=tiers)

    made.hold("ann", "BTC", 10, 100, other="bob")
    assert made.account("ann").initial_margin == 200 * DOLLAR
    made.hold("ann", "BTC", 5, 100, other="bob")
    assert made.account("ann").initial_margin == 900 * DOLLAR
    assert made.venue.instruments["BTC"].crowding == RATE_ONE // 2


def test_an_outgrown_leverage_still_asks_for_maintenance() -> None:
    """At 50 times 20 would do for 1,000; but 6% must stand behind it."""
    made = stage(MarginRules(), tiers=(Tier(floor="0", maintenance="0.06", leverage_max=50),))
    made.do(SetLeverage(at=made.now(), account="ann", symbol="BTC", leverage=50))
    made.hold("ann", "BTC", 10, 100)

    assert made.account("ann").initial_margin == 60 * DOLLAR
