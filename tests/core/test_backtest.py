"""A recorded market in columns, and a loop that trades in it."""

import pytest

from exchange import Backtest, Columns
from exchange.core.columns import ASK, BID, BUY, MARK, SELL
from exchange.core.messages import (
    CancelAllAfter,
    Event,
    OrderFilled,
    Phase,
    PlaceOrder,
    QuoteChanged,
    RecordedTrade,
    Reject,
    SetPhase,
    Side,
    Traded,
    UpdateDepth,
    UpdateMarkPrice,
)
from tests.stage import SUBTICKS, Stage
from tools.bench.market import market

BEGIN = 10
BEGUN = [(0, BID, 99, 10), (0, ASK, 101, 10), (0, MARK, 100 * SUBTICKS, 0)]


def begun(*rows: tuple[int, int, int, int], observe: object = None) -> Backtest:
    """Ten bid at 99, ten asked at 101, and what is to come."""
    stage = Stage()
    stage.trader("alice", deposit=10_000)
    told = [(BEGIN + at, *rest) for at, *rest in (*BEGUN, *rows)]
    columns = Columns(*zip(*told, strict=True))
    test = Backtest(stage.venue, "BTC", "alice", columns, observe)  # type: ignore[arg-type]
    test.step()
    return test


def test_the_queue_ahead_trades_first() -> None:
    test = begun((5, SELL, 99, 10), (5, BID, 99, 0), (6, SELL, 99, 3), (7, BID, 98, 1))
    order = test.buy(2, 99)
    test.step()
    assert test.is_open(order)
    test.step()
    assert (test.position, test.fills, test.is_open(order)) == (2, 1, False)


def test_what_leaves_without_a_trade_leaves_from_behind() -> None:
    test = begun((5, BID, 99, 30), (6, BID, 99, 12), (7, SELL, 99, 10), (7, BID, 99, 2))
    test.buy(1, 99)
    assert [test.step(), test.step(), test.step()] == [True, True, False]
    assert test.position == 0


def test_what_leaves_is_more_than_stood_behind_and_the_queue_ahead_is_shorter() -> None:
    test = begun((5, BID, 99, 30), (6, BID, 99, 4), (7, SELL, 99, 5), (8, BID, 98, 1))
    test.buy(1, 99)
    assert [test.step(), test.step(), test.position] == [True, True, 0]
    test.step()
    assert test.position == 1


def test_what_the_update_does_not_confirm_is_given_back() -> None:
    test = begun((5, SELL, 99, 4), (6, BID, 98, 1), (7, ASK, 101, 9))
    test.step()
    assert test.venue.history_quote(test.symbol)[:2] == (99, 6)
    test.step()
    assert test.venue.history_quote(test.symbol)[:2] == (99, 10)


def test_time_passes_by_as_much_as_asked() -> None:
    test = begun((5, BID, 99, 30), (15, BID, 99, 12), (25, BID, 99, 1))
    assert (test.elapse(10), test.now, test.recorded_bid) == (True, 20, 99)
    assert (test.elapse(10), test.elapse(10), test.now) == (True, False, 40)


def test_the_record_is_seen_without_ones_own_orders() -> None:
    test = begun()
    test.buy(1, 100)
    assert (test.bid, test.recorded_bid, test.ask, test.recorded_ask) == (100, 99, 101, 101)


def test_a_moment_is_the_same_object_until_something_in_it_changes() -> None:
    test = begun(
        (5, BID, 98, 30), (6, SELL, 99, 12), (6, BID, 99, 0), (7, ASK, 101, 9), (8, BID, 97, 1)
    )
    order = test.buy(2, 99)
    open_orders = test.open_orders
    assert list(open_orders) == [order]
    seen = list(test.moments())
    assert seen == [(99, 101, 0, 0), (98, 101, 2, 1), (98, 101, 2, 1)]
    assert seen[1] is seen[2]
    assert test.calls == 3
    assert not open_orders


def test_a_moment_tells_what_stands_now_whoever_changed_it() -> None:
    """Levels come, go and are eaten from, with one's own orders at them, before and behind them."""
    stage = Stage()
    stage.trader("alice", deposit=100_000)
    test = Backtest(stage.venue, "BTC", "alice", Columns(*market(6_000)))
    orders: list[int] = []
    for number, moment in enumerate(test.moments()):
        now = (test.recorded_bid, test.recorded_ask, test.position, test.fills)
        assert moment == now
        if number % 5 == 0:
            orders.append(test.buy(1, moment[0] + number % 3 - 1, post_only=True))
            orders.append(test.sell(1, moment[1] - number % 3 + 1, post_only=True))
        if number % 7 == 0 and orders[-2:]:
            test.cancel(orders[-2])
    assert test.fills > 100


def test_a_moment_tells_of_a_position_that_changed_outside_the_loop() -> None:
    test = begun((5, BID, 98, 30), (6, BID, 97, 30), (7, BID, 96, 30), (8, BID, 95, 30))
    moments = test.moments()
    first = next(moments)
    test.venue.apply(
        PlaceOrder(at=test.now, account="alice", symbol="BTC", side=Side.BUY, size=3, price=101)
    )
    assert (first, next(moments)) == ((99, 101, 0, 0), (99, 101, 3, 1))


def test_what_falls_due_in_the_loop_happens_though_it_was_set_outside() -> None:
    test = begun((5, BID, 98, 30), (9, BID, 97, 30), (10, BID, 96, 30))
    order = test.buy(1, 90)
    test.venue.apply(CancelAllAfter(at=test.now, account="alice", timeout=7))
    assert [test.step(), test.is_open(order)] == [True, True]
    test.step()
    assert not test.is_open(order)


def test_a_market_that_was_halted_outside_the_loop_takes_no_trades() -> None:
    test = begun((5, SELL, 99, 10), (6, BID, 97, 30), (7, BID, 96, 30))
    test.buy(5, 100)
    test.venue.apply(SetPhase(at=test.now, symbol="BTC", phase=Phase.POST_ONLY))
    test.step()
    assert test.position == 0


def test_moments_a_pause_apart_are_those_that_elapse_comes_to() -> None:
    rows = (
        (5, BID, 98, 30),
        (15, BID, 99, 0),
        (25, BID, 97, 1),
        (35, ASK, 100, 1),
        (36, BID, 96, 1),
    )
    test, other = begun(*rows), begun(*rows)
    seen = [(test.now, *moment) for moment in test.moments(10)]
    while other.elapse(10):
        assert seen.pop(0) == (other.now, other.recorded_bid, other.recorded_ask, 0, 0)
    assert not seen


def test_a_refusal_says_why() -> None:
    test = begun()
    assert test.buy(1, 101, post_only=True) == 0
    assert test.refused is not None
    assert test.refused.reason is Reject.POST_ONLY_WOULD_TAKE
    assert not test.cancel(77)
    assert test.refused.reason is Reject.UNKNOWN_ORDER


def test_quotes_and_trades_are_made_for_whoever_looks() -> None:
    seen: list[Event] = []
    test = begun((5, SELL, 99, 12), (6, BID, 98, 1), observe=seen.append)
    test.buy(2, 99)
    test.step()
    kinds = {type(event) for event in seen}
    assert {QuoteChanged, Traded, OrderFilled} <= kinds


def test_it_comes_to_the_same_as_commands() -> None:
    rows = market(3_000)
    by_columns, by_commands = Stage(), Stage()
    for stage in (by_columns, by_commands):
        stage.trader("alice", deposit=10_000)
    test = Backtest(by_columns.venue, "BTC", "alice", Columns(*rows))
    while test.elapse(50_000_000):
        pass
    symbol, venue = "BTC", by_commands.venue
    for at, kind, price, size in zip(*rows, strict=True):
        if kind == MARK:
            venue.apply(UpdateMarkPrice(at=at, symbol=symbol, price=price))
        elif kind in (BUY, SELL):
            side = Side.BUY if kind == BUY else Side.SELL
            venue.apply(RecordedTrade(at=at, symbol=symbol, side=side, price=price, size=size))
        else:
            level = ((price, size),)
            bids, asks = (level, ()) if kind == BID else ((), level)
            venue.apply(UpdateDepth(at=at, symbol=symbol, bids=bids, asks=asks))
    assert test.venue.book_view(symbol, 500).bids == venue.book_view(symbol, 500).bids
    assert test.venue.book_view(symbol, 500).asks == venue.book_view(symbol, 500).asks
    test.venue.check()


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ((-1, BID, 99, 1), "row 2: time was -1, expected 7 or later"),
        ((8, 9, 99, 1), "row 2: kind was 9, expected 0 to 4"),
        ((8, ASK, 0, 1), "row 2: price was 0, expected 1 to"),
        ((8, BUY, 99, 0), "row 2: size was 0, expected 1 to"),
    ],
)
def test_columns_that_cannot_be_are_refused(row: tuple[int, int, int, int], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Columns(*zip((7, BID, 98, 1), row, strict=True))


def test_columns_are_of_one_length() -> None:
    with pytest.raises(ValueError, match="columns had 1, 1, 1, 0 rows"):
        Columns([1], [BID], [99], [])


def test_a_record_that_crosses_itself_is_refused_by_row() -> None:
    test = begun((5, ASK, 99, 1), (6, BID, 98, 1))
    with pytest.raises(ValueError, match=r"row 4: ask was 99.*, which crosses the recorded book"):
        test.step()
