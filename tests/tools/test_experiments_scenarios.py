"""The experiments' scenarios, run by themselves: what each says that it shows."""

from exchange.core.messages import LiquidationStarted
from tests.played import played


def test_the_hedge_in_cross_holds_and_the_isolated_one_loses_its_long_leg() -> None:
    run = played("experiments/capital")

    cross, isolated = run.view("cross"), run.view("isolated")
    assert [position.symbol for position in cross.positions] == ["BTCUSDT", "ETHUSDT"]
    assert [position.symbol for position in isolated.positions] == ["ETHUSDT"]
    assert run.total("cross") > 4_900
    assert run.total("isolated") < 2_600


def test_a_mark_that_is_a_median_with_the_index_in_it_keeps_a_cascade_away() -> None:
    run = played("experiments/cascade")

    failed = {started.account.rpartition("-")[0] for started in run.only(LiquidationStarted)}
    assert run.run.opening.refused == {}
    assert failed == {"near"}
    assert min(run.marks()) > 969_000


def test_a_calendar_hedge_keeps_both_legs_but_in_isolated_margin() -> None:
    run = played("experiments/calendar")

    seen = {name: run.view(name) for name in ("cross", "isolated", "portfolio")}
    assert [len(view.positions) for view in seen.values()] == [2, 1, 2]
    assert seen["portfolio"].initial_margin * 4 < seen["cross"].initial_margin


def test_a_straddle_fails_in_a_crash_where_a_fenced_one_and_a_covered_call_hold() -> None:
    run = played("experiments/straddle")

    assert [started.account for started in run.only(LiquidationStarted)] == ["straddle"]
    held = {
        name: [(p.symbol, p.size) for p in run.view(name, "BTC").positions]
        for name in ("straddle", "fenced", "covered")
    }
    assert held["straddle"] == [("CALL-60000", -10), ("PUT-60000", -3)]
    assert len(held["fenced"]) == 3
    assert run.view("covered", "BTC").equity > 100_000_000
