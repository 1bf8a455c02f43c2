"""The stories of small liquidations, in round numbers that are checked by hand."""

from fractions import Fraction

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.kinds import ContractKind
from exchange.core.messages import (
    Closing,
    InsuranceFundPaid,
    LiquidationEnded,
    LiquidationFeeCharged,
    LiquidationStarted,
    LossUncovered,
    MarginMode,
    OrderFilled,
    PassTime,
    PositionDeleveraged,
    PositionSide,
    Side,
    TradeKind,
)
from exchange.core.rules import Amount, LiquidationRules
from exchange.core.units import SECOND
from tests.stage import DOLLAR, only, rulebook
from tests.told import SYMBOLS, ToldStage, stories_of, three_losers
from tools.stories import Story
from tools.telling import Teller


def test_three_losing_positions_are_closed_largest_loss_first_as_far_as_needed() -> None:
    story = three_losers().story()

    assert (story.mode, story.symbol) == (MarginMode.CROSS, "")
    assert (story.collateral, story.equity, story.maintenance_margin) == (400, 130, 273)
    assert [(held.symbol, held.unrealised_pnl) for held in story.positions] == [
        ("BTC", -50),
        ("ETH", -200),
        ("SOL", -20),
    ]
    assert [step.symbol for step in story.steps] == ["ETH", "BTC"]
    assert {step.chosen_by for step in story.steps} == {"largest_unrealised_loss"}
    assert story.left == {"SOL": 10}
    assert story.end == "safe again"


def test_a_step_tells_its_fills_its_fee_and_what_is_left() -> None:
    """4 at 81 and 6 at 80 are 804 for what cost 1,000; a fee of 0.1%, rounded up to a cent."""
    (attempt,) = three_losers().story().steps[0].attempts

    assert (attempt.side, attempt.size, attempt.filled) == (Side.SELL, 10, 10)
    assert [(fill.price, fill.size) for fill in attempt.fills] == [(81, 4), (80, 6)]
    assert attempt.average_price == Fraction(804, 10)
    assert attempt.realised_pnl == -196
    assert attempt.liquidation_fee == Fraction(81, 100)
    assert attempt.bankruptcy_price == 67  # 130 below a mark of 80, on 10
    assert attempt.equity == 134 - Fraction(81, 100)
    assert attempt.maintenance_margin == 95 + 98


def test_the_choice_shows_what_it_was_chosen_from() -> None:
    first, second = three_losers().story().steps

    assert [held.symbol for held in first.positions] == ["BTC", "ETH", "SOL"]
    assert [held.symbol for held in second.positions] == ["BTC", "SOL"]
    assert second.chosen.unrealised_pnl == -50


def test_cancelled_orders_are_told_with_side_and_price() -> None:
    (order,) = three_losers().story().cancelled

    assert (order.symbol, order.side, order.price, order.open_size) == ("SOL", Side.SELL, 120, 4)


def test_the_money_adds_up() -> None:
    """400 - 196 - 50 - 0.81 - 0.95."""
    story = three_losers().story()

    assert story.realised_pnl == -246
    assert story.liquidation_fees == Fraction(176, 100)
    assert story.collateral_after == 400 - 246 - Fraction(176, 100)
    assert story.difference == 0
    assert story.released == 0


def test_the_isolated_twin_loses_just_the_failing_position() -> None:
    """ETH's bucket of 100 fails at 91: equity 10 < 91.  10 are left of it, less the fee of 0.91."""
    stage = ToldStage(rulebook(fee="0.001"))
    stage.trader("ann", deposit=400)
    stage.marks(BTC=100, ETH=100, SOL=100)
    for symbol in SYMBOLS:
        stage.isolate("ann", symbol)
        stage.hold("ann", symbol, 10, 100)
    stage.show("ETH", bids={91: 20})
    stage.mark("ETH", 91)

    story = stage.story()

    assert (story.symbol, story.collateral, story.equity) == ("ETH", 100, 10)
    assert [held.symbol for held in story.positions] == ["ETH"]
    assert story.end == "closed"
    assert story.released == 10 - Fraction(91, 100)
    assert stage.balance("ann") == 10909
    assert (stage.size("ann", "BTC"), stage.size("ann", "SOL")) == (10, 10)


def test_the_fund_pays_what_the_account_cannot() -> None:
    """Ann could pay down to 90; the book pays 88, so the fund adds 20 to her 100."""
    stage = ToldStage(rulebook(fund="50"))
    stage.trader("ann", deposit=100)
    stage.mark("BTC", 100)
    stage.hold("ann", "BTC", 10, 100)
    stage.show("BTC", bids={88: 10})
    stage.mark("BTC", 99)

    story = stage.story()

    (step,) = story.steps
    book, fund = step.attempts
    assert (book.closing, book.bankruptcy_price, book.filled) == (Closing.BOOK, 90, 0)
    assert (fund.closing, fund.bankruptcy_price, fund.filled) == (Closing.INSURANCE_FUND, 85, 10)
    assert fund.equity == -20
    assert (story.fund_paid, story.uncovered) == (20, 0)
    assert (story.realised_pnl, story.collateral_after, story.difference) == (-120, 0, 0)


def test_auto_deleveraging_names_each_counterparty() -> None:
    """At the bankruptcy price of 90, carl (more leverage) goes before bob, and the market last."""
    stage = ToldStage()
    stage.trader("ann", deposit=100)
    stage.trader("bob", deposit=1000)
    stage.trader("carl", deposit=100)
    stage.mark("BTC", 100)
    stage.hold("ann", "BTC", 3, 100, other="bob")
    stage.hold("ann", "BTC", 5, 100, other="carl")
    stage.hold("ann", "BTC", 2, 100)
    stage.mark("BTC", 99)

    story = stage.story()

    adl = story.steps[0].attempts[-1]
    assert (adl.closing, adl.bankruptcy_price, adl.filled) == (Closing.ADL, 90, 10)
    assert [
        (one.account, one.rank, one.size, one.price, one.realised_pnl, one.left)
        for one in adl.deleveraged
    ] == [("carl", 1, 5, 90, 50, 0), ("bob", 2, 3, 90, 30, 0)]
    assert adl.against_history == 2
    assert (story.adl_count, story.adl_notional) == (2, 900)
    assert (story.collateral_after, story.difference) == (0, 0)


def test_deleveraging_is_at_the_bankruptcy_price_even_where_the_mark_is_beyond_it() -> None:
    stage = ToldStage()
    stage.trader("ann", deposit=100)
    stage.mark("BTC", 100)
    stage.hold("ann", "BTC", 10, 100)
    stage.mark("BTC", 89)

    story = stage.story()

    assert story.equity == -10
    (fill,) = story.steps[0].attempts[-1].fills
    assert (fill.price, fill.size) == (90, 10)
    assert (story.collateral_after, story.difference) == (0, 0)


def test_what_is_closed_counts_as_long_or_short() -> None:
    stage = ToldStage()
    stage.trader("ann", deposit=100)
    stage.mark("BTC", 100)
    stage.hold("ann", "BTC", -10, 100)
    stage.show("BTC", asks={101: 10})
    stage.mark("BTC", 101)

    story = stage.story()

    assert (story.closed(long=False), story.closed(long=True)) == (1010, 0)
    assert story.steps[0].attempts[0].side is Side.BUY


def test_in_hedge_mode_long_and_short_of_one_contract_are_two_positions() -> None:
    """At 90 the long has lost 100 and goes; the short has won 50 and stays."""
    stage = ToldStage()
    stage.trader("ann", deposit=180)
    stage.mark("BTC", 100)
    stage.hedge("ann")
    stage.hold("ann", "BTC", 10, 100, side_held=PositionSide.LONG)
    stage.hold("ann", "BTC", -5, 100, side_held=PositionSide.SHORT)
    stage.show("BTC", bids={90: 10})
    stage.mark("BTC", 90)

    story = stage.story()

    figures = {held.label: held.unrealised_pnl for held in story.positions}
    assert figures == {"BTC long": -100, "BTC short": 50}
    assert [step.chosen.label for step in story.steps] == ["BTC long"]
    assert story.left == {"BTC short": -5}
    assert story.difference == 0


def test_money_that_is_missing_is_not_hidden() -> None:
    """One cent, taken out of the journal's last word on the wallet."""
    events = three_losers().events
    (ended,) = only(events, LiquidationEnded)
    forged = msgspec.structs.replace(ended, collateral=ended.collateral - 1)

    (story,) = stories_of(forged if event is ended else event for event in events)

    assert story.difference == Fraction(-1, 100)


def test_a_story_without_its_end_says_so() -> None:
    events = three_losers().events
    end = next(i for i, event in enumerate(events) if isinstance(event, LiquidationEnded))
    teller = Teller()
    for event in events[:end]:
        assert teller.observe(event) is None

    cut = teller.unfinished

    assert cut is not None
    assert cut.end == "cut off"
    assert [step.symbol for step in cut.steps] == ["ETH", "BTC"]


@given(
    deposits=st.lists(st.integers(300, 900), min_size=4, max_size=4),
    sizes=st.lists(st.integers(-9, 9).filter(bool), min_size=12, max_size=12),
    isolated=st.lists(st.booleans(), min_size=12, max_size=12),
    moves=st.lists(st.tuples(st.sampled_from(SYMBOLS), st.integers(40, 160)), max_size=8),
    depth=st.integers(0, 20),
    fund=st.sampled_from(["0", "30", "10000"]),
)
def test_every_story_adds_up_and_none_is_left_out(
    deposits: list[int],
    sizes: list[int],
    isolated: list[bool],
    moves: list[tuple[str, int]],
    depth: int,
    fund: str,
) -> None:
    """Whatever is liquidated, and however: to the unit, and as many units as the journal has."""
    stage = ToldStage(rulebook(fund=fund, fee="0.01"))
    stage.marks(BTC=100, ETH=100, SOL=100)
    for number, deposit in enumerate(deposits):
        name = f"trader-{number}"
        stage.trader(name, deposit=deposit)
        for place, symbol in enumerate(SYMBOLS):
            if isolated[3 * number + place]:
                stage.isolate(name, symbol)
            stage.hold(name, symbol, sizes[3 * number + place], 100)
    for symbol, mark in moves:
        if depth:
            stage.show(symbol, bids={mark - 1: depth}, asks={mark + 1: depth})
        stage.mark(symbol, mark)

    stories = stage.stories()

    assert [story.number for story in stories] == list(range(1, len(stories) + 1))
    assert len(stories) == len(only(stage.events, LiquidationStarted))
    assert [story for story in stories if story.difference] == []
    assert sums(stories) == journal_sums(stage)


def sums(stories: list[Story]) -> dict[str, Fraction]:
    """What all stories come to."""
    return {
        "realised": sum((one.realised_pnl for one in stories), Fraction(0)),
        "fees": sum((one.liquidation_fees for one in stories), Fraction(0)),
        "fund": sum((one.fund_paid for one in stories), Fraction(0)),
        "uncovered": sum((one.uncovered for one in stories), Fraction(0)),
        "adl": sum((one.adl_count for one in stories), Fraction(0)),
    }


def journal_sums(stage: ToldStage) -> dict[str, Fraction]:
    """The same, added up from the events without regard to their order."""
    forced = [f for f in only(stage.events, OrderFilled) if f.kind in FORCED]
    cents = {
        "realised": sum(fill.realised_pnl for fill in forced),
        "fees": sum(one.fee for one in only(stage.events, LiquidationFeeCharged)),
        "fund": sum(one.amount for one in only(stage.events, InsuranceFundPaid)),
        "uncovered": sum(one.amount for one in only(stage.events, LossUncovered)),
        "adl": len(only(stage.events, PositionDeleveraged)) * DOLLAR,
    }
    return {name: Fraction(amount, DOLLAR) for name, amount in cents.items()}


FORCED = (TradeKind.LIQUIDATION, TradeKind.ADL)


def test_each_asset_of_an_account_has_a_story_of_its_own() -> None:
    """Both fail, and are closed four lots at a time, each between the other's rounds."""
    rounds = LiquidationRules(amount=Amount.CLIP, clip="4", round_seconds="1")
    stage = ToldStage(rulebook(liquidation=rounds), symbols="BTC")
    stage.enlist("XBT", kind=ContractKind.INVERSE, settle="COIN", money_unit="0.001")
    stage.marks(BTC=100, XBT=100)
    stage.trader("ann", deposit=100)
    stage.bring("ann", "COIN", 10)
    for symbol in ("BTC", "XBT"):
        stage.hold("ann", symbol, 10, 100)
        stage.show(symbol, bids={92: 20})
    stage.marks(BTC=92, XBT=92)
    for seconds in range(1, 4):
        stage.do(PassTime(at=seconds * SECOND + stage.at))

    dollars, coins = stage.stories()

    assert (dollars.asset, dollars.end, dollars.left) == ("USD", "safe again", {"BTC": 2})
    assert [(s.symbol, s.attempts[0].filled) for s in dollars.steps] == [("BTC", 4)] * 2
    assert (coins.asset, coins.end, coins.left) == ("COIN", "closed", {})
    assert [(s.symbol, s.attempts[0].filled) for s in coins.steps] == [
        ("XBT", 4),
        ("XBT", 4),
        ("XBT", 2),
    ]
    assert (dollars.pauses, coins.pauses) == (1, 2)
    assert (dollars.difference, coins.difference) == (0, 0)
