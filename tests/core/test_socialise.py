"""Socialised loss in figures: who takes part, how much each can bear, and what nobody does."""

import pytest

from exchange.core.messages import (
    HISTORY,
    LiquidationStarted,
    LossSocialised,
)
from exchange.core.policies import Amount, Socialise, Unfilled
from exchange.core.rules import LiquidationRules
from exchange.core.scope import Scope
from exchange.core.socialise import share_out
from tests.stage import CENT, DOLLAR, Stage, only, rulebook


def shorts(rule: Socialise, **sizes: int) -> Stage:
    """Dan is long what others are short, all from 100, at a mark of 40; everybody is rich."""
    rules = LiquidationRules(
        amount=Amount.WHOLE_POSITION, unfilled=Unfilled.SOCIALISE, socialise=rule
    )
    it = Stage(rulebook(liquidation=rules))
    it.trader("dan", deposit=10_000)
    it.marks(BTC=100, ETH=100, SOL=100)
    for name, size in sizes.items():
        it.trader(name, deposit=1_000)
        it.hold("dan", "BTC", size, 100, other=name)
    it.mark("BTC", 40)
    return it


def shared(it: Stage, loss: int) -> tuple[list[tuple[str, int]], int]:
    """Who bears how much of a loss of Dan's, in cents and in turn; and what nobody bears."""
    state = it.venue._state
    state.events = []
    scope = Scope(state, state.account_of["dan"].pools["USD"], None)
    rest = share_out(scope, state.market_of["BTC"], loss)
    return [(event.account, event.amount) for event in only(state.events, LossSocialised)], rest


@pytest.mark.parametrize("rule", [Socialise.WINNERS, Socialise.OPEN_INTEREST])
def test_parts_are_rounded_down_and_the_first_has_what_is_left_over(rule: Socialise) -> None:
    """Two cents of 100 dollars do not divide by three."""
    it = shorts(rule, ann=5, bob=5, cat=5)

    borne, rest = shared(it, 100 * DOLLAR + 1 * CENT)

    parts = [("ann", 33_33), ("bob", 33_33), ("cat", 33_33)]
    assert (borne, rest) == ([*parts, ("ann", 2)], 0)


@pytest.mark.parametrize(
    ("rule", "ann", "bob"), [(Socialise.WINNERS, 25, 75), (Socialise.OPEN_INTEREST, 25, 75)]
)
def test_who_has_more_bears_more(rule: Socialise, ann: int, bob: int) -> None:
    """One lot, and three; the smallest position takes part too."""
    borne, _ = shared(shorts(rule, ann=1, bob=3), 100 * DOLLAR)

    assert borne == [("ann", ann * DOLLAR), ("bob", bob * DOLLAR)]


def test_nobody_loses_more_than_its_profit() -> None:
    """Each of two has won 300; 700 are lost."""
    borne, rest = shared(shorts(Socialise.WINNERS, ann=5, bob=5), 700 * DOLLAR)

    assert (borne, rest) == ([("ann", 300 * DOLLAR), ("bob", 300 * DOLLAR)], 100 * DOLLAR)


def test_what_one_cannot_bear_another_does_as_far_as_its_profit_goes() -> None:
    """Of 500, Bob's 250 are more than the 100 he has; Ann's profit of 300 carries 50 more."""
    it = shorts(Socialise.WINNERS, ann=5, bob=5)
    it.hold("bob", "SOL", 20, 100, other="dan")
    it.mark("SOL", 40)  # 1,000 and 300, less 1,200

    borne, rest = shared(it, 500 * DOLLAR)

    first = [("ann", 250 * DOLLAR), ("bob", 100 * DOLLAR)]
    assert (borne, rest) == ([*first, ("ann", 50 * DOLLAR)], 100 * DOLLAR)


def test_a_winner_in_another_contract_takes_part_and_a_loser_does_not() -> None:
    """In everything that settles in the same money."""
    it = shorts(Socialise.WINNERS, ann=5)
    it.trader("bob", "cat", deposit=1_000)
    it.hold("bob", "ETH", 10, 100, other="cat")
    it.mark("ETH", 110)

    borne, _ = shared(it, 40 * DOLLAR)

    assert borne == [("ann", 30 * DOLLAR), ("bob", 10 * DOLLAR)]


def test_by_open_interest_other_contracts_have_no_part_in_it() -> None:
    it = shorts(Socialise.OPEN_INTEREST, ann=5)
    it.trader("bob", "cat", deposit=1_000)
    it.hold("bob", "ETH", 10, 100, other="cat")

    borne, _ = shared(it, 40 * DOLLAR)

    assert borne == [("ann", 40 * DOLLAR)]


def test_history_bears_its_part_without_a_limit_and_none_where_it_holds_nothing() -> None:
    """Ann's equity is 1,300: of 3,000 by two equal parts 1,500 are history's, and the rest."""
    it = shorts(Socialise.OPEN_INTEREST, ann=5)
    it.hold("dan", "BTC", 5, 40)
    with_history, nobody = shared(it, 3_000 * DOLLAR)
    without, left = shared(shorts(Socialise.OPEN_INTEREST, ann=5), 3_000 * DOLLAR)

    parts = [("ann", 1_300 * DOLLAR), (HISTORY, 1_500 * DOLLAR), (HISTORY, 200 * DOLLAR)]
    assert (with_history, nobody) == (parts, 0)
    assert (without, left) == ([("ann", 1_300 * DOLLAR)], 1_700 * DOLLAR)


def test_an_isolated_position_bears_with_its_bucket() -> None:
    """100 and a profit of 300 are above water; the wallet is not asked."""
    it = shorts(Socialise.OPEN_INTEREST)
    it.trader("eve", deposit=1_000)
    it.isolate("eve", "BTC")
    it.mark("BTC", 100)
    it.hold("dan", "BTC", 10, 100, other="eve")
    it.mark("BTC", 70)

    borne, rest = shared(it, 500 * DOLLAR)

    assert (borne, rest) == ([("eve", 400 * DOLLAR)], 100 * DOLLAR)
    assert it.account("eve").wallet == 900 * DOLLAR
    assert [p.bucket for p in it.account("eve").positions] == [-300 * DOLLAR]


def test_who_bears_a_loss_may_fail_by_it() -> None:
    """Ann lacks 100, sold at 70.  Cat, long 10 with 75 left where 70 are needed, bears 50."""
    rules = LiquidationRules(
        amount=Amount.WHOLE_POSITION,
        unfilled=Unfilled.SOCIALISE,
        socialise=Socialise.OPEN_INTEREST,
    )
    it = Stage(rulebook(liquidation=rules))
    it.trader("ann", deposit=200)
    it.trader("bob", deposit=10_000)
    it.trader("cat", deposit=375)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 100, other="bob")
    it.hold("cat", "BTC", 10, 100)
    it.show("BTC", bids={70: 10})

    events = it.mark("BTC", 70)

    borne = {event.account: event.amount for event in only(events, LossSocialised)}
    assert borne == {"bob": 50 * DOLLAR, "cat": 50 * DOLLAR}
    assert [event.account for event in only(events, LiquidationStarted)] == ["ann", "cat"]
