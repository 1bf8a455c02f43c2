"""What may be asked of the state, and the digest that stands for all of it."""

from collections.abc import Callable

import pytest

from exchange.core.messages import (
    AdjustMargin,
    CommandRejected,
    QuoteChanged,
    SetLeverage,
    TimeInForce,
    UpdateFundingRate,
    UpdateIndexPrice,
    Withdraw,
)
from exchange.core.units import SECOND
from tests.stage import DOLLAR, Stage, only


def stage() -> Stage:
    it = Stage()
    it.trader("ann", "bob", deposit=1_000)
    it.marks(BTC=100, ETH=100)
    it.isolate("ann", "ETH")
    it.hold("ann", "ETH", 10, 100)
    return it


# ------------------------------------------------------------------------------- digest

CHANGES: dict[str, Callable[[Stage], object]] = {
    "a mark": lambda it: it.mark("BTC", 101),
    "an index price": lambda it: it.do(UpdateIndexPrice(at=it.now(), symbol="BTC", price=1)),
    "a funding rate": lambda it: it.do(funding(it, rate=1, interval=SECOND)),
    "a funding interval": lambda it: it.do(funding(it, rate=0, interval=SECOND)),
    "money": lambda it: it.deposit("ann", 1),
    "a leverage": lambda it: it.do(
        SetLeverage(at=it.now(), account="bob", symbol="SOL", leverage=3)
    ),
    "a margin mode": lambda it: it.isolate("bob", "BTC"),
    "an isolated margin": lambda it: it.do(
        AdjustMargin(at=it.now(), account="ann", symbol="ETH", amount=1)
    ),
    "a position": lambda it: it.hold("bob", "BTC", 1, 100),
    "an order": lambda it: it.place("bob", "BTC", 1, 99),
    "another price": lambda it: it.place("bob", "BTC", 1, 98),
    "another size": lambda it: it.place("bob", "BTC", 2, 99),
    "another side": lambda it: it.place("bob", "BTC", -1, 99),
    "another owner": lambda it: it.place("ann", "BTC", 1, 99),
    "another name": lambda it: it.place("bob", "BTC", 1, 99, ref=7),
    "history": lambda it: it.show("BTC", bids={99: 1}),
    "an account": lambda it: it.trader("cat"),
    "time": lambda it: it.mark("BTC", 100),
}


def funding(it: Stage, rate: int, interval: int) -> UpdateFundingRate:
    return UpdateFundingRate(
        at=it.now(), symbol="BTC", rate=rate, next_at=10 * SECOND, interval=interval
    )


def test_whatever_changes_what_may_happen_changes_the_digest() -> None:
    digests = {"nothing": stage().venue.digest()}
    for name, change in CHANGES.items():
        it = stage()
        change(it)
        digests[name] = it.venue.digest()

    assert len(set(digests.values())) == len(digests), digests


def test_the_same_commands_give_the_same_digest() -> None:
    assert stage().venue.digest() == stage().venue.digest()


def test_refused_commands_leave_no_trace_in_the_digest() -> None:
    """Not even in the order of what comes later: the accounts they would have needed are new."""
    plain, tried = Stage(), Stage()
    for it in (plain, tried):
        it.trader("ann", "bob")
        it.mark("BTC", 100)
    (rejected,) = only(tried.do(tried.order("bob", "BTC", 1, 100)), CommandRejected)
    assert rejected.account == "bob"
    tried.at -= 1

    for it in (plain, tried):
        it.deposit("ann", 100)
        it.deposit("bob", 100)

    assert plain.venue.digest() == tried.venue.digest()


# -------------------------------------------------------------------------------- views


def test_an_account_without_money_has_a_view_of_zeros() -> None:
    it = Stage()
    it.trader("ann")

    view = it.account("ann")

    assert (view.wallet, view.equity, view.available_margin, view.total) == (0, 0, 0, 0)
    assert (view.positions, view.orders) == ((), ())


def test_an_unknown_account_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        Stage().account("ann")


def test_total_is_cross_equity_and_every_isolated_position() -> None:
    """Wallet 900; ETH isolated with 100 and a gain of 10; BTC in cross with a loss of 5."""
    it = stage()
    it.hold("ann", "BTC", 5, 100)
    it.mark("ETH", 101)
    it.mark("BTC", 99)

    view = it.account("ann")

    assert (view.wallet, view.equity) == (900 * DOLLAR, 895 * DOLLAR)
    assert view.total == 1_005 * DOLLAR
    assert view.initial_margin == 4_950
    assert view.maintenance_margin == 4_950
    assert view.available_margin == 89_500 - 4_950


def test_what_may_be_withdrawn_is_what_the_venue_pays_out() -> None:
    """Unrealised gains are not money yet."""
    it = stage()
    it.hold("bob", "BTC", 10, 100)
    it.mark("BTC", 110)
    free = 1_000 * DOLLAR - 110 * DOLLAR

    it.refusal(Withdraw(at=it.now(), account="bob", asset="USD", amount=free + 1))
    assert not only(
        it.do(Withdraw(at=it.now(), account="bob", asset="USD", amount=free)), CommandRejected
    )


def test_orders_are_shown_oldest_first_with_what_is_open() -> None:
    it = stage()
    first = it.place("ann", "BTC", 5, 99, ref=7)
    second = it.place("ann", "BTC", -5, 101)
    it.do(it.order("bob", "BTC", -2, 99, tif=TimeInForce.IOC))

    orders = it.account("ann").orders

    assert [(o.order_id, o.ref, o.price, o.open_size) for o in orders] == [
        (first, 7, 99, 3),
        (second, 0, 101, 5),
    ]


def test_the_book_is_shown_best_first_to_a_depth() -> None:
    it = stage()
    it.show("BTC", bids={99: 1, 98: 2, 97: 3}, asks={101: 4, 102: 5})

    view = it.venue.book_view("BTC", 2)

    assert view.bids == ((99, 1), (98, 2))
    assert view.asks == ((101, 4), (102, 5))
    assert it.venue.book_view("BTC", 0).bids == ()


def test_a_view_shares_with_an_earlier_one_what_has_not_changed() -> None:
    it = stage()
    it.show("BTC", bids={99: 1, 98: 2, 97: 3}, asks={101: 4})
    earlier = it.venue.book_view("BTC", 3)
    it.show("BTC", bids={98: 2, 97: 5, 96: 6}, asks={101: 4})

    view = it.venue.book_view("BTC", 3, earlier)

    assert view == it.venue.book_view("BTC", 3)
    assert view.bids == ((98, 2), (97, 5), (96, 6))
    assert view.bids[0] is earlier.bids[1]
    assert earlier.bids == ((99, 1), (98, 2), (97, 3))


def test_quotes_are_made_of_those_instruments_only_that_are_asked_for() -> None:
    it = stage()
    it.venue.quote_only({"BTC"})
    btc, eth = it.show("BTC", bids={99: 1}, asks={101: 4}), it.show("ETH", bids={9: 1}, asks={})
    assert only(btc, QuoteChanged)
    assert not only(eth, QuoteChanged)

    it.venue.quote_only({"BTC", "ETH"})

    assert not only(it.show("ETH", bids={9: 1}, asks={}), QuoteChanged)
    assert [q.bid_size for q in only(it.show("ETH", bids={9: 2}, asks={}), QuoteChanged)] == [2]


def test_open_interest_is_all_longs_historys_among_them() -> None:
    it = stage()
    it.hold("ann", "BTC", 5, 100)
    it.hold("bob", "BTC", -8, 100)

    assert it.venue.open_interest("BTC") == 8
    assert it.venue.open_interest("ETH") == 10


def test_money_moved_is_told_by_reason() -> None:
    it = stage()
    it.hold("ann", "BTC", 5, 100)
    it.hold("ann", "BTC", -5, 101)

    moved = it.venue.moved("USD")

    assert moved["deposit"] == 2_000 * DOLLAR
    assert moved["isolated_margin"] == 100 * DOLLAR
    assert moved["realised_pnl"] == 5 * DOLLAR
