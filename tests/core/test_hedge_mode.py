"""Hedge mode: a long and a short in one instrument, side by side, each with its own orders."""

import pytest

from exchange.core.messages import (
    LiquidationStarted,
    LiquidationStepTaken,
    MarginMode,
    OrderAccepted,
    OrderCancelled,
    PositionDeleveraged,
    PositionMode,
    PositionSide,
    Reject,
    SetPositionMode,
)
from exchange.core.rules import Amount
from tests.stage import DOLLAR, SUBTICKS, Stage, only, rulebook

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
