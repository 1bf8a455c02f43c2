"""The liquidation fee's rate in time, and steps that the book bounds.

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
from exchange.core.policies import Amount, Unfilled
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
