"""Portfolio margin: worked numbers.  Held against a naive model in tests/properties."""

import pytest

from exchange import Venue
from exchange.core.instrument import instrument_under
from exchange.core.messages import (
    Event,
    LiquidationEnded,
    LiquidationStarted,
    LiquidationStepTaken,
    MarginMode,
    MarginModeChanged,
    PassTime,
    PositionSide,
    Reject,
    SetLeverage,
    SetMarginMode,
    Side,
    Withdraw,
)
from exchange.core.rules import (
    Amount,
    Breach,
    CreditRules,
    GridRules,
    LiquidationRules,
    MarginRules,
    PortfolioRules,
    Rulebook,
    Select,
)
from exchange.core.units import RATE_ONE, SECOND, UnitError
from tests.stage import DOLLAR, Stage, contract, only, rulebook

PORTFOLIO = MarginMode.PORTFOLIO
TEN = GridRules(moves=("0.05", "0.1"))
DAY = 86_400 * SECOND
YEAR = "1971-01-01T00:00:00"
"""A year after the stage's clock begins."""


def stage(
    grid: GridRules = TEN, deposit: int = 1_000, book: Rulebook | None = None, **changes: object
) -> Stage:
    """BTC at 100 with a dated future beside it, ETH at 100; ann is in portfolio margin."""
    portfolio = PortfolioRules(grid=grid, **changes)  # type: ignore[arg-type]
    it = Stage(book or rulebook(portfolio=portfolio), symbols="BTC ETH")
    it.enlist("BTC-DATED", expiry=YEAR)
    it.trader("ann", deposit=deposit)
    for symbol in ("BTC", "BTC-DATED", "ETH"):
        it.mark(symbol, 100)
    go_over(it)
    return it


def go_over(it: Stage, mode: MarginMode = PORTFOLIO, symbol: str = "BTC") -> None:
    (changed,) = only(it.do(switch(it, mode, symbol)), MarginModeChanged)
    assert changed.mode is mode


def switch(it: Stage, mode: MarginMode = PORTFOLIO, symbol: str = "BTC") -> SetMarginMode:
    return SetMarginMode(at=it.now(), account="ann", symbol=symbol, mode=mode)


def needed(it: Stage) -> tuple[int, int]:
    """Maintenance and initial margin, in dollars."""
    seen = it.account("ann")
    return seen.maintenance_margin // DOLLAR, seen.initial_margin // DOLLAR


# ----------------------------------------------------------------------------- the charges


def test_a_position_alone_needs_its_worst_move() -> None:
    it = stage()
    it.hold("ann", "BTC", 50, 100)

    assert needed(it) == (500, 500)
    assert it.account("ann").mode is PORTFOLIO


def test_a_hedge_needs_what_stands_alone() -> None:
    """Long 50, short 40 of the dated future: 10 at 100 could lose a tenth."""
    it = stage()
    it.hold("ann", "BTC", 50, 100)
    it.hold("ann", "BTC-DATED", -40, 100)

    assert needed(it) == (100, 100)
    alone = it.position("ann", "BTC-DATED")
    assert alone is not None
    assert alone.maintenance_margin == 400_00
    assert alone.mode is PORTFOLIO


def test_the_same_hedge_needs_both_legs_in_cross() -> None:
    it = stage()
    it.hold("ann", "BTC", 50, 100)
    it.hold("ann", "BTC-DATED", -40, 100)

    go_over(it, MarginMode.CROSS)

    assert needed(it) == (900, 900)


def test_the_view_tells_the_worst_move_and_each_contracts_part() -> None:
    """Long 50 and short 40 of the dated future; of the fall by a tenth 500 are lost, 400 won."""
    it = stage(GridRules(moves=("0.05", "0.1"), basis="0.05", offset="0.01", minimum="0.001"))
    it.hold("ann", "BTC", 50, 100)
    it.hold("ann", "BTC-DATED", -40, 100)

    (unit,) = it.venue.portfolio_view("ann", "USD")

    assert (unit.underlying, unit.move, unit.share) == ("BTC", -RATE_ONE // 10, RATE_ONE)
    assert [(c.symbol, c.size, c.loss) for c in unit.contracts] == [
        ("BTC", 50, 500_00),
        ("BTC-DATED", -40, -400_00),
    ]
    assert (unit.scan, unit.basis, unit.offset, unit.minimum) == (100_00, 200_00, 40_00, 9_00)
    assert unit.margin == it.account("ann").maintenance_margin == 340_00


def test_the_view_tells_credits_and_what_of_an_extreme_move_counts() -> None:
    """Each leg risks 0.35 of 0.3 of its 5,000: 525, of which half comes off for the other."""
    it = stage(
        GridRules(moves=("0.1",), extreme_move="0.3", extreme_share="0.35"),
        credits=(CreditRules(first="BTC", second="ETH", rate="0.5"),),
    )
    it.hold("ann", "BTC", 50, 100)
    it.hold("ann", "ETH", -50, 100)

    first, second = it.venue.portfolio_view("ann", "USD")

    assert (first.move, first.share) == (-3 * RATE_ONE // 10, 35 * RATE_ONE // 100)
    assert second.move == 3 * RATE_ONE // 10
    assert (first.scan, first.credit, first.margin) == (525_00, 262_50, 262_50)
    assert first.contracts[0].loss == 1_500_00


def test_another_mode_has_no_risk_units() -> None:
    it = stage()
    go_over(it, MarginMode.CROSS)
    assert it.venue.portfolio_view("ann", "USD") == ()


def test_other_underlyings_do_not_offset() -> None:
    it = stage()
    it.hold("ann", "BTC", 50, 100)
    it.hold("ann", "ETH", -40, 100)

    assert needed(it) == (900, 900)


def test_opposite_risks_take_a_credit_off_each_other() -> None:
    """500 and 400 of risk: 400 stand opposed, and half of it goes off both."""
    it = stage(credits=(CreditRules(first="BTC", second="ETH", rate="0.5"),))
    it.hold("ann", "BTC", 50, 100)
    it.hold("ann", "ETH", -40, 100)

    assert needed(it) == (500, 500)


def test_risks_on_the_same_side_take_nothing_off_each_other() -> None:
    it = stage(credits=(CreditRules(first="BTC", second="ETH", rate="0.5"),))
    it.hold("ann", "BTC", 50, 100)
    it.hold("ann", "ETH", 40, 100)

    assert needed(it) == (900, 900)


def test_a_share_of_an_extreme_move_may_be_the_worst() -> None:
    """A tenth of 5,000 is 500; 30% of half of it is 750."""
    it = stage(GridRules(moves=("0.1",), extreme_move="0.3", extreme_share="0.5"))
    it.hold("ann", "BTC", 50, 100)

    assert needed(it) == (750, 750)


def test_contracts_that_stand_against_each_other_may_part() -> None:
    """2% of the 4,000 that are both long and short, beside a tenth of the 1,000 that are not."""
    it = stage(GridRules(moves=("0.1",), offset="0.02"))
    it.hold("ann", "BTC", 50, 100)
    it.hold("ann", "BTC-DATED", -40, 100)

    assert needed(it) == (180, 180)


def test_two_sides_of_one_contract_do_not_part() -> None:
    it = stage(GridRules(moves=("0.1",), offset="0.02", minimum="0.01"))
    it.hedge("ann")
    it.hold("ann", "BTC", 50, 100, side_held=PositionSide.LONG)
    it.hold("ann", "BTC", -40, 100, side_held=PositionSide.SHORT)

    assert needed(it) == (100, 100)


def test_every_contract_needs_the_minimum() -> None:
    """1% of 9,000, where the hedge alone would ask for nothing."""
    it = stage(GridRules(moves=("0.1",), minimum="0.01"))
    it.hold("ann", "BTC", 45, 100)
    it.hold("ann", "BTC-DATED", -45, 100)

    assert needed(it) == (90, 90)


def test_the_basis_of_a_dated_future_shrinks_by_the_day() -> None:
    """10% a year of 4,000, for 365 days; a day later for 364."""
    it = stage(GridRules(moves=("0.1",), basis="0.1"))
    it.hold("ann", "BTC", 40, 100)
    it.hold("ann", "BTC-DATED", -40, 100)
    assert it.account("ann").maintenance_margin == 400_00

    it.do(PassTime(at=DAY))

    assert it.account("ann").maintenance_margin == 398_91


def test_by_tiers_only_the_larger_side_counts() -> None:
    """A tenth of 6,000 long against a tenth of 4,000 short; and of 2,000 more in another coin."""
    it = stage(GridRules(by_tiers=True), deposit=10_000, initial_factor="2")
    it.hold("ann", "BTC", 60, 100)
    it.hold("ann", "BTC-DATED", -40, 100)
    assert needed(it) == (600, 1_200)

    it.hold("ann", "ETH", -20, 100)
    assert needed(it) == (800, 1_600)
    it.mark("BTC-DATED", 160)
    assert needed(it)[0] == 640 + 200


def test_by_tiers_an_order_counts_on_its_side() -> None:
    """Short 40 and long 60; sells of 30 more would make it 70 short, buys of 30 more 90 long."""
    it = stage(GridRules(by_tiers=True))
    it.hold("ann", "BTC", 60, 100)
    it.hold("ann", "BTC-DATED", -40, 100)
    it.place("ann", "BTC-DATED", -30, 110)
    assert needed(it) == (600, 700)

    it.place("ann", "BTC", 30, 90)
    assert needed(it) == (600, 900)


def test_by_tiers_a_hedge_is_liquidated_where_its_sides_part() -> None:
    """The short needs 600 of 1,000; the long has lost 400.20 at 93.33."""
    it = stage(GridRules(by_tiers=True), deposit=1_000)
    it.hold("ann", "BTC", 60, 100)
    it.hold("ann", "BTC-DATED", -60, 100)
    held = it.position("ann", "BTC")
    assert held is not None
    assert held.liquidation_price == 9_333

    assert not only(it.mark("BTC", 93, 34), LiquidationStarted)
    assert only(it.mark("BTC", 93, 33), LiquidationStarted)


def test_rates_that_grow_do_not_go_with_a_grid_by_tiers() -> None:
    rules = PortfolioRules(grid=GridRules(by_tiers=True))
    book = rulebook(portfolio=rules, margin=MarginRules(rate_growth="0.001"))
    with pytest.raises(UnitError, match="does not go with a grid by tiers"):
        instrument_under(book, 0, contract("BTC"))


def test_initial_margin_is_a_multiple() -> None:
    it = stage(initial_factor="1.3")
    it.hold("ann", "BTC", 50, 100)

    assert needed(it) == (500, 650)
    assert it.account("ann").available_margin == 350_00


def test_a_grid_that_asks_for_more_than_all_is_refused() -> None:
    for grid in (GridRules(moves=("0.5",)), GridRules(moves=("-0.1",)), GridRules(basis="1")):
        with pytest.raises(UnitError, match="expected"):
            Venue(rulebook(portfolio=PortfolioRules(grid=grid)))
    tiers = PortfolioRules(grid=TEN, amount=Amount.DOWN_ONE_TIER)
    with pytest.raises(UnitError, match=r"portfolio.amount was down_one_tier"):
        Venue(rulebook(portfolio=tiers))


# ---------------------------------------------------------------------------------- orders


def test_an_order_counts_as_if_it_had_traded() -> None:
    it = stage()
    it.hold("ann", "BTC", 50, 100)
    it.place("ann", "BTC", 20, 90)

    assert needed(it) == (500, 700)


def test_an_order_that_hedges_takes_nothing() -> None:
    it = stage()
    it.hold("ann", "BTC", 50, 100)
    it.place("ann", "BTC-DATED", -40, 110)

    assert needed(it) == (500, 500)


def test_an_order_beyond_the_hedge_takes_what_it_bares() -> None:
    it = stage()
    it.hold("ann", "BTC", 20, 100)
    it.place("ann", "BTC-DATED", -70, 110)

    assert needed(it) == (200, 500)


def test_an_order_that_would_take_a_hedge_away_needs_its_margin() -> None:
    it = stage(deposit=300)
    it.hold("ann", "BTC", 30, 100)
    it.hold("ann", "BTC-DATED", -40, 100)
    it.hold("ann", "BTC", 20, 100)
    it.show("BTC-DATED", asks={100: 100})

    assert it.refusal(it.order("ann", "BTC-DATED", 40, 100)) is Reject.INSUFFICIENT_MARGIN
    assert it.place("ann", "BTC-DATED", 10, 100)


def test_what_eases_the_pool_needs_no_initial_margin() -> None:
    """Equity 550 of 591.50 that are needed: 20 less of the long are welcome."""
    it = stage(initial_factor="1.3")
    it.hold("ann", "BTC", 50, 100)
    it.mark("BTC", 91)
    it.show("BTC", bids={91: 100})
    assert it.account("ann").available_margin < 0

    assert it.place("ann", "BTC", -20, 91)


def test_the_largest_order_is_the_hedge_and_as_much_again() -> None:
    """1,000 carry 100 contracts: from 50 long to 100 short in the same underlying."""
    it = stage()
    it.hold("ann", "BTC", 50, 100)

    assert it.venue.order_max("ann", "BTC-DATED", Side.SELL, 100) == 150
    assert it.venue.order_max("ann", "BTC", Side.BUY, 100) == 50


def test_leverage_bounds_nothing() -> None:
    it = stage()
    it.do(SetLeverage(at=it.now(), account="ann", symbol="BTC", leverage=1))
    it.hold("ann", "BTC", 50, 100)

    assert needed(it) == (500, 500)


# ------------------------------------------------------------------------------- switching


def test_a_venue_without_a_grid_does_not_offer_it() -> None:
    it = Stage()
    it.trader("ann")

    assert it.refusal(switch(it)) is Reject.NOT_OFFERED


def test_a_minimum_of_equity_is_asked_for() -> None:
    portfolio = PortfolioRules(grid=TEN, minimum_equity={"USD": "500"})
    it = Stage(rulebook(portfolio=portfolio))
    it.trader("ann", deposit=499)
    assert it.refusal(switch(it)) is Reject.INSUFFICIENT_MARGIN

    it.deposit("ann", 1)

    go_over(it)


def test_nobody_goes_over_to_a_margin_they_do_not_have() -> None:
    """Into a steeper grid than the tiers, and out of a hedge that cross does not see."""
    it = stage(GridRules(moves=("0.3",)), deposit=500)
    go_over(it, MarginMode.CROSS)
    it.hold("ann", "BTC", 40, 100)
    assert it.refusal(switch(it)) is Reject.INSUFFICIENT_MARGIN

    hedged = stage(deposit=500)
    hedged.hold("ann", "BTC", 40, 100)
    hedged.hold("ann", "BTC-DATED", -40, 100)
    assert hedged.refusal(switch(hedged, MarginMode.CROSS)) is Reject.INSUFFICIENT_MARGIN


def test_an_isolated_leg_needs_what_its_tier_says_and_not_what_the_grid_does() -> None:
    """A tenth of 4,000, which is all that is in its bucket; the grid would ask for a fifth."""
    it = stage(GridRules(moves=("0.2",)))
    it.isolate("ann", "BTC-DATED")
    it.hold("ann", "BTC-DATED", -40, 100)

    held = it.position("ann", "BTC-DATED")

    assert held is not None
    assert held.margin_ratio == RATE_ONE
    assert held.maintenance_margin == held.initial_margin == 400 * DOLLAR


def test_a_leg_is_shown_with_what_it_would_need_alone() -> None:
    """A fifth of 4,000 by the grid, where the tiers would ask for a tenth."""
    it = stage(GridRules(moves=("0.2",)))
    it.hold("ann", "BTC", -40, 100)

    held = it.position("ann", "BTC")

    assert held is not None
    assert held.maintenance_margin == held.initial_margin == 800 * DOLLAR


def test_the_liquidation_price_is_where_the_grid_liquidates() -> None:
    """500 + 10 (P - 100) is less than a fifth of 10 P below 62.50."""
    it = stage(GridRules(moves=("0.2",)), deposit=500)
    it.hold("ann", "BTC", 10, 100)

    held = it.position("ann", "BTC")

    assert held is not None
    assert held.liquidation_price == 62_49
    assert not only(it.mark("BTC", 62, 50), LiquidationStarted)
    assert only(it.mark("BTC", 62, 49), LiquidationStarted)


def test_who_holds_nothing_needs_nothing() -> None:
    it = stage()
    it.do(SetLeverage(at=it.now(), account="ann", symbol="BTC", leverage=5))

    assert it.account("ann").initial_margin == 0


def test_nobody_goes_over_with_an_order_anywhere_in_the_pool() -> None:
    it = stage()
    it.place("ann", "ETH", 1, 90)

    assert it.refusal(switch(it, MarginMode.CROSS)) is Reject.OPEN_ORDERS


def test_a_leg_may_be_isolated_if_the_rest_can_stand_bare() -> None:
    it = stage(deposit=700)
    it.hold("ann", "BTC", 50, 100)
    it.hold("ann", "BTC-DATED", -40, 100)
    assert it.refusal(switch(it, MarginMode.ISOLATED, "BTC-DATED")) is Reject.INSUFFICIENT_MARGIN

    it.deposit("ann", 300)
    go_over(it, MarginMode.ISOLATED, "BTC-DATED")

    assert needed(it) == (500, 500)
    assert it.balance("ann BTC-DATED") == 400_00
    go_over(it, PORTFOLIO, "BTC-DATED")
    assert needed(it) == (100, 100)


# ---------------------------------------------------------------------- prices and moves


def test_the_liquidation_price_is_where_the_engine_liquidates() -> None:
    """50 long on 1,000: equity 1,000 - 50 (100 - p) meets 5 p at 88.88 and eight ninths."""
    it = stage()
    it.hold("ann", "BTC", 50, 100)
    held = it.position("ann", "BTC")
    assert held is not None
    assert held.liquidation_price == 88_88

    assert not only(it.mark("BTC", 88, 89), LiquidationStarted)
    assert only(it.mark("BTC", 88, 88), LiquidationStarted)


def test_a_hedge_moves_together_without_end() -> None:
    """Even legs: no common move takes more than it gives."""
    it = stage()
    it.hold("ann", "BTC", 50, 100)
    it.hold("ann", "BTC-DATED", -50, 100)

    assert it.venue.common_move("ann", "USD") == (None, None)


def test_a_common_move_of_a_long_counts_its_shrinking_margin() -> None:
    it = stage()
    it.hold("ann", "BTC", 50, 100)

    fall, rise = it.venue.common_move("ann", "USD")

    assert rise is None
    assert fall is not None
    assert abs(fall - RATE_ONE // 9) < RATE_ONE // 10_000


# ----------------------------------------------------------------------------- liquidation


def steps(events: list[Event]) -> list[tuple[str, int]]:
    return [(step.symbol, step.filled) for step in only(events, LiquidationStepTaken)]


def failing(it: Stage) -> list[Event]:
    """Long 50 and short 30 of the dated future fail as the perpetual falls to 80 by itself."""
    it.hold("ann", "BTC", 50, 100)
    it.hold("ann", "BTC-DATED", -30, 100)
    it.show("BTC", bids={80: 100})
    it.show("BTC-DATED", asks={100: 100})
    return it.mark("BTC", 80)


def test_what_frees_most_goes_first_and_only_as_far_as_it_frees() -> None:
    """At 80 equity is 50 and 100 are needed, for 4,000 long and 3,000 short.

    The hedge is left alone: without it 400 would be needed.  7 lots of the long free 56, where 50
    are lacking.
    """
    it = stage(deposit=1_050)

    events = failing(it)

    assert steps(events) == [("BTC", 7)]
    (step,) = only(events, LiquidationStepTaken)
    assert (step.chosen_by, step.sized_by) == ("most_margin_freed", "just_enough")
    assert step.mode is PORTFOLIO
    (end,) = only(events, LiquidationEnded)
    assert (end.equity, end.maintenance_margin) == (50_00, 44_00)


def test_no_more_is_closed_than_what_stands_bare() -> None:
    """Whole positions are asked for, but beyond 13 lots the margin would grow again."""
    it = stage(deposit=1_050, amount=Amount.WHOLE_POSITION)

    events = failing(it)

    assert steps(events) == [("BTC", 12)]
    assert it.size("ann", "BTC-DATED") == -30


def test_a_winning_hedge_is_no_choice_for_any_policy() -> None:
    """The largest notional among those that free something: not the short, though it were more."""
    it = stage(deposit=1_050, select=Select.LARGEST_NOTIONAL)
    it.mark("BTC-DATED", 100)

    assert steps(failing(it)) == [("BTC", 7)]


def test_a_pool_that_only_its_legs_parting_has_ruined_is_closed_whole() -> None:
    """Even legs need nothing but the minimum, and there is no equity for it."""
    it = stage(GridRules(moves=("0.1",), minimum="0.01"), deposit=300)
    it.hold("ann", "BTC", 10, 100)
    it.hold("ann", "BTC-DATED", -10, 100)
    it.show("BTC", bids={71: 100})
    it.show("BTC-DATED", asks={100: 100})

    events = it.mark("BTC", 71)

    assert only(events, LiquidationEnded)[0].equity >= 0
    assert steps(events)


def test_an_even_pair_shrinks_leg_by_leg() -> None:
    """With half of each risk credited, one leg alone needs as much as both.

    At 100 and 120 equity is 400 for a margin of 600: a third of the larger leg goes, then as much
    of the other.
    """
    events = even_pair(1_400)

    assert steps(events) == [("BTC", 20), ("ETH", 17)]
    (end,) = only(events, LiquidationEnded)
    assert (end.equity, end.maintenance_margin) == (400_00, 400_00)


def even_pair(deposit: int, **changes: object) -> list[Event]:
    """What happens when ETH has risen to 120."""
    halves = (CreditRules(first="BTC", second="ETH", rate="0.5"),)
    it = stage(deposit=deposit, credits=halves, **changes)
    it.hold("ann", "BTC", 60, 100)
    it.hold("ann", "ETH", -50, 100)
    it.show("BTC", bids={100: 100})
    it.show("ETH", asks={120: 100})
    return it.mark("ETH", 120)


def test_the_first_part_of_an_even_pair_is_rounded_up() -> None:
    """199 of 600 are lacking: 19.9 of 60 lots."""
    assert steps(even_pair(1_401))[0] == ("BTC", 20)


def test_where_nothing_frees_anything_any_of_them_may_be_chosen() -> None:
    assert steps(even_pair(1_400, select=Select.LARGEST_NOTIONAL))[0] == ("BTC", 20)


def test_an_even_pair_goes_whole_where_whole_positions_do() -> None:
    assert steps(even_pair(1_400, amount=Amount.WHOLE_POSITION)) == [("BTC", 60), ("ETH", 50)]


@pytest.mark.parametrize(
    ("amount", "rules", "lots"),
    [
        (Amount.CLIP, {"clip": "5"}, [5, 5]),
        (Amount.CLIP, {"clip": "50"}, [12]),  # more would take the hedge's place away
        (Amount.FRACTION, {"fraction": "0.05"}, [3, 3, 3]),  # 2.5, 2.35 and 2.2
        (Amount.FRACTION, {"fraction": "0.5"}, [12]),
        (Amount.JUST_ENOUGH, {"exit_buffer": "0.1"}, [7]),  # 8.8 for each lot, and 60 are lacking
        (Amount.JUST_ENOUGH, {"fee": "0.02"}, [8]),  # 8 less 1.60
    ],
)
def test_a_step_is_as_large_as_the_policy_says_and_no_larger_than_helps(
    amount: Amount, rules: dict[str, str], lots: list[int]
) -> None:
    """At 80 equity is 50 for 100, and each lot frees 8, up to the twelfth."""
    book = rulebook(
        liquidation=LiquidationRules(**rules),  # type: ignore[arg-type]
        portfolio=PortfolioRules(grid=TEN, amount=amount),
    )

    assert steps(failing(stage(deposit=1_050, book=book))) == [("BTC", size) for size in lots]


@pytest.mark.parametrize(("deposit", "lots"), [(1_084, 2), (1_085, 2), (1_092, 1), (1_099, 1)])
def test_just_what_is_lacking_is_freed(deposit: int, lots: int) -> None:
    """100 are needed, and a lot frees 8: 16, 15, 8 and 1 are lacking."""
    assert steps(failing(stage(deposit=deposit))) == [("BTC", lots)]


@pytest.mark.parametrize("rules", [{"fee": "0.00001"}, {"exit_buffer": "0.00001"}])
def test_parts_of_a_cent_are_not_freed(rules: dict[str, str]) -> None:
    """8 are lacking: a lot frees 8 less a fee of 0.08 cents; or 8.00008 where 8.01 are lacking."""
    book = rulebook(
        liquidation=LiquidationRules(**rules),  # type: ignore[arg-type]
        portfolio=PortfolioRules(grid=TEN),
    )

    assert steps(failing(stage(deposit=1_092, book=book))) == [("BTC", 2)]


def unlike_risks(**changes: object) -> list[Event]:
    """A hedge of 50 and 45 bitcoin needs 50, the 50 alone 500; 20 ether at 80 need 160.

    After their fall equity is 200.
    """
    it = stage(deposit=600, **changes)
    it.hold("ann", "BTC", 50, 100)
    it.hold("ann", "BTC-DATED", -45, 100)
    it.hold("ann", "ETH", 20, 100)
    it.show("BTC", bids={100: 100})
    it.show("ETH", bids={80: 100})
    return it.mark("ETH", 80)


def test_what_is_chosen_is_what_frees_most_of_the_whole() -> None:
    assert steps(unlike_risks())[0][0] == "ETH"


def test_other_policies_choose_among_all_that_free_something() -> None:
    assert steps(unlike_risks(select=Select.LARGEST_NOTIONAL))[0][0] == "BTC"


def test_what_frees_nothing_is_not_chosen_for_its_loss() -> None:
    """ETH has lost 500, but against bitcoin its 550 of risk cost nothing: 10 for each bitcoin."""
    halves = (CreditRules(first="BTC", second="ETH", rate="0.5"),)
    it = stage(deposit=1_095, credits=halves, select=Select.LARGEST_UNREALISED_LOSS)
    it.hold("ann", "BTC", 60, 100)
    it.hold("ann", "ETH", -50, 100)
    it.show("BTC", bids={100: 100})

    assert steps(it.mark("ETH", 110)) == [("BTC", 1)]


def test_of_two_single_lots_the_one_that_frees_more_goes_first() -> None:
    """At 50 a bitcoin 5 and an ether 10; 14 are left for 15."""
    it = stage(deposit=64)
    it.hold("ann", "BTC", 1, 100)
    it.hold("ann", "ETH", 1, 100)
    it.show("ETH", bids={100: 100})

    assert steps(it.mark("BTC", 50)) == [("ETH", 1)]


@pytest.mark.parametrize(("long", "short"), [("BTC", "BTC-DATED"), ("BTC-DATED", "BTC")])
def test_a_hedge_that_wears_thin_on_both_legs_is_not_overlooked(long: str, short: str) -> None:
    """560 stand behind it: the legs lose 275 and 252 of them, neither as much as its half, and a
    fifth of what they have come apart by, 105, is needed by then.
    """
    it = stage(GridRules(moves=("0.2",)), deposit=1_000)
    it.hold("ann", long, 50, 100)
    it.hold("ann", short, -50, 100)
    it.do(Withdraw(at=it.now(), account="ann", asset="USD", amount=440 * DOLLAR))

    assert not only(it.mark(long, 94, 50), LiquidationStarted)
    assert only(it.mark(short, 105, 5), LiquidationStarted)


def test_where_equality_fails_initial_margin_is_a_unit_more() -> None:
    rules = LiquidationRules(trigger=Breach.AT_OR_BELOW)
    it = Stage(rulebook(liquidation=rules, portfolio=PortfolioRules(grid=TEN)), symbols="BTC")
    it.trader("ann", deposit=280)
    it.mark("BTC", 100)
    go_over(it)
    it.hold("ann", "BTC", 10, 100)

    assert it.account("ann").initial_margin == it.account("ann").maintenance_margin + 1


def test_equality_may_fail() -> None:
    """At 80, equity 500 - 200 = 300; a tenth of 80 * 10."""
    rules = LiquidationRules(trigger=Breach.AT_OR_BELOW, amount=Amount.WHOLE_POSITION)
    it = Stage(rulebook(liquidation=rules, portfolio=PortfolioRules(grid=TEN)), symbols="BTC")
    it.trader("ann", deposit=280)
    it.mark("BTC", 100)
    go_over(it)
    it.hold("ann", "BTC", 10, 100)

    assert not only(it.mark("BTC", 80, 1), LiquidationStarted)
    assert only(it.mark("BTC", 80), LiquidationStarted)
