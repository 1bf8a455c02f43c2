"""Pairs: sell the dear one, buy the cheap one, and wait for the mean."""

from strategies.gallery.pairs_trader import PairsTrader
from tests.day import Day
from tests.played import played

TERMS = {
    "one": "BTC",
    "other": "ETH",
    "notional": "1000",
    "window": 4,
    "enter": "2",
    "leave": "0.5",
}


def apart(*prices: int) -> Day:
    """BTC at these prices, second by second; ETH stays at 100."""
    day = Day(symbols="BTC ETH").mark(0, 100, "ETH").book(0, 99, 101, 1_000, "ETH")
    for second, price in enumerate(prices):
        day.mark(1_000 * second + 500, price).book(
            1_000 * second + 500, price - 1, price + 1, 1_000
        )
    return day.client("pairs", PairsTrader, **TERMS)


def held(day: Day) -> tuple[int, int]:
    return day.position("pairs", "BTC"), day.position("pairs", "ETH")


def test_it_sells_the_one_that_is_dear_and_buys_the_other() -> None:
    """A thousand dollars each: 9 lots at 110 and 10 at 100."""
    day = apart(100, 101, 100, 101, 110, 110).run()

    assert held(day) == (-9, 10)


def test_it_buys_the_one_that_is_cheap() -> None:
    day = apart(100, 101, 100, 101, 90, 90).run()

    assert held(day) == (11, -10)


def test_it_closes_both_when_they_are_together_again() -> None:
    day = apart(100, 101, 100, 101, 110, 103, 103).run()

    assert held(day) == (0, 0)
    assert day.account("pairs").total > 10_000 * 100 - 100 * 100


def test_it_lets_ordinary_distances_be() -> None:
    assert held(apart(100, 101, 100, 101, 102, 101, 100).run()) == (0, 0)


def test_one_leg_alone_is_not_kept() -> None:
    """The book of the other contract is empty: what was sold of the first is bought back."""
    day = Day(symbols="BTC ETH").mark(0, 100, "ETH")
    for second, price in enumerate((100, 101, 100, 101, 110, 110)):
        ms = 1_000 * second + 500
        day.mark(ms, price).book(ms, price - 1, price + 1)

    day.client("pairs", PairsTrader, **TERMS).run()

    assert day.position("pairs", "BTC") == 0 or day.position("pairs", "ETH") == 0


def test_it_earns_what_comes_back() -> None:
    run = played("gallery/pairs-trader")

    assert run.total("pairs") > 50_000
    assert len(run.positions("pairs")) > 4
