"""The liquidation fee's rate in time and by what is eased; steps bounded by the book and by time.

Ann is long 10 from 100 with 200 dollars: she fails at 88, where 80 are left.
"""

from fractions import Fraction

import pytest

from exchange.core.liquidation_fee import LiquidationFee
from exchange.core.messages import (
    LiquidationFeeCharged,
    LiquidationStepTaken,
    PassTime,
)
from exchange.core.pace import Pace
from exchange.core.policies import Amount, FeeCap, Unfilled
from exchange.core.rules import LiquidationRules
from exchange.core.units import RATE_ONE, SECOND
from tests.core.test_liquidation_policies import anns
from tests.stage import DOLLAR, only


def naive(base: str, growth: str, grace: str, most: str, seconds: Fraction) -> Fraction:
    """As Drift words it: nothing in the grace period, then for all the time gone by."""
    grown = Fraction(base) + Fraction(growth) * seconds
    return Fraction(base) if seconds < Fraction(grace) else min(grown, Fraction(most))


@pytest.mark.parametrize(
    "seconds", ["0", "599.999999999", "600", "4000", "11999.5", "12000", "90000"]
)
def test_the_rate_grows_after_a_grace_period_up_to_a_bound(seconds: str) -> None:
    """2% to 5%, 2.5 millionths a second."""
    words = ("0.02", "0.0000025", "600", "0.05")
    fee = LiquidationFee(
        LiquidationRules(
            fee=words[0], fee_growth=words[1], fee_grace_seconds=words[2], fee_max=words[3]
        )
    )
    expected = naive(*words, Fraction(seconds))

    assert fee.after(int(Fraction(seconds) * SECOND)) == expected * RATE_ONE // 1


def test_a_bound_below_the_rate_does_not_lower_it() -> None:
    rules = LiquidationRules(fee="0.02", fee_growth="0.001", fee_max="0.01")

    assert LiquidationFee(rules).after(SECOND) == RATE_ONE // 50


@pytest.mark.parametrize(("seconds", "fee"), [(0, 8_80), (1, 17_60), (3, 35_20), (9, 44_00)])
def test_who_waits_pays_more(seconds: int, fee: int) -> None:
    """1% of 880, and 1% more each second, up to 5%."""
    it = anns(
        unfilled=Unfilled.WAIT_THEN_ADL, fee="0.01", fee_growth="0.01", fee_max="0.05",
        round_seconds=str(max(1, seconds)),
    )  # fmt: skip
    if not seconds:
        it.show("BTC", bids={88: 10})
    events = it.mark("BTC", 88)
    if seconds:
        it.show("BTC", bids={88: 10})
        events = it.do(PassTime(at=it.at - 1 + seconds * SECOND))

    assert [charged.fee for charged in only(events, LiquidationFeeCharged)] == [fee]


def test_a_second_liquidation_begins_at_the_first_rate() -> None:
    it = anns(
        unfilled=Unfilled.WAIT_THEN_ADL, fee="0.01", fee_growth="0.01", round_seconds="1",
    )  # fmt: skip
    it.mark("BTC", 88)
    it.at += 5 * SECOND
    it.mark("BTC", 100)
    it.at += 5 * SECOND
    it.show("BTC", bids={88: 10})

    events = it.mark("BTC", 88)

    assert [charged.fee for charged in only(events, LiquidationFeeCharged)] == [8_80]


@pytest.mark.parametrize(
    ("share", "bids", "closed"),
    [
        ("0", {88: 30}, 10),
        ("0.1", {88: 30}, 3),
        ("0.1", {88: 39}, 3),  # whole lots
        ("0.1", {88: 20, 87: 20, 43: 500}, 4),  # 43 is outside the band, half of the mark
        ("0.001", {88: 30}, 1),  # at least one
        ("0.5", {88: 30}, 10),  # and no more than the policy says
    ],
)
def test_a_step_closes_no_more_than_its_share_of_the_book(
    share: str, bids: dict[int, int], closed: int
) -> None:
    it = anns(amount=Amount.WHOLE_POSITION, book_share=share, round_seconds="1")
    it.show("BTC", bids=bids)

    step, *_ = only(it.mark("BTC", 88), LiquidationStepTaken)

    assert step.filled == closed


def test_an_empty_book_bounds_nothing() -> None:
    it = anns(book_share="0.1")

    step, *_ = only(it.mark("BTC", 88), LiquidationStepTaken)

    assert (step.size, step.filled) == (10, 0)
    assert it.account("ann").equity == 0 * DOLLAR


# -------------------------------------------------------------- a fee that what was eased allows


@pytest.mark.parametrize(
    ("share", "bid", "fee"),
    [
        (
            "1",
            88,
            80_00,
        ),  # 8 were lacking, and 80 are left: that is eased by 88, and all of 8 theirs
        ("0.95", 88, 76_00),
        ("0.95", 85, 47_50),  # 30 less
        ("0.95", 80, 0),
    ],
)
def test_a_fee_is_capped_by_what_the_fills_have_eased(share: str, bid: int, fee: int) -> None:
    """A half of 880 is more than that."""
    it = anns(fee="0.5", fee_cap=FeeCap.EASED, fee_cap_share=share)
    it.show("BTC", bids={bid: 10})

    charged = only(it.mark("BTC", 88), LiquidationFeeCharged)

    assert sum(one.fee for one in charged) == fee


def test_a_part_may_take_what_leaves_the_rest_its_part_of_the_shortage() -> None:
    """Three of ten ease it by 26.40, at the mark; 2.40 of the 8 lacking are theirs: 24 may go."""
    it = anns(
        amount=Amount.CLIP, clip="3", round_seconds="1", fee="0.5", fee_cap=FeeCap.EASED
    )  # fmt: skip
    it.show("BTC", bids={88: 3})

    charged, *_ = only(it.mark("BTC", 88), LiquidationFeeCharged)

    assert charged.fee == 24_00


# ------------------------------------------------------------------- a share of the shortage


def naive_part(
    lacking: int, eased: int, share: str, seconds: Fraction, lasted: Fraction
) -> Fraction:
    """What may be made up for in all by now, less what has been, as a part of what is lacking."""
    by_now = min(Fraction(1), Fraction(share) + lasted / seconds) * (lacking + eased)
    return max(Fraction(0), by_now - eased) / lacking


@pytest.mark.parametrize("lasted", ["0", "0.5", "6", "30", "54", "60", "1000"])
@pytest.mark.parametrize(("lacking", "eased"), [(100, 0), (90, 10), (40, 60), (1, 0), (7, 3)])
def test_the_share_of_a_shortage_grows_with_time(lasted: str, lacking: int, eased: int) -> None:
    """A tenth at once, all of it after 54 seconds."""
    pace = Pace(LiquidationRules(shortage_share="0.1", shortage_seconds="60"))
    unit = 10**8  # so that roundings do not show
    found = pace.in_time(lacking * unit, eased * unit, int(Fraction(lasted) * SECOND))
    expected = naive_part(lacking, eased, "0.1", Fraction(60), Fraction(lasted))

    assert abs(Fraction(found, RATE_ONE) - expected) < Fraction(20, RATE_ONE)


@pytest.mark.parametrize(
    ("below", "sizes"),
    [("0", [1, 3, 3, 1]), ("62", [1, 7]), ("62.01", [8])],
)
def test_a_shortage_is_made_up_for_little_by_little(below: str, sizes: list[int]) -> None:
    """At 82 she has 20 where 82 are needed: 62 are lacking, and each lot frees 8.20, so 8 would do.

    At once 15% of them, 1.2; after 4 seconds 55% of 62, less 8.20, of the 53.80 that are lacking:
    48% of 7; after 8 seconds 95% of 62, less 32.80, of 29.20: 89% of 4; then the rest.
    """
    it = anns(
        amount=Amount.JUST_ENOUGH, shortage_share="0.15", shortage_seconds="10", round_seconds="4",
        shortage_whole_below=below,
    )  # fmt: skip
    it.show("BTC", bids={82: 30})
    taken = only(it.mark("BTC", 82), LiquidationStepTaken)
    for _ in range(3):
        it.at += 4 * SECOND
        taken += only(it.do(PassTime(at=it.at)), LiquidationStepTaken)

    assert [step.filled for step in taken] == sizes
