"""The martingale wins nearly always, and loses everything once."""

from itertools import accumulate, pairwise

from exchange.core.messages import LiquidationStarted, OrderFilled
from strategies.gallery.martingale import Martingale
from tests.day import Day
from tests.played import played


def test_a_bet_that_is_lost_is_made_again_at_twice_the_size() -> None:
    """Whichever side the coin shows, a mark that runs away from it loses."""
    day = Day().mark(0, 1_000).book(0, 999, 1_001, 1_000)
    day.client("gambler", Martingale, symbol="BTC", stake="1", distance="0.01", leverage=5)
    for ms in range(10, 200, 10):
        price = 1_000 + 20 * (ms // 10 % 2)
        day.mark(ms, price).book(ms, price - 1, price + 1, 1_000)

    day.run()

    strategy = day.sessions[0]._strategy
    sizes = [abs(size) for _, size, _ in day.fills("gambler")][::2]
    assert strategy.won
    assert strategy.lost
    for bet, after in pairwise(sizes):
        assert after in (1, 2 * bet)


def test_it_climbs_for_a_long_time_and_then_loses_everything() -> None:
    run = played("gallery/martingale")
    results = (f.realised_pnl - f.fee for f in run.only(OrderFilled, "gambler"))
    won = max(accumulate(results))

    assert run.in_money(won) > 500
    (started,) = run.only(LiquidationStarted)
    assert started.account == "gambler"
    assert run.total("gambler") == 0
