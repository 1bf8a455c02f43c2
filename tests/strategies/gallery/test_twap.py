"""TWAP: equal slices over time, so that the book can come back in between."""

from exchange.core.messages import Side
from strategies.gallery.twap import Twap
from tests.day import Day
from tests.played import played

TERMS = {"symbol": "BTC", "side": "buy", "size": "10", "seconds": 4, "slices": 4, "wait_seconds": 1}


def quiet(*sizes: int) -> Day:
    """The book of each half second has so many lots."""
    day = Day().mark(0, 100)
    for number, size in enumerate(sizes):
        day.book(500 * number, 100, 101, size=size)
    return day


def test_the_slices_are_equal_and_evenly_spaced() -> None:
    """Ten lots in four: 2, 3, 2 and 3, a second apart."""
    day = quiet(*[100] * 12).client("buyer", Twap, **TERMS).run()

    assert day.fills("buyer") == [
        (1_000, 2, 101),
        (2_000, 3, 101),
        (3_000, 2, 101),
        (4_000, 3, 101),
    ]


def test_what_one_slice_does_not_get_is_added_to_the_next() -> None:
    day = quiet(*[1] * 8, 100, 100).client("buyer", Twap, **TERMS).run()

    assert [size for _, size, _ in day.fills("buyer")] == [1, 1, 1, 7]


def test_it_sells_better_than_all_at_once() -> None:
    slowly = played("gallery/twap").average_price("seller", Side.SELL)
    at_once = played("gallery/twap", slices=1).average_price("seller", Side.SELL)

    assert slowly > at_once + 1_000, "a hundred dollars a coin"


def test_it_has_sold_everything_in_the_end() -> None:
    assert played("gallery/twap").position("seller") == 0
