"""The venue's book does what a plain list of orders does, refusal for refusal."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.messages import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    CommandRejected,
    Event,
    OrderCancelled,
    OrderFilled,
    PlaceOrder,
    Reject,
    Side,
    TimeInForce,
    Traded,
)
from exchange.core.rules import LimitRules, SelfTrade
from tests.models.naive_book import NaiveBook
from tests.stage import Stage, only, rulebook

TRADERS = ("ann", "bob", "cat")
RICH = 10**9
AT_ONCE = (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)


def stage() -> Stage:
    """A market at a mark of 100, where margin is no concern."""
    it = Stage(rulebook(limits=LimitRules(market_band="0.05")), "BTC")
    it.trader(*TRADERS, deposit=RICH)
    it.mark("BTC", 100)
    return it


def draw_command(random: Random, at: int, made: int) -> Command:
    """Orders close to each other, so that they meet; now and then a bad one."""
    name = random.choice(TRADERS)
    kind = random.randint(0, 9)
    some_order = random.randint(max(1, made - 12), made + 1)
    if kind == 0:
        return CancelOrder(at=at, account=name, order_id=some_order)
    if kind <= 2:
        size = random.choice((None, *range(8)))
        price = random.choice((None, *range(97, 104)))
        return AmendOrder(at=at, account=name, order_id=some_order, size=size, price=price)
    if kind == 3 and random.randint(0, 9) == 0:
        return CancelAll(at=at, account=name)
    return PlaceOrder(
        at=at,
        account=name,
        symbol="BTC",
        side=random.choice(list(Side)),
        size=random.randint(0, 9),
        price=random.choice((None, *range(96, 105))),
        time_in_force=random.choice((TimeInForce.GTC, TimeInForce.GTC, *AT_ONCE)),
        post_only=random.randint(0, 5) == 0,
        reduce_only=random.randint(0, 2) == 0,
        self_trade=random.choice((None, *SelfTrade)),
    )


def told(book: NaiveBook, command: Command) -> Reject | None:
    """What the naive book makes of a command."""
    if isinstance(command, PlaceOrder):
        return book.place(command)
    if isinstance(command, AmendOrder):
        return book.amend(command)
    if isinstance(command, CancelOrder):
        return book.cancel(command)
    assert isinstance(command, CancelAll)
    book.cancel_all(command.account)
    return None


def check_same(book: NaiveBook, refused: Reject | None, it: Stage, events: list[Event]) -> None:
    """Same answer, same trades in the same order, same orders left."""
    assert [e.reason for e in only(events, CommandRejected)] == ([refused] if refused else [])
    if refused:
        return
    fills = only(events, OrderFilled)
    makers, takers = fills[0::2], fills[1::2]
    assert all(m.maker and not t.maker for m, t in zip(makers, takers, strict=True))
    assert book.trades == [
        (m.price, m.size, m.order_id, t.order_id) for m, t in zip(makers, takers, strict=True)
    ]
    assert [(price, size) for price, size, _, _ in book.trades] == [
        (t.price, t.size) for t in only(events, Traded)
    ]
    ended = [(e.order_id, e.open_size) for e in only(events, OrderCancelled)]
    assert sorted(book.ended) == sorted(ended)
    view = it.venue.book_view("BTC", 100)
    assert (book.levels(buy=True), book.levels(buy=False)) == (list(view.bids), list(view.asks))
    for name in TRADERS:
        assert it.size(name, "BTC") == book.held.get(name, 0)
        mine = [(o.order_id, o.price, o.size) for o in book.orders if o.account == name]
        theirs = [(o.order_id, o.price, o.open_size) for o in it.account(name).orders]
        assert mine == theirs


def play(random: Random, commands: int) -> None:
    it, book = stage(), NaiveBook({Side.BUY: 105, Side.SELL: 95})
    for _ in range(commands):
        command = draw_command(random, it.now(), book.made)
        refused = told(book, command)
        check_same(book, refused, it, it.do(command))


@given(st.randoms(use_true_random=False), st.integers(1, 40))
def test_the_book_is_the_naive_book(random: Random, commands: int) -> None:
    play(random, commands)


@pytest.mark.parametrize("seed", range(6))
def test_the_book_is_the_naive_book_at_length(seed: int) -> None:
    play(Random(seed), 1_500)
