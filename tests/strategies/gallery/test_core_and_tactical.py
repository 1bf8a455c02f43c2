"""A core in cross margin does not notice what happens to a tactical position in isolated."""

from exchange.core.messages import LiquidationStarted, MarginMode
from tests.played import played


def test_the_tactical_position_is_liquidated_and_the_core_never_notices() -> None:
    run = played("gallery/core-and-tactical")

    (started,) = run.only(LiquidationStarted)
    assert (started.symbol, started.mode) == ("ETHUSDT", MarginMode.ISOLATED)
    assert run.in_money(started.collateral) <= 505, "a stake of 500, and no more"
    assert run.position("investor", "BTCUSDT") == 1_500
    assert sorted(run.positions("investor")) == run.positions("investor"), "only bought"


def test_all_that_the_tactical_position_can_lose_is_its_stake() -> None:
    """The core has gained; without it, the account would have lost a stake and fees."""
    run = played("gallery/core-and-tactical")
    core = next(p for p in run.view("investor").positions if p.symbol == "BTCUSDT")

    lost = 50_000 - (run.total("investor") - run.in_money(core.unrealised_pnl))
    assert 400 < lost < 620
