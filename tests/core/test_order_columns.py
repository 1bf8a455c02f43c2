"""Orders in columns lead to what the same orders lead to as commands."""

from random import Random

import pytest

from exchange import OrderColumns, OrderEntry
from exchange.core.messages import (
    CancelOrder,
    Event,
    OrderAccepted,
    PassTime,
    PlaceOrder,
    PositionMode,
    QuoteChanged,
    Reject,
    SetPositionMode,
    Side,
    TimeInForce,
)
from exchange.core.order_columns import BUY, CANCEL, FOK, IOC, POST_ONLY, REDUCE_ONLY, SELL
from exchange.core.policies import SelfTrade
from tests.stage import Stage

TRADERS = ["ann", "ben"]
ROWS = [
    # at, account, what, ref, price, size, terms
    (10, 0, SELL, 1, 101, 5, POST_ONLY),
    (11, 0, SELL, 2, 100, 5, 0),
    (12, 1, BUY, 1, 100, 3, IOC),
    (12, 1, BUY, 2, 0, 4, IOC),
    (13, 1, BUY, 3, 101, 9, FOK),
    (14, 0, BUY, 3, 101, 1, POST_ONLY),
    (15, 1, SELL, 4, 99, 9, REDUCE_ONLY),
    (16, 0, CANCEL, 1, 0, 0, 0),
    (17, 0, CANCEL, 1, 0, 0, 0),
    (18, 0, BUY, 5, 99, 2, 0),
]
"""What is refused: a whole fill that is not to be had, a maker that would take, a second cancel."""


def stage() -> Stage:
    it = Stage()
    it.trader(*TRADERS, deposit=10_000)
    it.mark("BTC", 100)
    return it


def columns(*rows: tuple[int, ...]) -> OrderColumns:
    return OrderColumns(*zip(*rows, strict=True))


def commands(rows: list[tuple[int, ...]] = ROWS) -> list[PlaceOrder | CancelOrder]:
    """The rows, each as a command of its own."""
    sent: list[PlaceOrder | CancelOrder] = []
    for at, account, what, ref, price, size, terms in rows:
        if what == CANCEL:
            sent.append(CancelOrder(at=at, account=TRADERS[account], order_ref=ref))
            continue
        sent.append(
            PlaceOrder(
                at=at,
                account=TRADERS[account],
                ref=ref,
                symbol="BTC",
                side=Side.BUY if what == BUY else Side.SELL,
                size=size,
                price=price or None,
                time_in_force={IOC: TimeInForce.IOC, FOK: TimeInForce.FOK}.get(
                    terms, TimeInForce.GTC
                ),
                post_only=terms == POST_ONLY,
                reduce_only=terms == REDUCE_ONLY,
            )
        )
    return sent


def test_columns_lead_to_the_same_events_and_state_as_commands() -> None:
    one, other = stage(), stage()
    told: list[Event] = []

    refused = OrderEntry(one.venue, "BTC", TRADERS, told.append).send(columns(*ROWS))

    assert told == [event for command in commands() for event in other.venue.apply(command)]
    assert one.venue.digest() == other.venue.digest()
    assert refused == 3


def test_the_state_is_the_same_where_nobody_listens() -> None:
    one, other = stage(), stage()

    OrderEntry(one.venue, "BTC", TRADERS).send(columns(*ROWS))
    for command in commands():
        other.venue.apply(command)

    assert one.venue.digest() == other.venue.digest()
    one.venue.check()


def drawn(random: Random, count: int) -> list[tuple[int, ...]]:
    """Orders that rest, trade, and go again, among them some that cannot be."""
    rows: list[tuple[int, ...]] = []
    for at in range(10, count + 10):
        what, terms = random.choice((BUY, SELL, CANCEL)), 0
        price = random.choice((0, *range(97, 104), 99, 100, 101))
        if random.random() < 0.3:
            terms = random.choice((IOC, FOK, POST_ONLY, REDUCE_ONLY))
        ref = random.randint(1, 20)
        rows.append((at, random.randrange(2), what, ref, price, random.randint(0, 9), terms))
    return rows


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_sent_leads_to_the_same(seed: int) -> None:
    rows, one, other = drawn(Random(seed), 400), stage(), stage()
    told: list[Event] = []

    OrderEntry(one.venue, "BTC", TRADERS, told.append).send(columns(*rows))

    assert told == [event for command in commands(rows) for event in other.venue.apply(command)]
    assert one.venue.digest() == other.venue.digest()
    one.venue.check()


def test_an_order_has_nothing_of_one_that_has_gone() -> None:
    it = stage()
    OrderEntry(it.venue, "BTC", TRADERS).send(columns((10, 0, BUY, 1, 99, 7, 0)))
    other = PlaceOrder(
        at=11,
        account="ann",
        ref=2,
        symbol="BTC",
        side=Side.BUY,
        size=9,
        price=90,
        self_trade=SelfTrade.CANCEL_OLDEST,
    )
    it.do(other)
    it.do(CancelOrder(at=12, account="ann", order_ref=2))

    OrderEntry(it.venue, "BTC", TRADERS).send(columns((13, 0, SELL, 3, 99, 4, 0)))

    book = it.venue.book_view("BTC", 5)
    assert (book.bids, book.asks) == (((99, 7),), ())


def test_who_comes_by_a_command_afterwards_is_told_everything() -> None:
    it = stage()
    OrderEntry(it.venue, "BTC", TRADERS).send(columns(*ROWS))

    events = it.venue.apply(
        PlaceOrder(at=20, account="ann", symbol="BTC", side=Side.BUY, size=1, price=90)
    )

    assert [type(event) for event in events] == [OrderAccepted, QuoteChanged]


def test_what_nobody_followed_is_not_told_by_a_command_that_changes_nothing_of_it() -> None:
    it = stage()
    OrderEntry(it.venue, "BTC", TRADERS).send(columns((10, 0, BUY, 1, 99, 7, 0)))

    assert it.do(PassTime(at=11)) == []


def test_who_is_told_of_an_event_may_send_a_command_of_their_own_meanwhile() -> None:
    it = stage()
    told: list[Event] = []

    def observe(event: Event) -> None:
        told.append(event)
        if event.at == 10 and isinstance(event, OrderAccepted):
            it.venue.apply(CancelOrder(at=10, account="ann", order_ref=1))

    OrderEntry(it.venue, "BTC", TRADERS, observe).send(
        columns((10, 0, BUY, 1, 99, 1, 0), (11, 1, BUY, 1, 98, 1, 0))
    )

    assert [event.at for event in told if isinstance(event, OrderAccepted)] == [10, 11]
    assert it.venue.book_view("BTC", 5).bids == ((98, 1),)


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ((9, 0, BUY, 1, 100, 1, 0), "row 2: time was 9, expected 10 or later"),
        ((10, 0, CANCEL + 1, 1, 100, 1, 0), "row 2: it asked for 3, expected 0 to 2"),
        ((10, 0, BUY, 1, 100, 1, IOC + FOK), "row 2: terms were 3, which contradict each other"),
    ],
)
def test_a_row_that_cannot_be_is_named(row: tuple[int, ...], found: str) -> None:
    with pytest.raises(ValueError, match=found):
        columns((10, 0, BUY, 1, 100, 1, 0), row)


def test_an_account_in_hedge_mode_has_no_net_position() -> None:
    it = stage()
    it.do(SetPositionMode(at=it.now(), account="ann", mode=PositionMode.HEDGE))
    told: list[Event] = []
    OrderEntry(it.venue, "BTC", TRADERS, told.append).send(columns((10, 0, BUY, 1, 99, 1, 0)))
    assert [event.reason for event in told] == [Reject.WRONG_POSITION_SIDE]


def test_a_row_of_an_account_that_was_not_told_is_named() -> None:
    with pytest.raises(ValueError, match="row 1: account was 2, expected 0 to 1"):
        OrderEntry(stage().venue, "BTC", TRADERS).send(columns((10, 2, BUY, 1, 100, 1, 0)))


def test_a_row_before_the_venues_time_is_named() -> None:
    it = stage()
    OrderEntry(it.venue, "BTC", TRADERS).send(columns((10, 0, BUY, 1, 99, 1, 0)))

    with pytest.raises(ValueError, match="row 1: time was 9, and 10 at the venue"):
        OrderEntry(it.venue, "BTC", TRADERS).send(columns((9, 0, BUY, 1, 99, 1, 0)))


def test_columns_are_of_one_length() -> None:
    with pytest.raises(ValueError, match="columns had 1, 1, 1, 1, 1, 1, 2 rows"):
        OrderColumns([1], [0], [BUY], [1], [100], [1], [0, 0])
