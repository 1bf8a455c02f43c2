"""Whether an account can carry an order: checked on exactly what the order would get."""

import pytest

from exchange.core.accounts import ROOM_MAX, Position
from exchange.core.admission import most_taken
from exchange.core.book import Order
from exchange.core.margin import taken_by
from exchange.core.messages import CancelOrder, LiquidationStarted, OrderFilled, Reject, SetLeverage
from exchange.core.rules import Tier
from exchange.core.state import State
from tests.stage import DOLLAR, TEN_PERCENT, Stage, only, rulebook

TWO_TIERS = (
    Tier(floor="0", maintenance="0.01", leverage_max=50),
    Tier(floor="1000", maintenance="0.05", leverage_max=10),
)


def stage(deposit: int, taker: str = "0", tiers: tuple[Tier, ...] = TEN_PERCENT) -> Stage:
    """Ann with some dollars, BTC at 100, and a deep book around it."""
    it = Stage(rulebook(taker=taker, tiers=tiers))
    it.trader("ann", deposit=deposit)
    it.mark("BTC", 100)
    it.show("BTC", bids={99: 100, 98: 100}, asks={101: 100, 102: 100})
    return it


# ----------------------------------------------------------------------------- in cross


def test_an_order_that_rests_needs_its_initial_margin() -> None:
    """At a leverage of 10, 100 dollars carry 1,000 of notional."""
    it = stage(100)

    assert it.refusal(it.order("ann", "BTC", 21, 50)) is Reject.INSUFFICIENT_MARGIN
    it.place("ann", "BTC", 20, 50)
    assert it.account("ann").available_margin == 0


def test_the_bound_forgets_orders_that_went_when_there_is_nothing_to_spare() -> None:
    """Each order of 500 dollars takes 50, and is gone before the next comes."""
    it = stage(100)
    state = it.venue._state
    pool = state.pool(state.account_of["ann"], "USD")

    for _ in range(3):
        order = it.place("ann", "BTC", 10, 50)
        it.do(CancelOrder(at=it.now(), account="ann", order_id=order))

    assert state.has_to_spare(pool, 999 * DOLLAR)
    assert not state.has_to_spare(pool, 1_001 * DOLLAR)


def first(it: Stage) -> tuple[State, Position]:
    """Ann's position in BTC, which is flat."""
    state = it.venue._state
    return state, state.position(state.account_of["ann"], state.market_of["BTC"].instrument)


@pytest.mark.parametrize("price", [50, 102])
def test_an_order_whose_value_is_beyond_64_bits_is_looked_at_closer(price: int) -> None:
    """It is worth some 10**19 cents, whether it rests or trades, and there is more in the wallet
    than the bound can tell."""
    it = stage(10**25)
    state, position = first(it)
    order = Order(0, 1, 0, buy=True, price=price, size=10**15, position=position)

    assert most_taken(state, state.market_of["BTC"], position, order) == ROOM_MAX
    assert state.has_to_spare(position.pool, ROOM_MAX - 1)
    assert not state.has_to_spare(position.pool, ROOM_MAX)
    assert it.place("ann", "BTC", 10**15, price)


@pytest.mark.parametrize(
    ("lots", "value", "fee"),
    [
        (10**15, DOLLAR, 0),
        (1, 1 << 61, 0),
        (1, DOLLAR, 1 << 61),
        (1, DOLLAR, -1 << 61),
        (1, (1 << 61) - 1, 0),
    ],
)
def test_a_trade_beyond_64_bits_takes_all_the_room_there_may_be(
    lots: int, value: int, fee: int
) -> None:
    _, position = first(stage(100))

    assert taken_by(position, lots, value, fee, buy=True) == ROOM_MAX


def test_a_trade_takes_its_exposure_and_what_it_loses_at_the_mark_of_the_room() -> None:
    """2 lots at 103 with the mark at 100, at a leverage of 10: 206 dollars, and 10 times 6 and a
    fee of 1; roundings are cents."""
    _, position = first(stage(100))

    taken = taken_by(position, 2, 206 * DOLLAR, DOLLAR, buy=True)
    gained = taken_by(position, 2, 206 * DOLLAR, DOLLAR, buy=False)

    assert (206 + 70) * DOLLAR <= taken <= (206 + 70) * DOLLAR + 110
    assert 206 * DOLLAR <= gained <= 206 * DOLLAR + 110


def test_margin_is_given_away_to_the_last_unit_order_by_order() -> None:
    """Most orders are covered by a bound that is at hand, the last ones by an exact look."""
    it = stage(100)

    for _ in range(20):
        it.place("ann", "BTC", 1, 50)

    assert it.account("ann").available_margin == 0
    assert it.refusal(it.order("ann", "BTC", 1, 50)) is Reject.INSUFFICIENT_MARGIN


def test_an_order_that_was_covered_is_not_once_the_mark_has_moved() -> None:
    """190 dollars left carry 10 lots and an order of 4; 5 more need 49, and 10 go with the mark."""
    it = stage(200)
    it.place("ann", "BTC", 10, 101)
    it.place("ann", "BTC", 4, 98)

    it.mark("BTC", 99)

    assert it.refusal(it.order("ann", "BTC", 5, 98)) is Reject.INSUFFICIENT_MARGIN
    it.mark("BTC", 100)
    it.place("ann", "BTC", 5, 98)


def test_what_trades_is_measured_at_the_mark_and_pays_its_price_at_once() -> None:
    """10 lots at 101: margin of 100 at the mark, and a loss of 10 against it."""
    it = stage(109)
    assert it.refusal(it.order("ann", "BTC", 10, 101)) is Reject.INSUFFICIENT_MARGIN

    it = stage(110)
    it.place("ann", "BTC", 10, 101)

    assert it.account("ann").available_margin == 0


def test_an_order_is_checked_on_the_prices_it_would_get() -> None:
    """Its limit of 150 would cost 500; the book asks 101."""
    it = stage(110)

    it.place("ann", "BTC", 10, 150)

    assert it.size("ann", "BTC") == 10


def test_the_fee_is_part_of_the_price() -> None:
    """1% of 1,010 is 10.10."""
    it = stage(120, taker="0.01")
    assert it.refusal(it.order("ann", "BTC", 10, 101)) is Reject.INSUFFICIENT_MARGIN
    it.deposit("ann", 1)

    it.place("ann", "BTC", 10, 101)

    assert it.account("ann").available_margin == 90


def test_closing_needs_no_margin() -> None:
    """All of the equity is in use, and orders on the other side still go through."""
    it = stage(110)
    it.place("ann", "BTC", 10, 101)
    it.mark("BTC", 100, 50)
    it.mark("BTC", 100)
    assert it.account("ann").available_margin == 0

    it.place("ann", "BTC", -10, 99)

    assert it.size("ann", "BTC") == 0


def test_closing_may_not_lose_more_than_the_equity() -> None:
    it = stage(200)
    it.hold("ann", "BTC", 10, 100)
    it.show("BTC", bids={79: 10})
    assert it.refusal(it.order("ann", "BTC", -10, 79)) is Reject.INSUFFICIENT_MARGIN
    it.show("BTC", bids={80: 10})

    it.place("ann", "BTC", -10, 80)

    assert it.account("ann").wallet == 0


def test_turning_a_position_over_needs_margin_for_what_it_opens() -> None:
    """From 10 long to 20 short at 99: 200 of margin, a loss of 10, and 10 more for the turn."""
    it = stage(229)
    it.hold("ann", "BTC", 10, 100)
    assert it.refusal(it.order("ann", "BTC", -30, 99)) is Reject.INSUFFICIENT_MARGIN
    it.deposit("ann", 1)

    it.place("ann", "BTC", -30, 99)

    assert it.size("ann", "BTC") == -20
    assert it.account("ann").available_margin == 0


def test_an_order_that_opens_needs_free_margin_even_where_exposure_shrinks() -> None:
    """Ann bids for 980 when ETH loses 70.  A short of 5 would halve what the bids can open, but
    its maintenance margin would be more than is left: it would be liquidated at once.
    """
    it = stage(160)
    it.mark("ETH", 50)
    it.hold("ann", "ETH", 10, 50)
    it.place("ann", "BTC", 10, 98)
    it.mark("ETH", 43)

    assert it.refusal(it.order("ann", "BTC", -5, 99)) is Reject.INSUFFICIENT_MARGIN
    it.place("ann", "BTC", -2, 150)


@pytest.mark.parametrize("leverage", [10, 20, 50])
def test_an_order_that_opens_is_never_liquidated_at_once(leverage: int) -> None:
    """Initial margin is below maintenance margin at a leverage over 10; the larger is asked for."""
    it = stage(109)
    it.do(SetLeverage(at=it.now(), account="ann", symbol="BTC", leverage=leverage))
    assert it.refusal(it.order("ann", "BTC", 10, 101)) is Reject.INSUFFICIENT_MARGIN
    it.deposit("ann", 1)

    events = it.do(it.order("ann", "BTC", 10, 101))

    assert only(events, OrderFilled)
    assert not only(events, LiquidationStarted)


def test_an_order_may_not_outgrow_the_leverage_of_its_tier() -> None:
    """A leverage of 50 is for 1,000; beyond it, 10."""
    it = stage(10_000, tiers=TWO_TIERS)
    it.do(SetLeverage(at=it.now(), account="ann", symbol="BTC", leverage=50))

    assert it.refusal(it.order("ann", "BTC", 11, 100)) is Reject.LEVERAGE_OUT_OF_RANGE
    it.place("ann", "BTC", 10, 100)


# -------------------------------------------------------------------------- in isolated


def test_an_isolated_order_reserves_in_the_wallet_and_fills_the_bucket() -> None:
    it = stage(112)
    it.isolate("ann", "BTC")
    it.place("ann", "BTC", 10, 100)
    assert it.account("ann").available_margin == 12 * DOLLAR

    it.show("BTC", asks={100: 4})

    held = it.position("ann", "BTC")
    assert held is not None
    assert (held.size, held.bucket) == (4, 40 * DOLLAR)
    assert (it.account("ann").wallet, it.account("ann").available_margin) == (7_200, 1_200)


def test_an_isolated_position_must_be_safe_at_its_own_price() -> None:
    """Bought at 102, 10 lots bring 102 and lose 20: not enough for 100 of maintenance margin."""
    it = stage(10_000)
    it.isolate("ann", "BTC")
    it.show("BTC", asks={102: 100})

    assert it.refusal(it.order("ann", "BTC", 10, 102)) is Reject.INSUFFICIENT_MARGIN
    it.do(SetLeverage(at=it.now(), account="ann", symbol="BTC", leverage=8))
    it.place("ann", "BTC", 10, 102)


def test_an_isolated_close_may_not_lose_more_than_the_bucket() -> None:
    """The wallet has plenty, and does not answer for it."""
    it = stage(10_000)
    it.isolate("ann", "BTC")
    it.hold("ann", "BTC", 10, 100)
    it.show("BTC", bids={89: 100})

    assert it.refusal(it.order("ann", "BTC", -10, 89)) is Reject.INSUFFICIENT_MARGIN
    it.show("BTC", bids={90: 100})
    it.place("ann", "BTC", -10, 90)
    assert it.account("ann").wallet == 9_900 * DOLLAR


def test_an_order_for_an_isolated_position_takes_of_what_others_may() -> None:
    """150, of which a buy of ether has 100 in use: bitcoin may be bought for 500, not for 1,000."""
    it = Stage()
    it.trader("ann", deposit=150)
    it.marks(BTC=100, ETH=100)
    it.isolate("ann", "ETH")
    it.place("ann", "ETH", 10, 100)

    assert it.refusal(it.order("ann", "BTC", 10, 100)) is Reject.INSUFFICIENT_MARGIN
    it.place("ann", "BTC", 5, 100)


def test_what_an_isolated_position_has_won_is_not_there_for_others() -> None:
    """100 are in ether's bucket and 100 in the wallet, whatever ether is worth."""
    it = Stage()
    it.trader("ann", deposit=200)
    it.marks(BTC=100, ETH=100)
    it.isolate("ann", "ETH")
    it.hold("ann", "ETH", 10, 100)
    it.mark("ETH", 150)

    assert it.refusal(it.order("ann", "BTC", 11, 100)) is Reject.INSUFFICIENT_MARGIN
    it.place("ann", "BTC", 10, 100)
