"""A book made up around prices: where its levels lie, how large they are."""

from pathlib import Path

import pytest

from exchange.core.messages import RecordedTrade, Side, UpdateDepth
from feeds import AroundLaw, open_feed
from feeds.around import Around
from feeds.best import Levels
from feeds.told import Quote
from tests.feeds.tape import BTC, csv, items

LAW = AroundLaw(levels=3, spacing="0.001", size="5")
"""At a price of 10,000 ticks: three levels, ten ticks apart, of five mean sizes."""


def quote(bid: int, ask: int, size: int = 4, at: int = 1) -> Quote:
    return Quote(at=at, symbol="BTCUSDT", bid=bid, bid_size=size, ask=ask, ask_size=size)


def trade(side: Side, price: int, size: int = 2, at: int = 1) -> RecordedTrade:
    return RecordedTrade(at=at, symbol="BTCUSDT", side=side, price=price, size=size)


def test_behind_a_quote_levels_lie_on_multiples_of_the_spacing() -> None:
    book = Around(LAW).at_quote(quote(10_000, 10_001))

    assert book.snapshot
    assert book.bids == ((10_000, 4), (9_990, 20), (9_980, 20), (9_970, 20))
    assert book.asks == ((10_001, 4), (10_010, 20), (10_020, 20), (10_030, 20))


def test_a_quote_that_moves_changes_the_ends_and_leaves_the_rest() -> None:
    around = Around(LAW)
    around.at_quote(quote(10_000, 10_001))

    moved = around.at_quote(quote(10_003, 10_004, size=6))

    assert moved.bids == ((9_970, 0), (10_003, 6), (10_000, 25)), "five times a mean of 5"
    assert moved.asks == ((10_001, 0), (10_004, 6))


def test_the_price_of_a_trade_is_the_touch_and_a_tick_beyond_it_the_other_side() -> None:
    around = Around(LAW)

    bought = around.at_trade(trade(Side.BUY, 10_001))
    assert (bought.bids[0], bought.asks[0]) == ((10_000, 10), (10_001, 10))

    sold = around.at_trade(trade(Side.SELL, 9_995))
    levels = Levels()
    levels.apply(bought)
    levels.apply(sold)
    assert levels.best == (9_995, 10, 9_996, 10)


def test_what_a_trade_took_is_back_at_the_next() -> None:
    around = Around(LAW)
    around.at_trade(trade(Side.BUY, 10_001))

    again = around.at_trade(trade(Side.BUY, 10_001))

    assert (again.bids, again.asks) == ((), ((10_001, 10),))


def test_a_trade_larger_than_the_levels_finds_all_of_itself() -> None:
    around = Around(LAW)
    for _ in range(99):
        around.at_trade(trade(Side.BUY, 10_001, size=1))

    assert (10_001, 1_000) in around.at_trade(trade(Side.BUY, 10_001, size=1_000)).asks


def test_no_level_lies_at_zero_or_below() -> None:
    book = Around(AroundLaw(levels=50, spacing="0.5")).at_quote(quote(3, 4))

    assert min(price for price, _ in book.bids) >= 1


def test_a_book_never_crosses_whatever_the_trades() -> None:
    around, levels = Around(LAW), Levels()
    for number in range(500):
        side = Side.BUY if number * 7919 % 13 > 6 else Side.SELL
        levels.apply(around.at_trade(trade(side, 10_000 + number * 104729 % 61 - 30)))
        assert not levels.is_crossed
        assert min(levels.best) > 0


HEADER = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"
ROW = "binance-futures,BTCUSDT,1600000000000000,1600000000000000,1,buy,100.1,0.5"


def test_a_file_of_trades_gets_a_book_only_when_asked(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", HEADER, ROW)

    assert [type(item) for item in items(open_feed(path, BTC))] == [RecordedTrade]
    around = items(open_feed(path, BTC, around=AroundLaw()))
    assert [type(item) for item in around] == [UpdateDepth, RecordedTrade]


@pytest.mark.parametrize(
    "law",
    [AroundLaw(levels=-1), AroundLaw(spacing="0"), AroundLaw(spacing="1"), AroundLaw(size="0")],
)
def test_a_law_that_makes_no_book_is_refused(law: AroundLaw) -> None:
    with pytest.raises(ValueError, match="around: levels were"):
        Around(law)
