"""One step of the waterfall: which orders go first, how much is closed, where, and at what price.

Ann is long 10 bitcoin from 100 with 200 dollars, and 10% must stand behind them: at 88 her equity
is 80, 88 are needed, and her bankruptcy price is 80.
"""

import pytest

from exchange.core.messages import (
    Closing,
    Event,
    InsuranceFundPaid,
    LeftoverTaken,
    LiquidationFeeCharged,
    LiquidationPaused,
    LiquidationStepTaken,
    PassTime,
    PositionDeleveraged,
    PositionTakenOver,
)
from exchange.core.rules import (
    Amount,
    Backing,
    ContractKind,
    DeleveragingPrice,
    DeleveragingRules,
    FeeCap,
    Leftover,
    Limit,
    LimitRules,
    LiquidationRules,
    Tier,
    Unfilled,
)
from exchange.core.units import SECOND
from tests.stage import DOLLAR, TEN_PERCENT, Stage, only, rulebook

TWO_TIERS = (
    Tier(floor="0", maintenance="0.1", leverage_max=100),
    Tier(floor="500", maintenance="0.2", leverage_max=10),
)


def anns(
    *, cents: int = 200_00, size: int = 10, fund: str = "0", tiers: tuple[Tier, ...] = TEN_PERCENT,
    amount: Amount = Amount.WHOLE_POSITION, limits: LimitRules | None = None, **rules: object,
) -> Stage:  # fmt: skip
    """The stage with Ann's position, which Bob has the other side of."""
    liquidation = LiquidationRules(amount=amount, **rules)  # type: ignore[arg-type]
    limits = limits or LimitRules(market_band="0.5")
    it = Stage(rulebook(fund=fund, tiers=tiers, liquidation=liquidation, limits=limits))
    it.trader("ann")
    it.bring("ann", "USD", cents)
    it.trader("bob", deposit=10_000)
    it.marks(BTC=100, ETH=100)
    it.hold("ann", "BTC", size, 100, other="bob")
    return it


def steps(events: list[Event]) -> list[tuple[Closing, int]]:
    """How each step closed, and how much."""
    return [(step.closing, step.filled) for step in only(events, LiquidationStepTaken)]


def sizes(events: list[Event]) -> list[int]:
    """What each step meant to close."""
    return [step.size for step in only(events, LiquidationStepTaken)]


# ------------------------------------------------------------------------------- orders


def test_spot_orders_stand_with_the_cross_account_and_not_with_an_isolated_position() -> None:
    it = Stage()
    it.enlist("COIN/USD", kind=ContractKind.SPOT, base="COIN", base_unit="0.001")
    it.trader("ann", deposit=300)
    it.mark("BTC", 100)
    it.isolate("ann", "BTC")
    it.hold("ann", "BTC", 10, 100)
    it.place("ann", "COIN/USD", 1, 10)

    it.mark("BTC", 95)

    assert it.size("ann", "BTC") == 0
    assert [order.symbol for order in it.account("ann").orders] == ["COIN/USD"]


# ----------------------------------------------------------------------------- how much


def test_a_fraction_is_rounded_up_to_a_lot() -> None:
    it = anns(amount=Amount.FRACTION, fraction="0.25", round_seconds="1")
    it.show("BTC", bids={87: 100})

    assert sizes(it.mark("BTC", 87)) == [3]


def test_a_position_that_just_reaches_the_bound_is_closed_whole() -> None:
    it = anns(amount=Amount.FRACTION, fraction_above="880")
    it.show("BTC", bids={88: 100})

    assert sizes(it.mark("BTC", 88)) == [10]


@pytest.mark.parametrize(("pause", "second"), [("29", 8), ("30", 2)])
def test_after_the_cooldown_a_fraction_is_closed_again(pause: str, second: int) -> None:
    """A fifth of 10, and half a minute in which the next step closes all."""
    it = anns(amount=Amount.FRACTION, cooldown_seconds="30", round_seconds=pause)
    it.show("BTC", bids={86: 100})
    it.mark("BTC", 86)

    it.at += int(pause) * SECOND

    assert sizes(it.do(PassTime(at=it.at))) == [second]


# ------------------------------------------------------------------------- in the book


def test_all_or_nothing_is_all_where_the_book_has_it() -> None:
    it = anns(fill_or_kill=True)
    it.show("BTC", bids={88: 6, 87: 4})

    assert steps(it.mark("BTC", 88)) == [(Closing.BOOK, 10)]


def test_all_or_nothing_costs_nothing_where_the_book_has_less() -> None:
    it = anns(fill_or_kill=True, fee="0.01")
    it.show("BTC", bids={88: 9})

    events = it.mark("BTC", 88)

    assert steps(events) == [(Closing.BOOK, 0), (Closing.ADL, 10)]
    assert not only(events, LiquidationFeeCharged)


def test_the_smallest_fund_is_asked_before_anyone_is_deleveraged() -> None:
    assert steps(anns(fund="0.01").mark("BTC", 87)) == [
        (Closing.BOOK, 0),
        (Closing.INSURANCE_FUND, 0),
        (Closing.ADL, 10),
    ]


def test_no_fee_is_taken_of_what_the_fund_paid_for() -> None:
    """Of 100, 47 stand behind bitcoin, down to 85.3; sold at 84, it leaves 40 behind ether.  They
    are not there for the fee on bitcoin.
    """
    it = anns(fund="500", fee="0.05", backing=Backing.BY_MAINTENANCE)
    it.hold("ann", "ETH", 10, 100, other="bob")
    it.show("BTC", bids={84: 10})

    events = it.mark("BTC", 90)

    assert (Closing.INSURANCE_FUND, 10) in steps(events)
    assert not only(events, LiquidationFeeCharged)


def test_a_fee_leaves_what_stands_behind_other_positions() -> None:
    """Equity 110, of which 52 stand behind bitcoin by margin: sold 1 below the mark, 42 of them
    are left, and a fee of half of 900 may take those.
    """
    it = anns(fee="0.5", fee_cap=FeeCap.LEFTOVER, backing=Backing.BY_MAINTENANCE)
    it.hold("ann", "ETH", 10, 100, other="bob")
    it.show("BTC", bids={90: 10})

    events = it.mark("BTC", 91)

    (fee, *_) = only(events, LiquidationFeeCharged)
    assert (fee.symbol, fee.fee) == ("BTC", 11_000 * 91 // 191 - 1_000)


def shares(*bids: int, mark: int) -> tuple[Stage, list[int]]:
    """Bitcoin and ether by maintenance margin: what the fund pays, step by step, in cents.

    Both are ten long from 100; ether's mark stays there.
    """
    it = anns(fund="500", backing=Backing.BY_MAINTENANCE)
    it.hold("ann", "ETH", 10, 100, other="bob")
    bitcoin, ether = bids
    it.show("BTC", bids={bitcoin: 10})
    it.show("ETH", bids={ether: 10})
    return it, [event.amount for event in only(it.mark("BTC", mark), InsuranceFundPaid)]


def test_by_maintenance_the_fund_pays_for_one_position_and_spares_another() -> None:
    """At 90 there are 100, of which 100 x 90 / 190 = 47.36 stand behind bitcoin.  Sold at 84 it
    loses 60: the fund pays 12.64, and 52.64 stand behind ether, which is sold without a loss.
    """
    it, paid = shares(84, 100, mark=90)

    assert paid == [60_00 - 47_36]
    assert it.account("ann").equity == 100_00 - 47_36


def test_by_maintenance_the_fund_bears_a_debt_position_by_position() -> None:
    """At 70 she owes 100, of which bitcoin bears 100 x 70 / 170, rounded up; it is sold at 71 for
    ten more.  Ether bears the rest, and is sold at 99 for ten less.
    """
    it, paid = shares(71, 99, mark=70)

    assert paid == [41_18 - 10_00, 58_82 + 10_00]
    assert it.account("ann").wallet == 0


def test_nothing_is_left_over_of_a_position_that_is_still_open() -> None:
    it = anns(cents=280_00, tiers=TWO_TIERS, amount=Amount.DOWN_ONE_TIER, leftover=Leftover.FUND)
    it.show("BTC", bids={80: 100})

    events = it.mark("BTC", 80)

    assert it.size("ann", "BTC") == 6
    assert not only(events, LeftoverTaken)


@pytest.mark.parametrize(("size", "mark", "limit"), [(10, 85, 84), (-10, 115, 118)])
def test_the_fillable_price_is_rounded_towards_the_mark(size: int, mark: int, limit: int) -> None:
    """Half of 10% of the notional, times how far the account has fallen: 83.25 and 118.25."""
    it = anns(size=size, limit=Limit.FILLABLE_PRICE, spread_to_maintenance="0.5")

    (step, *_) = only(it.mark("BTC", mark), LiquidationStepTaken)

    assert step.bankruptcy_price == limit


def test_the_fillable_price_is_no_worse_than_bankruptcy() -> None:
    for size, mark, bankruptcy in ((10, 82, 80), (-10, 118, 120)):
        it = anns(size=size, limit=Limit.FILLABLE_PRICE, spread_to_maintenance="9")
        (step, *_) = only(it.mark("BTC", mark), LiquidationStepTaken)

        assert step.bankruptcy_price == bankruptcy


@pytest.mark.parametrize(("size", "mark", "limit"), [(10, 87, 86), (-10, 113, 115)])
def test_orders_stay_within_the_band_even_where_the_fund_would_pay_for_more(
    size: int, mark: int, limit: int
) -> None:
    """2% of the mark; she herself would last to 80 or 120, the fund to 70 or 130."""
    it = anns(size=size, fund="100", limit=Limit.MARKET_BAND, limits=LimitRules(market_band="0.02"))

    offers = only(it.mark("BTC", mark), LiquidationStepTaken)[:2]

    assert [step.closing for step in offers] == [Closing.BOOK, Closing.INSURANCE_FUND]
    assert [step.bankruptcy_price for step in offers] == [limit, limit]


def test_no_limit_is_below_one_tick() -> None:
    """204.20 and 996 won by bitcoin, but for 1,200 that ether loses: 0.20, where 0.40 are needed.
    At 0.40 a bitcoin can be bought back for a dollar, not for none.
    """
    it = anns(size=-10, cents=204_20, limit=Limit.FILLABLE_PRICE)
    it.mark("BTC", 0, 40)
    it.hold("ann", "ETH", 20, 100, other="bob")
    it.show("ETH", bids={40: 20})

    last = only(it.mark("ETH", 40), LiquidationStepTaken)[1]

    assert (last.symbol, last.bankruptcy_price) == ("BTC", 1)


def test_what_needs_no_margin_bears_none_of_a_debt() -> None:
    """Ether is 10 cents above the first tier, and its cent of margin all that is needed."""
    tiers = (
        Tier(floor="0", maintenance="0", leverage_max=100),
        Tier(floor="1000", maintenance="0.1", leverage_max=100),
    )
    it = anns(cents=299_90, tiers=tiers, backing=Backing.BY_MAINTENANCE)
    it.mark("ETH", 1_000)
    it.hold("ann", "ETH", 1, 1_000, other="bob")
    it.mark("ETH", 1_000, 10)

    (step, *_) = only(it.mark("BTC", 69), LiquidationStepTaken)

    assert (step.symbol, step.bankruptcy_price) == ("BTC", 69)


# -------------------------------------------------------------------------- takeover, ADL


def test_a_part_is_offered_to_the_book_even_where_the_whole_is_taken_over() -> None:
    it = anns(
        cents=280_00, tiers=TWO_TIERS, amount=Amount.DOWN_ONE_TIER, takeover_whole=True,
        unfilled=Unfilled.TAKEOVER, fund="100",
    )  # fmt: skip
    it.show("BTC", bids={80: 4})

    assert steps(it.mark("BTC", 80)) == [(Closing.BOOK, 4)]


def test_the_whole_is_taken_over_without_asking_the_book() -> None:
    it = anns(takeover_whole=True, unfilled=Unfilled.TAKEOVER, fund_in_book=False, fund="100")
    it.show("BTC", bids={88: 10})

    assert steps(it.mark("BTC", 88)) == [(Closing.TAKEOVER, 10)]


@pytest.mark.parametrize("unfilled", [Unfilled.ADL, Unfilled.TAKEOVER])
def test_what_the_tick_leaves_over_is_the_traders_or_the_funds(unfilled: Unfilled) -> None:
    """With 199.99 the bankruptcy price is 80.001, which is 81 in ticks: 9.99 are left there."""
    for leftover, wallet in ((Leftover.TRADER, 999), (Leftover.FUND, 0)):
        it = anns(
            cents=199_99, unfilled=unfilled, leftover=leftover, fund_in_book=False, fund="100"
        )
        events = it.mark("BTC", 87)

        offered, taken = only(events, LiquidationStepTaken)
        assert offered.bankruptcy_price == taken.bankruptcy_price == 81
        assert it.account("ann").wallet == wallet
        assert [left.amount for left in only(events, LeftoverTaken)] == [999 - wallet] * (
            leftover is Leftover.FUND
        )


@pytest.mark.parametrize("backing", Backing)
def test_the_venue_deleverages_itself_at_its_own_bankruptcy_price_under_every_rule(
    backing: Backing,
) -> None:
    """It has nobody behind it who would pay for the mark, and needs no margin: at 75 it stands."""
    rules = DeleveragingRules(price=DeleveragingPrice.MARK)
    it = anns(
        unfilled=Unfilled.TAKEOVER, takeover_whole=True, fund="50", deleveraging=rules,
        backing=backing,
    )  # fmt: skip
    it.mark("BTC", 87)
    assert not only(it.mark("BTC", 75), PositionDeleveraged)

    (adl,) = only(it.mark("BTC", 74), PositionDeleveraged)

    assert adl.price == 75


def test_a_fund_that_may_lose_some_takes_over_as_long_as_it_has_not() -> None:
    it = anns(unfilled=Unfilled.TAKEOVER, fund="100", fund_drawdown_max="0.2")

    assert only(it.mark("BTC", 87), PositionTakenOver)


def test_a_fund_that_has_lost_too_much_takes_nothing_over() -> None:
    """It paid 20 of its 100 for ann, which is all that it may lose: cat's position is ADL's."""
    it = anns(
        unfilled=Unfilled.TAKEOVER, fund="100", fund_drawdown_max="0.2", fund_in_book=True,
        takeover_whole=False,
    )  # fmt: skip
    it.trader("cat", deposit=200)
    it.hold("cat", "ETH", 10, 100, other="bob")
    it.show("BTC", bids={78: 10})
    it.mark("BTC", 87)
    assert it.balance("insurance fund") == 80 * DOLLAR

    events = it.mark("ETH", 87)

    assert [adl.against for adl in only(events, PositionDeleveraged)] == ["cat"]
    assert not only(events, PositionTakenOver)


def test_the_fund_pays_at_once_what_deleveraging_at_the_mark_cost() -> None:
    """Bitcoin is closed at 60, for 100 more than ann has: ether can be sold at 100 then."""
    rules = DeleveragingRules(price=DeleveragingPrice.MARK)
    it = anns(cents=300_00, fund="1000", fund_in_book=False, deleveraging=rules)
    it.hold("ann", "ETH", 10, 100, other="bob")
    it.show("ETH", bids={100: 10})

    events = it.mark("BTC", 60)

    assert steps(events) == [(Closing.BOOK, 0), (Closing.ADL, 10), (Closing.BOOK, 10)]
    assert it.balance("insurance fund") == 900 * DOLLAR


def test_the_backstop_takes_the_last_cent_once() -> None:
    """Each position goes at the price that uses its backing up; roundings are left in the end."""
    it = anns(cents=300_99, backstop="0.6666", unfilled=Unfilled.WAIT_THEN_ADL)
    it.hold("ann", "ETH", 10, 100, other="bob")

    events = it.mark("BTC", 80)

    assert [taken.price for taken in only(events, PositionTakenOver)] == [70, 100]
    (rest,) = only(events, LeftoverTaken)
    assert (rest.symbol, rest.amount) == ("ETH", 99)
    assert it.account("ann").total == 0


def test_the_backstop_takes_nothing_of_what_is_not_left() -> None:
    it = anns(cents=200_00, backstop="0.6666", unfilled=Unfilled.WAIT_THEN_ADL)

    events = it.mark("BTC", 84)

    assert only(events, PositionTakenOver)
    assert not only(events, LeftoverTaken)


# ------------------------------------------------------------------------------- waiting


@pytest.mark.parametrize(("pause", "waits"), [("0", SECOND), ("5", 5 * SECOND)])
def test_what_waits_waits_for_the_next_round(pause: str, waits: int) -> None:
    """For a second, where there are no rounds."""
    it = anns(unfilled=Unfilled.WAIT_THEN_ADL, round_seconds=pause)

    (paused,) = only(it.mark("BTC", 87), LiquidationPaused)

    assert paused.until == it.at + waits


@pytest.mark.parametrize("unfilled", [Unfilled.WAIT_THEN_ADL, Unfilled.SOCIALISE])
@pytest.mark.parametrize(("cents", "waits"), [(0, True), (-1, False)])
def test_as_long_as_there_is_no_debt_a_position_waits(
    unfilled: Unfilled, cents: int, *, waits: bool
) -> None:
    """At 80 the equity is nothing at all; the book bids 79, where it would be less."""
    it = anns(unfilled=unfilled)
    it.show("BTC", bids={79: 10})

    events = it.mark("BTC", 79 if cents else 80, 99 if cents else 0)

    assert bool(only(events, LiquidationPaused)) is waits
    assert (it.size("ann", "BTC") == 10) is waits


def test_what_the_book_does_not_take_at_others_cost_waits_on() -> None:
    it = anns(unfilled=Unfilled.SOCIALISE)
    it.show("BTC", bids={75: 4})

    events = it.mark("BTC", 75)

    assert steps(events) == [(Closing.BOOK, 0), (Closing.SOCIALISED, 4)]
    assert only(events, LiquidationPaused)
    assert it.size("ann", "BTC") == 6


def test_what_the_book_does_take_at_others_cost_is_over() -> None:
    """And the next position's turn comes at once."""
    it = anns(unfilled=Unfilled.SOCIALISE)
    it.hold("ann", "ETH", 10, 100, other="bob")
    it.show("BTC", bids={75: 10})
    it.show("ETH", bids={99: 10})

    events = it.mark("BTC", 75)

    assert not only(events, LiquidationPaused)
    assert it.size("ann", "BTC") == it.size("ann", "ETH") == 0
