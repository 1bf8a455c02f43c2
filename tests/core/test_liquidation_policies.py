"""Each policy of the waterfall by itself: where the line lies, how a step closes, who pays.

Ann is long 10 bitcoin from 100 with 200 dollars; 10% must stand behind them, so at 88 she fails:
her equity is 80, and 88 are needed.  Her bankruptcy price is 80.
"""

import pytest

from exchange.core.messages import (
    Closing,
    InsuranceFundPaid,
    LeftoverTaken,
    LiquidationEnded,
    LiquidationFeeCharged,
    LiquidationPaused,
    LiquidationStarted,
    LiquidationStepTaken,
    LossSocialised,
    LossUncovered,
    PassTime,
    PositionDeleveraged,
    PositionTakenOver,
    Withdraw,
)
from exchange.core.policies import (
    Amount,
    Backing,
    Breach,
    ClosingFee,
    DeleveragingPrice,
    FeeCap,
    FundScope,
    Leftover,
    Limit,
    Socialise,
    Unfilled,
)
from exchange.core.rules import (
    DeleveragingRules,
    LimitRules,
    LiquidationRules,
    MarginRules,
    Tier,
)
from exchange.core.units import SECOND
from tests.stage import DOLLAR, Stage, only, rulebook

TWO_TIERS = (
    Tier(floor="0", maintenance="0.1", leverage_max=100),
    Tier(floor="500", maintenance="0.2", leverage_max=10),
)


def anns(
    *,
    taker: str = "0",
    fund: str = "0",
    limits: LimitRules = LimitRules(market_band="0.5"),  # noqa: B008 (frozen)
    margin: MarginRules = MarginRules(),  # noqa: B008 (frozen)
    amount: Amount = Amount.WHOLE_POSITION,
    **rules,
) -> Stage:
    """The stage with Ann's position against Bob's."""
    liquidation = LiquidationRules(amount=amount, **rules)
    book = rulebook(taker=taker, fund=fund, limits=limits, margin=margin, liquidation=liquidation)
    stage = Stage(book)
    stage.trader("ann", deposit=200)
    stage.trader("bob", "cat", deposit=10_000)
    stage.marks(BTC=100, ETH=100)
    stage.hold("ann", "BTC", 10, 100, other="bob")
    return stage


def later(stage: Stage, seconds: int):  # type: ignore[no-untyped-def]
    """Let time pass to so many seconds."""
    stage.at = seconds * SECOND
    return stage.do(PassTime(at=stage.at))


# ------------------------------------------------------------------------------- the line


@pytest.mark.parametrize(("trigger", "fails"), [(Breach.BELOW, 0), (Breach.AT_OR_BELOW, 1)])
def test_at_equality_the_account_is_safe_or_not_as_the_rulebook_says(
    trigger: Breach, fails: int
) -> None:
    """With 190 behind them, 10 at 90 have 90 left, and need 90."""
    stage = anns(trigger=trigger)
    stage.do(Withdraw(at=stage.now(), account="ann", asset="USD", amount=10 * DOLLAR))

    assert len(only(stage.mark("BTC", 90, 1), LiquidationStarted)) == 0
    assert len(only(stage.mark("BTC", 90), LiquidationStarted)) == fails
    assert len(only(stage.mark("BTC", 89, 99), LiquidationStarted)) == 1 - fails


def test_a_liquidation_may_have_to_go_further_than_it_began() -> None:
    """A buffer of half: 10% starts it, 15% ends it, so more lots are closed."""
    closed = {}
    for buffer in ("0", "0.5"):
        stage = anns(amount=Amount.JUST_ENOUGH, exit_buffer=buffer)
        stage.show("BTC", bids={88: 100})
        stage.mark("BTC", 88)
        closed[buffer] = 10 - stage.size("ann", "BTC")

    assert closed == {"0": 1, "0.5": 4}


# -------------------------------------------------------------------------- how much, when


def test_a_large_position_loses_a_fraction_and_after_it_for_a_while_all() -> None:
    """A fifth of 10 first; a second later she still fails, and the rest goes."""
    stage = anns(
        amount=Amount.FRACTION,
        fraction="0.2",
        fraction_above="500",
        cooldown_seconds="30",
        round_seconds="1",
    )
    stage.show("BTC", bids={86: 100})

    (pause,) = only(stage.mark("BTC", 86), LiquidationPaused)
    assert stage.size("ann", "BTC") == 8
    events = stage.do(PassTime(at=pause.until))
    assert [step.size for step in only(events, LiquidationStepTaken)] == [8]
    assert stage.size("ann", "BTC") == 0


def test_a_small_position_is_closed_whole() -> None:
    stage = anns(amount=Amount.FRACTION, fraction_above="1000")
    stage.show("BTC", bids={86: 100})
    stage.mark("BTC", 86)

    assert stage.size("ann", "BTC") == 0


def test_clips_come_once_a_round_until_the_account_is_safe() -> None:
    """At 88 she needs 88 and has 80: closing one lot of 88 frees 8.8."""
    stage = anns(amount=Amount.CLIP, clip="1", round_seconds="1")
    stage.show("BTC", bids={87: 100})

    sizes = []
    events = stage.mark("BTC", 87)
    while not only(events, LiquidationEnded):
        sizes.append(stage.size("ann", "BTC"))
        (pause,) = only(events, LiquidationPaused)
        events = stage.do(PassTime(at=pause.until))
    assert sizes == [9]
    assert stage.size("ann", "BTC") == 8


def test_who_recovers_between_two_rounds_is_let_go() -> None:
    stage = anns(amount=Amount.CLIP, clip="1", round_seconds="1")
    stage.show("BTC", bids={80: 100})
    stage.mark("BTC", 85)
    assert stage.size("ann", "BTC") == 9

    events = stage.mark("BTC", 99)
    assert not only(events, LiquidationEnded)
    events = later(stage, 5)
    assert only(events, LiquidationEnded)
    assert stage.size("ann", "BTC") == 9


def test_two_tiers_at_a_time_and_straight_to_the_lowest() -> None:
    """30 lots at 100 are in the fourth tier, from 2,000; two down is the top of the second, 1,000;
    the lowest ends at 500."""
    tiers = (
        *TWO_TIERS,
        Tier(floor="1000", maintenance="0.3", leverage_max=10),
        Tier(floor="2000", maintenance="0.4", leverage_max=10),
    )
    for amount, left in ((Amount.DOWN_TWO_TIERS, 10), (Amount.TO_LOWEST_TIER, 5)):
        stage = Stage(rulebook(tiers=tiers, amount=amount))
        stage.trader("ann", deposit=1_400)
        stage.mark("BTC", 120)
        stage.hold("ann", "BTC", 30, 120)
        stage.show("BTC", bids={100: 100})
        (step, *_) = only(stage.mark("BTC", 100), LiquidationStepTaken)

        assert step.size == 30 - left


# ------------------------------------------------------------------------------- the price


def test_all_or_nothing() -> None:
    """The book has 6 of 10: a fill-or-kill order takes none, and the rest goes as a whole."""
    stage = anns(fill_or_kill=True)
    stage.show("BTC", bids={87: 6})
    steps = only(stage.mark("BTC", 87), LiquidationStepTaken)

    assert [(step.closing, step.filled) for step in steps] == [(Closing.BOOK, 0), (Closing.ADL, 10)]


def test_the_band_is_a_better_limit_than_bankruptcy() -> None:
    """2% below 88 is 86.24, so 87 is the last tick; bankruptcy would be 80."""
    stage = anns(limit=Limit.MARKET_BAND, limits=LimitRules(market_band="0.02"))
    (step, *_) = only(stage.mark("BTC", 88), LiquidationStepTaken)

    assert step.bankruptcy_price == 87


def test_the_fund_s_money_may_have_a_band_of_its_own() -> None:
    """100 of the fund's would go down to 70; 2% below 80 is 78.4."""
    limits = []
    for fund_limit in (None, Limit.MARKET_BAND):
        stage = anns(fund="100", fund_limit=fund_limit, limits=LimitRules(market_band="0.02"))
        stage.show("BTC", bids={})
        steps = only(stage.mark("BTC", 80), LiquidationStepTaken)
        limits += [s.bankruptcy_price for s in steps if s.closing is Closing.INSURANCE_FUND]

    assert limits == [70, 79]


def test_the_fillable_price_moves_away_from_the_mark_as_equity_falls() -> None:
    """At 85 equity is 50 and 85 are needed, 41% short: 41% of half of 10% of 85 is 1.75."""
    stage = anns(limit=Limit.FILLABLE_PRICE, spread_to_maintenance="0.5")
    (step, *_) = only(stage.mark("BTC", 85), LiquidationStepTaken)

    assert step.bankruptcy_price == 84


def test_equity_may_be_shared_by_maintenance_margin() -> None:
    """Of 100 left, a half stands behind each of two equal positions; else all behind the first."""
    limits = {}
    for backing in Backing:
        stage = anns(backing=backing)
        stage.hold("ann", "ETH", 10, 100, other="bob")
        (step, *_) = only(stage.mark("BTC", 91), LiquidationStepTaken)
        limits[backing] = step.bankruptcy_price

    # Equity 110 at 91: 52 behind bitcoin by margin (91 of 191), 110 if all of it.
    assert limits == {Backing.WHOLE_ACCOUNT: 80, Backing.BY_MAINTENANCE: 86}


def test_the_bankruptcy_price_may_leave_the_closing_fee() -> None:
    """1% of what the position is worth there: 80 / 0.99, in whole dollars 81."""
    stage = anns(
        margin=MarginRules(closing_fee=ClosingFee.MARK), taker="0.01", bankruptcy_keeps_fee=True
    )
    (step, *_) = only(stage.mark("BTC", 88), LiquidationStepTaken)

    assert step.bankruptcy_price == 81


# --------------------------------------------------------------------- fees and what is left


def test_a_fee_may_be_capped_by_what_closing_left_over() -> None:
    """10 at 87 against her 80: 70 left.  A fee of 20% of 870 takes no more than that."""
    stage = anns(fee="0.2", fee_cap=FeeCap.LEFTOVER)
    stage.show("BTC", bids={87: 100})
    (fee,) = only(stage.mark("BTC", 87), LiquidationFeeCharged)

    assert fee.fee == 70 * DOLLAR


def test_what_is_left_of_a_position_closed_whole_is_the_funds_or_the_traders() -> None:
    for leftover, wallet in ((Leftover.TRADER, 70), (Leftover.FUND, 0)):
        stage = anns(leftover=leftover)
        stage.show("BTC", bids={87: 100})
        taken = only(stage.mark("BTC", 87), LeftoverTaken)

        assert stage.account("ann").wallet == wallet * DOLLAR
        assert sum(event.amount for event in taken) == (70 - wallet) * DOLLAR


# ------------------------------------------------------------------ what the book does not take


def test_the_venue_takes_over_at_the_bankruptcy_price_and_sells_what_it_can() -> None:
    """It takes 10 at 80, sells 4 at 86, and waits; a second later a bid takes the rest."""
    stage = anns(unfilled=Unfilled.TAKEOVER, takeover_whole=True, fund_in_book=False, fund="100")
    stage.show("BTC", bids={86: 4})
    events = stage.mark("BTC", 87)

    (taken,) = only(events, PositionTakenOver)
    assert (taken.price, taken.size, taken.position) == (80, 10, 10)
    assert stage.account("ann").wallet == 0
    assert stage.balance("insurance fund") == (100 + 4 * 6) * DOLLAR
    stage.show("BTC", bids={85: 10})
    later(stage, 5)
    assert stage.balance("insurance fund") == (100 + 4 * 6 + 6 * 5) * DOLLAR


def test_when_the_fund_is_used_up_the_venue_is_deleveraged_itself() -> None:
    """It holds 10 from 80 with 50 behind them: at 74 it is under water, and closes at 75."""
    stage = anns(unfilled=Unfilled.TAKEOVER, takeover_whole=True, fund="50")
    stage.mark("BTC", 87)
    (adl,) = only(stage.mark("BTC", 74), PositionDeleveraged)

    assert (adl.account, adl.against, adl.price) == ("bob", "INSURANCE FUND", 75)
    assert stage.balance("insurance fund") == 0


def test_each_contract_may_have_its_own_fund() -> None:
    """Bitcoin's takes Ann's position over; the one of ether stays as it is."""
    stage = anns(
        unfilled=Unfilled.TAKEOVER,
        takeover_whole=True,
        fund_in_book=False,
        fund="50",
        fund_scope=FundScope.PER_CONTRACT,
    )
    stage.show("BTC", bids={86: 10})
    stage.mark("BTC", 87)

    assert stage.balance("insurance fund BTC") == (50 + 10 * 6) * DOLLAR
    assert stage.balance("insurance fund ETH") == 50 * DOLLAR
    assert stage.balance("insurance fund") == 0


def test_what_the_venue_took_over_needs_no_margin_of_its_own() -> None:
    """It holds 10 from 80 with 50.06 behind them: at 87, all but 6 cents of 120.06 can be lost."""
    stage = anns(
        unfilled=Unfilled.TAKEOVER,
        takeover_whole=True,
        fund="50.06",
        fund_scope=FundScope.PER_CONTRACT,
    )

    stage.mark("BTC", 87)

    assert stage.calm("BTC")[0] == 75_00


def test_below_the_backstops_line_everything_goes_with_all_that_stands_behind_it() -> None:
    """Two thirds of 100 maintenance; equity of 60 is under it, so the venue has both positions."""
    stage = anns(backstop="0.6666", unfilled=Unfilled.WAIT_THEN_ADL)
    stage.hold("ann", "ETH", 10, 100, other="bob")
    events = stage.mark("BTC", 90)  # equity 100, needed 190: below 127
    taken = only(events, PositionTakenOver)

    assert [event.symbol for event in taken] == ["BTC", "ETH"]
    assert stage.account("ann").wallet == 0
    assert stage.size("ann", "BTC") == stage.size("ann", "ETH") == 0


def test_a_position_may_wait_for_the_book_until_its_equity_is_gone() -> None:
    """Nobody buys at 87; at 79 her equity is minus 10, and Bob is deleveraged at 80."""
    stage = anns(unfilled=Unfilled.WAIT_THEN_ADL)
    assert only(stage.mark("BTC", 87), LiquidationPaused)
    assert stage.size("ann", "BTC") == 10

    stage.mark("BTC", 79)
    (adl,) = only(later(stage, 5), PositionDeleveraged)
    assert (adl.account, adl.price) == ("bob", 80)


def test_deleveraging_may_be_at_the_mark_and_then_the_fund_pays() -> None:
    """At 79 she lacks 10."""
    stage = anns(
        fund="30",
        fund_in_book=False,
        deleveraging=DeleveragingRules(price=DeleveragingPrice.MARK),
    )
    events = stage.mark("BTC", 79)

    assert [adl.price for adl in only(events, PositionDeleveraged)] == [79]
    assert [paid.amount for paid in only(events, InsuranceFundPaid)] == [10 * DOLLAR]


def test_a_bankruptcy_price_far_from_the_mark_gives_way_to_it() -> None:
    """80 is 8% from 87; and 4% from 83."""
    rules = DeleveragingRules(deviation_max="0.05")
    prices = [
        only(anns(deleveraging=rules).mark("BTC", mark), PositionDeleveraged)[0].price
        for mark in (87, 83)
    ]

    assert prices == [87, 80]


def test_a_fund_that_has_lost_too_much_stops_paying() -> None:
    """Of 30 it may lose 20%, which is 6: of her 10, four stay uncovered."""
    stage = anns(
        fund="30",
        fund_in_book=False,
        deleveraging=DeleveragingRules(price=DeleveragingPrice.MARK),
        fund_drawdown_max="0.2",
    )
    events = stage.mark("BTC", 79)

    assert [paid.amount for paid in only(events, InsuranceFundPaid)] == [6 * DOLLAR]
    assert [left.amount for left in only(events, LossUncovered)] == [4 * DOLLAR]


# ------------------------------------------------------------------------- socialised loss


def test_winners_bear_a_loss_in_proportion_to_their_profit() -> None:
    """Sold at 70 she lacks 100.  Bob has won 300 on ten; Cat, short 20 ethers from 110, 200."""
    stage = anns(unfilled=Unfilled.SOCIALISE, socialise=Socialise.WINNERS)
    stage.hold("cat", "ETH", -20, 110)
    stage.show("BTC", bids={70: 100})
    events = stage.mark("BTC", 70)

    borne = {event.account: event.amount for event in only(events, LossSocialised)}
    assert borne == {"bob": 60 * DOLLAR, "cat": 40 * DOLLAR}
    assert stage.account("ann").wallet == 0


def test_a_contract_may_bear_its_loss_by_size_history_included() -> None:
    """Bob is short 10, and history is long 10 after it bought from Ann: 50 each."""
    stage = anns(unfilled=Unfilled.SOCIALISE, socialise=Socialise.OPEN_INTEREST)
    stage.show("BTC", bids={70: 100})
    events = stage.mark("BTC", 70)

    borne = {event.account: event.amount for event in only(events, LossSocialised)}
    assert borne == {"bob": 50 * DOLLAR, "HISTORY": 50 * DOLLAR}
