"""Contracts with a highest price: fully collateralised, and so never liquidated by a mark."""

from random import Random

import pytest

from exchange.core.instrument import instrument_under
from exchange.core.messages import (
    AccountMode,
    ComputeMarkPrice,
    InstrumentSettled,
    LiquidationStarted,
    MarginMode,
    MarkPriceChanged,
    Reject,
    SetAccountMode,
    SetLeverage,
    SetMarginMode,
    SettleInstrument,
    UpdateIndexPrice,
    UpdateMarkPrice,
)
from exchange.core.rules import (
    Breach,
    CollateralRules,
    ContractKind,
    GridRules,
    LiquidationRules,
    MarginPrice,
    MarginRules,
    MarkRules,
    PortfolioRules,
)
from exchange.core.units import UnitError
from tests.stage import DOLLAR, SUBTICKS, Stage, contract, only, rulebook


def stage(deposit: int = 10_000, **rules) -> Stage:  # type: ignore[no-untyped-def]
    """YES ends between 0 and 100 dollars, and stands at 30."""
    it = Stage(rulebook(**rules), symbols="")
    it.enlist("YES", price_max="100")
    it.trader("ann", "bob", deposit=deposit)
    it.mark("YES", 30)
    return it


def margins(it: Stage) -> tuple[int, int]:
    """Maintenance and initial margin, in dollars."""
    seen = it.account("ann")
    return seen.maintenance_margin // DOLLAR, seen.initial_margin // DOLLAR


@pytest.mark.parametrize(("size", "margin"), [(10, 300), (-10, 700)])
def test_a_position_needs_all_that_it_may_lose(size: int, margin: int) -> None:
    it = stage()
    it.hold("ann", "YES", size, 30)

    assert margins(it) == (margin, margin)
    held = it.position("ann", "YES")
    assert held is not None
    assert held.leverage == 1
    assert held.liquidation_price is None


def test_orders_need_what_they_may_lose_and_the_larger_side_counts() -> None:
    """Short 10 at 30, and 5 more at 20: 700 and 400; buys first close, 20 of 30 at 16 open."""
    it = stage()
    it.hold("ann", "YES", -10, 30)
    it.place("ann", "YES", -5, 31)
    assert margins(it) == (700, 700 + 5 * 69)

    it.place("ann", "YES", 30, 16)
    assert margins(it) == (700, 700 + 5 * 69)
    it.place("ann", "YES", 50, 17)
    assert margins(it) == (700, 70 * (30 * 16 + 50 * 17) // 80)


@pytest.mark.parametrize("size", [10, -10])
def test_no_mark_liquidates_who_has_nothing_else(size: int) -> None:
    """Not even at equality, where that fails: the unit more was asked for at the beginning."""
    worst = 300 if size > 0 else 700
    for trigger in Breach:
        it = stage(worst + 1, liquidation=LiquidationRules(trigger=trigger))
        it.hold("ann", "YES", size, 30)
        for mark in (1, 99, 50, 100, 30):
            assert not only(it.mark("YES", mark), LiquidationStarted)
            assert it.account("ann").equity - it.account("ann").maintenance_margin == DOLLAR
        it.venue.check()


def test_what_the_fees_of_a_fill_take_is_kept_beside() -> None:
    """A sell of 10 at 40 needs 600, and 1% of 400."""
    it = stage(604, taker="0.01", maker="0.01")
    assert it.refusal(it.order("ann", "YES", -11, 40)) is Reject.INSUFFICIENT_MARGIN
    it.place("ann", "YES", -10, 40)
    assert it.account("ann").initial_margin == 604 * DOLLAR

    it.deposit("bob", 10_000)
    it.place("bob", "YES", 10, 40)

    assert it.size("ann", "YES") == -10
    assert margins(it)[0] == 700
    assert it.account("ann").equity == 700 * DOLLAR


def test_prices_at_the_highest_or_above_are_refused() -> None:
    it = stage()
    assert it.refusal(it.order("ann", "YES", 1, 100)) is Reject.PRICE_ABOVE_MAX
    above = 100 * SUBTICKS + 1
    told = UpdateMarkPrice(at=it.now(), symbol="YES", price=above)
    assert it.refusal(told) is Reject.PRICE_ABOVE_MAX
    ends = SettleInstrument(at=it.now(), symbol="YES", price=above)
    assert it.refusal(ends) is Reject.PRICE_ABOVE_MAX


def test_a_computed_mark_goes_no_higher() -> None:
    it = stage(mark=MarkRules())
    it.do(UpdateIndexPrice(at=it.now(), symbol="YES", price=130 * SUBTICKS))
    (made,) = only(it.do(ComputeMarkPrice(at=it.now(), symbol="YES")), MarkPriceChanged)

    assert made.price == 100 * SUBTICKS


def test_what_settles_at_an_end_leaves_nothing_owed() -> None:
    """A short of all that ann has loses it at 100, and no more."""
    it = stage(700)
    it.hold("ann", "YES", -10, 30)
    events = it.do(SettleInstrument(at=it.now(), symbol="YES", price=100 * SUBTICKS))

    assert only(events, InstrumentSettled)
    assert it.account("ann").equity == 0


def test_it_is_held_in_cross_margin_alone_and_without_leverage() -> None:
    it = stage(portfolio=PortfolioRules(grid=GridRules(moves=("0.1",), by_tiers=True)))
    it.enlist("BTC")
    it.mark("BTC", 100)
    alone = SetMarginMode(at=it.now(), account="ann", symbol="YES", mode=MarginMode.ISOLATED)
    assert it.refusal(alone) is Reject.NOT_OFFERED
    two = SetLeverage(at=it.now(), account="ann", symbol="YES", leverage=2)
    assert it.refusal(two) is Reject.LEVERAGE_OUT_OF_RANGE

    it.hold("ann", "YES", 1, 30)
    together = SetMarginMode(at=it.now(), account="ann", symbol="BTC", mode=MarginMode.PORTFOLIO)
    assert it.refusal(together) is Reject.NOT_OFFERED
    it.hold("ann", "YES", -1, 30)
    it.do(msg_at(it, together))
    assert it.refusal(it.order("ann", "YES", 1, 30)) is Reject.NOT_OFFERED


def msg_at(it: Stage, command: SetMarginMode) -> SetMarginMode:
    return SetMarginMode(
        at=it.now(), account=command.account, symbol=command.symbol, mode=command.mode
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"price_max": "1"},
        {"price_max": "100.5"},
        {"price_max": "100", "kind": ContractKind.INVERSE},
        {"price_max": "100", "kind": ContractKind.SPOT, "base": "COIN"},
    ],
)
def test_only_a_linear_contract_has_a_highest_price(changes: dict[str, str]) -> None:
    with pytest.raises(UnitError):
        instrument_under(rulebook(), 0, contract("YES", **changes))


@pytest.mark.parametrize("seed", range(12))
def test_beside_other_positions_the_monitor_misses_none(seed: int) -> None:
    """Marks at random: who fails is who is told so, and at once; full collateral is beside it."""
    dice = Random(seed)
    currency = CollateralRules(currency="USD") if seed % 2 else CollateralRules()
    it = Stage(
        rulebook(
            margin=MarginRules(maintenance_price=dice.choice(list(MarginPrice))),
            liquidation=LiquidationRules(trigger=dice.choice(list(Breach))),
            collateral=currency,
            fund="1000000",
        ),
        symbols="BTC",
    )
    it.enlist("YES", price_max="100", mark_unit="0.0001")
    it.do(UpdateMarkPrice(at=it.now(), symbol="YES", price=30 * 10_000))
    it.mark("BTC", 100)
    names = [f"t{number}" for number in range(6)]
    for name in names:
        it.trader(name, deposit=5_000)
        if currency.currency:
            it.do(SetAccountMode(at=it.now(), account=name, mode=AccountMode.UNIFIED))
        it.hold(name, "BTC", dice.choice((-1, 1)) * dice.randint(1, 150), 100)
        free = it.account(name).available_margin // DOLLAR
        size = max(1, int(free * dice.uniform(0.3, 1)) // 70)
        it.hold(name, "YES", dice.choice((-1, 1)) * size, 30)
    started = 0
    for _ in range(60):
        if dice.random() < 0.5:
            price = dice.randint(1, 100 * 10_000)
            events = it.do(UpdateMarkPrice(at=it.now(), symbol="YES", price=price))
            assert not only(events, LiquidationStarted), "no mark of its own is a danger"
        else:
            events = it.mark("BTC", dice.randint(60, 140))
            started += len(only(events, LiquidationStarted))
        for name in names:
            seen = it.account(name)
            assert not seen.positions or seen.equity >= seen.maintenance_margin
        it.venue.check()
    assert started
