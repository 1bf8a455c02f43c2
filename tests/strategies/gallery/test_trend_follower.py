"""The trend follower rides a trend with leverage, and is turned over where there is none."""

import pytest

from exchange.core.messages import LiquidationStarted
from strategies.gallery.trend_follower import TrendFollower
from tests.day import Day
from tests.played import played

TERMS = {"symbol": "BTC", "fast": 2, "slow": 5, "leverage": 5, "margin_percent": 50}


def market(*prices: int) -> Day:
    day = Day()
    for ms, price in enumerate(prices):
        day.mark(10 * ms, price).book(10 * ms, price, price + 1, size=10_000)
    return day.client("trend", TrendFollower, **TERMS)


@pytest.mark.parametrize(("prices", "direction"), [(range(100, 120), 1), (range(120, 100, -1), -1)])
def test_it_is_long_where_the_mark_rises_and_short_where_it_falls(
    prices: range, direction: int
) -> None:
    day = market(*prices).run()

    assert day.position("trend") * direction > 0
    assert day.account("trend").equity > 10_000 * 100


def test_it_uses_the_chosen_part_of_its_margin_at_the_chosen_leverage() -> None:
    """The sixth mark, 105, is the first after the slow window: 5 x 5,000 dollars at that mark."""
    day = market(*range(100, 107)).run()

    assert day.fills("trend") == [(50, 25_000 // 105, 106)]


def test_it_turns_with_the_market() -> None:
    day = market(*range(100, 110), *range(110, 90, -1)).run()

    assert [size > 0 for _, size, _ in day.fills("trend")] == [True, False, False]
    assert day.position("trend") < 0


def test_a_gap_against_it_takes_more_than_a_loss_without_leverage_would() -> None:
    """Five times half its money is long at 105; at 60 the position has lost all of it."""
    day = market(*range(100, 110), 60).run()

    assert [event.account for event in day.only(LiquidationStarted)] == ["trend"]
    assert day.position("trend") == 0


def test_it_earns_on_the_way_up_and_on_the_way_down() -> None:
    run = played("gallery/trend-follower")

    held = run.positions("trend")
    assert max(held) > 0 > min(held)
    assert run.total("trend") > 55_000
