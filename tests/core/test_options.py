"""Options: marked by Black's formula, settled at their payoff, held in portfolio margin only."""

import math
from typing import Any

import pytest

from exchange.core.messages import (
    CommandRejected,
    ComputeMarkPrice,
    InstrumentSettled,
    LiquidationStarted,
    ListInstrument,
    MarginMode,
    MarkPriceChanged,
    PassTime,
    PortfolioCounted,
    PositionSettled,
    Reject,
    SetMarginMode,
    SettleInstrument,
    UpdateIndexPrice,
    UpdateMarkPrice,
    UpdateVolatility,
    VolatilityChanged,
)
from exchange.core.rules import (
    CollateralRules,
    Contingency,
    ContractKind,
    GridRules,
    OptionRight,
    OptionRules,
    PortfolioRules,
)
from exchange.core.units import RATE_ONE, SECOND
from tests.stage import DOLLAR, SUBTICKS, Stage, contract, only, rulebook

DAY = 86_400 * SECOND
EXPIRY = "1970-01-31T00:00:00"
THIRTY_DAYS = 30 * DAY
GRID = GridRules(moves=("0.1",), options=OptionRules(volatility_base="0.4"))
CALL: dict[str, Any] = {
    "on": "BTC",
    "right": OptionRight.CALL,
    "strike": "100",
    "expiry": EXPIRY,
    "volatility": "0.5",
}
PUT = CALL | {"right": OptionRight.PUT}


def stage(grid: GridRules = GRID, **changes: object) -> Stage:
    """BTC at 100, a call and a put on it at 100; ann and bob are in portfolio margin."""
    it = Stage(rulebook(portfolio=PortfolioRules(grid=grid), **changes), symbols="BTC")
    it.mark("BTC", 100)
    it.enlist("CALL", **CALL)
    it.enlist("PUT", **PUT)
    it.trader("ann", "bob", deposit=1_000)
    for name in ("ann", "bob"):
        go_over(it, name)
    return it


def go_over(it: Stage, name: str) -> None:
    mode = MarginMode.PORTFOLIO
    it.do(SetMarginMode(at=it.now(), account=name, symbol="BTC", mode=mode))


def mark(it: Stage, symbol: str) -> int:
    found = it.venue.mark_price(symbol)
    assert found is not None, f"{symbol} has no mark"
    return found


def black(price: float, volatility: float, days: float, *, call: bool = True) -> float:
    """In floating point, in cents, of a strike of 100 dollars."""
    deviation = volatility * math.sqrt(days / 365)
    d = math.log(price / 100) / deviation + deviation / 2
    sign = 1 if call else -1

    def chance(x: float) -> float:
        return math.erfc(-x / math.sqrt(2)) / 2

    worth = price * chance(sign * d) - 100 * chance(sign * (d - deviation))
    return 100 * sign * worth


def test_an_option_is_marked_by_the_formula_as_soon_as_its_underlying_has_a_price() -> None:
    it = stage()
    assert mark(it, "CALL") == round(black(100, 0.5, 30)) == 571
    it.mark("BTC", 120)
    assert mark(it, "CALL") == round(black(120, 0.5, 30))
    assert mark(it, "PUT") == round(black(120, 0.5, 30, call=False))


def test_another_volatility_is_another_mark() -> None:
    it = stage()
    told = UpdateVolatility(at=it.now(), symbol="CALL", volatility=80 * RATE_ONE // 100)
    events = it.do(told)
    assert [type(event) for event in events] == [VolatilityChanged, MarkPriceChanged]
    assert mark(it, "CALL") == round(black(100, 0.8, 30))


def test_an_option_loses_value_with_every_day_that_passes() -> None:
    it = stage()
    it.at = 20 * DAY
    it.do(PassTime(at=it.at))
    assert mark(it, "CALL") == round(black(100, 0.5, 10))
    it.at += DAY // 2
    it.do(ComputeMarkPrice(at=it.at, symbol="CALL"))
    assert mark(it, "CALL") == round(black(100, 0.5, 9.5))


@pytest.mark.parametrize(("dollars", "paid"), [(130, 30), (90, 0)])
def test_a_call_pays_what_the_average_index_is_above_the_strike(dollars: int, paid: int) -> None:
    it = stage()
    it.hold("ann", "CALL", 10, 6, other="bob")
    it.do(UpdateIndexPrice(at=it.now(), symbol="BTC", price=dollars * SUBTICKS))
    it.at = THIRTY_DAYS
    events = it.do(PassTime(at=it.at))
    (settled,) = [e for e in only(events, InstrumentSettled) if e.symbol == "CALL"]
    assert (settled.price, settled.underlying_price) == (paid * SUBTICKS, dollars * SUBTICKS)
    profits = [e.realised_pnl for e in only(events, PositionSettled)]
    assert profits == [10 * (paid - 6) * DOLLAR, -10 * (paid - 6) * DOLLAR]


def test_a_put_pays_what_a_told_settlement_price_is_below_the_strike() -> None:
    it = stage()
    it.hold("ann", "PUT", 10, 6, other="bob")
    events = it.do(SettleInstrument(at=it.now(), symbol="PUT", price=80 * SUBTICKS))
    (settled,) = only(events, InstrumentSettled)
    assert settled.price == 20 * SUBTICKS
    assert it.balance("ann") == (1_000 + 10 * 14) * DOLLAR


def test_an_inverse_option_pays_in_coin() -> None:
    """A call at 10,000 that settles at 12,500 pays 0.2 of a coin, as Deribit's page has it."""
    inverse = {
        "kind": ContractKind.INVERSE,
        "settle": "BTC",
        "mark_unit": "",
        "money_unit": "0.00000001",
    }
    it = Stage(rulebook(portfolio=PortfolioRules(grid=GRID)), symbols="")
    it.enlist("PERP", lot_size="10", **inverse)
    sizes = {"tick_size": "0.0001", "lot_size": "0.1"}
    it.enlist("CALL", **CALL | sizes | inverse | {"on": "PERP", "strike": "10000"})
    it.do(UpdateMarkPrice(at=it.now(), symbol="PERP", price=10_000 * 10**8))
    assert mark(it, "CALL") == round(black(100, 0.5, 30) * 10**4)
    events = it.do(SettleInstrument(at=it.now(), symbol="CALL", price=12_500 * 10**8))
    (settled,) = only(events, InstrumentSettled)
    assert settled.price == 20_000_000


def test_premium_is_gained_and_lost_as_any_price_is() -> None:
    it = stage()
    it.hold("ann", "CALL", 10, 6, other="bob")
    assert it.account("ann").equity == 100_000 + 10 * (571 - 600)
    it.mark("BTC", 110)
    assert it.account("bob").equity == 100_000 - 10 * (mark(it, "CALL") - 600)


# ------------------------------------------------------------------------------- the margin


def needed(it: Stage, name: str = "ann") -> int:
    return it.account(name).maintenance_margin


def test_a_short_option_needs_its_worst_move_with_its_worst_volatility() -> None:
    """A rise of 10% with volatility 40% up: 1,278 cents instead of 571."""
    it = stage()
    it.hold("ann", "CALL", -10, 6, other="bob")
    worst = black(110, 0.7, 30) - black(100, 0.5, 30)
    assert needed(it) == math.ceil(10 * worst)
    assert needed(it, "bob") < 10 * mark(it, "CALL"), "a bought option cannot lose more than it is"


def test_the_shock_of_volatility_grows_as_expiry_comes_near() -> None:
    """With 15 of 30 days to go: 40% times the square root of 2."""
    it = stage()
    it.hold("ann", "CALL", -1, 6, other="bob")
    (unit,) = it.venue.portfolio_view("ann", "USD")
    assert unit.contracts[0].volatility_shock == 40 * RATE_ONE // 100
    it.at = 15 * DAY
    it.do(PassTime(at=it.at))
    (unit,) = it.venue.portfolio_view("ann", "USD")
    assert unit.contracts[0].volatility_shock == 56_568_542


def test_volatility_may_move_while_prices_do_not() -> None:
    """A straddle that is long gains either way with the price: its worst is that nothing moves."""
    it = stage(GridRules(moves=("0.2",), options=OptionRules(volatility_base="0.4")))
    it.hold("ann", "CALL", 10, 6, other="bob")
    it.hold("ann", "PUT", 10, 6, other="bob")
    (unit,) = it.venue.portfolio_view("ann", "USD")
    assert (unit.move, unit.contracts[0].volatility_shock) == (0, -40 * RATE_ONE // 100)
    assert needed(it) == math.ceil(20 * (black(100, 0.5, 30) - black(100, 0.3, 30)))


def test_a_future_covers_a_short_call() -> None:
    it = stage()
    it.hold("ann", "CALL", -10, 6, other="bob")
    bare = needed(it)
    it.hold("ann", "BTC", 10, 100, other="bob")
    assert needed(it) < bare
    assert needed(it) < 10 * 10 * DOLLAR


def test_every_option_is_charged_by_its_number_or_what_is_short_at_a_strike() -> None:
    """10 calls bought and 20 puts sold at one strike: 30 options, or 10 net short."""
    found = []
    for counted in (Contingency.ALL, Contingency.NET_SHORT):
        it = stage(GridRules(options=OptionRules(contingency="0.01", counted=counted)))
        it.hold("ann", "CALL", 10, 6, other="bob")
        it.hold("ann", "PUT", -20, 6, other="bob")
        (unit,) = it.venue.portfolio_view("ann", "USD")
        assert unit.margin == unit.options == needed(it)
        found.append(unit.options // DOLLAR)
    assert found == [30, 10]


def test_a_short_option_is_liquidated_by_a_move_of_what_it_is_on() -> None:
    it = stage()
    it.hold("ann", "CALL", -60, 6, other="bob")
    it.mark("BTC", 105)
    assert it.size("ann", "CALL") == -60
    events = it.do(UpdateMarkPrice(at=it.now(), symbol="BTC", price=115 * SUBTICKS))
    (counted,) = only(events, PortfolioCounted)
    assert counted.units[0].contracts[0].volatility_shock == 40 * RATE_ONE // 100
    assert [e.account for e in only(events, LiquidationStarted)] == ["ann"]


def test_a_short_option_is_liquidated_by_volatility_alone() -> None:
    it = stage()
    it.hold("ann", "CALL", -60, 6, other="bob")
    told = UpdateVolatility(at=it.now(), symbol="CALL", volatility=2 * RATE_ONE)
    assert [e.account for e in only(it.do(told), LiquidationStarted)] == ["ann"]


def test_a_common_move_is_found_and_a_liquidation_price_is_not_told() -> None:
    it = stage()
    it.hold("ann", "CALL", -60, 6, other="bob")
    held = it.position("ann", "CALL")
    assert held is not None
    assert held.liquidation_price is None
    fall, rise = it.venue.common_move("ann", "USD")
    assert fall is None
    assert rise is not None
    it.mark("BTC", 100, rise * 10_000 // RATE_ONE - 2)
    assert it.size("ann", "CALL") == -60
    it.mark("BTC", 100, rise * 10_000 // RATE_ONE + 2)
    assert it.size("ann", "CALL") == 0


def test_another_price_of_the_underlying_is_asked_about_with_its_options() -> None:
    it = stage()
    it.hold("ann", "CALL", -10, 6, other="bob")
    asked = it.venue.account_view("ann", "USD", {"BTC": 110 * SUBTICKS})
    it.mark("BTC", 110)
    told = it.account("ann")
    assert (asked.equity, asked.maintenance_margin) == (told.equity, told.maintenance_margin)


# ----------------------------------------------------------------------------- what is refused


def test_only_portfolio_margin_holds_options() -> None:
    it = stage()
    it.trader("eve", deposit=1_000)
    assert it.refusal(it.order("eve", "CALL", 1, 7)) is Reject.NOT_OFFERED
    it.hold("ann", "CALL", 1, 6, other="bob")
    for symbol, mode in (("BTC", MarginMode.CROSS), ("CALL", MarginMode.ISOLATED)):
        switch = SetMarginMode(at=it.now(), account="ann", symbol=symbol, mode=mode)
        assert it.refusal(switch) is Reject.NOT_OFFERED


@pytest.mark.parametrize("kind", [UpdateMarkPrice, UpdateIndexPrice])
def test_an_option_takes_no_price_of_its_own(kind: type[UpdateMarkPrice]) -> None:
    it = stage()
    assert it.refusal(kind(at=it.now(), symbol="CALL", price=5)) is Reject.NOT_OFFERED


def test_what_is_no_option_has_no_volatility() -> None:
    it = stage()
    told = UpdateVolatility(at=it.now(), symbol="BTC", volatility=RATE_ONE)
    assert it.refusal(told) is Reject.NOT_OFFERED
    told = UpdateVolatility(at=it.now(), symbol="CALL", volatility=0)
    assert it.refusal(told) is Reject.PRICE_NOT_POSITIVE


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"on": "ETH"}, "on was 'ETH', expected a listed instrument"),
        ({"on": "PUT"}, "was linear on linear option"),
        ({"kind": ContractKind.INVERSE}, "was inverse on linear"),
        ({"settle": "EUR"}, "settle was EUR, expected USD"),
        ({"mark_unit": "0.1"}, "mark_unit was 0.1, expected 0.01"),
        ({"expiry": ""}, "expiry was empty"),
        ({"strike": ""}, "strike was '', expected more than 0"),
        ({"volatility": ""}, "volatility was '', expected more than 0"),
        ({"right": None}, "right was empty, expected call or put"),
    ],
)
def test_an_option_whose_terms_do_not_fit_is_not_listed(changes: dict[str, str], said: str) -> None:
    it = stage()
    (event,) = it.do(ListInstrument(at=it.at, rules=contract("NEW", **CALL | changes)))
    assert isinstance(event, CommandRejected)
    assert said in event.detail


def test_a_rulebook_lists_options_only_with_a_scenario_for_them() -> None:
    for others in (
        {"portfolio": PortfolioRules(grid=GridRules())},
        {"portfolio": PortfolioRules(grid=GRID), "collateral": CollateralRules(currency="USD")},
    ):
        it = Stage(rulebook(**others), symbols="BTC")  # type: ignore[arg-type]
        (event,) = it.enlist("CALL", **CALL)
        assert isinstance(event, CommandRejected)


def test_an_option_ends_no_later_than_the_future_that_it_is_on() -> None:
    it = stage()
    it.enlist("JAN", expiry="1970-01-15T00:00:00")
    (event,) = it.enlist("LATE", **CALL | {"on": "JAN"})
    assert isinstance(event, CommandRejected)
    assert "expiry was 1970-01-31T00:00:00, expected 1970-01-15T00:00:00 at most" in event.detail


def test_a_right_is_a_call_or_a_put() -> None:
    assert [str(right) for right in OptionRight] == ["call", "put"]
