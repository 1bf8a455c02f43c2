"""Every policy of the waterfall in figures: three cases or more for each name a rulebook may use.

Ann is long 10 bitcoin from 100 with 200 dollars, Bob is short; 10% must stand behind them.  At a
mark P she has 10 P - 800, and needs P: she fails below 88.89.
"""

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from exchange.core.messages import (
    Closing,
    InsuranceFundPaid,
    LeftoverTaken,
    LiquidationFeeCharged,
    LiquidationStarted,
    LiquidationStepTaken,
    LossSocialised,
    LossUncovered,
    Withdraw,
)
from exchange.core.policies import (
    Amount,
    Backing,
    Breach,
    Cancel,
    DeleveragingPrice,
    FeeCap,
    FundScope,
    Leftover,
    Limit,
    Select,
    Socialise,
    Unfilled,
)
from exchange.core.rules import DeleveragingRules, LimitRules, LiquidationRules, Tier
from exchange.core.selection import SELECTION, first
from tests.core.test_liquidation_policies import anns
from tests.stage import DOLLAR, Stage, only, rulebook

CENTS = 100


def fails_at(it: Stage, cents: int) -> bool:
    """Whether a mark starts a liquidation."""
    return bool(only(it.mark("BTC", cents // CENTS, cents % CENTS), LiquidationStarted))


def first_step(it: Stage, mark: int) -> LiquidationStepTaken:
    return only(it.mark("BTC", mark), LiquidationStepTaken)[0]


# ------------------------------------------------------------------------------- the line


@pytest.mark.parametrize(
    ("trigger", "cents", "fails"),
    [
        (Breach.BELOW, 90_01, False),
        (Breach.BELOW, 90_00, False),
        (Breach.BELOW, 89_99, True),
        (Breach.AT_OR_BELOW, 90_01, False),
        (Breach.AT_OR_BELOW, 90_00, True),
        (Breach.AT_OR_BELOW, 89_99, True),
    ],
)
def test_breach(trigger: Breach, cents: int, fails: bool) -> None:  # noqa: FBT001 (a column)
    """With 190 behind them, she has 90 at 90, and needs 90."""
    it = anns(trigger=trigger)
    it.do(Withdraw(at=it.now(), account="ann", asset="USD", amount=10 * DOLLAR))

    assert fails_at(it, cents) is fails


# -------------------------------------------------------------------------- which one first

HALF = (Tier(floor="0", maintenance="0.5", leverage_max=2),)


@pytest.mark.parametrize(
    ("held", "loss", "margin", "notional"),
    [
        # Size and entry of bitcoin (50% margin), ether, solana; all are worth 100 now.
        ({"BTC": (20, 105), "ETH": (6, 150), "SOL": (50, 90)}, "ETH", "BTC", "SOL"),
        ({"BTC": (2, 200), "ETH": (12, 100), "SOL": (-11, 95)}, "BTC", "ETH", "ETH"),
        ({"BTC": (-3, 100), "ETH": (14, 100), "SOL": (-16, 99)}, "SOL", "SOL", "SOL"),
        ({"BTC": (2, 101), "ETH": (10, 100), "SOL": (-2, 99)}, "BTC", "BTC", "ETH"),
    ],
)
def test_select(held: Mapping[str, tuple[int, int]], loss: str, margin: str, notional: str) -> None:
    """The greatest loss; the most margin; the largest value.  Equals go by symbol."""
    it = Stage(replace(rulebook(), instrument_tiers={"BTC": HALF}))
    it.trader("ann", deposit=100_000)
    it.marks(BTC=100, ETH=100, SOL=100)
    for name, (size, entry) in held.items():
        it.hold("ann", name, size, entry)
    positions = list(it.venue._state.account_of["ann"].pools["USD"].listed)

    assert {
        select: first(select, positions, it.venue._state.marks).instrument.symbol
        for select in SELECTION
    } == {
        Select.LARGEST_UNREALISED_LOSS: loss,
        Select.MOST_MARGIN_FREED: margin,
        Select.LARGEST_NOTIONAL: notional,
    }


# ------------------------------------------------------------------------------- how much

LADDER = (
    Tier(floor="0", maintenance="0.1", leverage_max=100),
    Tier(floor="300", maintenance="0.12", leverage_max=100),
    Tier(floor="600", maintenance="0.15", leverage_max=100),
)
"""At 80, 3 lots are in the first tier, 7 in the second, and 8 in the third."""


@pytest.mark.parametrize(
    ("amount", "closed"),
    [
        # Of 10, of 7 and of 3 lots.
        (Amount.WHOLE_POSITION, (10, 7, 3)),
        (Amount.DOWN_ONE_TIER, (3, 4, 3)),
        (Amount.DOWN_TWO_TIERS, (7, 7, 3)),
        (Amount.TO_LOWEST_TIER, (7, 7, 3)),
        (Amount.FRACTION, (3, 3, 3)),  # 0.3 rounded up; of 240 dollars, all
        (Amount.CLIP, (4, 4, 3)),
        (Amount.JUST_ENOUGH, (1, 1, 1)),  # a cent is missing
    ],
)
def test_amount(amount: Amount, closed: tuple[int, ...]) -> None:
    """Into a book that takes all, at the mark of 80, where a cent of margin is missing."""
    found = []
    for size in (10, 7, 3):
        rules = LiquidationRules(amount=amount, fraction="0.3", fraction_above="240", clip="4")
        it = Stage(rulebook(tiers=LADDER, liquidation=rules))
        it.trader("ann", deposit=10_000)
        it.mark("BTC", 100)
        it.hold("ann", "BTC", size, 100)
        it.show("BTC", bids={80: 100})
        needed = it.venue.account_view("ann", "USD", {"BTC": 80_00}).maintenance_margin
        spare = it.account("ann").wallet - 20 * size * DOLLAR - needed + 1
        it.do(Withdraw(at=it.now(), account="ann", asset="USD", amount=spare))
        found.append(first_step(it, 80).size)

    assert tuple(found) == closed


# ------------------------------------------------------------------------------- its price


@pytest.mark.parametrize(
    ("limit", "mark", "price"),
    [
        (Limit.BANKRUPTCY_PRICE, 88, 80),
        (Limit.BANKRUPTCY_PRICE, 84, 80),
        (Limit.BANKRUPTCY_PRICE, 78, 80),  # above the mark: 20 are missing
        (Limit.MARKET_BAND, 88, 87),  # 2% below is 86.24
        (Limit.MARKET_BAND, 85, 84),  # 83.30
        (Limit.MARKET_BAND, 81, 80),  # 79.38, and bankrupt at 80
        (Limit.FILLABLE_PRICE, 88, 88),  # 8 of 88 missing: 4 dollars of half the margin, 87.60
        (Limit.FILLABLE_PRICE, 85, 84),  # 35 of 85: 17.50, so 83.25
        (Limit.FILLABLE_PRICE, 82, 80),  # 62 of 82: 31, so 78.90, and bankrupt at 80
    ],
)
def test_limit(limit: Limit, mark: int, price: int) -> None:
    """Of a sale, rounded up to the tick."""
    it = anns(limit=limit, limits=LimitRules(market_band="0.02"), spread_to_maintenance="0.5")

    assert first_step(it, mark).bankruptcy_price == price


@pytest.mark.parametrize(
    ("backing", "deposit", "price"),
    [
        (Backing.WHOLE_ACCOUNT, 400, 72),
        (Backing.WHOLE_ACCOUNT, 360, 76),
        (Backing.WHOLE_ACCOUNT, 321, 80),  # 79.90
        (Backing.BY_MAINTENANCE, 400, 80),  # a half of 160
        (Backing.BY_MAINTENANCE, 360, 82),
        (Backing.BY_MAINTENANCE, 321, 84),  # 83.95
    ],
)
def test_backing(backing: Backing, deposit: int, price: int) -> None:
    """Ten of bitcoin and ten of ether, both at 88: she lost 240."""
    assert first_step(pair(deposit, backing=backing), 88).bankruptcy_price == price


def pair(deposit: int, **rules: object) -> Stage:
    """Ann long in two contracts; ether is at 88 already."""
    liquidation = LiquidationRules(amount=Amount.WHOLE_POSITION, **rules)  # type: ignore[arg-type]
    it = Stage(rulebook(liquidation=liquidation))
    it.trader("ann", deposit=deposit)
    it.marks(BTC=100, ETH=100)
    it.hold("ann", "BTC", 10, 100)
    it.hold("ann", "ETH", 10, 100)
    it.mark("ETH", 88)
    return it


# ------------------------------------------------------------------- what is taken, and left


@pytest.mark.parametrize(
    ("cap", "bid", "fee"),
    [
        (FeeCap.EQUITY, 87, 150),  # a fifth of 870 would be 174
        (FeeCap.EQUITY, 84, 120),
        (FeeCap.EQUITY, 80, 80),
        (FeeCap.LEFTOVER, 87, 70),  # 80 stood behind it, and 10 are lost
        (FeeCap.LEFTOVER, 84, 40),
        (FeeCap.LEFTOVER, 80, 0),
    ],
)
def test_fee_cap(cap: FeeCap, bid: int, fee: int) -> None:
    """Of her 160, a half stands behind each position."""
    it = pair(400, fee="0.2", fee_cap=cap, backing=Backing.BY_MAINTENANCE)
    it.show("BTC", bids={bid: 10})
    charged = only(it.mark("BTC", 88), LiquidationFeeCharged)

    assert sum(event.fee for event in charged) == fee * DOLLAR


@pytest.mark.parametrize(("bid", "left"), [(87, 70), (83, 30), (80, 0)])
@pytest.mark.parametrize("leftover", list(Leftover))
def test_leftover(leftover: Leftover, bid: int, left: int) -> None:
    """Ten sold better than at 80."""
    it = anns(leftover=leftover)
    it.show("BTC", bids={bid: 10})
    taken = only(it.mark("BTC", 88), LeftoverTaken)

    theirs = left if leftover is Leftover.FUND else 0
    assert sum(event.amount for event in taken) == theirs * DOLLAR
    assert it.account("ann").wallet == (left - theirs) * DOLLAR


# ------------------------------------------------------------- what the book does not take


@pytest.mark.parametrize(
    ("unfilled", "steps"),
    [
        # At 88 she has 80 left, at 81 10, and at 79 she owes 10.
        (Unfilled.ADL, [(Closing.ADL, 10, 80)] * 3),
        (Unfilled.WAIT_THEN_ADL, [(Closing.BOOK, 0, 80)] * 2 + [(Closing.ADL, 10, 80)]),
        (Unfilled.TAKEOVER, [(Closing.TAKEOVER, 10, 80)] * 3),
        (Unfilled.SOCIALISE, [(Closing.BOOK, 0, 80)] * 2 + [(Closing.SOCIALISED, 0, 40)]),
    ],
)
def test_unfilled(unfilled: Unfilled, steps: list[tuple[Closing, int, int]]) -> None:
    """How the last step closes, how much, and at what price at worst, where nobody bids."""
    found = []
    for mark in (88, 81, 79):
        it = anns(unfilled=unfilled, limits=LimitRules(market_band="0.5"), fund_in_book=False)
        told = only(it.mark("BTC", mark), LiquidationStepTaken)
        step = [step for step in told if step.account == "ann"][-1]
        found.append((step.closing, step.filled, step.bankruptcy_price))

    assert found == steps


@pytest.mark.parametrize(
    ("price", "deviation", "mark", "adl"),
    [
        (DeleveragingPrice.BANKRUPTCY, "0", 88, 80),
        (DeleveragingPrice.BANKRUPTCY, "0", 70, 80),
        (DeleveragingPrice.BANKRUPTCY, "0.05", 88, 88),  # 9% away
        (DeleveragingPrice.BANKRUPTCY, "0.05", 84, 80),  # 4.8%
        (DeleveragingPrice.BANKRUPTCY, "0.05", 76, 76),  # 5.3%, the other way
        (DeleveragingPrice.MARK, "0", 88, 88),
        (DeleveragingPrice.MARK, "0", 79, 79),
        (DeleveragingPrice.MARK, "0", 70, 70),
    ],
)
def test_deleveraging_price(price: DeleveragingPrice, deviation: str, mark: int, adl: int) -> None:
    it = anns(deleveraging=DeleveragingRules(price=price, deviation_max=deviation))

    assert only(it.mark("BTC", mark), LiquidationStepTaken)[-1].bankruptcy_price == adl


# -------------------------------------------------------------------------------- who pays


@pytest.mark.parametrize(
    ("socialise", "bid", "borne", "nobody"),
    [
        (Socialise.NONE, 70, {}, 100),
        (Socialise.NONE, 75, {}, 50),
        (Socialise.NONE, 80, {}, 0),
        # Bob has won 300 on ten; Cat, short 20 ethers from 110, 200.
        (Socialise.WINNERS, 70, {"bob": 60, "cat": 40}, 0),
        (Socialise.WINNERS, 75, {"bob": 30, "cat": 20}, 0),
        (Socialise.WINNERS, 80, {}, 0),
        # Bob is short 10, and history has bought 10; ether is another contract.
        (Socialise.OPEN_INTEREST, 70, {"bob": 50, "HISTORY": 50}, 0),
        (Socialise.OPEN_INTEREST, 75, {"bob": 25, "HISTORY": 25}, 0),
        (Socialise.OPEN_INTEREST, 80, {}, 0),
    ],
)
def test_socialise(socialise: Socialise, bid: int, borne: dict[str, int], nobody: int) -> None:
    """Sold at the bid, when the mark is 70."""
    it = anns(unfilled=Unfilled.SOCIALISE, socialise=socialise)
    it.hold("cat", "ETH", -20, 110)
    it.show("BTC", bids={bid: 100})
    events = it.mark("BTC", 70)

    found = {event.account: event.amount for event in only(events, LossSocialised)}
    assert found == {name: dollars * DOLLAR for name, dollars in borne.items()}
    assert sum(e.amount for e in only(events, LossUncovered)) == nobody * DOLLAR


@pytest.mark.parametrize(("mark", "paid"), [(77, 30), (75, 50), (70, 50)])
@pytest.mark.parametrize("scope", list(FundScope))
def test_fund_scope(scope: FundScope, mark: int, paid: int) -> None:
    """A fund of 50, or one of 50 for each contract; deleveraged at the mark, she owes 30 to 100."""
    rules = DeleveragingRules(price=DeleveragingPrice.MARK)
    it = anns(fund="50", fund_scope=scope, deleveraging=rules)
    events = it.mark("BTC", mark)

    shared = scope is FundScope.SHARED
    assert sum(event.amount for event in only(events, InsuranceFundPaid)) == paid * DOLLAR
    assert it.balance("insurance fund" if shared else "insurance fund BTC") == (50 - paid) * DOLLAR
    assert shared or it.balance("insurance fund ETH") == 50 * DOLLAR


# ----------------------------------------------------------------------------- her orders


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        (Cancel.ALL, ["SOL"]),
        (Cancel.CONTRACT, ["ETH", "SOL"]),
        (Cancel.NONE, ["BTC", "ETH", "SOL"]),
    ],
)
def test_cancel(rule: Cancel, left: list[str]) -> None:
    """Orders in bitcoin, which she holds; in ether, which she does not; and in isolated solana."""
    it = Stage(rulebook(cancel=rule))
    it.trader("ann", deposit=420)
    it.marks(BTC=100, ETH=100, SOL=100)
    it.isolate("ann", "SOL")
    it.hold("ann", "SOL", 10, 100)
    it.hold("ann", "BTC", 20, 100)
    for symbol in ("BTC", "ETH", "SOL"):
        it.place("ann", symbol, 1, 50)
    it.show("BTC", bids={85: 100})
    it.mark("BTC", 86)

    assert sorted(order.symbol for order in it.account("ann").orders) == left
