"""The grid earns a step each time the price comes and goes, and holds it against a trend."""

from strategies.gallery.grid import Grid
from tests.day import Day
from tests.played import played

TERMS = {"symbol": "BTC", "size": "10", "step_ticks": 5, "levels": 2}


def orders(day: Day) -> list[tuple[str, int]]:
    return sorted((order.side.value, order.price) for order in day.account("grid").orders)


def test_it_lays_its_orders_around_the_first_mark() -> None:
    day = Day().mark(0, 100).book(0, 99, 101).mark(5, 110).client("grid", Grid, **TERMS).run()

    assert orders(day) == [("buy", 90), ("buy", 95), ("sell", 105), ("sell", 110)]


def test_what_it_bought_it_offers_one_step_higher() -> None:
    day = Day().mark(0, 100).book(0, 99, 101).trade(5, -10, 95).client("grid", Grid, **TERMS).run()

    assert day.position("grid") == 10
    assert orders(day) == [("buy", 90), ("sell", 100), ("sell", 105), ("sell", 110)]


def test_there_and_back_earns_the_step() -> None:
    """10 lots bought at 95 and sold at 100: 50 dollars, and the grid is as it was."""
    day = Day().mark(0, 100).book(0, 90, 120).trade(5, -10, 95).trade(6, 10, 100)

    day.client("grid", Grid, **TERMS).run()

    assert day.position("grid") == 0
    assert day.account("grid").wallet == (10_000 + 50) * 100
    assert orders(day) == [("buy", 90), ("buy", 95), ("sell", 105), ("sell", 110)]


def test_a_range_feeds_it() -> None:
    assert played("gallery/grid").total("grid") > 50_000


def test_a_trend_leaves_it_with_everything_bought_on_the_way_down() -> None:
    day = Day().mark(0, 100).book(0, 99, 101)
    for step, price in enumerate(range(97, 60, -3)):
        day.mark(10 * step, price).book(10 * step, price - 1, price + 1)
    day.client("grid", Grid, **TERMS)

    day.run()

    assert day.position("grid") == 20
    assert day.account("grid").equity < 10_000 * 100
