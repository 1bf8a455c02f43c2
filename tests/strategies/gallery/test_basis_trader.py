"""The basis trade earns what the perpetual was too dear, whatever the coin does."""

from exchange.core.messages import OrderFilled
from tests.played import Played, played


def legs(played: Played, symbol: str) -> list[int]:
    fills = [f for f in played.only(OrderFilled, "trader") if f.symbol == symbol]
    return [f.size if f.side.value == "buy" else -f.size for f in fills]


def test_it_sells_what_is_dear_against_spot_and_takes_it_back_when_it_is_not() -> None:
    run = played("gallery/basis-trader")

    spot, perpetual = legs(run, "BTC-SPOT"), legs(run, "BTCUSDT")
    assert spot[0] > 0 > perpetual[0]
    assert sum(perpetual) == 0
    assert 0 <= sum(spot) <= 2, "all of it but the fee, which spot takes in coins"
    assert run.total("trader") > 200_000


def test_a_basis_that_is_not_worth_it_is_let_be() -> None:
    run = played("gallery/basis-trader", enter="0.02")

    assert legs(run, "BTC-SPOT") == []
    assert run.total("trader") == 200_000
