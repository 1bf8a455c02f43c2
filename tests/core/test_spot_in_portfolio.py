"""Portfolio margin of a unified account, with coins that hedge: worked numbers.

Ann has 1,000 dollars and 10 COIN at 100, of which 0.8 counts as collateral.  COIN-PERP is linear,
XCOIN inverse and settled in coins.  The grid's only move is a tenth.
"""

import pytest

from exchange.core.kinds import ContractKind
from exchange.core.messages import (
    AccountMode,
    AccountModeChanged,
    CollateralView,
    LiquidationEnded,
    LiquidationStarted,
    LiquidationStepTaken,
    MarginMode,
    MarginModeChanged,
    Reject,
    SetAccountMode,
    SetMarginMode,
    Side,
    UnifiedView,
    Withdraw,
)
from exchange.core.policies import SpotHedge
from exchange.core.rules import (
    CollateralAsset,
    CollateralRules,
    CreditRules,
    GridRules,
    PortfolioRules,
    Rulebook,
)
from tests.stage import DOLLAR, Stage, only, rulebook

COIN = 1000
SPOT = {"kind": ContractKind.SPOT, "base": "COIN", "base_unit": "0.001"}
INVERSE = {"kind": ContractKind.INVERSE, "settle": "COIN", "money_unit": "0.001"}
TENTH = GridRules(moves=("0.1",))


def rules(
    grid: GridRules = TENTH,
    spot: SpotHedge = SpotHedge.IN_FULL,
    *,
    unified: bool = True,
    collateral: CollateralRules | None = None,
    **changes: object,
) -> Rulebook:
    coin = CollateralAsset(market="COIN-USD", ratio="0.8")
    return rulebook(
        collateral=collateral or CollateralRules(currency="USD", assets={"COIN": coin}),
        portfolio=PortfolioRules(grid=grid, spot=spot, unified=unified, **changes),  # type: ignore[arg-type]
    )


def stage(book: Rulebook | None = None, dollars: int = 1_000, coins: int = 10) -> Stage:
    """Ann in portfolio margin."""
    it = unified(book, dollars, coins)
    assert only(it.do(switch(it)), MarginModeChanged)
    return it


def unified(book: Rulebook | None = None, dollars: int = 1_000, coins: int = 10) -> Stage:
    """Ann in cross margin."""
    it = Stage(book or rules(), symbols="BTC COIN-PERP COIN-DATED")
    it.enlist("COIN-USD", **SPOT)
    it.enlist("XCOIN", **INVERSE)
    for symbol in ("BTC", "COIN-PERP", "COIN-DATED", "COIN-USD", "XCOIN"):
        it.mark(symbol, 100)
    it.trader("ann", deposit=dollars)
    it.bring("ann", "COIN", coins * COIN)
    assert only(it.do(unite(it)), AccountModeChanged)
    return it


def unite(it: Stage, mode: AccountMode = AccountMode.UNIFIED) -> SetAccountMode:
    return SetAccountMode(at=it.now(), account="ann", mode=mode)


def switch(it: Stage, mode: MarginMode = MarginMode.PORTFOLIO) -> SetMarginMode:
    return SetMarginMode(at=it.now(), account="ann", symbol="COIN-PERP", mode=mode)


def whole(it: Stage) -> UnifiedView:
    view = it.venue.unified_view("ann")
    assert view is not None
    return view


def coins(it: Stage) -> CollateralView:
    return next(asset for asset in whole(it).assets if asset.asset == "COIN")


def needed(it: Stage) -> int:
    """Maintenance margin in dollars, as every view tells it."""
    view = whole(it)
    assert it.account("ann").maintenance_margin == view.maintenance_margin
    units = it.venue.portfolio_view("ann", "USD")
    assert sum(unit.margin for unit in units) == view.maintenance_margin
    return view.maintenance_margin // DOLLAR


# ----------------------------------------------------------------------------- the charges


def test_coins_alone_are_collateral_and_need_nothing() -> None:
    it = stage()
    assert needed(it) == 0
    assert whole(it).equity == 1_800_00
    assert coins(it).hedging == 0


def test_a_short_against_owned_coins_needs_nothing() -> None:
    it = stage()
    it.hold("ann", "COIN-PERP", -10, 100)

    assert needed(it) == 0
    assert coins(it).hedging == 10 * COIN


@pytest.mark.parametrize(
    ("spot", "equity", "margin"),
    [(SpotHedge.IN_FULL, 1_920, 40), (SpotHedge.HAIRCUT, 1_800, 40), (SpotHedge.NONE, 1_800, 100)],
)
def test_what_hedges_counts_as_the_rulebook_says(spot: SpotHedge, equity: int, margin: int) -> None:
    """6 of 10 coins hedge: with a short of 10 bitcoin-like dollars each beside them.

    In full they count 600, and the 4 that hedge nothing 320.
    """
    it = stage(rules(spot=spot))
    it.hold("ann", "COIN-PERP", -6, 100)
    it.hold("ann", "BTC", 4, 100)

    assert whole(it).equity == equity * DOLLAR
    assert needed(it) == margin


def test_what_is_short_beyond_the_coins_stands_bare() -> None:
    it = stage()
    it.hold("ann", "COIN-PERP", -15, 100)

    assert needed(it) == 50
    assert coins(it).value == 1_000_00


def test_a_long_is_not_hedged_by_coins() -> None:
    it = stage()
    it.hold("ann", "COIN-PERP", 10, 100)

    assert needed(it) == 100
    assert coins(it).hedging == 0


def test_coins_hedge_what_is_left_of_several_contracts() -> None:
    """Long 12 of the dated future and short 20 of the perpetual: 8 coins stand against 8."""
    it = stage(rules(GridRules(moves=("0.1",), offset="0.01", minimum="0.001", spot="0.02")))
    it.hold("ann", "COIN-DATED", 12, 100)
    it.hold("ann", "COIN-PERP", -20, 100)

    (unit,) = it.venue.portfolio_view("ann", "USD")

    assert (unit.scan, unit.offset, unit.spot_charge) == (0, 12_00, 16_00)
    assert unit.minimum == 3_20  # of contracts alone
    (leg,) = unit.spot
    assert (leg.asset, leg.amount, leg.value) == ("COIN", 8 * COIN, 800_00)
    assert leg.loss == -80_00 if unit.move > 0 else 80_00
    assert needed(it) == 28


def test_other_underlyings_do_not_stand_against_coins() -> None:
    it = stage()
    it.hold("ann", "BTC", -10, 100)

    assert needed(it) == 100


def test_coins_that_hedge_leave_a_credit_to_others() -> None:
    """5 coins' worth of shorts risk 50 beyond the coins, half of which goes off both sides."""
    credit = CreditRules(first="BTC", second="COIN", rate="0.5")
    it = stage(rules(credits=(credit,)))
    it.hold("ann", "COIN-PERP", -15, 100)
    it.hold("ann", "BTC", 10, 100)

    assert needed(it) == 50 + 100 - 2 * 25


def test_an_inverse_short_on_all_coins_is_worth_dollars_whatever_happens() -> None:
    """1,000 dollars short on 10 coins at 100: of each move both lose and win the same."""
    it = stage()
    it.hold("ann", "XCOIN", -1_000, 100)
    assert needed(it) == 0
    assert coins(it).hedging == 10 * COIN

    for price in (80, 125):
        it.mark("XCOIN", price)
        it.mark("COIN-USD", price)
        assert whole(it).worth == 2_000_00


def test_an_inverse_long_risks_what_its_coins_are_worth_then() -> None:
    """1,000 dollars long: a tenth down is 1,000 / 90 - 10 coins, at 90 each."""
    it = stage()
    it.hold("ann", "XCOIN", 1_000, 100)

    assert needed(it) == 100


def test_coins_that_are_owed_stand_against_a_long() -> None:
    """5 coins are owed after a loss in XCOIN; a long of 8 needs margin for 3."""
    it = stage(dollars=10_000, coins=1)
    it.hold("ann", "XCOIN", 600, 100)
    it.mark("XCOIN", 50)
    it.hold("ann", "XCOIN", -600, 50)
    assert it.balance("ann", "COIN") == -5 * COIN
    it.hold("ann", "COIN-PERP", 8, 100)

    assert coins(it).hedging == -5 * COIN
    assert needed(it) == 30


def test_pools_of_all_assets_are_one_portfolio() -> None:
    """Short in coins and long in dollars are one hedge."""
    it = stage()
    it.hold("ann", "XCOIN", -1_500, 100)
    it.hold("ann", "COIN-PERP", 15, 100)

    assert needed(it) == 0
    assert it.venue.portfolio_view("ann", "COIN") == it.venue.portfolio_view("ann", "USD")


def test_an_isolated_position_stands_against_nothing() -> None:
    it = stage()
    it.isolate("ann", "COIN-PERP")
    it.hold("ann", "COIN-PERP", -5, 100)

    assert needed(it) == 0
    assert coins(it).hedging == 0


# ---------------------------------------------------------------------------------- orders


def test_an_order_that_coins_hedge_takes_nothing() -> None:
    it = stage()
    it.place("ann", "COIN-PERP", -10, 110)
    assert whole(it).initial_margin == 0

    it.place("ann", "COIN-PERP", -5, 110)
    assert whole(it).initial_margin == 50_00


def test_the_largest_order_is_what_coins_hedge_and_what_equity_carries() -> None:
    """Where it trades at once all coins count in full: 2,000 carry 200 beyond the 10."""
    it = stage()
    assert it.venue.order_max("ann", "COIN-PERP", Side.SELL, 100) == 190

    it.show("COIN-PERP", bids={100: 1_000})
    assert it.venue.order_max("ann", "COIN-PERP", Side.SELL, 100) == 210
    assert it.venue.order_max("ann", "COIN-PERP", Side.BUY, 100) == 180


def test_coins_that_hedge_may_leave_as_far_as_the_rest_carries_what_stands_bare() -> None:
    """Without any of them 1,000 must carry a short of 120: 1,200; with 4 left 1,400 carries 116."""
    it = stage()
    it.hold("ann", "COIN-PERP", -120, 100)
    found = it.venue.account_view("ann", "COIN").withdrawable

    assert found == 8 * COIN + 181  # 1,000 + 100 x = 10 (120 - x) at x = 1.8181...
    gone = Withdraw(at=it.now(), account="ann", asset="COIN", amount=found + 1)
    assert it.refusal(gone) is Reject.INSUFFICIENT_MARGIN


def test_closing_a_hedge_needs_the_margin_that_it_spares() -> None:
    """Coins at 8 are worth 80, and hedge as much of 500 short; of 1,000 they would leave 92."""
    it = stage(dollars=0, coins=10)
    it.hold("ann", "COIN-PERP", -10, 100)
    it.hold("ann", "COIN-DATED", 5, 100)
    it.show("COIN-DATED", bids={100: 100})
    it.mark("COIN-USD", 8)
    assert (whole(it).equity, needed(it)) == (80_00, 42)

    assert it.refusal(it.order("ann", "COIN-DATED", -5, 100)) is Reject.INSUFFICIENT_MARGIN
    assert it.place("ann", "COIN-DATED", -3, 100)


# ------------------------------------------------------------------------------- switching


def test_a_rulebook_may_keep_unified_accounts_out_of_it() -> None:
    it = unified(rules(unified=False))
    assert it.refusal(switch(it)) is Reject.NOT_OFFERED


def test_nobody_parts_or_unites_in_portfolio_margin() -> None:
    """First back to cross margin: the terms are others."""
    it = stage()
    assert it.refusal(unite(it, AccountMode.SINGLE)) is Reject.NOT_OFFERED
    assert only(it.do(switch(it, MarginMode.CROSS)), MarginModeChanged)
    assert only(it.do(unite(it, AccountMode.SINGLE)), AccountModeChanged)
    assert only(it.do(switch(it)), MarginModeChanged)

    assert it.refusal(unite(it)) is Reject.NOT_OFFERED


def test_the_least_equity_is_that_of_all_assets() -> None:
    book = rules(minimum_equity={"USD": "1800.01"})
    it = unified(book)
    assert it.refusal(switch(it)) is Reject.INSUFFICIENT_MARGIN
    it.bring("ann", "USD", 1)

    assert only(it.do(switch(it)), MarginModeChanged)


def test_nobody_goes_back_to_a_margin_they_do_not_have() -> None:
    """700 for 530 against coins that count in full; in cross margin 500 for 630."""
    it = stage(dollars=0, coins=10)
    it.hold("ann", "COIN-PERP", -60, 100)
    it.mark("COIN-PERP", 105)
    assert (whole(it).equity, needed(it)) == (700_00, 530)

    assert it.refusal(switch(it, MarginMode.CROSS)) is Reject.INSUFFICIENT_MARGIN


def test_an_asset_that_comes_later_is_part_of_it() -> None:
    """Going over before there are coins, and bringing them then."""
    it = Stage(rules(), symbols="BTC COIN-PERP")
    it.enlist("COIN-USD", **SPOT)
    it.marks(**{"BTC": 100, "COIN-PERP": 100, "COIN-USD": 100})
    it.trader("ann", deposit=1_000)
    it.do(unite(it))
    it.do(switch(it))
    it.hold("ann", "COIN-PERP", -10, 100)
    assert needed(it) == 100

    it.bring("ann", "COIN", 10 * COIN)

    assert needed(it) == 0
    assert it.venue.account_view("ann", "COIN").mode is MarginMode.PORTFOLIO


# ---------------------------------------------------------------------- prices and failure


def test_the_liquidation_price_is_where_the_engine_liquidates() -> None:
    """10 coins are worth 1,000; a short of 110 at 100 on 1,000 dollars, and coins held still."""
    it = stage()
    it.hold("ann", "COIN-PERP", -110, 100)
    held = it.position("ann", "COIN-PERP")
    assert held is not None
    assert held.liquidation_price is not None
    price = held.liquidation_price

    assert not only(it.mark("COIN-PERP", *divmod(price - 1, 100)), LiquidationStarted)
    assert only(it.mark("COIN-PERP", *divmod(price, 100)), LiquidationStarted)


def test_a_hedged_account_outlives_any_move_of_all_prices() -> None:
    it = stage()
    it.hold("ann", "COIN-PERP", -10, 100)

    assert it.venue.common_move("ann", "USD") == (None, None)


def test_the_fall_of_coins_bares_what_they_hedged() -> None:
    """At 20 the coins hedge a tenth of 2,000 short at 100: 180 for the rest, on 200 of equity."""
    it = stage(dollars=0, coins=10)
    it.hold("ann", "COIN-PERP", -20, 100)

    assert not only(it.mark("COIN-USD", 19), LiquidationStarted)
    assert needed(it) == 181
    it.mark("COIN-USD", 18, 19)
    assert only(it.mark("COIN-USD", 18, 18), LiquidationStarted)


def test_a_failed_account_closes_what_coins_do_not_hedge() -> None:
    """Short 30 against 10 coins at 111: 2,000 - 330 - ... need 0.1 x (3,330 - 1,000)."""
    it = stage(dollars=0, coins=10)
    it.hold("ann", "COIN-PERP", -60, 100)
    it.show("COIN-PERP", asks={110: 100})

    events = it.mark("COIN-PERP", 110)

    (start,) = only(events, LiquidationStarted)
    assert start.mode is MarginMode.PORTFOLIO
    assert (start.equity, start.maintenance_margin) == (400_00, 560_00)
    (step,) = only(events, LiquidationStepTaken)
    assert step.filled == 15  # 11 freed by each, and 160 are lacking
    (end,) = only(events, LiquidationEnded)
    assert (end.equity, end.maintenance_margin) == (400_00, 395_00)
