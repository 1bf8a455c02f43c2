"""The venue's orders do what a plain list of orders does, refusal for refusal.

The environment variable PLIMSOLL_OPERATIONS says how many operations the seeded runs come to
(1,000,000 for a night); one seed is fresh in every run, and shown when it fails.
"""

import os
from random import Random, SystemRandom

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
    Exit,
    Instructions,
    OrderCancelled,
    OrderFilled,
    PlaceOrder,
    PositionSide,
    Reject,
    Side,
    TimeInForce,
    Traded,
    Trigger,
    TriggerKind,
)
from exchange.core.rules import LimitRules, SelfTrade
from tests.holdings import check_view, orders, sizes, waiting
from tests.models.naive_book import NaiveBook
from tests.stage import Stage, only, rulebook

TRADERS = ("ann", "bob", "cat")
RICH = 10**9
RUNS = 20
OPERATIONS = int(os.environ.get("PLIMSOLL_OPERATIONS", "60000")) // RUNS


def stage() -> Stage:
    """A market at a mark of 100, where margin is no concern."""
    limits = LimitRules(market_band="0.05", orders_max=10**6, triggers_max=10**6)
    it = Stage(rulebook(limits=limits), "BTC")
    it.trader(*TRADERS, deposit=RICH)
    it.mark("BTC", 100)
    return it


def draw_trigger(random: Random, kinds: tuple[TriggerKind, ...]) -> Trigger:
    kind = random.choice(kinds)
    if kind is TriggerKind.TRAILING_STOP:
        callback = random.randint(1, 4)
        return Trigger(kind=kind, price=random.choice((0, 98, 102)), callback=callback)
    return Trigger(kind=kind, price=random.randint(96, 104))


def draw_instructions(random: Random, at: int, side: Side, lasting: TimeInForce) -> Instructions:
    """What few orders are told; mostly it makes sense."""
    ends = lasting is TimeInForce.GTD
    gain = loss = None
    if random.randint(0, 2) == 0:
        up, down = random.randint(101, 104), random.randint(96, 99)
        target, stop = (up, down) if side is Side.BUY else (down, up)
        gain = Exit(
            trigger=Trigger(kind=TriggerKind.TAKE_PROFIT, price=target),
            price=random.choice((None, target)),
        )
        trail = Trigger(kind=TriggerKind.TRAILING_STOP, callback=2)
        fixed = Trigger(kind=TriggerKind.STOP, price=stop)
        loss = Exit(trigger=random.choice((trail, fixed)))
    triggers = random.randint(0, 2) == 0
    return Instructions(
        trigger=draw_trigger(random, tuple(TriggerKind)) if triggers else None,
        display_size=random.choice((0, 0, 1, 2, 3)),
        expires_at=at + random.randint(0, 60) if ends else 0,
        reprice=random.randint(0, 8) == 0,
        group=random.choice((0, 0, 1, 2)),
        take_profit=gain,
        stop_loss=random.choice((None, loss)),
    )


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
    if kind == 3 and random.randint(0, 4) == 0:
        return CancelAll(at=at, account=name)
    side, lasting = random.choice(list(Side)), random.choice((*[TimeInForce.GTC] * 3, *TimeInForce))
    told = None
    if lasting is TimeInForce.GTD or random.randint(0, 2) == 0:
        told = draw_instructions(random, at, side, lasting)
    return PlaceOrder(
        at=at,
        account=name,
        symbol="BTC",
        side=side,
        size=random.randint(0, 9),
        price=random.choice((None, *range(96, 105))),
        time_in_force=lasting,
        post_only=random.randint(0, 5) == 0,
        reduce_only=random.randint(0, 2) == 0,
        self_trade=random.choice((None, *SelfTrade)),
        instructions=told,
    )


def check_same(book: NaiveBook, refused: Reject | None, it: Stage, events: list[Event]) -> None:
    """Same answer, same trades in the same order, same orders left."""
    assert [e.reason for e in only(events, CommandRejected)] == ([refused] if refused else [])
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
        held = sizes(it.venue, name, "USD").get(("BTC", PositionSide.NET), 0)
        assert held == book.held.get(name, 0)
        resting = orders(it.venue, name, "USD")
        assert book.of(name) == [(o.order_id, o.price, o.open_size) for o in resting]
        assert book.waits(name) == sorted(waiting(it.venue, name).items())


def play(random: Random, commands: int) -> None:
    it, book = stage(), NaiveBook({Side.BUY: 105, Side.SELL: 95})
    for number in range(commands):
        command = draw_command(random, it.now(), book.made)
        refused = book.do(command)
        events = it.venue.apply(command)
        if number % 16 == 0:
            it.venue.check()
            for name in TRADERS:
                check_view(it.venue, it.account(name))
        check_same(book, refused, it, events)


@given(st.randoms(use_true_random=False), st.integers(1, 40))
def test_the_book_is_the_naive_book(random: Random, commands: int) -> None:
    play(random, commands)


@pytest.mark.parametrize("seed", range(RUNS - 1))
def test_the_book_is_the_naive_book_at_length(seed: int) -> None:
    play(Random(seed), OPERATIONS)


def test_the_book_is_the_naive_book_under_a_fresh_seed() -> None:
    seed = SystemRandom().randrange(10**9)
    print(f"the fresh seed is {seed}")  # noqa: T201 (shown when it fails)
    play(Random(seed), OPERATIONS)
