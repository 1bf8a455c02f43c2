"""A book on its own: the venue's matching, without a venue."""

from random import Random

import pytest

from exchange.core.book import LATELY, LEVEL_ROW, NONE
from exchange.core.columns import column
from exchange.core.order_book import CANCEL, LIMIT, PAGE, TAKE, TRADE, OrderBook
from exchange.core.units import GRID_MAX


def test_an_order_trades_with_the_best_price_and_there_with_the_oldest() -> None:
    book = OrderBook()
    dear, first, second = (book.sell(price, 5) for price in (102, 101, 101))
    taker = book.buy(102, 12)
    assert book.trades() == [
        (first, taker, 101, 5),
        (second, taker, 101, 5),
        (dear, taker, 102, 2),
    ]
    assert book.top() == (0, 0, 102, 3)


def test_what_does_not_rest_is_gone() -> None:
    book = OrderBook()
    book.buy(100, 5, rests=False)
    assert book.top() == (0, 0, 0, 0)


def test_an_order_can_be_cancelled_once_and_not_after_it_has_traded() -> None:
    book = OrderBook()
    order, other = book.buy(100, 5), book.buy(100, 3)
    assert (book.cancel(order), book.cancel(order)) == (5, 0)
    book.sell(100, 3)
    assert book.cancel(other) == 0
    assert book.cancel(99) == 0


@pytest.mark.parametrize(("price", "size"), [(0, 1), (-1, 1), (1, 0), (GRID_MAX + 1, 1)])
def test_a_price_or_size_off_the_grid_is_an_error(price: int, size: int) -> None:
    book = OrderBook()
    with pytest.raises(ValueError, match=f"price was {price} and size {size}, expected 1 to"):
        book.buy(price, size)
    assert book.buy(1, 1) == 1


def test_a_stream_is_played_as_its_calls_would_be() -> None:
    random, stream, calls = Random(4), [], OrderBook()
    for number in range(1, 3_001):
        what = random.choice((LIMIT, LIMIT, TAKE, CANCEL))
        order, buy = random.randint(1, number), random.randint(0, 1)
        price, size = random.randint(90, 110), random.randint(1, 9)
        stream += (what, order, buy, price, size)
        if what == CANCEL:
            calls.cancel(order)
        else:
            send = calls.buy if buy else calls.sell
            send(price, size, rests=what == LIMIT)
    played = OrderBook()
    played.play(column(stream))
    played.book.check()
    assert (played.trades(), played.top()) == (calls.trades(), calls.top())
    assert played.trades(), "a stream in which nothing trades shows nothing"


def test_trades_are_told_in_order_however_many() -> None:
    book, count = OrderBook(), PAGE // TRADE + 1
    for number in range(count):
        if number in {0, 1, count - 1}:
            assert len(book.trades()) == number
        book.sell(100 + number, 1)
        book.buy(100 + number, 1)
    expected = [(2 * n + 1, 2 * n + 2, 100 + n, 1) for n in range(count)]
    assert book.trades() == expected


def test_prices_that_are_remembered_in_one_place_do_not_hide_each_other() -> None:
    book = OrderBook()
    prices = [100 + n * LATELY for n in range(3)]
    bids = [book.buy(price, 1) for price in prices] + [book.buy(prices[0], 2)]
    book.book.check()
    assert [book.book.bids.level(price) for price in [*prices, 99, 99 + LATELY]] == [
        0,
        LEVEL_ROW,
        2 * LEVEL_ROW,
        NONE,
        NONE,
    ]
    book.book.check()
    for bid in bids:
        assert book.cancel(bid)
        book.book.check()
    assert book.top() == (0, 0, 0, 0)
