"""Hedge mode: a long and a short in one instrument, side by side, each with its own orders."""

import pytest
from msgspec.structs import replace

from exchange.core.messages import (
    CommandRejected,
    LiquidationStarted,
    LiquidationStepTaken,
    MarginMode,
    OrderAccepted,
    OrderCancelled,
    PositionDeleveraged,
    PositionMode,
    PositionSide,
    Reject,
    SetLeverage,
    SetPositionMode,
)
from exchange.core.rules import (
    Amount,
    LiquidationRules,
    MarginRules,
    Select,
    Tier,
    TierCounts,
    TierInput,
)
from exchange.core.selection import down_tiers
from exchange.core.units import UnitError
from tests.stage import DOLLAR, SUBTICKS, Stage, only, position, rulebook

LONG, SHORT, NET = PositionSide.LONG, PositionSide.SHORT, PositionSide.NET


def hedged(deposit: int = 1_000) -> Stage:
    """Ann in hedge mode at a mark of 100."""
    it = Stage(symbols="BTC")
    it.trader("ann", "bob", deposit=deposit)
    it.hedge("ann")
    it.mark("BTC", 100)
    return it


def test_long_and_short_stand_side_by_side() -> None:
    it = hedged()
    it.show("BTC", bids={100: 50}, asks={101: 50})
    it.place("ann", "BTC", 10, 101, position_side=LONG)
    it.place("ann", "BTC", -4, 100, position_side=SHORT)
    assert it.size("ann", "BTC", LONG) == 10
    assert it.size("ann", "BTC", SHORT) == -4
    assert it.venue.open_interest("BTC") == 10


@pytest.mark.parametrize(("size", "side"), [(-15, LONG), (15, SHORT)])
def test_what_closes_a_side_never_turns_it_round(size: int, side: PositionSide) -> None:
    it = hedged()
    it.show("BTC", bids={100: 50}, asks={101: 50})
    it.hold("ann", "BTC", 10 if side is LONG else -10, 100, side_held=side)
    (accepted,) = only(it.do(it.order("ann", "BTC", size, position_side=side)), OrderAccepted)
    assert (accepted.size, accepted.reduce_only) == (10, True)
    assert it.size("ann", "BTC", side) == 0


def test_closing_a_side_that_is_flat_is_refused() -> None:
    it = hedged()
    it.hold("ann", "BTC", 10, 100, side_held=LONG)
    order = it.order("ann", "BTC", 5, 90, position_side=SHORT)
    assert it.refusal(order) is Reject.REDUCE_ONLY_WOULD_INCREASE


def test_closing_orders_shrink_with_their_own_side_only() -> None:
    it = hedged()
    it.hold("ann", "BTC", 10, 100, side_held=LONG)
    it.hold("ann", "BTC", -10, 100, side_held=SHORT)
    it.place("ann", "BTC", -10, 120, position_side=LONG)
    it.place("ann", "BTC", 10, 80, position_side=SHORT)
    it.show("BTC", bids={100: 4})
    it.place("ann", "BTC", -4, 100, position_side=LONG)
    assert [(o.position_side, o.open_size) for o in it.account("ann").orders] == [
        (LONG, 6),
        (SHORT, 10),
    ]


@pytest.mark.parametrize(("name", "side"), [("ann", NET), ("bob", LONG), ("bob", SHORT)])
def test_a_side_that_the_account_does_not_hold_is_refused(name: str, side: PositionSide) -> None:
    it = hedged()
    assert it.refusal(it.order(name, "BTC", 1, 90, position_side=side)) is (
        Reject.WRONG_POSITION_SIDE
    )


def switch(it: Stage, name: str, mode: PositionMode) -> SetPositionMode:
    return SetPositionMode(at=it.now(), account=name, mode=mode)


def test_the_mode_is_switched_only_without_orders_and_positions() -> None:
    it = hedged()
    order = it.place("ann", "BTC", 1, 90, position_side=LONG)
    assert it.refusal(switch(it, "ann", PositionMode.ONE_WAY)) is Reject.OPEN_ORDERS
    it.show("BTC", asks={90: 1})
    assert order not in [o.order_id for o in it.account("ann").orders]
    assert it.refusal(switch(it, "ann", PositionMode.ONE_WAY)) is Reject.OPEN_POSITIONS
    it.show("BTC", bids={90: 1})
    it.place("ann", "BTC", -1, 90, position_side=LONG)
    it.do(switch(it, "ann", PositionMode.ONE_WAY))
    it.place("ann", "BTC", 1, 90)


def test_a_venue_without_hedge_mode_says_so() -> None:
    it = Stage(rulebook(hedge_mode=False), symbols="BTC")
    it.trader("ann")
    assert it.refusal(switch(it, "ann", PositionMode.HEDGE)) is Reject.NOT_OFFERED


def test_both_sides_in_cross_share_one_equity_and_one_liquidation_price() -> None:
    """Long 10 and short 4 at 100 with 300: 300 + 6 (p - 100) falls below 1.4 p under 65.22."""
    it = hedged(deposit=300)
    it.hold("ann", "BTC", 10, 100, side_held=LONG)
    it.hold("ann", "BTC", -4, 100, side_held=SHORT)
    long, short = it.position("ann", "BTC", LONG), it.position("ann", "BTC", SHORT)
    assert long is not None
    assert short is not None
    assert long.liquidation_price == short.liquidation_price == 65 * SUBTICKS + 21
    assert not only(it.mark("BTC", 65, 22), LiquidationStarted)
    assert only(it.mark("BTC", 65, 21), LiquidationStarted)


def test_a_hedge_that_is_even_fails_when_margin_grows() -> None:
    """Long 10 and short 10 at 100 with 250: margin is 2 p, so the even hedge fails above 125."""
    it = hedged(deposit=250)
    it.hold("ann", "BTC", 10, 100, side_held=LONG)
    it.hold("ann", "BTC", -10, 100, side_held=SHORT)
    position = it.position("ann", "BTC", LONG)
    assert position is not None
    assert position.liquidation_price == 125 * SUBTICKS + 1
    assert not only(it.mark("BTC", 125), LiquidationStarted)
    assert only(it.mark("BTC", 125, 1), LiquidationStarted)


def test_an_isolated_side_fails_alone() -> None:
    it = hedged()
    it.hold("ann", "BTC", 10, 100, side_held=LONG)
    it.hold("ann", "BTC", -10, 100, side_held=SHORT)
    it.isolate("ann", "BTC", LONG)
    keep = it.place("ann", "BTC", -2, 130, position_side=SHORT)
    lose = it.place("ann", "BTC", -2, 140, position_side=LONG)
    it.show("BTC", bids={99: 100})
    events = it.mark("BTC", 95)
    (started,) = only(events, LiquidationStarted)
    assert (started.mode, started.position_side) == (MarginMode.ISOLATED, LONG)
    assert [c.order_id for c in only(events, OrderCancelled)] == [lose]
    assert [o.order_id for o in it.account("ann").orders] == [keep]
    assert it.size("ann", "BTC", LONG) == 0
    assert it.size("ann", "BTC", SHORT) == -10


def test_the_losing_side_of_a_cross_hedge_is_closed_first() -> None:
    it = hedged(deposit=220)
    it.hold("ann", "BTC", 12, 100, side_held=LONG)
    it.hold("ann", "BTC", -2, 100, side_held=SHORT)
    it.show("BTC", bids={90: 100})
    (step,) = only(it.mark("BTC", 90), LiquidationStepTaken)
    assert (step.position_side, step.size) == (LONG, 12)
    assert it.size("ann", "BTC", SHORT) == -2


def test_one_side_may_be_deleveraged_against_a_stranger_while_the_other_stays() -> None:
    it = Stage(rulebook(amount=Amount.WHOLE_POSITION), "BTC")
    it.trader("ann", deposit=1_000)
    it.trader("bob", deposit=100)
    it.hedge("ann")
    it.mark("BTC", 100)
    it.hold("ann", "BTC", -10, 100, other="bob", side_held=SHORT)
    it.hold("ann", "BTC", 3, 100, side_held=LONG)
    (event,) = only(it.mark("BTC", 90), PositionDeleveraged)
    assert (event.account, event.position_side, event.size) == ("ann", SHORT, 10)
    assert (event.against, event.price) == ("bob", 90)
    assert it.size("ann", "BTC", LONG) == 3
    assert it.balance("ann") == 1_100 * DOLLAR


def test_a_block_trade_names_its_side_and_closes_no_more_than_is_held() -> None:
    it = hedged()
    it.hold("ann", "BTC", 10, 100, side_held=LONG)
    it.hold("ann", "BTC", -4, 100, side_held=LONG)
    assert it.size("ann", "BTC", LONG) == 6
    with pytest.raises(AssertionError, match="reduce_only_would_increase"):
        it.hold("ann", "BTC", -7, 100, side_held=LONG)


# -------------------------------------------------------------------- whose size tells the tier

LADDER = (
    Tier(floor="0", maintenance="0.01", leverage_max=50),
    Tier(floor="1000", maintenance="0.04", leverage_max=20),
)


def laddered(
    counts: TierCounts,
    deposit: int = 1_000,
    *,
    tiers: tuple[Tier, ...] = LADDER,
    leverage: int = 10,
    liquidation: LiquidationRules | None = None,
) -> Stage:
    """Ann in hedge mode at a mark of 100."""
    margin = MarginRules(tier_counts=counts)
    rules = rulebook(tiers=tiers, margin=margin, liquidation=liquidation)
    it = Stage(replace(rules, leverage_default=leverage), "BTC")
    it.trader("ann", "bob", deposit=deposit)
    it.hedge("ann")
    it.mark("BTC", 100)
    return it


def margins(it: Stage) -> list[int]:
    return [p.maintenance_margin for p in it.account("ann").positions]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (TierCounts.POSITION, [1_000, 5_000]),  # 1% of 1,000; 1% of 1,000 and 4% of 1,000
        (TierCounts.BOTH_SIDES, [3_000, 6_000]),  # 1% of 1,000 and 4% of 2,000, by value
    ],
)
def test_a_long_and_a_short_together_may_tell_the_tier(
    counts: TierCounts, expected: list[int]
) -> None:
    it = laddered(counts)
    it.hold("ann", "BTC", 10, 100, side_held=LONG)
    it.hold("ann", "BTC", -20, 100, side_held=SHORT)

    assert margins(it) == expected
    assert it.account("ann").maintenance_margin == sum(expected)


def test_an_isolated_side_has_a_tier_of_its_own() -> None:
    it = laddered(TierCounts.BOTH_SIDES)
    it.isolate("ann", "BTC", SHORT)
    it.hold("ann", "BTC", 10, 100, side_held=LONG)
    it.hold("ann", "BTC", -20, 100, side_held=SHORT)

    assert margins(it) == [1_000, 5_000]


def test_the_highest_leverage_is_that_of_both_sides() -> None:
    it = laddered(TierCounts.BOTH_SIDES)
    it.hold("ann", "BTC", 6, 100, side_held=LONG)
    terms = {"account": "ann", "symbol": "BTC", "position_side": SHORT, "leverage": 50}
    assert not only(it.do(SetLeverage(at=it.now(), **terms)), CommandRejected)  # type: ignore[arg-type]

    order = it.order("ann", "BTC", -5, 100, position_side=SHORT)
    assert it.refusal(order) is Reject.LEVERAGE_OUT_OF_RANGE
    assert it.place("ann", "BTC", -4, 100, position_side=SHORT)


def test_what_one_side_opens_costs_the_other_margin_too() -> None:
    """1% of 1,000 and 10% of the rest: a long of 3,200 needs 230, and 240 beside a short of 400.

    That needs 30, so what it opens takes 40.
    """
    steep = LADDER[0], Tier(floor="1000", maintenance="0.1", leverage_max=50)
    it = laddered(TierCounts.BOTH_SIDES, 265, tiers=steep, leverage=50)
    it.hold("ann", "BTC", 32, 100, side_held=LONG)
    assert margins(it) == [23_000]
    it.show("BTC", bids={100: 4})

    order = it.order("ann", "BTC", -4, 100, position_side=SHORT)
    assert it.refusal(order) is Reject.INSUFFICIENT_MARGIN
    it.deposit("ann", 5)
    it.place("ann", "BTC", -4, 100, position_side=SHORT)


def test_a_step_comes_down_until_both_are_below_the_tier() -> None:
    """Of 30 long and 4 short at 80, 1,000 may stay: 12 in all, so 8 of the long."""
    liquidation = LiquidationRules(amount=Amount.DOWN_ONE_TIER)
    it = laddered(TierCounts.BOTH_SIDES, deposit=590, liquidation=liquidation)
    it.hold("ann", "BTC", 30, 100, side_held=LONG)
    it.hold("ann", "BTC", -4, 100, side_held=SHORT)
    it.show("BTC", bids={80: 100})
    events = it.mark("BTC", 80)

    steps = only(events, LiquidationStepTaken)
    assert [(s.position_side, s.size) for s in steps] == [(LONG, 22)]
    assert margins(it) == [640, 320]


def test_margin_freed_is_that_of_both_sides() -> None:
    """Closing 10 lots of 40 takes 4% of their value off the account's margin, not the average."""
    liquidation = LiquidationRules(amount=Amount.JUST_ENOUGH)
    it = laddered(TierCounts.BOTH_SIDES, deposit=130, liquidation=liquidation)
    it.hold("ann", "BTC", 20, 100, side_held=LONG)
    it.hold("ann", "BTC", -20, 100, side_held=SHORT)
    assert it.account("ann").maintenance_margin == 13_000
    it.show("BTC", asks={101: 100}, bids={100: 100})
    events = it.mark("BTC", 101)

    # 4,040 need 131.60: 1.60 is missing, and a lot frees 4.04.
    assert [s.size for s in only(events, LiquidationStepTaken)] == [1]


STEEP = (LADDER[0], Tier(floor="1000", maintenance="0.1", leverage_max=50))
"""8 long and 8 short at 100 come to 1,600: 10 for 1,000, and 10% of the rest."""


def eight_and_eight(liquidation: LiquidationRules) -> Stage:
    """With just what they need."""
    it = laddered(TierCounts.BOTH_SIDES, 70, tiers=STEEP, leverage=50, liquidation=liquidation)
    it.hold("ann", "BTC", 8, 100, side_held=LONG)
    it.hold("ann", "BTC", -8, 100, side_held=SHORT)
    return it


def test_margin_freed_is_what_the_other_side_no_longer_needs_too() -> None:
    """At 106 9.60 is missing, and a lot less frees 10.60; a side alone would free 1.06."""
    it = eight_and_eight(LiquidationRules(amount=Amount.JUST_ENOUGH))

    (step, *_) = only(it.mark("BTC", 106), LiquidationStepTaken)

    assert step.size == 1


def test_a_side_in_the_lowest_tier_comes_down_from_where_both_are() -> None:
    """Of 848 and 848, 152 may stay."""
    it = eight_and_eight(LiquidationRules(amount=Amount.DOWN_ONE_TIER))

    (step, *_) = only(it.mark("BTC", 106), LiquidationStepTaken)

    assert step.size == 7


def test_where_the_other_side_alone_is_above_the_tier_all_is_closed() -> None:
    """20 short are more than 10, whatever is long."""
    margin = MarginRules(tier_counts=TierCounts.BOTH_SIDES, tier_input=TierInput.SIZE)
    tiers = LADDER[0], replace(LADDER[1], floor="10")
    it = Stage(rulebook(tiers=tiers, margin=margin), "BTC")
    it.trader("ann", deposit=1_000)
    it.hedge("ann")
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 5, 100, side_held=LONG)
    it.hold("ann", "BTC", -20, 100, side_held=SHORT)
    (long, _) = it.venue._state.account_of["ann"].pools["USD"].listed

    assert down_tiers(long, 100 * SUBTICKS, 1) == 5


def test_the_side_that_frees_most_is_the_larger_whatever_the_other_needs() -> None:
    liquidation = LiquidationRules(select=Select.MOST_MARGIN_FREED)
    it = laddered(TierCounts.BOTH_SIDES, 590, liquidation=liquidation)
    it.hold("ann", "BTC", -4, 100, side_held=SHORT)
    it.hold("ann", "BTC", 30, 100, side_held=LONG)

    (step, *_) = only(it.mark("BTC", 80), LiquidationStepTaken)

    assert step.position_side == LONG


@pytest.mark.parametrize("deposit", [140, 200, 300])
def test_the_liquidation_price_of_a_hedge_is_where_the_engine_liquidates(deposit: int) -> None:
    it = laddered(TierCounts.BOTH_SIDES, deposit=deposit)
    it.hold("ann", "BTC", 30, 100, side_held=LONG)
    it.hold("ann", "BTC", -10, 100, side_held=SHORT)
    long, short = it.account("ann").positions
    assert long.liquidation_price == short.liquidation_price is not None

    price = divmod(long.liquidation_price or 0, SUBTICKS)
    assert not only(it.mark("BTC", price[0], price[1] + 1), LiquidationStarted)
    assert only(it.mark("BTC", *price), LiquidationStarted)


def test_a_rate_that_grows_with_notional_does_not_go_with_both_sides() -> None:
    margin = MarginRules(tier_counts=TierCounts.BOTH_SIDES, rate_growth="0.001")
    with pytest.raises(UnitError, match="rate_growth does not go with"):
        position(1, 100, margin=margin)
