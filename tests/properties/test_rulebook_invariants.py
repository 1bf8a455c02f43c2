"""The invariants I1 to I11, each by itself, under every shipped rulebook, in a crisis.

Sessions are recorded, and read by auditors that reckon everything from the events again.  Counters
show that each path was walked: a property that never comes to its case cannot fail.
PLIMSOLL_SEEDS says how many sessions each rulebook has, for a long run.
"""

import os
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange import Venue, load_rulebook
from exchange.core.messages import (
    Closing,
    FundingPaid,
    InsuranceFundPaid,
    LeftoverTaken,
    LiquidationEnded,
    LiquidationFeeCharged,
    LiquidationPaused,
    LiquidationStarted,
    LiquidationStepTaken,
    LossSocialised,
    MarginMode,
    PositionDeleveraged,
    PositionTakenOver,
)
from exchange.core.policies import Amount, Leftover, Rank, Select, Socialise, Unfilled
from exchange.core.rules import LiquidationRules
from exchange.rulebook import shipped
from tests.crisis import Crisis, rulebook_of
from tests.models.audit_books import (
    Books,
    Equity,
    Money,
    OpenInterest,
    Orders,
    Queues,
    Sizes,
)
from tests.models.audit_losses import Losses
from tests.models.audit_margin import Bankruptcy, Buckets, Deleveraging, Policy, Trigger
from tests.models.play import Play, Turn, played

FEW = 8
"""Sessions that are recorded and read by every auditor."""
SEEDS = int(os.environ.get("PLIMSOLL_SEEDS", "2"))
"""Sessions besides, for volume."""
COMMANDS = 250
FUNDS = (0, 1, 2, 50)
"""What the insurance fund begins with, in lots' worth, by turns."""


class Auditor(Protocol):
    """Reads turn after turn, and fails at the first that breaks its rule."""

    def read(self, turn: Turn) -> None: ...


def crisis(name: str, random: Random, count: int, fund: int) -> Play:
    traffic = Crisis(random, rulebook_of(name, fund))
    venue = Venue(traffic.rulebook)
    return played(traffic.rulebook, venue, traffic.commands(venue, count))


@pytest.fixture(scope="module", params=shipped())
def name(request: pytest.FixtureRequest) -> str:
    """A shipped rulebook; all tests of one follow each other."""
    return str(request.param)


@pytest.fixture(scope="module")
def plays(name: str) -> list[Play]:
    """Sessions under the rulebook."""
    return [crisis(name, Random(seed), COMMANDS, FUNDS[seed % len(FUNDS)]) for seed in range(FEW)]


def audit(make: Callable[[Play], Auditor], play: Play) -> None:
    auditor = make(play)
    for turn in play.turns:
        auditor.read(turn)


def audit_all(make: Callable[[Play], Auditor], plays: list[Play]) -> None:
    for play in plays:
        audit(make, play)


# --------------------------------------------------------------------------- the books


def test_money_is_neither_made_nor_lost(plays: list[Play]) -> None:
    """I1: wallets, buckets, fund, fees, residue and open PnL are deposits less withdrawals."""
    audit_all(Money, plays)


def test_every_long_lot_has_a_short_one(plays: list[Play]) -> None:
    """I2: sizes of a contract sum to zero, those of the venue and of history included."""
    audit_all(Sizes, plays)


def test_open_interest_is_what_the_fills_make_it(plays: list[Play]) -> None:
    """I3: the sum of all longs, which is that of all shorts."""
    audit_all(OpenInterest, plays)


def test_a_book_at_rest_is_not_crossed_and_holds_its_orders(plays: list[Play]) -> None:
    """I4: best bid below best ask; a level is the sum of its orders; no level is empty."""
    audit_all(Books, plays)


def test_orders_at_one_price_trade_in_order_of_arrival(plays: list[Play]) -> None:
    """I5: a larger size or another price loses the place, a smaller size keeps it."""
    audit_all(Queues, plays)


def test_no_order_is_lost(plays: list[Play]) -> None:
    """I6: what was ordered is filled, open or cancelled; it is answered once and ends once."""
    audit_all(Orders, plays)


def test_equity_is_deposits_and_pnl_less_fees_and_funding(plays: list[Play]) -> None:
    """I7: the account's own figures are those that its events add up to."""
    audit_all(Equity, plays)


# -------------------------------------------------------------------------- the waterfall


def test_whoever_is_below_maintenance_margin_is_liquidated_and_nobody_else(
    plays: list[Play],
) -> None:
    """I8: none missed, none early; and no step after one that made the account safe."""
    audit_all(Trigger, plays)


def test_nobody_ends_below_zero_but_by_the_bankruptcy_path(plays: list[Play]) -> None:
    """I9: the fund pays first, and to the unit; then others; the fund itself is never in debt."""
    audit_all(Bankruptcy, plays)


def test_what_an_account_owes_is_paid_to_the_unit_and_shared_by_what_others_have_won(
    plays: list[Play],
) -> None:
    """I9: fund, others and venue together; of others each the same part of what it has won."""
    seen: Counter[str] = Counter()
    for play in plays:
        auditor = Losses(play)
        for turn in play.turns:
            auditor.read(turn)
        seen += Counter(auditor.seen)

    rules = plays[0].rulebook.liquidation
    assert seen["paid"] > 0 or takes_over(rules)
    assert seen["shared"] > 0 or rules.socialise is Socialise.NONE


def test_an_isolated_position_never_loses_more_than_its_bucket(plays: list[Play]) -> None:
    """I9, for isolated margin: the wallet is none the poorer for a liquidation."""
    seen = 0
    for play in plays:
        auditor = Buckets(play)
        for turn in play.turns:
            auditor.read(turn)
        seen += auditor.seen

    assert seen > 0


def test_deleveraging_takes_what_is_left_in_rank_order_at_one_price(
    plays: list[Play], name: str
) -> None:
    """I10: victims on the other side, one after the other; who holds nothing is untouched."""
    seen = ranked = 0
    for play in plays:
        auditor = Deleveraging(play)
        auditor.all()
        seen += auditor.seen
        ranked += auditor.ranked

    rules = load_rulebook(name).liquidation
    if deleverages(rules):
        assert seen > 0
        assert ranked > 0 or rules.deleveraging.rank is Rank.PSEUDO_RANDOM


def test_what_first_how_much_and_at_what_price_are_the_rulebooks(
    plays: list[Play], name: str
) -> None:
    """I11: selection, amount, limit, fee; never a step for an account that is safe."""
    seen: Counter[str] = Counter()
    for play in plays:
        auditor = Policy(play)
        auditor.all()
        seen += Counter(auditor.seen)

    rules = load_rulebook(name).liquidation
    assert seen["first of several"] > 0 or rules.select is Select.PSEUDO_RANDOM
    assert seen["in part"] > 0 or rules.amount is Amount.WHOLE_POSITION
    assert seen["taken over"] > 0 or not takes_over(rules)


# ------------------------------------------------------------------------------ coverage


def takes_over(rules: LiquidationRules) -> bool:
    return rules.unfilled is Unfilled.TAKEOVER or rules.backstop != "0"


def deleverages(rules: LiquidationRules) -> bool:
    """Whether anything but the venue's own account is ever deleveraged."""
    stops_paying = rules.fund_drawdown_max != "1"
    return rules.unfilled in (Unfilled.ADL, Unfilled.WAIT_THEN_ADL) or stops_paying


def paths(name: str) -> set[str]:
    """Every path that a rulebook has."""
    rules = load_rulebook(name).liquidation
    found = {"cross", "isolated", "safe again", "closed", "book", "funding", "deleveraged"}
    if rules.round_seconds != "0":
        found |= {"rounds"}
    if rules.fund_in_book:
        found |= {"fund in the book"}
    if not takes_over(rules):
        found |= {"fund pays", "fund exhausted"}
    if rules.fee != "0":
        found |= {"fee"}
    if rules.leftover is Leftover.FUND:
        found |= {"leftover"}
    if takes_over(rules):
        found |= {"takeover"}
    if rules.socialise is not Socialise.NONE:
        found = (found | {"socialised"}) - {"deleveraged"}
    return found


def walked(play: Play) -> set[str]:
    """The paths that a session took."""
    found = set()
    for event in play.events():
        match event:
            case LiquidationStarted():
                found.add("cross" if event.mode is MarginMode.CROSS else "isolated")
            case LiquidationEnded():
                found.add("closed" if event.closed_all else "safe again")
            case LiquidationStepTaken() if event.filled:
                names = {Closing.BOOK: "book", Closing.INSURANCE_FUND: "fund in the book"}
                found.add(names.get(event.closing, str(event.closing)))
            case LiquidationPaused():
                found.add("rounds")
            case InsuranceFundPaid():
                found |= {"fund pays"} | (
                    {"fund exhausted"} if event.insurance_fund == 0 else set()
                )
            case _:
                found.add(NAMES.get(type(event), ""))
    return found


NAMES: dict[type, str] = {
    FundingPaid: "funding",
    LiquidationFeeCharged: "fee",
    LeftoverTaken: "leftover",
    PositionTakenOver: "takeover",
    PositionDeleveraged: "deleveraged",
    LossSocialised: "socialised",
}


def test_a_crisis_walks_every_path_that_the_rulebook_has(plays: list[Play], name: str) -> None:
    """Else the properties above would hold of an empty room."""
    found = set().union(*map(walked, plays))

    assert paths(name) <= found


# ------------------------------------------------------------------------------ shrinking

ALL = (
    Money,
    Sizes,
    OpenInterest,
    Books,
    Queues,
    Orders,
    Equity,
    Trigger,
    Bankruptcy,
    Losses,
    Buckets,
)


def audit_everything(play: Play) -> None:
    for make in ALL:
        audit(make, play)
    Deleveraging(play).all()
    Policy(play).all()


def test_every_invariant_holds_in_many_more_sessions(name: str) -> None:
    """I1 to I11, as many sessions as PLIMSOLL_SEEDS says."""
    for seed in range(FEW, FEW + SEEDS):
        audit_everything(crisis(name, Random(seed), COMMANDS, FUNDS[seed % len(FUNDS)]))


@given(st.sampled_from(shipped()), st.randoms(use_true_random=False), st.integers(1, 60))
def test_every_invariant_holds_however_short_the_story(
    name: str, random: Random, count: int
) -> None:
    """I1 to I11, where a failure shrinks to the shortest session that shows it."""
    audit_everything(crisis(name, random, count, random.choice(FUNDS)))
