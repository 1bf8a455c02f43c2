"""The waterfall: what happens, and in which order, to an account that has failed."""

import pytest

from exchange.core.liquidation import PATIENCE, most_endangered_first
from exchange.core.messages import (
    AdjustMargin,
    CancelReason,
    Closing,
    Event,
    InsuranceFundPaid,
    LiquidationEnded,
    LiquidationFeeCharged,
    LiquidationPaused,
    LiquidationStarted,
    LiquidationStepTaken,
    LossUncovered,
    MarginMode,
    OrderCancelled,
    OrderFilled,
    PassTime,
    PositionDeleveraged,
    SetLeverage,
    TradeKind,
    Withdraw,
)
from exchange.core.rules import (
    Amount,
    Breach,
    Cancel,
    ContractKind,
    LiquidationRules,
    Select,
    Tier,
    Unfilled,
)
from exchange.core.units import SECOND
from tests.stage import DOLLAR, Stage, only, rulebook

TWO_TIERS = (
    Tier(floor="0", maintenance="0.1", leverage_max=100),
    Tier(floor="500", maintenance="0.2", leverage_max=10),
)


def closed(events: list[Event], name: str = "ann") -> list[tuple[str, int, int]]:
    """What an account's liquidation closed: symbol, size, price."""
    return [
        (e.symbol, e.size, e.price)
        for e in only(events, OrderFilled)
        if e.account == name and e.kind in (TradeKind.LIQUIDATION, TradeKind.ADL)
    ]


def started(events: list[Event]) -> list[str]:
    return [e.account for e in only(events, LiquidationStarted)]


# ------------------------------------------------------------------------- which and how


def three_losers(*, deposit: int = 500) -> Stage:
    """Ann is long BTC, ETH and SOL at 100, and the market takes all that it is offered."""
    it = Stage()
    it.trader("ann", deposit=deposit)
    it.marks(BTC=100, ETH=100, SOL=100)
    for symbol in ("BTC", "ETH", "SOL"):
        it.hold("ann", symbol, 10, 100)
    it.show("BTC", bids={95: 100})
    it.show("ETH", bids={85: 100})
    it.show("SOL", bids={90: 100})
    return it


def test_cross_closes_the_largest_loss_first_and_only_as_far_as_needed() -> None:
    """Losses of 50, 150 and 100: ETH goes, and with it 85 of maintenance margin.

    200 of equity then stand behind 185 of maintenance margin, and the rest stays open.
    """
    it = three_losers()
    it.marks(BTC=95, SOL=90)

    events = it.mark("ETH", 85)

    assert closed(events) == [("ETH", 10, 85)]
    assert [it.size("ann", symbol) for symbol in ("BTC", "ETH", "SOL")] == [10, 0, 10]
    assert it.account("ann").equity == 200 * DOLLAR


def test_where_one_is_not_enough_the_next_largest_loss_follows() -> None:
    """With 50 dollars less, 150 are left for 185: SOL goes as well, and 95 are enough for BTC."""
    it = three_losers(deposit=450)
    it.marks(BTC=95, SOL=90)

    events = it.mark("ETH", 85)

    assert closed(events) == [("ETH", 10, 85), ("SOL", 10, 90)]
    assert it.size("ann", "BTC") == 10


def test_its_isolated_twin_loses_just_the_failing_position() -> None:
    """Each position has its own 150: ETH's is used up, and the others do not answer for it."""
    it = Stage()
    it.trader("ann", deposit=450)
    it.marks(BTC=100, ETH=100, SOL=100)
    for symbol in ("BTC", "ETH", "SOL"):
        it.isolate("ann", symbol)
        it.do(SetLeverage(at=it.now(), account="ann", symbol=symbol, leverage=7))
        it.hold("ann", symbol, 10, 100)
    it.show("ETH", bids={86: 100})
    it.marks(BTC=96, SOL=96)

    events = it.mark("ETH", 86)

    assert closed(events) == [("ETH", 10, 86)]
    assert [it.size("ann", symbol) for symbol in ("BTC", "ETH", "SOL")] == [10, 0, 10]
    (start,) = only(events, LiquidationStarted)
    assert (start.mode, start.symbol) == (MarginMode.ISOLATED, "ETH")


def test_a_cross_liquidation_is_the_accounts_and_no_symbols() -> None:
    it = three_losers()
    it.marks(BTC=95, SOL=90)

    (start,) = only(it.mark("ETH", 85), LiquidationStarted)

    assert (start.mode, start.symbol) == (MarginMode.CROSS, "")


def test_a_gain_carries_a_loss_in_cross() -> None:
    """The short has won what the long has lost."""
    it = Stage()
    it.trader("ann", deposit=250)
    it.marks(BTC=100, ETH=100)
    it.hold("ann", "BTC", 10, 100)
    it.hold("ann", "ETH", -10, 100)
    it.mark("ETH", 80)

    assert started(it.mark("BTC", 80)) == []


def test_a_step_closes_one_tier_and_no_more_than_needed() -> None:
    """800 of notional: 50 + 60 of maintenance margin.  Down to 500 it needs 50, and has 80."""
    it = Stage(rulebook(tiers=TWO_TIERS, amount=Amount.DOWN_ONE_TIER))
    it.trader("ann", deposit=280)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 100)
    it.show("BTC", bids={80: 100})

    events = it.mark("BTC", 80)

    assert closed(events) == [("BTC", 4, 80)]
    assert it.size("ann", "BTC") == 6


def test_just_enough_leaves_the_account_safe_by_the_last_lot() -> None:
    it = Stage(rulebook(amount=Amount.JUST_ENOUGH, tiers=TWO_TIERS))
    it.trader("ann", deposit=280)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 100)
    it.show("BTC", bids={80: 100})

    events = it.mark("BTC", 80)

    assert closed(events) == [("BTC", 2, 80)]
    account = it.account("ann")
    assert (account.equity, account.maintenance_margin) == (80 * DOLLAR, 78 * DOLLAR)


def test_a_book_that_takes_as_much_as_it_frees_does_not_hold_the_venue_up() -> None:
    """A cent is missing.  Every lot frees 9 and costs 9, so that just enough is a lot each time."""
    it = Stage(rulebook(amount=Amount.JUST_ENOUGH))
    it.trader("ann")
    it.bring("ann", "USD", 290_000_00 - 1)
    it.marks(BTC=100, ETH=100)
    it.hold("ann", "BTC", 10_000, 100)
    it.hold("ann", "ETH", 10_000, 100)
    it.show("BTC", bids={81: 100_000})
    it.show("ETH", bids={100: 100_000})

    events = it.mark("BTC", 90)

    sizes = [step.size for step in only(events, LiquidationStepTaken)]
    assert sizes == [1] * PATIENCE + [10_000 - PATIENCE, 10_000]


# ------------------------------------------------------------------------------- orders


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        (Cancel.ALL, []),
        (Cancel.CONTRACT, ["SOL"]),  # no position there
        (Cancel.NONE, ["BTC", "SOL"]),
    ],
)
def test_orders_are_cancelled_as_the_rulebook_says(rule: Cancel, left: list[str]) -> None:
    it = Stage(rulebook(cancel=rule))
    it.trader("ann", deposit=220)
    it.marks(BTC=100, SOL=100)
    it.hold("ann", "BTC", 10, 100)
    it.show("BTC", bids={88: 100})
    it.place("ann", "BTC", -10, 120, reduce_only=False)
    it.place("ann", "SOL", 1, 50)

    events = it.mark("BTC", 86)

    assert [o.symbol for o in it.account("ann").orders] == left
    cancelled = only(events, OrderCancelled)
    assert {c.reason for c in cancelled} <= {CancelReason.LIQUIDATION}
    assert events.index(only(events, LiquidationStarted)[0]) == 1  # after the mark


def test_cancelling_orders_alone_may_save_an_account() -> None:
    """Ann's bid for coins holds 100 in reserve: back in her wallet, they are enough."""
    it = Stage()
    it.enlist("COIN/USD", kind=ContractKind.SPOT, base="COIN", base_unit="0.001")
    it.trader("ann", deposit=300)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 100)
    it.place("ann", "COIN/USD", 10, 10)
    it.show("BTC", bids={85: 100})

    events = it.mark("BTC", 85)

    (end,) = only(events, LiquidationEnded)
    assert (end.equity, end.maintenance_margin, end.closed_all) == (150_00, 85_00, False)
    assert [c.symbol for c in only(events, OrderCancelled)] == ["COIN/USD"]
    assert not only(events, LiquidationStepTaken)
    assert it.size("ann", "BTC") == 10


def test_an_isolated_liquidation_leaves_the_orders_of_other_positions() -> None:
    it = Stage()
    it.trader("ann", deposit=1_000)
    it.marks(BTC=100, ETH=100)
    it.isolate("ann", "BTC")
    it.hold("ann", "BTC", 10, 100)
    it.place("ann", "ETH", 1, 50)
    it.place("ann", "BTC", 1, 50)

    it.mark("BTC", 95)

    assert [o.symbol for o in it.account("ann").orders] == ["ETH"]


def test_a_liquidation_does_not_trade_with_the_accounts_own_orders() -> None:
    """Left in the book, they would be its counterparty: they give way."""
    it = Stage(rulebook(cancel=Cancel.NONE))
    it.trader("ann", deposit=220)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 100)
    it.place("ann", "BTC", 1, 95)
    it.show("BTC", bids={90: 100})

    events = it.mark("BTC", 85)

    assert closed(events) == [("BTC", 10, 90)]
    (cancelled,) = only(events, OrderCancelled)
    assert cancelled.reason is CancelReason.SELF_TRADE


# ------------------------------------------------------------------------------ the fee


def test_the_liquidation_fee_goes_to_the_insurance_fund() -> None:
    """2% of 10 lots at 88."""
    it = Stage(rulebook(fee="0.02", fund="5"))
    it.trader("ann", deposit=200)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 100)
    it.show("BTC", bids={88: 100})

    (fee,) = only(it.mark("BTC", 88), LiquidationFeeCharged)

    assert (fee.notional, fee.fee) == (880 * DOLLAR, 1_760)
    assert fee.insurance_fund == it.balance("insurance fund") == 5 * DOLLAR + 1_760
    assert it.account("ann").wallet == 80 * DOLLAR - 1_760


def test_the_fee_is_never_more_than_the_equity_that_is_left() -> None:
    it = Stage(rulebook(fee="0.5", fund="5"))
    it.trader("ann", deposit=200)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 100)
    it.show("BTC", bids={88: 100})

    (fee,) = only(it.mark("BTC", 88), LiquidationFeeCharged)

    assert fee.fee == 80 * DOLLAR
    assert it.account("ann").wallet == 0


# -------------------------------------------------------------- fund, ADL, uncovered loss


def bankrupt(fund: str) -> Stage:
    """Ann's 100 are behind 10 lots at 100; bob is on the other side."""
    it = Stage(rulebook(fund=fund))
    it.trader("ann", deposit=100)
    it.trader("bob", deposit=1_000)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 100, other="bob")
    return it


def test_the_fund_pays_what_the_account_cannot() -> None:
    """The book takes the position at 85, 50 below what ann can pay."""
    it = bankrupt("60")
    it.show("BTC", bids={85: 100})

    events = it.mark("BTC", 88)

    assert closed(events) == [("BTC", 10, 85)]
    (paid,) = only(events, InsuranceFundPaid)
    assert (paid.amount, paid.insurance_fund) == (50 * DOLLAR, 10 * DOLLAR)
    assert it.account("ann").wallet == 0
    assert it.size("bob", "BTC") == -10


def test_what_the_fund_cannot_carry_is_deleveraged() -> None:
    """The book bids 84, for which the fund of 50 is 10 short: it only pays the loss at the mark."""
    it = bankrupt("50")
    it.show("BTC", bids={84: 100})

    events = it.mark("BTC", 88)

    (paid,) = only(events, InsuranceFundPaid)
    assert paid.amount == 20 * DOLLAR
    (adl,) = only(events, PositionDeleveraged)
    assert (adl.account, adl.against, adl.size, adl.price) == ("bob", "ann", 10, 88)
    assert not only(events, LossUncovered)


def test_without_a_fund_the_other_side_closes_at_the_bankruptcy_price() -> None:
    """At 88 ann is 20 in debt: bob buys back at 90, not at 88."""
    it = bankrupt("0")

    events = it.mark("BTC", 88)

    (adl,) = only(events, PositionDeleveraged)
    assert (adl.price, adl.realised_pnl) == (90, 100 * DOLLAR)
    assert it.account("ann").wallet == 0
    assert it.account("bob").wallet == 1_100 * DOLLAR
    assert not only(events, LossUncovered)


def test_the_waterfall_goes_from_book_to_fund_to_deleveraging() -> None:
    """4 lots in the book at 92, 3 more with the fund at 86, the last 3 against bob."""
    it = bankrupt("30")
    it.show("BTC", bids={92: 4, 86: 3})

    events = it.mark("BTC", 91)

    steps = [(s.closing, s.filled) for s in only(events, LiquidationStepTaken)]
    assert steps == [
        (Closing.BOOK, 4),
        (Closing.BOOK, 0),
        (Closing.INSURANCE_FUND, 3),
        (Closing.BOOK, 0),
        (Closing.INSURANCE_FUND, 0),
        (Closing.ADL, 3),
    ]
    assert it.account("ann").total == 0
    assert it.balance("uncovered loss") == 0


def crash_of_eth(*, bobs: int, sol: int = 100) -> Stage:
    """Ann is long BTC from bob and ETH from cat; the venue closes the largest position first."""
    it = Stage(rulebook(select=Select.LARGEST_NOTIONAL))
    it.trader("ann", deposit=300)
    it.trader("bob", deposit=bobs)
    it.trader("cat", deposit=10_000)
    it.marks(BTC=100, ETH=100, SOL=100)
    it.hold("ann", "BTC", 10, 100, other="bob")
    it.hold("ann", "ETH", 10, 100, other="cat")
    if sol != 100:
        it.hold("bob", "SOL", 10, 100)
        it.mark("SOL", sol)
    return it


def test_a_loss_that_nobody_can_pay_stays_with_the_venue() -> None:
    """ETH at 20 leaves ann 500 in debt.  Bob must buy BTC back at 150, and has 300 for a loss of
    500.
    """
    it = crash_of_eth(bobs=300)

    events = it.mark("ETH", 20)

    (uncovered,) = only(events, LossUncovered)
    assert (uncovered.account, uncovered.amount) == ("bob", 200 * DOLLAR)
    assert it.balance("uncovered loss") == -200 * DOLLAR
    assert it.account("bob").wallet == 0


# -------------------------------------------------------------------------- fixed point


def test_a_liquidation_that_pushes_a_maker_under_liquidates_the_maker_too() -> None:
    """Bob bids 95 with little money; ann's position falls on him, at a mark of 86."""
    it = Stage()
    it.trader("ann", deposit=200)
    it.trader("bob", deposit=100)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 100)
    it.place("bob", "BTC", 10, 95)
    it.show("BTC", bids={90: 100})

    events = it.mark("BTC", 86)

    assert started(events) == ["ann", "bob"]
    assert it.size("bob", "BTC") == 0


def test_an_account_that_deleveraging_pushes_under_is_liquidated_too() -> None:
    """Contagion: bob never traded ETH, and loses his SOL by its crash.

    He has 450 of equity behind SOL and BTC when he must buy BTC back for 500 too much.
    """
    it = crash_of_eth(bobs=700, sol=75)
    it.show("SOL", bids={75: 10})

    events = it.mark("ETH", 20)

    assert started(events) == ["ann", "bob"]
    assert it.size("bob", "SOL") == 0
    assert it.account("bob").total == 0


def test_an_isolated_position_stops_the_contagion() -> None:
    """With BTC in a bucket of its own, ETH's crash ends at ETH's counterparty."""
    it = Stage(rulebook(select=Select.LARGEST_NOTIONAL))
    it.trader("ann", deposit=300)
    it.trader("bob", deposit=300)
    it.trader("cat", deposit=10_000)
    it.marks(BTC=100, ETH=100)
    it.isolate("ann", "BTC")
    it.hold("ann", "BTC", 10, 100, other="bob")
    it.hold("ann", "ETH", 10, 100, other="cat")

    events = it.mark("ETH", 20)

    assert started(events) == ["ann"]
    assert [e.account for e in only(events, PositionDeleveraged)] == ["cat"]
    assert it.size("ann", "BTC") == 10


def test_a_cascade_ends_with_everyone_safe() -> None:
    """Each liquidation moves the last price, and the mark follows it down."""
    it = Stage()
    it.mark("BTC", 100)
    for number in range(8):
        name = f"trader {number}"
        it.trader(name, deposit=150 + 10 * number)
        it.hold(name, "BTC", 10, 100)
    it.show("BTC", bids=dict.fromkeys(range(60, 99), 15))

    for price in (95, 93, 91, 89, 87, 85, 83, 81):
        it.mark("BTC", price)

    for number in range(8):
        account = it.account(f"trader {number}")
        assert account.equity >= account.maintenance_margin


# ------------------------------------------------------------------------------- rounds


def in_rounds(**rules: object) -> Stage:
    """Ann's 10 lots go 4 at a time, every second."""
    liquidation = LiquidationRules(amount=Amount.CLIP, clip="4", round_seconds="1", **rules)  # type: ignore[arg-type]
    it = Stage(rulebook(liquidation=liquidation, fund="500"))
    it.trader("ann", deposit=200)
    it.trader("bob", deposit=10_000)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 100, other="bob")
    return it


def next_round(it: Stage) -> list[Event]:
    it.at += SECOND
    return it.do(PassTime(at=it.at))


def test_a_liquidation_in_rounds_begins_and_ends_once() -> None:
    it = in_rounds()
    it.show("BTC", bids={80: 100})

    rounds = [it.mark("BTC", 80, 50), next_round(it), next_round(it), next_round(it)]

    assert [len(only(events, LiquidationStarted)) for events in rounds] == [1, 0, 0, 0]
    assert [len(only(events, LiquidationStepTaken)) for events in rounds] == [1, 1, 1, 0]
    assert [len(only(events, LiquidationEnded)) for events in rounds] == [0, 0, 1, 0]


@pytest.mark.parametrize("trigger", Breach)
def test_what_is_closed_whole_does_not_wait_for_another_round(trigger: Breach) -> None:
    """The fund's money closed it: equity is negative until the fund has paid, and it is over."""
    it = in_rounds(trigger=trigger)
    it.show("BTC", bids={70: 100})

    events = it.mark("BTC", 79)

    assert not only(events, LiquidationPaused)
    (end,) = only(events, LiquidationEnded)
    assert (end.closed_all, end.equity) == (True, 0)


def test_a_position_that_its_trader_closes_between_two_rounds_ends_the_liquidation() -> None:
    """Ann sells the last 6 lots herself."""
    it = in_rounds()
    it.show("BTC", bids={81: 100})
    assert only(it.mark("BTC", 81), LiquidationPaused)

    events = it.do(it.order("ann", "BTC", -6, 81))

    (end,) = only(events, LiquidationEnded)
    assert (end.closed_all, end.equity) == (True, 10 * DOLLAR)
    assert not next_round(it)


def test_a_debt_is_covered_before_the_end_is_told() -> None:
    """Nobody bids; her own order to sell at 75, left in the book, is met, and she lacks 50."""
    rules = {"cancel": Cancel.NONE, "unfilled": Unfilled.WAIT_THEN_ADL, "fund_in_book": False}
    it = in_rounds(**rules)
    it.place("ann", "BTC", -10, 75)
    assert only(it.mark("BTC", 87), LiquidationPaused)

    events = it.do(it.order("bob", "BTC", 10, 75))

    told = [event for event in events if isinstance(event, InsuranceFundPaid | LiquidationEnded)]
    (paid,) = only(events, InsuranceFundPaid)
    (end,) = only(events, LiquidationEnded)
    assert told == [paid, end]
    assert (paid.amount, end.equity, end.closed_all) == (50 * DOLLAR, 0, True)


def test_steps_that_follow_at_once_do_so_after_a_wait_too() -> None:
    """Nobody bids at first; a second later two clips go without a pause between them.

    Then 26 are left behind the last two lots, which need 17.
    """
    rules = LiquidationRules(amount=Amount.CLIP, clip="4", unfilled=Unfilled.WAIT_THEN_ADL)
    it = Stage(rulebook(liquidation=rules))
    it.trader("ann", deposit=200)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 100)
    assert only(it.mark("BTC", 85), LiquidationPaused)
    it.show("BTC", bids={82: 100})

    events = next_round(it)

    assert closed(events) == [("BTC", 4, 82), ("BTC", 4, 82)]
    assert not only(events, LiquidationPaused)


def test_a_debt_is_not_covered_while_a_position_waits_for_its_round() -> None:
    """Four lots go at 85, and six wait: at 70 ann has lost 60 and 180 of her 200."""
    it = in_rounds()
    it.show("BTC", bids={85: 4})
    assert only(it.mark("BTC", 85), LiquidationPaused)

    assert not only(it.mark("BTC", 70), InsuranceFundPaid)


def test_the_venue_sells_what_it_took_over_in_rounds_and_then_is_quiet() -> None:
    rules = {"unfilled": Unfilled.TAKEOVER, "takeover_whole": True, "fund_in_book": False}
    liquidation = LiquidationRules(amount=Amount.WHOLE_POSITION, round_seconds="3", **rules)  # type: ignore[arg-type]
    it = Stage(rulebook(liquidation=liquidation, fund="500"))
    it.trader("ann", deposit=200)
    it.trader("bob", deposit=10_000)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 100, other="bob")
    it.show("BTC", bids={87: 4})

    (pause,) = only(it.mark("BTC", 87), LiquidationPaused)

    assert (pause.account, pause.until) == ("INSURANCE FUND", it.at + 3 * SECOND)
    it.show("BTC", bids={87: 6})
    it.at = pause.until
    assert not only(it.do(PassTime(at=it.at)), LiquidationPaused)
    assert it.balance("insurance fund") == 570 * DOLLAR


def test_after_a_mark_the_failed_go_by_margin_ratio_behind_the_safe() -> None:
    """To the safe nothing happens: they do not come between the others."""
    it = Stage()
    it.mark("BTC", 100)
    for name, deposit in (("ann", 250), ("bob", 1_000), ("cat", 220), ("dan", 250)):
        it.trader(name, deposit=deposit)
        it.hold(name, "BTC", 10, 100)

    assert in_turn(it, BTC=83_00) == ["bob", "cat", "ann", "dan"]


def in_turn(it: Stage, **marks: int) -> list[str]:
    """In which order accounts are looked at when marks are these, in cents."""
    state = it.venue._state
    for symbol, price in marks.items():
        state.marks.prices[state.market_of[symbol].instrument.index] = price
    pools = [pool for account in state.accounts for pool in account.pools.values()]
    return [pool.account.name for pool in most_endangered_first(state, pools)]


def test_the_margin_ratio_decides_and_not_how_large_an_account_is() -> None:
    """At 83 ann has 80 of the 83 that she needs, and eve 415 of 830."""
    it = Stage()
    it.mark("BTC", 100)
    for name, deposit, lots in (("ann", 250, 10), ("eve", 2_115, 100)):
        it.trader(name, deposit=deposit)
        it.hold(name, "BTC", lots, 100)

    assert in_turn(it, BTC=83_00) == ["eve", "ann"]


def test_an_empty_wallet_without_positions_is_not_endangered() -> None:
    """Ann's isolated position has 30 of 83, bob 20, where equality fails as well."""
    it = Stage(rulebook(liquidation=LiquidationRules(trigger=Breach.AT_OR_BELOW)))
    it.mark("BTC", 100)
    it.trader("ann", deposit=200)
    it.isolate("ann", "BTC")
    it.do(SetLeverage(at=it.now(), account="ann", symbol="BTC", leverage=5))
    it.trader("bob", deposit=190)
    for name in ("ann", "bob"):
        it.hold(name, "BTC", 10, 100)
    it.do(Withdraw(at=it.now(), account="ann", asset="USD", amount=1))
    assert it.balance("ann") == 0

    assert in_turn(it, BTC=83_00) == ["bob", "ann"]


def whole_dollars(**held: tuple[int, int, int]) -> Stage:
    """Traders with a deposit, lots, and the mark they are bought at; money is in dollars."""
    it = Stage(symbols="")
    for number, (name, (deposit, lots, price)) in enumerate(held.items()):
        it.enlist(f"C{number}", money_unit="1")
        it.trader(name)
        it.bring(name, "USD", deposit)
        it.mark(f"C{number}", price)
        it.hold(name, f"C{number}", lots, price)
    return it


def test_a_requirement_of_one_unit_counts_as_it_is() -> None:
    """Ann has -1 where 1 is needed; bob -4 of 6, which is less bad."""
    it = whole_dollars(ann=(1, 1, 5), bob=(36, 20, 5))

    assert in_turn(it, C0=3_00, C1=3_00) == ["ann", "bob"]


def test_margin_ratios_are_told_apart_to_a_hundred_millionth() -> None:
    """-1 of 3 is as much as -33,333,334 of 100,000,000 then: cat came first."""
    it = whole_dollars(cat=(17, 6, 8), ann=(216_666_666, 1_000_000, 1_250))

    assert in_turn(it, C0=5_00, C1=1_000_00) == ["cat", "ann"]


def test_what_one_position_has_lost_the_others_cannot_lose_again() -> None:
    """250 are behind 2,000, so that 50 may be lost: 36 on BTC leave no 18 for ETH."""
    it = Stage()
    it.trader("ann", deposit=250)
    it.marks(BTC=100, ETH=100)
    it.hold("ann", "BTC", 10, 100)
    it.hold("ann", "ETH", 10, 100)

    assert not started(it.mark("BTC", 96))
    assert started(it.mark("ETH", 98)) == ["ann"]


def test_where_nothing_is_isolated_nothing_moves_as_isolated_margin() -> None:
    """80 of 200 are left when it has ended."""
    it = Stage()
    it.trader("ann", deposit=200)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 100)
    it.show("BTC", bids={88: 100})

    assert only(it.mark("BTC", 88), LiquidationEnded)

    moved = {"deposit": 200 * DOLLAR, "realised_pnl": -120 * DOLLAR}
    assert it.venue.moved("USD") == moved


def test_an_end_is_told_with_what_is_left() -> None:
    it = Stage()
    it.trader("ann", deposit=200)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 100)
    it.show("BTC", bids={88: 100})

    (end,) = only(it.mark("BTC", 88), LiquidationEnded)

    assert (end.closed_all, end.equity, end.maintenance_margin) == (True, 80 * DOLLAR, 0)


# --------------------------------------------------- isolated positions, from round to round


def isolated_in_rounds(bucket: int) -> Stage:
    """Ann's isolated 10 from 100, at ten times leverage, with a bucket of so many dollars.

    It goes 4 lots in a second; the book has 4 at the mark of 91, where 91 are needed.
    """
    rules = LiquidationRules(amount=Amount.CLIP, clip="4", round_seconds="1")
    it = Stage(rulebook(liquidation=rules))
    it.trader("ann", deposit=1_000)
    it.mark("BTC", 100)
    it.isolate("ann", "BTC")
    it.hold("ann", "BTC", 10, 100)
    extra = (bucket - 100) * DOLLAR
    if extra:
        it.do(AdjustMargin(at=it.now(), account="ann", symbol="BTC", amount=extra))
    it.show("BTC", bids={91: 4})
    assert only(it.mark("BTC", 91), LiquidationPaused)
    return it


def a_second_later(it: Stage) -> list[Event]:
    it.at += SECOND
    return it.do(PassTime(at=it.at))


def test_an_isolated_position_that_recovers_between_two_rounds_is_let_go() -> None:
    """At 100 nothing is lost on the six that are left."""
    it = isolated_in_rounds(140)
    it.mark("BTC", 100)

    (ended,) = only(a_second_later(it), LiquidationEnded)

    assert not ended.closed_all
    assert it.size("ann", "BTC") == 6


def test_an_isolated_position_closed_with_exactly_nothing_left_is_not_in_liquidation_any_more() -> (
    None
):
    """36 lost on 4 of them; ann sells the other 6 herself, at 89, for the 66 that are left."""
    it = isolated_in_rounds(102)
    it.show("BTC", bids={89: 6})

    (ended,) = only(it.do(it.order("ann", "BTC", -6, 89)), LiquidationEnded)

    assert (ended.closed_all, ended.equity) == (True, 0)
    assert it.account("ann").wallet == (1_000 - 102) * DOLLAR
