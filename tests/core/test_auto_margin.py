"""Auto-add margin: what an isolated position draws on before it is liquidated.

Ann is long 10 at 100 with leverage 10 and 100 in the bucket; maintenance margin is 5%.
At a mark P her equity is 100 + 10 (P - 100), and her maintenance margin P / 2.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.messages import (
    AutoMarginSet,
    Event,
    LiquidationStarted,
    MarginAutoAdded,
    Reject,
    SetAutoMargin,
)
from exchange.core.policies import AutoMargin
from exchange.core.rules import MarginRules, Tier
from tests.stage import DOLLAR, Stage, only, rulebook

FIVE_PERCENT = (Tier(floor="0", maintenance="0.05", leverage_max=100),)


def stage(rule: AutoMargin, deposit: int = 150, *, up_to_value: bool = False) -> Stage:
    margin = MarginRules(auto_margin=rule, auto_margin_up_to_value=up_to_value)
    it = Stage(rulebook(tiers=FIVE_PERCENT, margin=margin))
    it.trader("ann", deposit=deposit)
    it.marks(BTC=100, ETH=100)
    it.isolate("ann", "BTC")
    it.hold("ann", "BTC", 10, 100)
    return it


def switch(it: Stage, *, on: bool = True) -> SetAutoMargin:
    return SetAutoMargin(at=it.now(), account="ann", symbol="BTC", on=on)


def added(events: list[Event]) -> list[tuple[int, int]]:
    return [(e.lacking, e.amount) for e in only(events, MarginAutoAdded)]


def test_just_what_is_lacking_is_added() -> None:
    """At 94: equity 40, maintenance margin 47."""
    it = stage(AutoMargin.TO_SAFETY)
    assert only(it.do(switch(it)), AutoMarginSet)

    events = it.mark("BTC", 94)

    assert added(events) == [(7_00, 7_00)]
    assert not only(events, LiquidationStarted)
    assert it.balance("ann") == 43_00
    assert it.balance("ann BTC") == 107_00


def test_initial_margin_is_added_as_often_as_is_needed() -> None:
    """At 80: equity -100, maintenance margin 40; two steps of 100 cover the 140."""
    it = stage(AutoMargin.INITIAL_MARGIN, deposit=1_000)
    it.do(switch(it))
    assert added(it.mark("BTC", 94)) == [(7_00, 100_00)]
    assert added(it.mark("BTC", 80)) == [(40_00, 100_00)]
    assert added(it.mark("BTC", 55)) == [(177_50, 200_00)]


def test_where_less_is_free_all_of_it_is_added() -> None:
    it = stage(AutoMargin.INITIAL_MARGIN)
    it.do(switch(it))
    assert added(it.mark("BTC", 94)) == [(7_00, 50_00)]
    assert it.balance("ann") == 0


@pytest.mark.parametrize("rule", [AutoMargin.TO_SAFETY, AutoMargin.INITIAL_MARGIN])
def test_it_is_liquidated_when_the_wallet_is_used_up_and_not_before(rule: AutoMargin) -> None:
    """150 + 10 (P - 100) = P / 2 at 89.473...; the view has known it from the beginning."""
    it = stage(rule)
    before = it.position("ann", "BTC")
    assert before is not None
    assert before.liquidation_price == 94_73
    it.do(switch(it))
    held = it.position("ann", "BTC")
    assert held is not None
    assert (held.liquidation_price, held.liquidation_tick) == (89_47, 90)

    assert not only(it.mark("BTC", 94), LiquidationStarted)
    assert not only(it.mark("BTC", 89, 48), LiquidationStarted)
    assert only(it.mark("BTC", 89, 47), LiquidationStarted)
    assert it.balance("ann") == 0


@given(
    st.integers(100, 1_500),
    st.lists(st.integers(5, 110), max_size=12),
    st.sampled_from([AutoMargin.TO_SAFETY, AutoMargin.INITIAL_MARGIN]),
)
def test_it_lives_as_long_as_bucket_and_wallet_carry_it(
    deposit: int, marks: list[int], rule: AutoMargin
) -> None:
    """Whatever the way down and up: deposit + 10 (P - 100) >= P / 2 keeps it, less ends it."""
    it = stage(rule, deposit)
    it.do(switch(it))
    for mark in marks:
        started = only(it.mark("BTC", mark), LiquidationStarted)
        assert bool(started) == (2 * (deposit + 10 * (mark - 100)) < mark)
        if started:
            return


def test_what_cross_positions_and_orders_need_stays_in_the_wallet() -> None:
    """Of 150 the cross position takes 20 and the open order 30: 100 less 50 can be drawn on."""
    it = stage(AutoMargin.TO_SAFETY, deposit=200)
    it.hold("ann", "ETH", 2, 100)
    it.place("ann", "ETH", 3, 100)
    it.do(switch(it))
    events = it.mark("BTC", 80)
    assert added(events) == [(140_00, 50_00)]
    assert only(events, LiquidationStarted)[0].symbol == "BTC"
    assert it.size("ann", "ETH") == 2


def test_it_ends_at_leverage_one_where_the_rulebook_says_so() -> None:
    """A short of 10 at 100: the bucket of 100 grows to its entry value of 1,000, no further."""
    it = stage(AutoMargin.INITIAL_MARGIN, deposit=5_000, up_to_value=True)
    it.hold("ann", "BTC", -20, 100)
    it.do(switch(it))
    it.mark("BTC", 150)
    it.mark("BTC", 189)
    assert it.balance("ann BTC") == 1_000_00
    events = it.mark("BTC", 191)
    assert only(events, LiquidationStarted)
    assert not added(events)


def test_elsewhere_it_goes_on_beyond_leverage_one() -> None:
    it = stage(AutoMargin.INITIAL_MARGIN, deposit=5_000)
    it.hold("ann", "BTC", -20, 100)
    it.do(switch(it))
    it.mark("BTC", 150)
    it.mark("BTC", 189)
    assert not only(it.mark("BTC", 191), LiquidationStarted)
    assert it.balance("ann BTC") == 1_100_00


@pytest.mark.parametrize(("cents", "drawn"), [(0, []), (1, [(7, 1)])])
def test_a_cent_is_added_where_there_is_one(cents: int, drawn: list[tuple[int, int]]) -> None:
    """At 94.73 equity is 47.30, and 47.37 are needed: neither helps, and nothing is no addition."""
    it = stage(AutoMargin.TO_SAFETY, deposit=100)
    if cents:
        it.bring("ann", "USD", cents)
    it.do(switch(it))
    events = it.mark("BTC", 94, 73)
    assert added(events) == drawn
    assert only(events, LiquidationStarted)[0].equity == 47_30 + cents


def test_who_is_safe_gives_nothing_back() -> None:
    """ETH fails in cross: BTC beside it has 100 of the 50 that it needs."""
    it = stage(AutoMargin.TO_SAFETY, deposit=200)
    it.hold("ann", "ETH", 10, 100)
    it.do(switch(it))
    events = it.mark("ETH", 94)
    assert [e.symbol for e in only(events, LiquidationStarted)] == [""]
    assert not added(events)
    assert it.balance("ann BTC") == 100_00


def test_steps_may_be_of_one_unit() -> None:
    """In whole dollars: a lot at 5 has an initial margin of 1, and lacks 2 at a mark of 3.

    Its equity of 1 - 2 is below the maintenance margin of 1 by two.
    """
    margin = MarginRules(auto_margin=AutoMargin.INITIAL_MARGIN)
    it = Stage(rulebook(margin=margin), symbols="")
    it.enlist("BTC", money_unit="1")
    it.trader("ann")
    it.bring("ann", "USD", 10)
    it.mark("BTC", 5)
    it.isolate("ann", "BTC")
    it.hold("ann", "BTC", 1, 5)
    it.do(switch(it))
    assert added(it.mark("BTC", 3)) == [(2, 2)]


def test_it_may_be_switched_off_where_it_is_not_offered() -> None:
    it = stage(AutoMargin.NONE)
    assert only(it.do(switch(it, on=False)), AutoMarginSet)


def test_it_may_be_switched_off_again() -> None:
    it = stage(AutoMargin.TO_SAFETY)
    it.do(switch(it))
    it.do(switch(it, on=False))
    assert only(it.mark("BTC", 94), LiquidationStarted)


def test_a_position_in_cross_margin_draws_on_nothing() -> None:
    it = stage(AutoMargin.TO_SAFETY, deposit=1_000)
    it.hold("ann", "ETH", 50, 100)
    it.do(SetAutoMargin(at=it.now(), account="ann", symbol="ETH", on=True))
    held = it.position("ann", "ETH")
    assert held is not None
    assert not held.auto_margin
    assert not added(it.mark("ETH", 50))


def test_a_venue_that_does_not_offer_it_says_so() -> None:
    it = stage(AutoMargin.NONE)
    assert it.refusal(switch(it)) is Reject.NOT_OFFERED


def test_the_money_stays_the_traders() -> None:
    """What the bucket does not lose comes back when the position is closed."""
    it = stage(AutoMargin.INITIAL_MARGIN)
    it.do(switch(it))
    it.mark("BTC", 94)
    it.hold("ann", "BTC", -10, 94)
    assert it.balance("ann") == 150 * DOLLAR - 60 * DOLLAR


def test_whose_margin_must_be_known() -> None:
    command = SetAutoMargin(at=1_000, account="eve", symbol="BTC", on=True)
    assert stage(AutoMargin.TO_SAFETY).refusal(command) is Reject.UNKNOWN_ACCOUNT
