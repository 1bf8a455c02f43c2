"""Noise traders: nobody knows why, but there is always somebody."""

from exchange.core.messages import OrderFilled, Side, TradeKind
from tests.played import played


def test_everybody_trades_now_and_then_on_both_sides() -> None:
    run = played("gallery/noise-trader")

    fills = [f for f in run.only(OrderFilled) if f.kind is TradeKind.BOOK]
    buys = sum(fill.side is Side.BUY for fill in fills)
    assert {fill.account for fill in fills} == {f"retail-{n}" for n in range(1, 41)}
    assert 0.4 < buys / len(fills) < 0.6
    assert any(fill.maker for fill in fills), "some of them wait"


def test_their_chance_is_their_own() -> None:
    """No two of them do the same."""
    run = played("gallery/noise-trader")

    assert len({tuple(run.positions(f"retail-{n}")) for n in range(1, 41)}) > 30
