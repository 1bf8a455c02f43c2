"""Unified accounts in the margin monitor: between which marks nobody needs to look at them.

Never late is shown in tests/properties; here it is that they are not early either.  COIN is priced
at 100 by its spot market; contracts need 10%.  Ann has 1,000 USD and 10 COIN.
"""

import pytest

from exchange.core.kinds import ContractKind
from exchange.core.messages import (
    AccountMode,
    AccountModeChanged,
    MarginMode,
    MarginModeChanged,
    SetAccountMode,
    SetMarginMode,
)
from exchange.core.policies import Gains, Haircut, SpotHedge
from exchange.core.rules import (
    CollateralAsset,
    CollateralRules,
    GridRules,
    MarginPrice,
    MarginRules,
    PortfolioRules,
)
from tests.stage import Stage, only, rulebook

SPOT = {"kind": ContractKind.SPOT, "base": "COIN", "base_unit": "0.001"}
INVERSE = {"kind": ContractKind.INVERSE, "settle": "COIN", "money_unit": "0.001"}
COIN = 1000


def stage(
    ratio: str = "0.8",
    dollars: int = 1_000,
    coins: int = 10,
    margin: MarginRules | None = None,
    portfolio: PortfolioRules | None = None,
    **changes: object,
) -> Stage:
    """Ann with a unified account, and all markets at 100."""
    asset = CollateralAsset(market="COIN-USD", ratio=ratio)
    rules = CollateralRules(currency="USD", assets={"COIN": asset}, **changes)  # type: ignore[arg-type]
    book = rulebook(
        collateral=rules, margin=margin or MarginRules(), portfolio=portfolio or PortfolioRules()
    )
    it = Stage(book, symbols="BTC ETH")
    it.enlist("COIN-USD", **SPOT)
    it.enlist("XBT", **INVERSE)
    it.marks(**dict.fromkeys(("BTC", "ETH", "COIN-USD", "XBT"), 100))
    it.trader("ann", deposit=dollars)
    if coins:
        it.bring("ann", "COIN", coins * COIN)
    assert only(it.do(switch(it, AccountMode.UNIFIED)), AccountModeChanged)
    return it


def switch(it: Stage, mode: AccountMode) -> SetAccountMode:
    return SetAccountMode(at=it.now(), account="ann", mode=mode)


def test_what_can_be_lost_is_shared_out_by_value() -> None:
    """1,300 less 1.56 for roundings, of 5,000 and the 800 that coins count: 22.38% of each."""
    it = stage()

    it.hold("ann", "BTC", 50, 100)

    assert (it.calm("BTC"), it.calm("COIN-USD")) == ((77_62, None), (77_62, None))


def test_who_can_lose_nothing_is_watched_at_the_mark_itself() -> None:
    """One lot loses a cent with each cent of the mark, and there is none to spare."""
    it = stage(dollars=10, coins=0)

    it.hold("ann", "BTC", 1, 100)

    assert it.calm("BTC") == (100_00, None)


def test_a_short_is_watched_against_a_rise_and_the_margin_that_grows_with_it() -> None:
    """7.39% of each: on the way up that and a tenth more are lost."""
    it = stage()
    it.hold("ann", "BTC", 50, 100)

    it.hold("ann", "ETH", -50, 100)

    assert (it.calm("BTC"), it.calm("ETH")) == ((92_61, None), (None, 106_71))
    assert it.calm("COIN-USD") == (92_61, None)


def test_a_loss_in_coins_is_reckoned_at_twice_their_price() -> None:
    """The share is 893.37, at 200 that is 4.466 coins: of 10, and a tenth for margin, at 71.13.

    And so the price of the coin is watched at 200, whatever else may be.
    """
    it = stage()

    it.hold("ann", "XBT", 1_000, 100)

    assert (it.calm("XBT")[0], it.calm("COIN-USD")) == (71_13, (None, 200_00))


def test_what_a_gain_in_coins_needs_may_be_more_than_it_counts() -> None:
    """Short, 4.466 coins are lost at 180.66; at 19.77 the margin of a gain has grown by as much."""
    it = stage()

    it.hold("ann", "XBT", -1_000, 100)

    assert it.calm("XBT") == (19_77, 180_66)


def test_a_gain_that_does_not_count_is_watched_for_the_margin_that_it_needs() -> None:
    """22.38% of 5,000 are 1,119: a tenth of what is won is needed, so that 11,193 may be won."""
    it = stage(unrealised=Gains.LOSSES)

    it.hold("ann", "BTC", 50, 100)

    assert it.calm("BTC") == (77_62, 303_50)


def test_where_margin_stays_at_entry_a_gain_is_no_danger() -> None:
    at_entry = MarginRules(maintenance_price=MarginPrice.ENTRY)
    it = stage(unrealised=Gains.LOSSES, margin=at_entry)

    it.hold("ann", "BTC", 50, 100)

    low, high = it.calm("BTC")
    assert low == 77_62
    assert high is not None
    assert high > 10**10


def test_a_gain_that_counts_in_full_is_not_watched() -> None:
    it = stage(haircut=Haircut.BALANCE)

    it.hold("ann", "XBT", 1_000, 100)

    assert it.calm("XBT") == (71_13, None)


def test_nor_is_a_gain_in_an_asset_without_a_haircut() -> None:
    """Twice the price of the coin is: a loss in coins was reckoned at no more."""
    it = stage("1")

    it.hold("ann", "XBT", 1_000, 100)

    low, high = it.calm("XBT")
    assert (low is not None, high) == (True, None)


def test_coins_that_stand_behind_a_debt_are_watched_against_a_fall() -> None:
    """8 of 10 coins count, against 100 that are owed: enough at 12.50, watched from 12.70."""
    it = stage(dollars=100)
    it.hold("ann", "BTC", 10, 120)
    it.hold("ann", "BTC", -10, 100)

    assert it.balance("ann") == -100_00
    assert it.calm("COIN-USD") == (12_70, None)


def test_coins_that_are_owed_are_watched_against_a_rise() -> None:
    """0.91 coins against 2,000 dollars: enough at 2,197, watched from 2,194.90."""
    it = stage(coins=0, dollars=2_000)
    it.hold("ann", "XBT", 1_000, 110)
    it.hold("ann", "XBT", -1_000, 100)

    assert it.balance("ann", "COIN") == -910
    assert it.calm("COIN-USD") == (None, 2194_90)


def test_what_is_owed_asks_for_margin_as_its_price_rises() -> None:
    """With a tenth of it besides: a rise costs 1.001 coins, no longer 0.91."""
    it = stage(coins=0, dollars=2_000, borrow_maintenance="0.1")
    it.hold("ann", "XBT", 1_000, 110)
    it.hold("ann", "XBT", -1_000, 100)

    assert it.calm("COIN-USD") == (None, 1995_36)


def test_an_asset_without_a_price_is_looked_at_as_soon_as_it_has_one() -> None:
    asset = CollateralAsset(market="COIN-USD", ratio="0.8")
    rules = CollateralRules(currency="USD", assets={"COIN": asset})
    it = Stage(rulebook(collateral=rules), symbols="BTC")
    it.enlist("COIN-USD", **SPOT)
    it.mark("BTC", 100)
    it.trader("ann", deposit=1_000)
    it.bring("ann", "COIN", 10 * COIN)
    it.do(switch(it, AccountMode.UNIFIED))

    it.hold("ann", "BTC", 50, 100)

    assert it.calm("COIN-USD") == (None, 0)


def test_one_mark_may_move_a_position_and_the_collateral() -> None:
    """Short of what prices the coins: as they fall the coins count less, as they rise it loses."""
    asset = CollateralAsset(market="BTC", ratio="0.8")
    rules = CollateralRules(currency="USD", assets={"COIN": asset})
    it = Stage(rulebook(collateral=rules), symbols="BTC")
    it.enlist("XBT", **INVERSE)
    it.marks(BTC=100, XBT=100)
    it.trader("ann", deposit=1_000)
    it.bring("ann", "COIN", 10 * COIN)
    it.do(switch(it, AccountMode.UNIFIED))

    it.hold("ann", "BTC", -50, 100)
    short = it.calm("BTC")
    it.hold("ann", "BTC", 100, 100)
    long = it.calm("BTC")

    assert (short, long) == ((77_62, 120_34), (77_62, None))


def test_nothing_is_watched_of_an_account_that_has_closed_its_positions() -> None:
    it = stage()
    it.hold("ann", "BTC", 50, 100)
    it.hold("ann", "XBT", 50, 100)

    it.hold("ann", "BTC", -50, 100)
    it.hold("ann", "XBT", -50, 100)

    assert [it.calm(symbol) for symbol in ("BTC", "COIN-USD", "XBT")] == [(None, None)] * 3


def test_nor_of_its_assets_when_they_stand_alone_again() -> None:
    """BTC is what 1,000 dollars alone can bear: 500 and 0.12 for roundings."""
    it = stage()
    it.hold("ann", "BTC", 50, 100)

    it.do(switch(it, AccountMode.SINGLE))

    assert (it.calm("BTC"), it.calm("COIN-USD")) == ((90_01, None), (None, None))


def test_an_isolated_position_is_watched_by_its_bucket_alone() -> None:
    """A hundred in it, which the margin takes: nothing can be lost."""
    it = stage()
    it.isolate("ann", "BTC")

    it.hold("ann", "BTC", 10, 100)

    assert (it.calm("BTC"), it.calm("COIN-USD")) == ((100_00, None), (None, None))


@pytest.mark.parametrize(
    ("haircut", "mark", "dollars", "coins"),
    [
        (Haircut.EQUITY, 80, 54_44, 51_27),
        (Haircut.EQUITY, 125, 53_26, 50_66),
        (Haircut.BALANCE, 80, 54_06, 50_96),
        (Haircut.BALANCE, 125, 56_38, 48_74),
    ],
)
def test_what_is_won_or_lost_in_coins_falls_and_rises_with_their_price(
    haircut: Haircut, mark: int, dollars: int, coins: int
) -> None:
    """Of the balance alone the haircut: at 80, 8 of 10 coins count, and 1.25 that are won.

    With 0.625 for margin that is 987.50 of 3,612.50 in all: 453.71, and 49.05 of each of 9.25.
    """
    it = stage(haircut=haircut)
    it.hold("ann", "XBT", -500, 100)
    it.mark("XBT", mark)

    it.hold("ann", "BTC", 20, 100)

    assert (it.calm("BTC")[0], it.calm("COIN-USD")) == (dollars, (coins, 200_00))


# ------------------------------------------------------------------------ in portfolio margin


def whole(spot: SpotHedge = SpotHedge.NONE, coins: int = 0, unrealised: Gains = Gains.ALL) -> Stage:
    """Ann's account is one portfolio: a fall or rise of a fifth is charged, of ETH a tenth."""
    grid = GridRules(moves=("0.2",))
    portfolio = PortfolioRules(
        grid=grid, underlyings={"ETH": GridRules(moves=("0.1",))}, unified=True, spot=spot
    )
    it = stage(coins=coins, portfolio=portfolio, unrealised=unrealised)
    mode = MarginMode.PORTFOLIO
    assert only(
        it.do(SetMarginMode(at=it.now(), account="ann", symbol="BTC", mode=mode)), MarginModeChanged
    )
    return it


def test_a_leg_of_a_portfolio_is_watched_for_the_charge_that_may_grow_with_its_loss() -> None:
    """800 less 1.20 for roundings, and a quarter of a loss more: 639.04 can be lost, of 10 lots."""
    it = whole()

    it.hold("ann", "BTC", 10, 100)

    assert it.calm("BTC") == (36_10, None)


@pytest.mark.parametrize(("size", "calm"), [(10, (36_10, 419_52)), (-10, (None, 163_90))])
def test_a_leg_whose_gain_does_not_count_is_watched_for_the_charge_that_grows_with_it(
    size: int, calm: tuple[int | None, int]
) -> None:
    """A quarter of what is won may be asked for: four times 798.80 may be, of 10 lots."""
    it = whole(unrealised=Gains.LOSSES)

    it.hold("ann", "BTC", size, 100)

    assert it.calm("BTC") == calm


def test_of_several_charges_the_steepest_counts_for_all_legs() -> None:
    """790 less 1.68 for 1,000 in BTC and 100 in ETH; a loss in either may add a quarter of it."""
    it = whole()
    it.hold("ann", "BTC", 10, 100)

    it.hold("ann", "ETH", 1, 100)

    assert (it.calm("BTC"), it.calm("ETH")) == ((42_67, None), (42_68, None))


@pytest.mark.parametrize(
    ("spot", "low", "coins"),
    [
        (SpotHedge.NONE, 49_00, (23_50, 482_50)),
        (SpotHedge.HAIRCUT, 64_59, (29_17, 312_50)),
        (SpotHedge.IN_FULL, 72_43, (33_83, 260_71)),
    ],
)
def test_what_may_come_to_hedge_is_watched_more_closely(
    spot: SpotHedge, low: int, coins: tuple[int, int]
) -> None:
    """A loss may add a quarter of it; two, where a coin may stop hedging; and its haircut.

    So much is added to 1,000 in coins on the way down, and asked for on the way up.
    """
    it = whole(spot, coins=10)

    it.hold("ann", "BTC", 10, 100)

    assert (it.calm("BTC"), it.calm("COIN-USD")) == ((low, None), coins)


@pytest.mark.parametrize(("mark", "dollars", "coins"), [(80, 48_81, 18_09), (125, 42_80, 9_00)])
def test_all_that_the_price_of_a_coin_moves_may_add_to_the_charge(
    mark: int, dollars: int, coins: int
) -> None:
    """At 80: of 10 coins, 1.25 that are won, and 6.25 that a contract is worth, a quarter.

    So 15.625 coins may be lost with a fall, and 4.375 asked for by a rise: 2,000 of 2,725 in all.
    """
    it = whole(coins=10)
    it.hold("ann", "XBT", -500, 100)
    it.mark("XBT", mark)

    it.hold("ann", "BTC", 1, 100)

    assert (it.calm("BTC")[0], it.calm("COIN-USD")) == (dollars, (coins, 200_00))
