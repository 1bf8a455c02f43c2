"""What may come: liquidation by a common move, the largest order, the deleveraging queue."""

import pytest

from exchange.core.messages import LiquidationStarted, Reject, Side
from exchange.core.policies import Backing, Quantile
from exchange.core.rules import DeleveragingRules, LiquidationRules, MarginPrice, MarginRules, Tier
from exchange.core.units import RATE_ONE
from tests.stage import DOLLAR, SUBTICKS, Stage, only, rulebook

PERCENT = RATE_ONE // 100
FIVE = (Tier(floor="0", maintenance="0.05", leverage_max=100),)


def long_and_short() -> Stage:
    """Ann is long 10 bitcoin and short 5 ethers, all at 100, on 500 dollars."""
    it = Stage(rulebook(tiers=FIVE))
    it.trader("ann", deposit=500)
    it.marks(BTC=100, ETH=100)
    it.hold("ann", "BTC", 10, 100)
    it.hold("ann", "ETH", -5, 100)
    return it


# ------------------------------------------------------------------------------ at other marks


def test_an_account_can_be_seen_as_it_would_stand_at_other_marks() -> None:
    """Bitcoin 20 lower: 200 less; nobody is liquidated by looking."""
    it = long_and_short()
    digest = it.venue.digest()
    seen = it.venue.account_view("ann", "USD", marks={"BTC": 80 * SUBTICKS})

    assert (seen.equity, seen.maintenance_margin) == (300 * DOLLAR, 65 * DOLLAR)
    assert seen.positions[0].unrealised_pnl == -200 * DOLLAR
    assert it.account("ann").equity == 500 * DOLLAR
    assert it.venue.digest() == digest


def test_without_equity_the_margin_ratio_is_worse_than_any_number() -> None:
    it = long_and_short()

    assert it.account("ann").margin_ratio == 15 * PERCENT
    ruined = it.venue.account_view("ann", "USD", marks={"BTC": 50 * SUBTICKS})
    assert (ruined.equity, ruined.margin_ratio) == (0, None)


def test_the_return_on_margin_is_that_of_the_leverage_chosen() -> None:
    """2% at ten times."""
    it = long_and_short()
    it.mark("BTC", 102)

    held = it.position("ann", "BTC")
    assert held is not None
    assert held.return_on_margin == 20 * PERCENT


# --------------------------------------------------------------------------- a common move


def test_the_common_fall_is_the_first_that_liquidates() -> None:
    """Net 500 long of 1,500: equity 500 - 500 f meets 5% of 1,500 (1 - f) at 100%; never before.

    With twice the bitcoin, 500 - 1,500 f meets 125 (1 - f) at f = 3 / 11.
    """
    it = long_and_short()
    assert it.venue.common_move("ann", "USD") == (None, None)

    it.hold("ann", "BTC", 10, 100)
    fall, rise = it.venue.common_move("ann", "USD")
    assert fall is not None
    assert abs(fall - 3 * RATE_ONE // 11) < RATE_ONE // 10_000
    assert rise is None
    for symbol, mark in (("ETH", 73), ("BTC", 73), ("ETH", 72)):
        assert not only(it.mark(symbol, mark), LiquidationStarted)
    assert only(it.mark("BTC", 72), LiquidationStarted)


def test_shorts_fail_in_a_common_rise() -> None:
    """500 - 1,000 r meets 50 (1 + r) at r = 3 / 7."""
    it = Stage(rulebook(tiers=FIVE))
    it.trader("ann", deposit=500)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", -10, 100)
    fall, rise = it.venue.common_move("ann", "USD")

    assert fall is None
    assert rise is not None
    assert abs(rise - 3 * RATE_ONE // 7) < RATE_ONE // 10_000


def test_an_account_without_positions_fears_no_move() -> None:
    it = Stage()
    it.trader("ann", deposit=1)

    assert it.venue.common_move("ann", "USD") == (None, None)


# -------------------------------------------------------------------------- the largest order


@pytest.mark.parametrize(("side", "price"), [(Side.BUY, 100), (Side.SELL, 100), (Side.BUY, None)])
def test_the_largest_order_is_accepted_and_one_lot_more_refused(
    side: Side, price: int | None
) -> None:
    it = long_and_short()
    it.show("BTC", bids={99: 500}, asks={101: 500})
    most = it.venue.order_max("ann", "BTC", side, price)
    sign = 1 if side is Side.BUY else -1

    assert most > 0
    assert (
        it.refusal(it.order("ann", "BTC", sign * (most + 1), price)) is Reject.INSUFFICIENT_MARGIN
    )
    assert it.place("ann", "BTC", sign * most, price)


def test_who_has_nothing_left_may_still_close() -> None:
    """107 of initial margin on 70 of equity: nothing more, but the 10 can go, and
    then 3 be sold short."""
    it = long_and_short()
    it.mark("BTC", 57)
    it.show("BTC", bids={57: 500}, asks={58: 500})

    assert it.venue.order_max("ann", "BTC", Side.BUY) == 0
    assert it.venue.order_max("ann", "BTC", Side.SELL) == 13


# --------------------------------------------------------------------------------- the queue


def crowd(quantile: Quantile) -> Stage:
    """Longs of 10, 10, 20 and 60, with less money behind the first."""
    rules = LiquidationRules(deleveraging=DeleveragingRules(quantile=quantile))
    it = Stage(rulebook(tiers=FIVE, liquidation=rules))
    it.mark("BTC", 100)
    for name, size, deposit in (("a", 10, 200), ("b", 10, 300), ("c", 20, 1_000), ("d", 60, 9_000)):
        it.trader(name, deposit=deposit)
        it.hold(name, "BTC", size, 100)
    it.mark("BTC", 110)
    return it


@pytest.mark.parametrize(
    ("quantile", "fifths"), [(Quantile.SIZE, [5, 5, 4, 1]), (Quantile.POSITIONS, [4, 3, 2, 1])]
)
def test_the_lights_count_contracts_or_positions(quantile: Quantile, fifths: list[int]) -> None:
    """Of a hundred contracts, each twenty are a light."""
    it = crowd(quantile)
    views = [it.venue.queue_view(name, "BTC") for name in "abcd"]

    assert [view.rank for view in views] == [1, 2, 3, 4]
    assert [view.fifth for view in views] == fifths


# ------------------------------------------------------------------------------ liquidation


def test_closing_some_uses_up_its_share_of_the_equity() -> None:
    """At 90 ann has 400: 5 of her 10 bitcoins hold 22.5 of 70 of maintenance margin."""
    rules = LiquidationRules(backing=Backing.BY_MAINTENANCE)
    it = Stage(rulebook(tiers=FIVE, liquidation=rules))
    it.trader("ann", deposit=500)
    it.marks(BTC=100, ETH=100)
    it.hold("ann", "BTC", 10, 100)
    it.hold("ann", "ETH", -5, 100)
    seen = it.venue.closing_view("ann", "BTC", 5, marks={"BTC": 90 * SUBTICKS})

    assert seen.backing == 400 * DOLLAR * 225 // 700
    assert seen.value == 450 * DOLLAR - seen.backing


def test_closing_some_leaves_margin_for_its_share_of_the_cost_rounded_down() -> None:
    """3 for 302 are worth 303, with 150 beside them: 151, just what they need.  The third that is
    left cost 100.66, half of which must stand behind it.
    """
    half = (Tier(floor="0", maintenance="0.5", leverage_max=2),)
    rules = LiquidationRules(backing=Backing.BY_MAINTENANCE)
    at_entry = MarginRules(maintenance_price=MarginPrice.ENTRY)
    it = Stage(rulebook(tiers=half, liquidation=rules, margin=at_entry))
    it.trader("ann", deposit=150)
    it.mark("BTC", 101)
    it.hold("ann", "BTC", 1, 100)
    it.hold("ann", "BTC", 2, 101)

    seen = it.venue.closing_view("ann", "BTC", 2)

    assert seen.backing == 15_100 - 5_033
