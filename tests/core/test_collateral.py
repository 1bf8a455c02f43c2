"""The unified account: several assets behind all positions, in round numbers.

COIN is priced by its spot market at 100; 0.8 of it counts.  Ann brings 1,000 USD and 10 COIN.
Maintenance and initial margin of a contract are 10%.  A unit of COIN is a thousandth.
"""

import pytest
from msgspec.structs import replace

from exchange.core.kinds import ContractKind
from exchange.core.messages import (
    AccountMode,
    AccountModeChanged,
    Closing,
    CollateralExchanged,
    Event,
    Exchange,
    InsuranceFundPaid,
    InterestPaid,
    LeftoverTaken,
    LiquidationEnded,
    LiquidationFeeCharged,
    LiquidationPaused,
    LiquidationStarted,
    LiquidationStepTaken,
    LossUncovered,
    MarginMode,
    OrderCancelled,
    PassTime,
    Reject,
    SetAccountMode,
    UnifiedView,
    Withdraw,
)
from exchange.core.policies import FundScope
from exchange.core.rules import (
    Amount,
    Breach,
    Cancel,
    CollateralAsset,
    CollateralRules,
    CollateralTier,
    Gains,
    Haircut,
    LiquidationRules,
    Repay,
    Rulebook,
)
from exchange.core.units import RATE_ONE, SECOND
from tests.stage import DOLLAR, Stage, only, rulebook

COIN = 1000
SPOT = {"kind": ContractKind.SPOT, "base": "COIN", "base_unit": "0.001"}


def rules(
    *,
    ratio: str = "0.8",
    tiers: tuple[CollateralTier, ...] = (),
    limit: str = "",
    fund: str = "0",
    liquidation: LiquidationRules | None = None,
    **changes: object,
) -> Rulebook:
    coin = CollateralAsset(market="COIN-USD", ratio=ratio, tiers=tiers, interest="0.01")
    collateral = CollateralRules(
        currency="USD",
        assets={"COIN": coin},
        borrow_limit=limit,
        **changes,  # type: ignore[arg-type]
    )
    return rulebook(collateral=collateral, fund=fund, liquidation=liquidation)


def stage(book: Rulebook | None = None, dollars: int = 1_000, coins: int = 10) -> Stage:
    """Ann with a unified account."""
    it = Stage(book or rules())
    it.enlist("COIN-USD", **SPOT)
    it.marks(BTC=100, ETH=100, **{"COIN-USD": 100})
    it.trader("ann", deposit=dollars)
    if coins:
        it.bring("ann", "COIN", coins * COIN)
    events = it.do(switch(it))
    assert only(events, AccountModeChanged), events
    return it


def switch(it: Stage, mode: AccountMode = AccountMode.UNIFIED) -> SetAccountMode:
    return SetAccountMode(at=it.now(), account="ann", mode=mode)


def whole(it: Stage) -> UnifiedView:
    view = it.venue.unified_view("ann")
    assert view is not None
    return view


def exchanged(events: list[Event]) -> list[tuple[str, int, int, str, int]]:
    return [
        (e.sold, e.amount, e.fee, e.bought, e.repaid) for e in only(events, CollateralExchanged)
    ]


# ---------------------------------------------------------------------------- valuation


def test_equity_is_the_sum_of_assets_after_haircuts() -> None:
    """1,000 + 10 x 100 x 0.8; in full it is worth 2,000."""
    view = whole(stage())
    assert view.equity == 1_800 * DOLLAR
    assert view.worth == 2_000 * DOLLAR
    coin = next(asset for asset in view.assets if asset.asset == "COIN")
    assert (coin.balance, coin.value, coin.full_value) == (10 * COIN, 800_00, 1_000_00)


def test_an_account_that_does_not_ask_stands_on_each_asset_alone() -> None:
    it = stage()
    it.trader("bob", deposit=1_000)
    assert it.venue.unified_view("bob") is None
    assert it.venue.account_view("bob", "USD").equity == 1_000_00


def test_tiers_are_by_amount_each_for_its_own_part() -> None:
    """OKX's worked example: 5, 5 and 1 million at 100%, 97.5% and 95% come to 10.825 million."""
    tiers = tuple(
        CollateralTier(floor=floor, ratio=ratio)
        for floor, ratio in (("0", "1"), ("5", "0.975"), ("10", "0.95"))
    )
    it = stage(rules(tiers=tiers), dollars=0, coins=11)
    assert whole(it).equity == 1_082_50


@pytest.mark.parametrize(
    ("unrealised", "equity"), [(Gains.ALL, 1_900_00), (Gains.LOSSES, 1_800_00)]
)
def test_unrealised_gains_count_as_the_rulebook_says(unrealised: Gains, equity: int) -> None:
    it = stage(rules(unrealised=unrealised))
    it.hold("ann", "BTC", 10, 100)
    it.mark("BTC", 110)
    assert whole(it).equity == equity
    it.mark("BTC", 95)
    assert whole(it).equity == 1_750_00


@pytest.mark.parametrize(
    ("haircut", "equity"), [(Haircut.BALANCE, 2_750_00), (Haircut.EQUITY, 2_760_00)]
)
def test_the_haircut_may_spare_unrealised_pnl(haircut: Haircut, equity: int) -> None:
    """Margin equity = balance x (1 - haircut) + unrealised PnL (Kraken), or all of it cut.

    100 short of an inverse contract at 100 are a coin; at 200 half a coin is lost.
    800 - 50, or 9.5 x 80.
    """
    it = stage(rules(haircut=haircut), dollars=2_000)
    it.enlist("INV", kind=ContractKind.INVERSE, settle="COIN", money_unit="0.001")
    it.mark("INV", 100)
    it.hold("ann", "INV", -100, 100)
    it.mark("INV", 200)
    assert whole(it).equity == equity


def test_what_is_owed_counts_in_full_and_asks_for_margin() -> None:
    """A loss of 1,500 leaves -500: equity 300, 5% of 500 as maintenance margin, 10% as initial."""
    it = stage(rules(borrow_maintenance="0.05", borrow_initial="0.1"))
    it.hold("ann", "BTC", 50, 100)
    it.hold("ann", "BTC", -50, 70)
    view = whole(it)
    assert (view.equity, view.borrowed) == (300_00, 500_00)
    assert (view.maintenance_margin, view.initial_margin) == (25_00, 50_00)


# ------------------------------------------------------------------ margin and its limits


def test_coins_carry_a_position_that_settles_in_dollars() -> None:
    """80 coins' dollars of collateral: 79 contracts' initial margin fits, 81 do not."""
    it = stage(dollars=0, coins=1)
    assert it.refusal(it.order("ann", "BTC", 9, 100)) is Reject.INSUFFICIENT_MARGIN
    it.place("ann", "BTC", 8, 100)
    assert whole(it).available_margin == 0


def test_withdrawals_leave_initial_margin_covered_after_the_haircut() -> None:
    """Equity 1,800, needed 1,000 for 100 at 100: 800 dollars may go, or all coins."""
    it = stage()
    it.hold("ann", "BTC", 100, 100)
    assert it.account("ann").withdrawable == 800_00
    assert it.venue.account_view("ann", "COIN").withdrawable == 10 * COIN
    more = Withdraw(at=it.now(), account="ann", asset="USD", amount=800_01)
    assert it.refusal(more) is Reject.INSUFFICIENT_MARGIN


def test_an_isolated_position_takes_only_money_that_is_there() -> None:
    it = stage(dollars=50)
    it.isolate("ann", "BTC")
    assert it.refusal(it.order("ann", "BTC", 6, 100)) is Reject.INSUFFICIENT_MARGIN
    it.hold("ann", "BTC", 5, 100)
    assert it.balance("ann BTC") == 50_00


def test_what_a_bucket_may_take_is_what_the_whole_account_can_spare() -> None:
    """ETH has lost 200 of the 300 dollars and needs 80; coins that count 800 stand behind it."""
    it = stage(dollars=300)
    it.trader("bob", deposit=10_000)
    it.hold("ann", "ETH", 10, 100)
    it.isolate("ann", "BTC")
    it.place("ann", "BTC", 10, 100)
    it.mark("ETH", 80)

    it.do(it.order("bob", "BTC", -10, 100))

    assert it.balance("ann BTC") == 100_00


# --------------------------------------------------------------------------- liquidation


def test_the_mark_of_collateral_liquidates_as_well_as_that_of_positions() -> None:
    """100 at 100 need 1,000; equity is 200 + 8 P.  At 100 it is exactly enough."""
    it = stage(dollars=200)
    it.hold("ann", "BTC", 100, 100)
    it.show("BTC", bids={100: 100})
    (started,) = only(it.mark("COIN-USD", 99), LiquidationStarted)
    assert started.asset == "USD"
    assert started.collateral == started.equity == 992_00
    assert started.maintenance_margin == 1_000_00


def test_a_gain_that_does_not_count_saves_nobody() -> None:
    """Bitcoin has won 100; but 10 dollars and ten coins at 9 count 82, and 90 are needed."""
    it = stage(rules(unrealised=Gains.LOSSES), dollars=10)
    it.hold("ann", "BTC", 1, 100)
    it.hold("ann", "ETH", 7, 100)
    it.mark("BTC", 200)

    (started,) = only(it.mark("COIN-USD", 9), LiquidationStarted)

    assert (started.collateral, started.equity) == (82_00, 82_00)
    assert started.maintenance_margin == 90_00


def test_margin_for_what_is_owed_liquidates_too() -> None:
    """5% of the 500 owed and 10 for ether; of ten coins at 66, after the haircut, 28 are left."""
    it = stage(rules(borrow_maintenance="0.05"))
    it.hold("ann", "BTC", 50, 100)
    it.mark("BTC", 99)
    it.hold("ann", "ETH", 1, 100)
    it.hold("ann", "BTC", -50, 70)

    (started,) = only(it.mark("COIN-USD", 66), LiquidationStarted)

    assert (started.equity, started.maintenance_margin) == (28_00, 35_00)


def test_orders_that_hold_an_asset_in_reserve_go_with_the_account() -> None:
    """Under every rule, and whichever of the assets it is."""
    it = stage(rules(liquidation=LiquidationRules(cancel=Cancel.NONE)), dollars=200, coins=11)
    it.hold("ann", "BTC", 100, 100)
    it.place("ann", "COIN-USD", -1, 150)
    assert it.balance("ann", "COIN") == 10 * COIN

    (cancelled,) = only(it.mark("COIN-USD", 90), OrderCancelled)

    assert cancelled.symbol == "COIN-USD"
    assert it.balance("ann COIN-USD sells", "COIN") == 0


def test_who_owes_nothing_and_holds_nothing_has_nothing_to_liquidate() -> None:
    it = stage(rules(liquidation=LiquidationRules(trigger=Breach.AT_OR_BELOW)), dollars=1, coins=0)

    events = it.do(Withdraw(at=it.now(), account="ann", asset="USD", amount=1_00))

    assert not only(events, LiquidationStarted)


def with_inverse(dollars: int, fee: str = "0", amount: Amount = Amount.WHOLE_POSITION) -> Stage:
    """Ann with ten coins, and a contract on a dollar that settles in them; Bob has coins too."""
    book = rules(haircut=Haircut.BALANCE, liquidation=LiquidationRules(fee=fee, amount=amount))
    it = stage(book, dollars=dollars)
    it.enlist("INV", kind=ContractKind.INVERSE, settle="COIN", money_unit="0.001")
    it.mark("INV", 100)
    it.trader("bob")
    it.bring("bob", "COIN", 100 * COIN)
    return it


def test_a_position_that_settles_in_coins_is_told_in_dollars_and_pays_in_coins() -> None:
    """4,000 short at 100 are 40 coins; at 125, 32, and 8 of ten are lost: equity 1,100 - 800.

    10 coins and 300 dollars come to 13 coins: 40 - 4,000 / P, up to 148.148.  The fee is 1% of 32.
    """
    it = with_inverse(300, fee="0.01")
    it.hold("ann", "INV", -4_000, 100, other="bob")
    it.show("INV", asks={125: 4_000})
    assert not only(it.mark("INV", 124), LiquidationStarted)

    events = it.mark("INV", 125)

    (started,), (step,) = only(events, LiquidationStarted), only(events, LiquidationStepTaken)
    (held,) = started.positions
    assert (started.collateral, started.equity) == (1_100_00, 300_00)
    assert (held.notional, held.unrealised_pnl) == (3_200_00, -800_00)
    assert held.maintenance_margin == started.maintenance_margin == 320_00
    assert step.bankruptcy_price == 148
    (fee,) = only(events, LiquidationFeeCharged)
    assert (fee.asset, fee.notional, fee.fee) == ("COIN", 32_000, 320)
    assert (it.balance("ann"), it.balance("ann", "COIN")) == (300_00, 1_680)


def test_all_assets_stand_behind_a_position_whatever_it_settles_in() -> None:
    """400 of 1,600 are needed.  18 coins in full: 40 - 4,000 / P is that at 181.8."""
    it = with_inverse(800)
    it.hold("ann", "INV", -4_000, 100)

    (held,) = it.venue.account_view("ann", "COIN").positions

    assert held.margin_ratio == RATE_ONE // 4
    assert held.bankruptcy_price == 181


def test_losses_in_two_assets_are_compared_in_the_accounts_currency() -> None:
    """2 coins, 2,000 units, are 200 dollars; 150 dollars are 15,000 units and the smaller loss."""
    it = with_inverse(0)
    it.mark("BTC", 100)
    it.hold("ann", "INV", -1_000, 100, other="bob")
    it.hold("ann", "BTC", 50, 100)
    it.mark("INV", 125)

    (step, *_) = only(it.mark("BTC", 97), LiquidationStepTaken)

    assert {p.symbol: p.unrealised_pnl for p in step.positions} == {"BTC": -150_00, "INV": -200_00}
    assert step.symbol == "INV"


def test_what_is_lacking_in_dollars_is_freed_in_coins() -> None:
    """20 dollars are 0.2 coins at 100, a tenth of the 2 that 250 lots are worth at 125."""
    it = with_inverse(300, amount=Amount.JUST_ENOUGH)
    it.hold("ann", "INV", -4_000, 100, other="bob")

    (step, *_) = only(it.mark("INV", 125), LiquidationStepTaken)

    assert step.size == 250


def test_the_bucket_of_an_isolated_position_is_of_the_asset_it_settles_in() -> None:
    """100 short at 100 put a tenth of a coin aside.  Bought back at 105, half of that is lost, and
    the rest comes back as coins.
    """
    it = with_inverse(0)
    it.isolate("ann", "INV")
    it.hold("ann", "INV", -100, 100, other="bob")
    assert it.balance("ann", "COIN") == 9_900
    it.show("INV", asks={105: 100})

    it.mark("INV", 105)

    assert (it.balance("ann"), it.balance("ann", "COIN")) == (0, 9_900 + 52)


def test_it_does_not_matter_which_asset_came_first() -> None:
    """The same, but the coins were there before the dollars."""
    it = Stage(rules())
    it.enlist("COIN-USD", **SPOT)
    it.marks(BTC=100, **{"COIN-USD": 100})
    it.trader("ann")
    it.bring("ann", "COIN", 10 * COIN)
    it.deposit("ann", 200)
    it.do(switch(it))
    it.hold("ann", "BTC", 100, 100)
    it.show("BTC", bids={100: 100})
    assert only(it.mark("COIN-USD", 99), LiquidationStarted)


def test_an_isolated_position_is_liquidated_for_itself_in_a_unified_account_too() -> None:
    """50 of the bucket are left at 95, where 95 are needed: the 10 coins do not answer for it."""
    it = stage()
    it.isolate("ann", "BTC")
    it.hold("ann", "BTC", 10, 100)
    it.show("BTC", bids={95: 100})
    (started,) = only(it.mark("BTC", 95), LiquidationStarted)
    assert (started.mode, started.symbol, started.equity) == (MarginMode.ISOLATED, "BTC", 50_00)
    assert (it.balance("ann"), it.balance("ann BTC")) == (950_00, 0)


def test_the_largest_loss_is_the_largest_by_value_whatever_it_is_counted_in() -> None:
    """An inverse contract has lost 2 coins, which are 2,000 units; bitcoin 160 dollars in cents.

    Equity is 8 coins at 80%, less 160; needed is 10% of 10 coins and of 3,840: 480 for 484.
    """
    it = stage(dollars=0)
    it.enlist("XBT", kind=ContractKind.INVERSE, settle="COIN", money_unit="0.001")
    it.marks(XBT=100)
    it.hold("ann", "XBT", 800, 100)
    it.hold("ann", "BTC", 40, 100)
    it.show("XBT", bids={80: 10_000})
    it.show("BTC", bids={96: 100})
    it.marks(XBT=80)
    steps = only(it.mark("BTC", 96), LiquidationStepTaken)
    assert steps[0].symbol == "XBT"


def test_the_liquidation_price_counts_what_the_mark_does_to_the_collateral() -> None:
    """Wrong-way risk: the coin is priced by the contract that the account is long.

    20 long at 100 on 5 coins: 400 + 20 (P - 100) falls with 4 (P - 100) more; it fails where
    4 P + 20 (P - 100) < 2 P, below 90.909.  On 400 dollars it would below 88.888.
    """
    coin = CollateralAsset(market="BTC", ratio="0.8")
    book = rulebook(collateral=CollateralRules(currency="USD", assets={"COIN": coin}))
    it = Stage(book)
    it.enlist("COIN-USD", **SPOT)
    it.marks(BTC=100)
    it.trader("ann", "bob")
    it.bring("ann", "COIN", 5 * COIN)
    it.deposit("bob", 400)
    it.do(switch(it))
    for name in ("ann", "bob"):
        it.hold(name, "BTC", 20, 100)
    prices = [p.liquidation_price for n in ("ann", "bob") if (p := it.position(n, "BTC"))]
    assert prices == [90_90, 88_88]
    assert not only(it.mark("BTC", 90, 91), LiquidationStarted)
    assert [e.account for e in only(it.mark("BTC", 90, 90), LiquidationStarted)] == ["ann"]


def test_collateral_repays_before_positions_are_touched() -> None:
    """After a loss of 1,500: -500 dollars and 10 coins, 8 of 10 counted: equity 300.

    One ETH at 100 needs 10.  At 62 a coin: equity -4; 500 are repaid with 8.146 coins at a fee of
    1%, and what is left, 1.853 coins, counts 91.9.
    """
    it = stage(rules(conversion_fee="0.01"))
    it.hold("ann", "BTC", 50, 100)
    it.mark("BTC", 99)
    it.hold("ann", "ETH", 1, 100)
    it.hold("ann", "BTC", -50, 70)
    assert it.balance("ann") == -500_00
    events = it.mark("COIN-USD", 62)
    assert exchanged(events) == [("COIN", 8_146, 81, "USD", 500_00)]
    (ended,) = only(events, LiquidationEnded)
    assert not ended.closed_all
    assert it.size("ann", "ETH") == 1
    assert (it.balance("ann"), it.balance("ann", "COIN")) == (0, 1_854)
    assert it.balance("conversion") == -500_00
    assert it.balance("conversion", "COIN") == 8_065
    assert it.balance("fees", "COIN") == 81


def stage_with_gems(repay: Repay, *, gem: str = "0.9", limit: str = "", **has: int) -> Stage:
    """Beside dollars and coins ann has gems, at 50 each; bitcoin costs her 1,500 dollars."""
    assets = {
        "COIN": CollateralAsset(market="COIN-USD", ratio="0.8"),
        "GEM": CollateralAsset(market="GEM-USD", ratio=gem),
    }
    book = CollateralRules(currency="USD", assets=assets, repay=repay, borrow_limit=limit)
    it = Stage(rulebook(collateral=book))
    it.enlist("COIN-USD", **SPOT)
    it.enlist("GEM-USD", kind=ContractKind.SPOT, base="GEM", base_unit="0.001")
    it.marks(BTC=100, ETH=100, **{"COIN-USD": 100, "GEM-USD": 50})
    it.trader("ann", deposit=has.get("dollars", 1_000))
    it.bring("ann", "COIN", has.get("coins", 10) * COIN)
    it.bring("ann", "GEM", has.get("gems", 10 * COIN))
    it.do(switch(it))
    it.hold("ann", "BTC", 50, 100)
    return it


@pytest.mark.parametrize(
    ("repay", "sold"),
    [
        (Repay.LEAST_HAIRCUT, [("GEM", 10_000, 500), ("COIN", 1_000, 100)]),
        (Repay.AS_LISTED, [("COIN", 6_000, 600)]),
        (Repay.PROPORTIONAL, [("COIN", 4_000, 400), ("GEM", 4_000, 200)]),
    ],
)
def test_which_collateral_repays_first(repay: Repay, sold: list[tuple[str, int, int]]) -> None:
    """600 are owed; of gems 90% counts, of coins 80%; coins are worth 1,000, gems 500."""
    it = stage_with_gems(repay, limit="0", dollars=900)
    found = only(it.hold("ann", "BTC", -50, 70), CollateralExchanged)
    assert [(e.sold, e.amount, e.repaid // DOLLAR) for e in found] == sold
    assert found[-1].owed == 0
    assert found[0].left == 10 * COIN - found[0].amount


def test_shares_that_do_not_divide_are_rounded_up_and_the_last_gives_less() -> None:
    """Two thirds of 100.01 are 66.68 and not 66.67; gems then repay 33.33."""
    it = stage_with_gems(Repay.PROPORTIONAL, limit="0", dollars=1_400)
    it.do(Withdraw(at=it.now(), account="ann", asset="USD", amount=1))
    found = only(it.hold("ann", "BTC", -50, 70), CollateralExchanged)
    assert [(e.sold, e.amount, e.repaid, e.owed) for e in found] == [
        ("COIN", 667, 66_68, 33_33),
        ("GEM", 667, 33_33, 0),
    ]


@pytest.mark.parametrize("repay", Repay)
@pytest.mark.parametrize(
    ("gems", "price", "dollars"), [(4 * COIN, 10, 980), (1, 1, 1_000)], ids=["some", "a grain"]
)
def test_what_has_been_repaid_may_be_enough_whoever_gave_it(
    repay: Repay, gems: int, price: int, dollars: int
) -> None:
    """-520 dollars, 10 coins and 4 gems at 10, of which half counts; one ETH needs 10.

    At 62 a coin equity is -520 + 496 + 20; repaid, what is left of 660 counts more than that.
    Or -500 dollars, and a thousandth of a gem that is worth nothing.
    """
    it = stage_with_gems(repay, gem="0.5", dollars=dollars, gems=gems)
    it.mark("GEM-USD", price)
    it.mark("BTC", 99)
    it.hold("ann", "ETH", 1, 100)
    it.hold("ann", "BTC", -50, 70)
    events = it.mark("COIN-USD", 62)
    assert sum(e.repaid for e in only(events, CollateralExchanged)) == (1_500 - dollars) * DOLLAR
    assert only(events, LiquidationEnded)
    assert it.size("ann", "ETH") == 1


def test_what_is_lost_already_cannot_be_sold() -> None:
    """Of ten coins an inverse contract has lost six: four repay 400, and gems the other 100."""
    it = stage_with_gems(Repay.AS_LISTED, limit="0", gems=20 * COIN)
    it.enlist("XBT", kind=ContractKind.INVERSE, settle="COIN", money_unit="0.001")
    it.mark("XBT", 100)
    it.hold("ann", "XBT", 2_400, 100)
    it.mark("XBT", 80)
    found = exchanged(it.hold("ann", "BTC", -50, 70))
    assert found == [("COIN", 4_000, 0, "USD", 400_00), ("GEM", 2_000, 0, "USD", 100_00)]


def test_only_an_account_whose_whole_value_is_negative_is_bankrupt() -> None:
    """Ten coins at 40 do not repay 500: the fund pays the 100 that are missing."""
    it = stage(rules(fund="60"))
    it.hold("ann", "BTC", 50, 100)
    it.hold("ann", "BTC", -50, 70)
    events = it.mark("COIN-USD", 40)
    assert exchanged(events) == [("COIN", 10 * COIN, 0, "USD", 400_00)]
    assert [e.amount for e in only(events, InsuranceFundPaid)] == [60_00]
    assert [e.amount for e in only(events, LossUncovered)] == [40_00]
    assert (it.balance("ann"), it.balance("ann", "COIN")) == (0, 0)


def test_who_is_taken_over_pays_with_all_collateral_before_the_fund_does() -> None:
    """At 80 her coins are used up: they are worth 1,000, as much as 50 lots have lost by then."""
    backstop = LiquidationRules(backstop="0.5")
    it = stage(rules(fund="5000", liquidation=backstop), dollars=0, coins=10)
    it.hold("ann", "BTC", 50, 100)

    events = it.mark("BTC", 85)

    (step,) = only(events, LiquidationStepTaken)
    assert (step.closing, step.bankruptcy_price) == (Closing.TAKEOVER, 80)
    assert exchanged(events) == [("COIN", 10 * COIN, 0, "USD", 1_000 * DOLLAR)]
    assert not only(events, InsuranceFundPaid | LeftoverTaken)
    assert (it.balance("ann"), it.balance("ann", "COIN")) == (0, 0)


def test_while_positions_are_left_the_fund_pays_no_more_than_what_all_of_it_lacks() -> None:
    """BTC loses 2,000 of her 1,000; 500 that ETH has won stand behind that."""
    it = stage(rules(fund="5000"), dollars=1_000, coins=0)
    it.hold("ann", "BTC", 50, 100)
    it.hold("ann", "ETH", 20, 100)
    it.mark("ETH", 125)
    it.show("BTC", bids={60: 50})
    it.show("ETH", bids={125: 20})

    events = it.mark("BTC", 65)

    assert [event.amount for event in only(events, InsuranceFundPaid)] == [500 * DOLLAR]
    assert it.balance("ann") == 0


def test_what_exchanging_would_cost_is_no_debt_of_who_owes_as_much_as_she_has() -> None:
    """100 dollars are owed, the coin is worth 100: she is worth nothing, and owes it still."""
    it = stage(rules(ratio="1", fund="500", conversion_fee="0.01"), dollars=49, coins=1)
    it.hold("ann", "BTC", 1, 150)

    events = it.hold("ann", "BTC", -1, 1)

    assert not only(events, InsuranceFundPaid)
    assert (it.balance("ann"), it.balance("ann", "COIN")) == (-100 * DOLLAR, COIN)


def test_a_refused_order_does_not_choose_the_fund_that_pays() -> None:
    """She has traded ETH only, so that its fund pays, though BTC comes first."""
    apart = LiquidationRules(amount=Amount.WHOLE_POSITION, fund_scope=FundScope.PER_CONTRACT)
    it = stage(rules(fund="60", liquidation=apart))
    assert it.refusal(it.order("ann", "BTC", 10_000, 100)) is Reject.INSUFFICIENT_MARGIN
    it.hold("ann", "ETH", 50, 100)
    it.hold("ann", "ETH", -50, 70)
    it.mark("COIN-USD", 40)
    assert it.balance("insurance fund ETH") == 0
    assert it.balance("insurance fund BTC") == 60_00


def test_a_debt_in_another_asset_is_covered_in_that_asset() -> None:
    """An inverse contract has cost 6 coins of 1: at 250 a coin 1,000 dollars repay 4 of 5."""
    it = stage(coins=1)
    it.enlist("XBT", kind=ContractKind.INVERSE, settle="COIN", money_unit="0.001")
    it.marks(XBT=100)
    it.hold("ann", "XBT", 1_200, 100)
    it.hold("ann", "XBT", -600, 50)
    it.hold("ann", "XBT", -600, 100)
    events = it.mark("COIN-USD", 250)
    assert exchanged(events) == [("USD", 1_000_00, 0, "COIN", 4 * COIN)]
    assert [(e.asset, e.amount) for e in only(events, LossUncovered)] == [("COIN", COIN)]
    assert (it.balance("ann"), it.balance("ann", "COIN")) == (0, 0)


def test_what_is_owed_beyond_the_limit_is_repaid_at_once() -> None:
    it = stage(rules(limit="400"))
    it.hold("ann", "BTC", 50, 100)
    it.hold("ann", "BTC", -25, 72)
    assert it.balance("ann") == 300_00
    it.hold("ann", "BTC", -20, 72)
    assert it.balance("ann") == -260_00
    it.hold("ann", "BTC", -5, 60)
    assert it.balance("ann") == 0
    assert it.balance("ann", "COIN") == 10 * COIN - 4_600


def test_what_a_liquidation_let_be_owed_is_repaid_when_it_has_ended() -> None:
    """970 for 97 bitcoin; at 99 a coin five of them go at 91, and 35 dollars are owed.

    The coin goes up before the next round, which then only has to end: 35 are beyond the limit.
    """
    clips = LiquidationRules(amount=Amount.CLIP, clip="5", round_seconds="1")
    it = stage(replace(rules(limit="20"), liquidation=clips), dollars=10, coins=12)
    it.hold("ann", "BTC", 97, 100)
    it.show("BTC", bids={91: 100})
    assert only(it.mark("COIN-USD", 99), LiquidationPaused)
    assert not exchanged(it.mark("COIN-USD", 110))
    assert it.balance("ann") == -35_00

    it.at += SECOND
    events = it.do(PassTime(at=it.at))

    assert only(events, LiquidationEnded)
    assert [e.cause for e in only(events, CollateralExchanged)] == [Exchange.LIMIT]
    assert it.balance("ann") == 0


@pytest.mark.parametrize(("cents", "repaid"), [(0, []), (1, [400_01])])
def test_the_limit_itself_may_be_owed(cents: int, repaid: list[int]) -> None:
    it = stage(rules(limit="400"), dollars=1_100)
    it.hold("ann", "BTC", 50, 100)
    if cents:
        it.do(Withdraw(at=it.now(), account="ann", asset="USD", amount=cents))
    assert [row[4] for row in exchanged(it.hold("ann", "BTC", -50, 70))] == repaid


def test_a_cent_is_repaid_too() -> None:
    it = stage(rules(limit="0"), dollars=1_500)
    it.hold("ann", "BTC", 50, 100)
    it.do(Withdraw(at=it.now(), account="ann", asset="USD", amount=1))
    assert exchanged(it.hold("ann", "BTC", -50, 70)) == [("COIN", 1, 0, "USD", 1)]


def test_the_fee_is_what_is_sold_beyond_the_worth_of_what_is_repaid() -> None:
    """500 dollars are 5 coins; at 1% 5.051 are sold for them."""
    it = stage(rules(limit="0", conversion_fee="0.01"))
    it.hold("ann", "BTC", 50, 100)
    assert exchanged(it.hold("ann", "BTC", -50, 70)) == [("COIN", 5_051, 51, "USD", 500_00)]


def test_what_has_no_price_yet_repays_when_it_has_one() -> None:
    assert exchanged(unpriced_coins().mark("COIN-USD", 100)) == [("COIN", 2_500, 0, "USD", 250_00)]


def test_what_has_no_price_repays_nothing_in_a_liquidation() -> None:
    """250 are owed when 25 bitcoin have lost their gain: they go at 110, and the coins stay."""
    it = unpriced_coins()
    events = it.mark("BTC", 100)
    assert not exchanged(events)
    assert only(events, LiquidationEnded)[0].closed_all
    assert (it.balance("ann"), it.balance("ann", "COIN")) == (0, 10 * COIN)


def unpriced_coins() -> Stage:
    """Ann owes 250 dollars, has ten coins without a mark, and 25 bitcoin with a gain of 1,250."""
    it = Stage(rules(limit="0"))
    it.enlist("COIN-USD", **SPOT)
    it.mark("BTC", 100)
    it.trader("ann", deposit=1_000)
    it.bring("ann", "COIN", 10 * COIN)
    it.do(switch(it))
    it.hold("ann", "BTC", 50, 100)
    it.mark("BTC", 150)
    assert not exchanged(it.hold("ann", "BTC", -25, 50))
    assert it.balance("ann") == -250_00
    return it


def test_what_found_no_collateral_waits_until_a_balance_changes() -> None:
    """An inverse contract has lost six coins of ten: four repay 400 of 500.

    It comes back to a loss of 2.67 coins; they repay the rest when a dollar has been brought in.
    """
    it = stage(rules(limit="0"))
    it.enlist("XBT", kind=ContractKind.INVERSE, settle="COIN", money_unit="0.001")
    it.marks(XBT=100)
    it.hold("ann", "XBT", 2_400, 100)
    it.hold("ann", "ETH", 50, 100)
    it.hold("ann", "BTC", 50, 100)
    it.marks(ETH=150, XBT=80)
    assert exchanged(it.hold("ann", "BTC", -50, 70)) == [("COIN", 4_000, 0, "USD", 400_00)]
    it.mark("XBT", 90)
    assert not exchanged(it.mark("ETH", 120))
    assert exchanged(it.deposit("ann", 1)) == [("COIN", 990, 0, "USD", 99_00)]


def test_an_hours_interest_is_paid_to_the_unit() -> None:
    """0.1% of 500.01 dollars, rounded up: 0.51."""
    it = stage(rules(interest="0.001"))
    it.hold("ann", "BTC", 50, 100)
    it.hold("ann", "BTC", -50, 70)
    it.do(Withdraw(at=it.now(), account="ann", asset="USD", amount=1))
    events = it.do(PassTime(at=3600 * SECOND))
    (paid,) = only(events, InterestPaid)
    assert (paid.borrowed, paid.amount, paid.wallet) == (500_00, 50, -500_50)
    assert it.balance("interest") == 50
    (again,) = only(it.do(PassTime(at=7200 * SECOND)), InterestPaid)
    assert (again.borrowed, again.amount) == (500_50, 51)


# ------------------------------------------------------------------------------ switching


def test_a_rulebook_without_an_accounting_currency_has_no_unified_account() -> None:
    it = Stage(rulebook())
    it.trader("ann", deposit=1)
    assert it.refusal(switch(it)) is Reject.NOT_OFFERED


def test_an_account_that_owes_cannot_go_back() -> None:
    it = stage()
    it.hold("ann", "BTC", 50, 100)
    it.hold("ann", "BTC", -50, 70)
    assert it.refusal(switch(it, AccountMode.SINGLE)) is Reject.INSUFFICIENT_MARGIN
    it.deposit("ann", 500)
    assert only(it.do(switch(it, AccountMode.SINGLE)), AccountModeChanged)
    assert it.venue.unified_view("ann") is None
