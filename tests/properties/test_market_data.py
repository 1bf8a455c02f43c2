"""Who follows the messages has the venue's own book at every step, or knows that he has not."""

from random import Random

import pytest

from exchange.core.messages import (
    BookOrderAdded,
    BookOrderRemoved,
    BookOrderResized,
    BookView,
    DepthChanged,
    Event,
    PublishBook,
    Side,
)
from exchange.core.venue import Venue
from tests.models.follower import Follower, Gap
from tests.stage import Stage, only
from tests.traffic import Traffic


def queues(venue: Venue, symbol: str, *, buy: bool) -> list[tuple[int, list[int]]]:
    """The venue's own queues: sizes that show, oldest first."""
    book = venue._state.market_of[symbol].book
    return [
        (int(book.price(level)), [int(book.size(row)) for row in book.queue(level)])
        for level in book.best_first(book.side(buy=buy))
    ]


def check(venue: Venue, follower: Follower) -> None:
    view = venue.book_view(follower.symbol, 10_000)
    assert follower.side(Side.BUY) == list(view.bids)
    assert follower.side(Side.SELL) == list(view.asks)
    for side in Side:
        own = queues(venue, follower.symbol, buy=side is Side.BUY)
        assert follower.queues(side) == own


def follow(venue: Venue, symbol: str) -> Follower:
    follower = Follower(symbol)
    both = PublishBook(at=venue.now, symbol=symbol, levels=True, orders=True)
    follower.read(venue.apply(both))
    return follower


@pytest.mark.parametrize("seed", range(10))
def test_levels_and_orders_are_rebuilt_at_every_step(seed: int) -> None:
    traffic = Traffic(Random(seed))
    venue = Venue(traffic.rulebook)
    followers: list[Follower] = []
    for command in traffic.commands(venue, 400):
        if isinstance(command, PublishBook):
            continue
        events = venue.apply(command)
        for follower in followers:
            follower.read(events)
            check(venue, follower)
        if not followers and len(venue.account_names()) == 5:
            followers = [follow(venue, symbol) for symbol in venue.instruments]


def followed() -> tuple[Stage, Follower]:
    it = Stage(symbols="BTC")
    it.trader("ann", "bob", deposit=10**6)
    it.mark("BTC", 100)
    it.show("BTC", bids={99: 5, 98: 7}, asks={101: 5})
    return it, follow(it.venue, "BTC")


def some_orders(it: Stage) -> list[Event]:
    events = it.do(it.order("ann", "BTC", 3, 100))
    events += it.do(it.order("bob", "BTC", -1, 100))
    events += it.do(it.order("ann", "BTC", 4, 97))
    return [*events, *it.do(it.order("bob", "BTC", -9, 98))]


@pytest.mark.parametrize("kind", [DepthChanged, BookOrderAdded, BookOrderResized, BookOrderRemoved])
def test_a_message_that_is_dropped_is_noticed_and_a_snapshot_mends_it(kind: type[Event]) -> None:
    it, follower = followed()
    events = some_orders(it)
    events.remove(only(events, kind)[0])
    with pytest.raises(Gap):
        follower.read(events)
    follower.read(it.do(PublishBook(at=it.now(), symbol="BTC", levels=True, orders=True)))
    check(it.venue, follower)
    follower.read(it.do(it.order("ann", "BTC", 1, 96)))
    check(it.venue, follower)


def test_what_nobody_asked_for_is_not_told() -> None:
    it, _ = followed()
    it.do(PublishBook(at=it.now(), symbol="BTC"))
    told = {DepthChanged, BookOrderAdded, BookOrderResized, BookOrderRemoved}
    assert not told & {type(event) for event in some_orders(it)}


def test_executions_are_told_apart_from_cancels() -> None:
    it, _ = followed()
    events = some_orders(it)
    assert [e.executed for e in only(events, BookOrderResized)] == [True, True]
    assert all(e.executed for e in only(events, BookOrderRemoved))
    cleared = only(it.show("BTC"), BookOrderRemoved)
    assert [e.executed for e in cleared] == [False, False]


@pytest.mark.parametrize("seed", range(5))
def test_a_view_that_shares_with_an_earlier_one_shows_the_same(seed: int) -> None:
    traffic = Traffic(Random(seed))
    venue, views = Venue(traffic.rulebook), dict[str, BookView]()
    for command in traffic.commands(venue, 400):
        venue.apply(command)
        for symbol in venue.instruments:
            views[symbol] = venue.book_view(symbol, 5, views.get(symbol))
            assert views[symbol] == venue.book_view(symbol, 5)
