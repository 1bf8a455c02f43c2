"""The margin monitor: whom a mark endangers.  Held against a full scan in tests/properties."""

import pytest

from exchange.core.messages import (
    CancelAll,
    Deposit,
    LiquidationStarted,
    MarginMode,
    SetLeverage,
    SetMarginMode,
)
from exchange.core.monitor import UNSEEN_MAX, read_ahead
from exchange.core.rules import ContractKind, GridRules, PortfolioRules, Rulebook
from tests.stage import DOLLAR, Stage, only, rulebook


def liquidated(it: Stage, symbol: str, dollars: int, cents: int = 0) -> list[str]:
    """Whom a mark liquidates, in order."""
    return [e.account for e in only(it.mark(symbol, dollars, cents), LiquidationStarted)]


def looked_at(it: Stage, symbol: str, mark: int) -> list[str]:
    """Whom the monitor would have looked at, were this the mark; it forgets their thresholds."""
    it.look()
    number = it.venue.instruments[symbol].index
    pools = it.venue._state.monitor.endangered(number, mark * 100)
    return sorted({pool.account.name for pool in pools})


def test_what_is_read_ahead_are_the_edges_of_open_positions() -> None:
    it = Stage()
    it.trader("ann", "bob", "cat", deposit=1_000)
    it.marks(BTC=100, ETH=100)
    it.hold("ann", "BTC", 10, 100, other="bob")
    it.hold("cat", "BTC", 10, 100)
    it.hold("ann", "ETH", 10, 100)
    it.look()
    pools = [it.venue._state.account_of[name].pools["USD"] for name in ("ann", "bob", "cat")]

    assert read_ahead(pools) == 4
    it.hold("ann", "ETH", -10, 100)
    it.look()
    assert read_ahead(pools) == 3


@pytest.mark.parametrize("size", [10, -10])
def test_a_position_is_liquidated_at_the_first_mark_that_fails(size: int) -> None:
    it = Stage()
    it.trader("ann", deposit=200)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", size, 100)
    held = it.position("ann", "BTC")
    assert held is not None
    assert held.liquidation_price is not None
    last_safe = held.liquidation_price + (1 if size > 0 else -1)

    assert liquidated(it, "BTC", 0, last_safe) == []
    assert liquidated(it, "BTC", 0, held.liquidation_price) == ["ann"]


def test_a_mark_that_is_far_from_everyone_concerns_nobody() -> None:
    """Ann can lose 100 of her 200: from 100 to 90."""
    it = Stage()
    it.trader("ann", "bob", deposit=200)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 100, other="bob")

    assert looked_at(it, "BTC", 91) == []
    assert looked_at(it, "BTC", 109) == []
    assert looked_at(it, "BTC", 89) == ["ann"]
    assert looked_at(it, "BTC", 111) == ["bob"]


def test_a_mark_concerns_only_its_own_instrument() -> None:
    it = Stage()
    it.trader("ann", deposit=200)
    it.marks(BTC=100, ETH=100)
    it.hold("ann", "BTC", 10, 100)

    assert looked_at(it, "ETH", 1) == []


def test_two_positions_of_an_account_share_its_slack() -> None:
    """Each half of the slack alone is not passed; together they fail."""
    it = Stage()
    it.trader("ann", deposit=300)
    it.marks(BTC=100, ETH=100)
    it.hold("ann", "BTC", 10, 100)
    it.hold("ann", "ETH", 10, 100)

    assert liquidated(it, "BTC", 95) == []
    assert liquidated(it, "ETH", 94) == []
    assert liquidated(it, "ETH", 93) == ["ann"]


def test_each_of_two_positions_may_use_up_its_half_before_anyone_looks() -> None:
    """100 can be lost in all: 5 dollars of each."""
    it = Stage()
    it.trader("ann", deposit=300)
    it.marks(BTC=100, ETH=100)
    it.hold("ann", "BTC", 10, 100)
    it.hold("ann", "ETH", 10, 100)

    assert looked_at(it, "BTC", 96) == []
    assert looked_at(it, "BTC", 94) == ["ann"]


def test_an_isolated_position_may_use_up_what_its_bucket_can_spare() -> None:
    """200 with what was added, of which 100 must stay."""
    it = Stage()
    it.trader("ann", deposit=1_000)
    it.mark("BTC", 100)
    it.isolate("ann", "BTC")
    it.do(SetLeverage(at=it.now(), account="ann", symbol="BTC", leverage=5))
    it.hold("ann", "BTC", 10, 100)

    assert looked_at(it, "BTC", 91) == []
    assert looked_at(it, "BTC", 89) == ["ann"]


@pytest.mark.parametrize(("size", "lost", "fails"), [(10, 60, 55), (-10, 130, 137)])
def test_what_an_isolated_position_has_lost_is_no_longer_there(
    size: int, lost: int, fails: int
) -> None:
    """500 are in its bucket: at 60, 100 are left, and at 55, 50 where 55 are needed.

    Short, at 130, 200 are left, and at 137, 130 where 137 are needed.
    """
    it = Stage()
    it.trader("ann", deposit=1_000)
    it.mark("BTC", 100)
    it.isolate("ann", "BTC")
    it.do(SetLeverage(at=it.now(), account="ann", symbol="BTC", leverage=2))
    it.hold("ann", "BTC", size, 100)

    assert liquidated(it, "BTC", lost) == []
    assert liquidated(it, "BTC", fails) == ["ann"]


def test_money_moves_the_thresholds() -> None:
    it = Stage()
    it.trader("ann", deposit=200)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 100)
    it.do(Deposit(at=it.now(), account="ann", asset="USD", amount=100 * DOLLAR))

    assert liquidated(it, "BTC", 78) == []
    assert liquidated(it, "BTC", 77) == ["ann"]


@pytest.mark.parametrize("buys", [True, False])
def test_money_spent_or_made_in_spot_moves_the_thresholds(*, buys: bool) -> None:
    """What ann buys coins for no longer stands behind her position."""
    it = Stage()
    it.enlist("COIN/USD", kind=ContractKind.SPOT, base="COIN", base_unit="0.001")
    it.trader("ann", deposit=300 if buys else 200)
    it.bring("ann", "COIN", 10_000)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 100)
    it.show("COIN/USD", bids={9 if buys else 10: 10}, asks={10 if buys else 11: 10})

    it.place("ann", "COIN/USD", 10 if buys else -10, 10)

    assert it.account("ann").wallet == (200 if buys else 300) * DOLLAR
    assert liquidated(it, "BTC", 88) == (["ann"] if buys else [])


def test_coins_sold_in_spot_no_longer_stand_behind_a_position_in_coins() -> None:
    """100 dollars long at 10: with 10 coins it fails below 5.50, with 12 it would below 5."""
    it = Stage()
    coin = {"settle": "COIN", "money_unit": "0.001"}
    it.enlist("COIN/USD", kind=ContractKind.SPOT, base="COIN", base_unit="0.001")
    it.enlist("XBT", kind=ContractKind.INVERSE, **coin)
    it.trader("ann")
    it.bring("ann", "COIN", 12_000)
    it.mark("XBT", 10)
    it.hold("ann", "XBT", 100, 10)
    it.show("COIN/USD", bids={10: 10})

    it.place("ann", "COIN/USD", -2, 10)

    assert liquidated(it, "XBT", 5, 51) == []
    assert liquidated(it, "XBT", 5, 49) == ["ann"]


def test_a_closed_position_is_no_longer_watched() -> None:
    it = Stage()
    it.trader("ann", deposit=200)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 100)
    it.hold("ann", "BTC", -10, 100)

    assert looked_at(it, "BTC", 1) == []


def test_a_position_that_turned_over_is_watched_on_the_other_side() -> None:
    it = Stage()
    it.trader("ann", deposit=400)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 100)
    it.hold("ann", "BTC", -20, 100)

    assert looked_at(it, "BTC", 1) == []
    assert looked_at(it, "BTC", 200) == ["ann"]


def two_failing(*, watched_anew: str = "") -> Stage:
    """Ann and bob fail at 80, bob much further; one of them was looked at once more before."""
    it = Stage(rulebook(fund="100000"))
    it.trader("ann", deposit=250)
    it.trader("bob", deposit=2_200)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 100)
    it.hold("bob", "BTC", 100, 100)
    if watched_anew:
        it.mark("BTC", 90)
        it.do(Deposit(at=it.now(), account=watched_anew, asset="USD", amount=1))
    return it


@pytest.mark.parametrize("watched_anew", ["", "ann", "bob"])
def test_of_several_that_fail_the_lowest_margin_ratio_goes_first(watched_anew: str) -> None:
    """Whenever the monitor last looked at them: ann has 50 for 80, bob 200 for 800."""
    assert liquidated(two_failing(watched_anew=watched_anew), "BTC", 80) == ["bob", "ann"]


def test_equals_go_in_order_of_admission() -> None:
    it = Stage(rulebook(fund="100000"))
    it.trader("cat", "ann", "bob", deposit=250)
    it.mark("BTC", 100)
    for name in ("bob", "ann", "cat"):
        it.hold(name, "BTC", 10, 100)

    assert liquidated(it, "BTC", 80) == ["cat", "ann", "bob"]


def test_an_isolated_position_counts_by_its_own_ratio() -> None:
    """Ann's account is rich and her isolated position is worse off than bob's account."""
    it = Stage(rulebook(fund="100000"))
    it.trader("bob", deposit=250)
    it.trader("ann", deposit=10_000)
    it.mark("BTC", 100)
    it.isolate("ann", "BTC")
    it.hold("ann", "BTC", 10, 100)
    it.hold("bob", "BTC", 10, 100)

    assert liquidated(it, "BTC", 80) == ["ann", "bob"]


def test_a_command_that_changes_no_margin_moves_no_threshold() -> None:
    it = Stage()
    it.trader("ann", deposit=200)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 100)
    it.do(CancelAll(at=it.now(), account="ann"))

    assert looked_at(it, "BTC", 91) == []


# --------------------------------------------------------------------- edges, to the cent


def holding(*sizes: int, deposit: int, rules: Rulebook | None = None) -> Stage:
    """Ann with so many lots of BTC and ETH at 100, as far as they are said."""
    it = Stage(rules)
    it.trader("ann", deposit=deposit)
    it.marks(BTC=100, ETH=100)
    for symbol, size in zip(("BTC", "ETH"), sizes, strict=False):
        it.hold("ann", symbol, size, 100)
    return it


def test_the_edge_leaves_six_cents_for_the_roundings_of_a_position() -> None:
    """100 dollars less 6 cents can be lost, 10 cents with each cent of the mark: 9.99."""
    assert holding(10, deposit=200).calm("BTC") == (90_01, None)


def test_two_positions_have_twice_that_and_shares_by_value_rounded_down() -> None:
    """10 less 12 cents: 3.29 for 100 and 6.58 for 200.  A short's margin grows as it loses."""
    it = holding(1, -2, deposit=40)

    assert (it.calm("BTC"), it.calm("ETH")) == ((96_71, None), (None, 102_99))


@pytest.mark.parametrize(("size", "calm"), [(1, (100_00, None)), (-1, (None, 100_00))])
def test_who_can_lose_nothing_is_watched_at_the_mark_itself(
    size: int, calm: tuple[int | None, int | None]
) -> None:
    """Exactly at the margin; one lot loses a cent with each cent of the mark."""
    it = holding(size, deposit=10)

    assert it.calm("BTC") == calm


@pytest.mark.parametrize(("size", "calm"), [(1, (100_00, None)), (-1, (None, 100_00))])
def test_nor_can_an_isolated_position_whose_bucket_is_its_margin(
    size: int, calm: tuple[int | None, int | None]
) -> None:
    it = Stage()
    it.trader("ann", deposit=1_000)
    it.mark("BTC", 100)
    it.isolate("ann", "BTC")

    it.hold("ann", "BTC", size, 100)

    assert it.calm("BTC") == calm


def test_a_bucket_is_watched_for_what_it_has_above_margin_and_losses() -> None:
    """500 in it; at 80, 200 are lost and 80 needed: 220 less 6 cents, on 10 lots."""
    it = Stage()
    it.trader("ann", deposit=1_000)
    it.mark("BTC", 100)
    it.isolate("ann", "BTC")
    it.do(SetLeverage(at=it.now(), account="ann", symbol="BTC", leverage=2))
    it.hold("ann", "BTC", 10, 100)

    it.mark("BTC", 80)
    it.do(Deposit(at=it.now(), account="ann", asset="USD", amount=1))

    assert it.calm("BTC") == (58_01, None)


def portfolio() -> Rulebook:
    """A fall or rise of 20% is what is charged."""
    return rulebook(portfolio=PortfolioRules(grid=GridRules(moves=("0.2",))))


def test_a_portfolios_edge_leaves_more_for_rounding_and_for_margin_that_may_grow() -> None:
    """10 less 24 cents can be lost; a quarter more may be needed (as of an inverse contract)."""
    it = Stage(portfolio())
    it.trader("ann", deposit=30)
    it.mark("BTC", 100)
    it.do(SetMarginMode(at=it.now(), account="ann", symbol="BTC", mode=MarginMode.PORTFOLIO))

    it.hold("ann", "BTC", 1, 100)

    assert it.calm("BTC") == (92_20, None)


def test_an_isolated_position_beside_a_portfolio_goes_by_its_own_margin() -> None:
    """Short: 100 can be lost beside its own margin, less 6 cents, and a tenth more is needed."""
    it = Stage(portfolio())
    it.trader("ann", deposit=3_000)
    it.marks(BTC=100, ETH=100)
    it.do(SetMarginMode(at=it.now(), account="ann", symbol="BTC", mode=MarginMode.PORTFOLIO))
    it.isolate("ann", "ETH")
    it.do(SetLeverage(at=it.now(), account="ann", symbol="ETH", leverage=5))

    it.hold("ann", "ETH", -10, 100)

    assert it.calm("ETH") == (None, 109_08)


def test_edges_out_of_order_are_found() -> None:
    """What the check of the whole venue relies on."""
    for size in (10, -10):
        it = holding(size, deposit=200)
        it.look()
        number = it.venue.instruments["BTC"].index
        watch = it.venue._state.monitor.watches[number]
        side = watch.longs if size > 0 else watch.shorts
        side.things[0].row = 1

        with pytest.raises((AssertionError, IndexError)):
            it.venue._state.monitor.check(number)


def test_a_mark_waits_for_so_many_accounts_and_no_more() -> None:
    """What has traded since the last mark is looked at with the next; beyond that, at once."""
    it = Stage()
    it.mark("BTC", 100)
    names = [f"trader {number}" for number in range(UNSEEN_MAX + 20)]
    it.trader(*names, deposit=1_000)
    for one, other in zip(names[::2], names[1::2], strict=True):
        it.hold(one, "BTC", 1, 100, other=other)
    monitor = it.venue._state.monitor

    it.venue.check()
    assert len(monitor.unseen()) == UNSEEN_MAX
    assert monitor.unseen() == []


def test_pools_are_looked_at_once_in_the_order_in_which_they_were_touched() -> None:
    it = Stage()
    it.trader("ann", "bob", "cat", deposit=1)
    state = it.venue._state
    ann, bob, cat = [state.pool(state.account_of[name], "USD") for name in ("ann", "bob", "cat")]
    for pool in (bob, ann, bob, cat):
        state.touch(pool)

    assert state.touched.take() is bob
    state.touch(bob)
    state.touch(ann)
    assert [state.touched.take() for _ in range(4)] == [ann, cat, bob, None]
    state.touch(cat)
    assert [state.touched.take(), state.touched.take()] == [cat, None]
