"""A window opens with the market as it stood, and closes before its end."""

import pytest

from exchange.core.messages import (
    RecordedTrade,
    Side,
    UpdateDepth,
    UpdateIndexPrice,
    UpdateMarkPrice,
    UpdateOrders,
)
from exchange.feed import FeedItem
from feeds import PricePath, TickFileError, Window
from tests.feeds.tape import items


def depth(at: int, bids=(), asks=(), *, snapshot: bool = False) -> UpdateDepth:
    return UpdateDepth(at=at, symbol="BTC", bids=bids, asks=asks, snapshot=snapshot)


def index(at: int, price: int) -> FeedItem:
    return UpdateIndexPrice(at=at, symbol="BTC", price=price)


def mark(at: int, price: int) -> FeedItem:
    return UpdateMarkPrice(at=at, symbol="BTC", price=price)


DAY = [
    depth(1, ((10, 5), (9, 5)), ((11, 5),), snapshot=True),
    index(2, 100),
    mark(2, 101),
    depth(3, ((10, 0),), ((11, 7),)),
    RecordedTrade(at=4, symbol="BTC", side=Side.BUY, price=11, size=1),
    index(5, 102),
    depth(6, ((10, 1),)),
    mark(8, 103),
]


def test_a_window_opens_with_prices_and_the_book_as_it_stood() -> None:
    assert items(Window(PricePath(DAY), start=6)) == [
        index(6, 102),
        mark(6, 101),
        depth(6, ((9, 5),), ((11, 7),), snapshot=True),
        depth(6, ((10, 1),)),
        mark(8, 103),
    ]


def test_a_window_ends_before_its_end() -> None:
    assert [item.at for item in items(Window(PricePath(DAY), end=5))] == [1, 2, 2, 3, 4]


def test_two_windows_side_by_side_are_the_whole() -> None:
    left, right = Window(PricePath(DAY), end=4), Window(PricePath(DAY), start=4)
    opened = items(right)

    assert items(left) == DAY[:4]
    assert opened[3:] == DAY[4:]


def test_an_empty_window_says_how_far_the_feed_goes() -> None:
    with pytest.raises(TickFileError, match="nothing between 9 and the end, it was read to 8"):
        items(Window(PricePath(DAY, "day"), start=9))


def test_single_orders_open_in_the_order_of_their_queues() -> None:
    def orders(at: int, *bids: tuple[int, int, int]) -> UpdateOrders:
        return UpdateOrders(at=at, symbol="BTC", bids=bids, asks=())

    day = [orders(1, (1, 10, 5), (2, 10, 5), (3, 10, 5)), orders(2, (1, 10, 9), (2, 10, 4))]

    (opening, _) = items(Window(PricePath([*day, orders(5, (3, 0, 0))]), start=5))

    assert opening.bids == ((2, 10, 4), (3, 10, 5), (1, 10, 9))
