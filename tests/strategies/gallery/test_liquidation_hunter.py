"""The hunter goes with a cascade, and leaves when it is quiet."""

from exchange.core.messages import Side, Traded, TradeKind
from tests.played import played


def test_it_sells_after_the_first_liquidations_and_buys_back_lower() -> None:
    run = played("gallery/liquidation-hunter")

    first = next(t.at for t in run.only(Traded) if t.kind is TradeKind.LIQUIDATION)
    fills = [f for f in run.events if getattr(f, "account", "") == "hunter" and hasattr(f, "maker")]
    assert fills[0].at > first
    assert fills[0].side is Side.SELL
    assert run.average_price("hunter", Side.BUY) < run.average_price("hunter", Side.SELL)
    assert run.total("hunter") > 200_000
    assert run.position("hunter") == 0


def test_without_liquidations_it_does_nothing() -> None:
    run = played("gallery/liquidation-hunter", trigger="100000")

    assert run.positions("hunter") == []
