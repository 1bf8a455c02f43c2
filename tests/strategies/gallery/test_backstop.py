"""The backstop buys what nobody else will, and gives it back later."""

from exchange.core.messages import PositionDeleveraged
from strategies.gallery.backstop import Backstop
from tests.day import Day
from tests.played import Played, played

TERMS = {
    "symbol": "BTC",
    "size": "10",
    "inventory_max": "20",
    "distance": "0.1",
    "give_back": "0.02",
    "requote_ticks": 0,
}


def orders(day: Day) -> list[tuple[str, int]]:
    return [(order.side.value, order.price) for order in day.account("backstop").orders]


def test_it_stands_far_from_the_mark_and_moves_with_it() -> None:
    day = (
        Day()
        .mark(0, 1_000)
        .book(0, 999, 1_001)
        .mark(10, 1_100)
        .client("backstop", Backstop, **TERMS)
    )

    assert orders(day.run()) == [("buy", 990), ("sell", 1_210)]


def test_what_it_had_to_take_it_offers_a_little_above_the_mark() -> None:
    """Bought at 900 while the mark stays at 1,000: offered at 1,020."""
    day = Day().mark(0, 1_000).book(0, 999, 1_001).trade(10, -10, 900).mark(20, 1_001)

    day.mark(21, 1_000).client("backstop", Backstop, **TERMS).run()

    assert day.position("backstop") == 10
    assert orders(day) == [("buy", 900), ("sell", 1_020)]


def test_it_gives_back_for_no_less_than_it_paid() -> None:
    """Bought at 900, and the mark falls to 800: 918 is two per cent more than it paid."""
    day = Day().mark(0, 1_000).book(0, 999, 1_001).trade(10, -10, 900)

    day.book(19, 799, 1_001).mark(20, 800).client("backstop", Backstop, **TERMS).run()

    assert orders(day) == [("buy", 720), ("sell", 918)]


def test_less_is_deleveraged_and_it_is_paid_for_that() -> None:
    with_it = played("gallery/backstop")
    without = played("gallery/backstop", leave_out="backstop")

    def deleveraged(run: Played) -> int:
        return sum(event.size for event in run.only(PositionDeleveraged))

    assert deleveraged(with_it) < deleveraged(without)
    assert with_it.total("backstop") > 20_000_000
