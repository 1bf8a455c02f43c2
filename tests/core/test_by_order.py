"""History told order by order: each order rests in its own place, and clients among them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.messages import (
    OrderFilled,
    RecordedTrade,
    Reject,
    Side,
    Traded,
    UpdateOrders,
)
from tests.stage import Stage, only

Rows = tuple[tuple[int, int, int], ...]


def orders(stage: Stage, bids: Rows = (), asks: Rows = (), *, snapshot: bool = False):
    return stage.do(update(stage, bids, asks, snapshot=snapshot))


def update(stage: Stage, bids: Rows = (), asks: Rows = (), *, snapshot: bool = False):
    return UpdateOrders(at=stage.now(), symbol="BTC", bids=bids, asks=asks, snapshot=snapshot)


def prints(stage: Stage, side: Side, price: int, size: int):
    return stage.do(RecordedTrade(at=stage.now(), symbol="BTC", side=side, price=price, size=size))


def queue(stage: Stage) -> list[tuple[int, int, int]]:
    """Every bid, best first: price, size, the record's number (0: a client's)."""
    book = stage.venue._state.market_of["BTC"].book
    return [
        (book.price(level), book.size(row), book.number(row))
        for level in book.best_first(book.bids)
        for row in book.queue(level)
    ]


@pytest.fixture
def stage() -> Stage:
    """Three orders of history's at 100, and a client with 10 between the second and the third."""
    it = Stage()
    it.trader("client", "other", deposit=100_000)
    it.mark("BTC", 100)
    orders(it, bids=((1, 100, 5), (2, 100, 7)))
    it.place("client", "BTC", 10, 100)
    orders(it, bids=((3, 100, 4),))
    return it


def test_orders_rest_in_the_order_in_which_they_came(stage: Stage) -> None:
    assert queue(stage) == [(100, 5, 1), (100, 7, 2), (100, 10, 0), (100, 4, 3)]


def test_one_that_leaves_lets_the_client_forward_exactly(stage: Stage) -> None:
    orders(stage, bids=((1, 0, 0),))
    stage.place("other", "BTC", -8, 100)

    assert stage.size("client", "BTC") == 1, "7 of the second order were first"


def test_one_that_shrinks_keeps_its_place_and_one_that_grows_loses_it(stage: Stage) -> None:
    orders(stage, bids=((1, 100, 2), (2, 100, 9)))

    assert queue(stage) == [(100, 2, 1), (100, 10, 0), (100, 4, 3), (100, 9, 2)]


def test_one_that_moves_joins_the_end_of_another_queue(stage: Stage) -> None:
    orders(stage, bids=((4, 99, 1),))
    orders(stage, bids=((1, 99, 5),))

    assert queue(stage)[-2:] == [(99, 1, 4), (99, 5, 1)]


def test_a_recorded_trade_takes_from_the_front_and_the_update_confirms_it(stage: Stage) -> None:
    prints(stage, Side.SELL, 100, 8)
    orders(stage, bids=((1, 0, 0), (2, 100, 4)))

    assert queue(stage) == [(100, 4, 2), (100, 10, 0), (100, 4, 3)]
    assert stage.size("client", "BTC") == 0


def test_a_client_within_a_recorded_trade_is_filled(stage: Stage) -> None:
    """The record sold 15: 12 to history's orders ahead of the client, then it was its turn."""
    events = prints(stage, Side.SELL, 100, 15)
    orders(stage, bids=((1, 0, 0), (2, 0, 0), (3, 100, 1)))

    (filled,) = only(events, OrderFilled)
    assert filled.size == 3
    assert sum(event.size for event in only(events, Traded)) == 15
    assert queue(stage) == [(100, 7, 0), (100, 1, 3)]


def test_what_a_trade_took_from_an_order_that_did_not_trade_is_given_back(stage: Stage) -> None:
    prints(stage, Side.SELL, 100, 2)
    orders(stage, bids=((3, 100, 2),))

    assert queue(stage) == [(100, 5, 1), (100, 7, 2), (100, 10, 0), (100, 2, 3)]


def test_what_a_client_took_stays_taken_until_the_order_is_told_again(stage: Stage) -> None:
    stage.place("other", "BTC", -4, 100)
    orders(stage, bids=((9, 90, 1),))
    assert queue(stage)[0] == (100, 1, 1)

    orders(stage, bids=((1, 100, 3),))
    assert queue(stage)[0] == (100, 3, 1)


def test_a_snapshot_replaces_everything_and_lets_known_orders_keep_their_place(
    stage: Stage,
) -> None:
    orders(stage, bids=((7, 100, 1), (2, 100, 7)), snapshot=True)

    assert queue(stage) == [(100, 7, 2), (100, 10, 0), (100, 1, 7)]


def test_an_order_that_comes_across_a_client_trades_with_it(stage: Stage) -> None:
    events = orders(stage, bids=((1, 0, 0), (2, 0, 0), (3, 0, 0)), asks=((5, 100, 4),))

    assert [fill.size for fill in only(events, OrderFilled)] == [4]
    assert queue(stage) == [(100, 6, 0)]


def test_one_that_is_not_known_and_gone_is_nothing(stage: Stage) -> None:
    before = queue(stage)
    orders(stage, bids=((99, 0, 0),))

    assert queue(stage) == before


@pytest.mark.parametrize(
    ("bids", "asks", "reason"),
    [
        (((0, 100, 1),), (), Reject.BAD_ORDER_NUMBER),
        (((1 << 63, 100, 1),), (), Reject.BAD_ORDER_NUMBER),
        (((8, 100, 1),), ((8, 101, 1),), Reject.BAD_ORDER_NUMBER),
        (((8, 100, -1),), (), Reject.SIZE_NOT_POSITIVE),
        (((8, 0, 1),), (), Reject.PRICE_NOT_POSITIVE),
        ((), ((8, 100, 1),), Reject.HISTORY_CROSSED),
        (((8, 102, 1),), ((9, 101, 1),), Reject.HISTORY_CROSSED),
    ],
)
def test_rows_that_cannot_be_are_refused_and_change_nothing(
    stage: Stage, bids: Rows, asks: Rows, reason: Reject
) -> None:
    assert stage.refusal(update(stage, bids, asks)) is reason


def test_a_price_move_in_one_update_does_not_cross() -> None:
    stage = Stage()
    orders(stage, bids=((1, 100, 5),))
    orders(stage, bids=((1, 0, 0), (8, 98, 1)), asks=((9, 99, 5),))

    assert stage.venue.history_quote("BTC") == (98, 1, 99, 5)


ROWS = st.lists(
    st.tuples(st.integers(1, 6), st.integers(95, 99), st.integers(0, 4)),
    max_size=4,
    unique_by=lambda row: row[0],
)


@given(st.lists(ROWS, max_size=12))
def test_the_book_is_what_a_plain_dictionary_says(
    updates: list[list[tuple[int, int, int]]],
) -> None:
    """Without clients and trades: sizes by number, and queues by when an order last joined one."""
    stage = Stage()
    known: dict[int, tuple[int, int]] = {}
    for rows in updates:
        orders(stage, bids=tuple(rows))
        for number, price, size in rows:
            old = known.get(number)
            if size == 0:
                known.pop(number, None)
            elif old is not None and old[0] == price and size <= old[1]:
                known[number] = (price, size)
            else:
                known.pop(number, None)
                known[number] = (price, size)

    expected = [(price, size, number) for number, (price, size) in known.items()]
    assert queue(stage) == sorted(expected, key=lambda row: -row[0])
