"""The hedge of two legs, and its isolated twin, in one market where both contracts fall."""

from exchange.core.messages import LiquidationStarted, MarginMode, MarginModeChanged, OrderFilled
from exchange.latency import Latency
from strategies.gallery.hedged_holder import HedgedHolder
from tests.day import Day, latency
from tests.played import played

LEGS = {"long": "BTC", "long_size": "100", "short": "ETH", "short_size": "100", "leverage": 5}


def falling(fall: int) -> Day:
    """Both contracts rise from 99 to 100, and lose `fall` in the five steps after it."""
    day = Day(symbols="BTC ETH")
    for step in range(7):
        price = 100 - fall * (step - 1) // 5 if step else 99
        for symbol in ("BTC", "ETH"):
            day.mark(10 * step, price, symbol)
            day.book(10 * step, price, price + 1, size=1_000, symbol=symbol)
    day.client("cross", HedgedHolder, **LEGS)
    return day.client("isolated", HedgedHolder, **LEGS, mode="isolated")


def test_in_cross_margin_one_leg_carries_the_other() -> None:
    """A fall of 30% costs the long 3,000 dollars, which the short makes: the spread is all lost."""
    day = falling(30).run()

    assert (day.position("cross", "BTC"), day.position("cross", "ETH")) == (100, -100)
    assert day.account("cross").total == (10_000 - 100) * 100
    assert [event.account for event in day.only(LiquidationStarted)] == ["isolated"]


def test_in_isolated_margin_the_losing_leg_is_liquidated_and_the_hedge_is_gone() -> None:
    """The long had 2,020 dollars of its own: a fifth of 100 lots at 101."""
    day = falling(30).run()

    (started,) = day.only(LiquidationStarted)
    assert (started.account, started.symbol, started.mode) == (
        "isolated",
        "BTC",
        MarginMode.ISOLATED,
    )
    assert started.collateral == 2_020 * 100
    assert (day.position("isolated", "BTC"), day.position("isolated", "ETH")) == (0, -100)


def test_a_small_fall_leaves_both_whole() -> None:
    day = falling(5).run()

    assert day.only(LiquidationStarted) == []
    for name in ("cross", "isolated"):
        assert (day.position(name, "BTC"), day.position(name, "ETH")) == (100, -100)


def test_a_leg_opens_piece_by_piece_as_the_book_allows() -> None:
    day = Day(symbols="BTC ETH")
    for ms in range(0, 50, 10):
        day.mark(ms, 100 + ms // 10, "BTC").mark(ms, 100, "ETH")
        day.book(ms, 100, 101, size=40).book(ms, 100, 101, size=1_000, symbol="ETH")
    day.client("cross", HedgedHolder, **LEGS)

    day.run()

    assert [size for _, size, _ in day.fills("cross")] == [40, -100, 40, 20]


def test_terms_are_set_before_anything_is_opened() -> None:
    slow: Latency = latency(entry=3, response=3)
    day = falling(5).run(latency=slow)

    modes = day.only(MarginModeChanged, "isolated")
    assert len(modes) == 2
    assert max(event.at for event in modes) < day.only(OrderFilled, "isolated")[0].at


def test_of_two_hedges_the_one_in_isolated_margin_loses_a_leg() -> None:
    run = played("gallery/hedged-holder")

    (started,) = run.only(LiquidationStarted)
    assert (started.account, started.symbol) == ("isolated", "BTCUSDT")
    assert (run.position("cross"), run.position("cross", "ETHUSDT")) == (2_000, -40_000)
    assert abs(run.total("cross") - 20_000) < 200
