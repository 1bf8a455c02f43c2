"""Prices and sizes stay so small that their sums fit the book's 64-bit columns."""

import pytest
from msgspec.structs import replace

from exchange.core.messages import (
    AmendOrder,
    BlockTrade,
    Command,
    Instructions,
    Phase,
    RecordedTrade,
    Reject,
    SetPhase,
    Side,
    UpdateDepth,
)
from exchange.core.units import GRID_MAX
from tests.stage import Stage

OVER = GRID_MAX + 1


def stage() -> Stage:
    it = Stage(symbols="BTC")
    it.trader("ann", "bob", deposit=10**9)
    it.mark("BTC", 100)
    return it


def too_large(it: Stage, order_id: int) -> list[Command]:
    now = it.now()
    block = {"symbol": "BTC", "account": "ann", "counterparty": "bob", "side": Side.BUY}
    return [
        it.order("ann", "BTC", OVER, 100),
        AmendOrder(at=now, account="ann", order_id=order_id, size=OVER),
        BlockTrade(at=now, size=OVER, price=100, **block),
        RecordedTrade(at=now, symbol="BTC", side=Side.BUY, price=100, size=OVER),
        UpdateDepth(at=now, symbol="BTC", bids=((99, OVER),), asks=()),
    ]


def too_dear(it: Stage, order_id: int) -> list[Command]:
    now = it.now()
    block = {"symbol": "BTC", "account": "ann", "counterparty": "bob", "side": Side.BUY}
    return [
        it.order("ann", "BTC", -1, OVER),
        AmendOrder(at=now, account="ann", order_id=order_id, price=OVER),
        BlockTrade(at=now, size=1, price=OVER, **block),
        RecordedTrade(at=now, symbol="BTC", side=Side.BUY, price=OVER, size=1),
        UpdateDepth(at=now, symbol="BTC", bids=(), asks=((OVER, 1),)),
    ]


@pytest.mark.parametrize("number", range(5))
def test_a_size_beyond_the_grid_is_refused(number: int) -> None:
    it = stage()
    order_id = it.place("ann", "BTC", -1, 101)
    assert it.refusal(too_large(it, order_id)[number]) is Reject.SIZE_ABOVE_MAX


@pytest.mark.parametrize("number", range(5))
def test_a_price_beyond_the_grid_is_refused(number: int) -> None:
    it = stage()
    order_id = it.place("ann", "BTC", -1, 101)
    assert it.refusal(too_dear(it, order_id)[number]) is Reject.PRICE_ABOVE_MAX


def test_the_largest_sizes_rest_side_by_side() -> None:
    it = stage()
    levels = dict.fromkeys(range(90, 100), GRID_MAX)
    it.show("BTC", bids=levels)
    assert it.venue.book_view("BTC", 20).bids == tuple(sorted(levels.items(), reverse=True))


@pytest.mark.parametrize(
    ("size", "price", "reason"),
    [
        (1 << 80, 100, Reject.SIZE_ABOVE_MAX),
        (1 << 80, -(1 << 80), Reject.SIZE_ABOVE_MAX),
        (1, 1 << 80, Reject.PRICE_ABOVE_MAX),
        (1, -(1 << 80), Reject.PRICE_NOT_POSITIVE),
    ],
)
def test_a_number_of_any_length_is_refused_in_words(size: int, price: int, reason: Reject) -> None:
    it = stage()
    refused = it.do(it.order("ann", "BTC", size, price))[0]
    assert refused.reason is reason
    assert str(max(size, abs(price))) in refused.detail


def test_what_comes_before_a_size_is_told_of_one_of_any_length_too() -> None:
    it = stage()
    it.do(it.order("ann", "BTC", 1, 90, ref=7))
    assert it.refusal(it.order("ann", "BTC", 1 << 80, 100, ref=7)) is Reject.DUPLICATE_REF
    it.do(SetPhase(at=it.now(), symbol="BTC", phase=Phase.CANCEL_ONLY))
    assert it.refusal(it.order("ann", "BTC", 1 << 80, 100, ref=7)) is Reject.MARKET_CANCEL_ONLY


def test_an_order_is_not_changed_to_a_number_of_any_length() -> None:
    it = stage()
    shown = Instructions(display_size=1)
    it.do(replace(it.order("ann", "BTC", -5, 101, ref=7), instructions=shown))
    amends = [{"size": 1 << 80}, {"price": 1 << 80}, {"display_size": 1 << 80}]
    reasons = [
        it.refusal(AmendOrder(at=it.now(), account="ann", order_ref=7, **amend)) for amend in amends
    ]
    assert reasons == [Reject.SIZE_ABOVE_MAX, Reject.PRICE_ABOVE_MAX, Reject.BAD_DISPLAY_SIZE]
